"""Which free times suit this patient best, and why?

Decision 18 (signature), 17 (what is found), 22 and 25 (scores); owner's plan, phase 10.
"""

from typing import Any

from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.slot_ranking import rank
from fhir_gateway.engines.slot_search import search
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.operations.slot_bundle import Found, bundle_of, unweighable
from fhir_gateway.usecases.operations.slot_request import read_request
from fhir_gateway.usecases.operations.slot_scene import read_scene


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
            raise unweighable(ranking)
        found = [Found.of(scene, candidates, each, request) for each in ranking.ranked]
        notes = [each.text for each in ranking.notes]
        return await bundle_of(tx, deps, call, found, ranking.count, notes)

    return await deps.database.run(tenant, look)
