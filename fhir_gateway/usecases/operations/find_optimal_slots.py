"""Which free times suit this patient best, and why?

Decision 18 (signature), 17 (what is found), 22 and 25 (scores); owner's plan, phase 10.
"""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.time import Interval, format_instant
from fhir_gateway.engines.clinic_time import instant_of
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.slot_ranking import Ranked, Ranking, rank
from fhir_gateway.engines.slot_search import Candidates, ScheduleFacts, search
from fhir_gateway.fhir import bundles, json
from fhir_gateway.fhir.bundles import Entry
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.outcomes import outcome_of
from fhir_gateway.storage import actors, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import naming, proposals
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.operations.slot_request import SlotRequest, read_request
from fhir_gateway.usecases.operations.slot_scene import Scene, read_scene
from fhir_gateway.usecases.proposals import Proposal
from fhir_gateway.usecases.scores import score_extension
from fhir_gateway.usecases.waiting import codes_of

Resource = dict[str, Any]


def _in(
    name: str, low: int, high: Any, kind: str | None, doc: str, **more: Any
) -> OperationParameter:
    return OperationParameter(name, "in", low, high, kind, doc, **more)


_ANYONE = ("Device", "Location", "Patient", "Practitioner", "PractitionerRole", "RelatedPerson")

SPEC = OperationSpec(
    code="find-optimal-slots",
    resource="Appointment",
    levels=frozenset({"type"}),
    affects_state=False,
    title="Find the best free times",
    doc="Free times inside start and end (or on the preferred dates), ranked for the patient. Each"
    " is a proposed Appointment that can be booked by creating it with status booked; the extension"
    " score says what it is made of. Give start and end, or preferred-date.",
    source="Decisions 17, 18, 22, 25; owner's plan, phase 10 (find_optimal_slots)",
    parameters=(
        _in("start", 0, 1, "dateTime", "The visit begins not before this, with offset"),
        _in("end", 0, 1, "dateTime", "The visit ends not after this, with offset"),
        _in("preferred-date", 0, "*", "date", "Clinic-local days, instead of start and end"),
        _in("patient", 0, 1, "Reference", "For whom", target_types=("Patient",)),
        _in("practitioner", 0, "*", "Reference", "With any of them; the order breaks ties",
            target_types=("Practitioner", "PractitionerRole")),
        _in("location", 0, "*", "Reference", "At any of them or a part of one",
            target_types=("Location",)),
        _in("healthcare-service", 0, "*", "Reference", "Of any of them",
            target_types=("HealthcareService",)),
        _in("service-type", 0, "*", "CodeableConcept", "Any of these services"),
        _in("specialty", 0, "*", "CodeableConcept", "Any of these specialties"),
        _in("appointment-type", 0, 1, "CodeableConcept", "Routine, follow-up, walk-in …"),
        _in("service-request", 0, 1, "Reference", "The order: the wait began when it was written",
            target_types=("ServiceRequest",)),
        _in("duration", 0, 1, "positiveInt", "Minutes of the visit; else the length of one Slot"),
        _in("required-actor", 0, "*", "Reference", "Who else takes part and has to be free; one"
            " with Slots of its own has a free one then", target_types=_ANYONE),
        _in("preferred-actor", 0, "*", "Reference", "Whom the patient would like to see, instead of"
            " what is known", target_types=("Practitioner", "PractitionerRole")),
        _in("priority", 0, 1, "unsignedInt", "As Appointment.priority: 1 is highest … 9, then 0;"
            " else that of the order. 1 to 3 get time that is kept for the urgent"),
        _in("policy", 0, 1, "code", "plan or best"),
        _in("weight", 0, "*", None, "Another weight for one factor; all must sum to 1", parts=(
            _in("code", 1, 1, "code", "Factor"),
            _in("value", 1, 1, "decimal", "0 to 1"),
        )),
        _in("explain", 0, 1, "boolean", "Whether the factors are told; true"),
        _in("_count", 0, 1, "integer", "Most answers, 0 to 100; 10"),
        OperationParameter("return", "out", 1, 1, "Bundle",
                           "A searchset of proposed Appointments and the Slots that they take"),
    ),
    get_allowed=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One answer: its place, its time, the Slots that it takes and their Schedule."""

    ranked: Ranked
    span: Interval
    slots: tuple[str, ...]
    schedule: ScheduleFacts


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with a searchset."""

    async def look(tx: Transaction) -> bytes:
        request = await read_request(tx, deps, call.values)
        scene = await read_scene(tx, deps, request)
        candidates = search(scene.facts.slots, scene.facts.schedules, scene.search)
        ranking = rank(
            request.policy, candidates, scene.facts, scene.ranking, request.weights, request.count
        )
        if isinstance(ranking, Refusal):
            raise GatewayError(
                Category.INVALID, Issue(ranking.text, ("weight",), "value", ranking.reason)
            )
        found = [_found(scene, candidates, each) for each in ranking.ranked]
        return await _bundle(tx, deps, Answer(request, ranking, found, call))

    return await deps.database.run(tenant, look)


def _found(scene: Scene, candidates: Candidates, ranked: Ranked) -> Found:
    row = ranked.candidate
    span = Interval(instant_of(int(candidates.start[row])), instant_of(int(candidates.end[row])))
    slots = tuple(scene.facts.slots.ids[each] for each in candidates.slots_of(row))
    return Found(ranked, span, slots, scene.facts.schedules[int(candidates.schedule[row])])


@dataclass(frozen=True, slots=True)
class Answer:
    """All that the Bundle is made of."""

    request: SlotRequest
    ranking: Ranking
    found: list[Found]
    call: Call


async def _bundle(tx: Transaction, deps: Deps, answer: Answer) -> bytes:
    schedules = await resources.read_many(
        tx, "Schedule", {each.schedule.id for each in answer.found}
    )
    trees = {key: each.resource() for key, each in schedules.items()}
    slots = await resources.read_many(
        tx, "Slot", {slot for each in answer.found for slot in each.slots}
    )
    patient = answer.request.patient
    required = [{"reference": each} for each in answer.request.required]
    wanted = [*answer.request.required, *([patient] if patient else [])]
    keys = await actors.keys_of(tx, [*(f"Schedule/{each}" for each in trees), *wanted])
    there = await naming.named(tx, required)
    for tree in trees.values():
        tree["actor"] = await naming.named(tx, tree["actor"])
    asked = await naming.named(tx, [{"reference": patient}] if patient else [])
    entries: list[Entry] = []
    for each in answer.found:
        tree = trees[each.schedule.id]
        others = _besides(there, tree, patient)
        taken = [slots[slot].resource() for slot in each.slots]
        resource = proposals.appointment(
            _id(deps, tx.tenant, answer.request, each, tree, keys, others),
            tree,
            taken,
            each.span,
            ZoneInfo(each.schedule.zone),
            patient=next(iter(asked), None),
            service=_service(answer.request, tree),
            extension=_score(answer.request, each.ranked),
            others=others,
        )
        score = (each.ranked.total / 100).normalize()
        url = f"{answer.call.base}/Appointment/{resource['id']}"
        entries.append(Entry(url, json.dump(resource), score=score))
    entries += [
        Entry(f"{answer.call.base}/Slot/{key}", slots[key].content, "include")
        for key in sorted(slots)
    ]
    if answer.ranking.notes:
        issues = [Issue(each.text, (), "informational") for each in answer.ranking.notes]
        outcome = json.dump(outcome_of(issues, severity="information"))
        entries.append(Entry(None, outcome, "outcome"))
    links = [("self", answer.call.address or f"{answer.call.base}/Appointment/${SPEC.code}")]
    now = format_instant(deps.clock.now().replace(microsecond=0))
    return bundles.searchset(
        entries, answer.ranking.count, links, id=deps.ids.new(), last_updated=now
    )


def _besides(required: list[Resource], schedule: Resource, patient: str | None) -> list[Resource]:
    """Who has to come and is not there anyway."""
    there = {patient, *(each.get("reference") for each in schedule["actor"])}
    return [each for each in required if each["reference"] not in there]


def _id(
    deps: Deps,
    tenant: int,
    request: SlotRequest,
    found: Found,
    schedule: Resource,
    keys: dict[str, int],
    others: list[Resource],
) -> str:
    wanted = _service(request, schedule)
    services = schedule.get("serviceType", [])
    proposal = Proposal(
        schedule=keys[f"Schedule/{found.schedule.id}"],
        patient=keys[request.patient] if request.patient else 0,
        start=found.span.start,
        minutes=int(found.span.minutes),
        expires=deps.clock.now() + proposals.VALID,
        service=services.index(wanted) + 1 if wanted in services else 0,
        others=tuple(keys[each["reference"]] for each in others),
    )
    return proposals.encode(proposal, deps.signing_key, tenant)


def _service(request: SlotRequest, schedule: Resource) -> Resource | None:
    """The service of the Schedule that was asked for; as asked, where the Schedule names none."""
    wanted = codes_of(request.service_types)
    for each in schedule.get("serviceType", ()):
        if codes_of([each]) & wanted:
            service: Resource = each
            return service
    return request.service_types[0] if request.service_types else None


def _score(request: SlotRequest, ranked: Ranked) -> Resource:
    factors = ranked.factors if request.explain else ()
    return score_extension(request.policy, ranked.rank, total=ranked.total, factors=factors)
