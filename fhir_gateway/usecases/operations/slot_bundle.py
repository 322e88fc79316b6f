"""How are found times told? As a searchset of proposed Appointments with the Slots that they take.

Decisions 17, 18 and 22.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.time import Interval, format_instant
from fhir_gateway.engines.clinic_time import instant_of
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.slot_ranking import Ranked
from fhir_gateway.engines.slot_search import Candidates, ScheduleFacts
from fhir_gateway.fhir import bundles, json
from fhir_gateway.fhir.bundles import Entry
from fhir_gateway.fhir.outcomes import outcome_of
from fhir_gateway.storage import actors, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import naming, proposals
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.operations.slot_request import SlotRequest
from fhir_gateway.usecases.operations.slot_scene import Scene
from fhir_gateway.usecases.proposals import Proposal
from fhir_gateway.usecases.scores import score_extension
from fhir_gateway.usecases.waiting import codes_of

Resource = dict[str, Any]


def unweighable(refusal: Refusal) -> GatewayError:
    """The failure of a request with weights that cannot be."""
    issue = Issue(refusal.text, ("weight",), "value", refusal.reason)
    return GatewayError(Category.INVALID, issue)


@dataclass(frozen=True, slots=True)
class Found:
    """One answer: its place, its time, the Slots that it takes, their Schedule, and for whom.

    Attributes:
        entry: `Appointment/7` on the waitlist that it is for; None for none.
    """

    ranked: Ranked
    span: Interval
    slots: tuple[str, ...]
    schedule: ScheduleFacts
    request: SlotRequest
    entry: str | None = None

    @classmethod
    def of(
        cls,
        scene: Scene,
        candidates: Candidates,
        ranked: Ranked,
        request: SlotRequest,
        entry: str | None = None,
    ) -> "Found":
        """The answer that a ranked candidate is."""
        row = ranked.candidate
        times = (candidates.start[row], candidates.end[row])
        span = Interval(*(instant_of(int(each)) for each in times))
        slots = tuple(scene.facts.slots.ids[each] for each in candidates.slots_of(row))
        schedule = scene.facts.schedules[int(candidates.schedule[row])]
        return cls(ranked, span, slots, schedule, request, entry)

    @property
    def people(self) -> tuple[str, ...]:
        """Who takes part besides the actors of the Schedule: the patient first."""
        return (*((self.request.patient,) if self.request.patient else ()), *self.request.required)


async def bundle_of(
    tx: Transaction,
    deps: Deps,
    call: Call,
    found: Sequence[Found],
    total: int,
    notes: Sequence[str] = (),
) -> bytes:
    """Write the searchset.

    Args:
        tx: Open transaction.
        deps: See Deps.
        call: What was asked; for the addresses.
        found: In the order of the answer.
        total: How many there are.
        notes: What else is to be said.
    """
    schedules = await resources.read_many(tx, "Schedule", {each.schedule.id for each in found})
    trees = {key: each.resource() for key, each in schedules.items()}
    slots = await resources.read_many(tx, "Slot", {slot for each in found for slot in each.slots})
    people = sorted({one for each in found for one in each.people})
    keys = await actors.keys_of(tx, [*(f"Schedule/{each}" for each in trees), *people])
    named = await naming.named(tx, [{"reference": each} for each in people])
    names = {each["reference"]: each for each in named}
    for tree in trees.values():
        tree["actor"] = await naming.named(tx, tree["actor"])
    entries: list[Entry] = []
    for each in found:
        taken = [slots[slot].resource() for slot in each.slots]
        resource = _proposed(deps, tx.tenant, each, trees[each.schedule.id], taken, keys, names)
        score = (each.ranked.total / 100).normalize()
        url = f"{call.base}/Appointment/{resource['id']}"
        entries.append(Entry(url, json.dump(resource), score=score))
    entries += [
        Entry(f"{call.base}/Slot/{key}", slots[key].content, "include") for key in sorted(slots)
    ]
    if notes:
        issues = [Issue(each, (), "informational") for each in notes]
        outcome = json.dump(outcome_of(issues, severity="information"))
        entries.append(Entry(None, outcome, "outcome"))
    links = [("self", call.address or f"{call.base}/Appointment")]
    now = format_instant(deps.clock.now().replace(microsecond=0))
    return bundles.searchset(entries, total, links, id=deps.ids.new(), last_updated=now)


def _proposed(
    deps: Deps,
    tenant: int,
    found: Found,
    schedule: Resource,
    slots: list[Resource],
    keys: dict[str, int],
    names: dict[str, Resource],
) -> Resource:
    request = found.request
    there = {request.patient, *(each.get("reference") for each in schedule["actor"])}
    others = [each for each in request.required if each not in there]
    service = _service(request, schedule)
    services = schedule.get("serviceType", [])
    proposal = Proposal(
        schedule=keys[f"Schedule/{found.schedule.id}"],
        patient=keys[request.patient] if request.patient else 0,
        start=found.span.start,
        minutes=int(found.span.minutes),
        expires=deps.clock.now() + proposals.VALID,
        service=services.index(service) + 1 if service in services else 0,
        others=tuple(keys[each] for each in others),
    )
    made = proposals.appointment(
        proposals.encode(proposal, deps.signing_key, tenant),
        schedule,
        slots,
        found.span,
        ZoneInfo(found.schedule.zone),
        patient=names[request.patient] if request.patient else None,
        service=service,
        extension=_score(request, found.ranked),
        others=[names[each] for each in others],
    )
    if found.entry is not None:
        made["supportingInformation"] = [{"reference": found.entry}]
    return made


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
