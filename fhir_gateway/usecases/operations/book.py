"""How is a time booked that was found, or is on offer to somebody else? $book

Like creating an Appointment with status booked, and shorter for what `$find-optimal-slots` has
found; staff may take a time that is on offer to the waitlist. Decisions 15 and 17; record 0026.
"""

from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import relative
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.parameters import Values
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import proposals, write
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import participants
from fhir_gateway.usecases.explaining import run_explained
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.overriding import override_offers
from fhir_gateway.usecases.slot_states import areas_of, refresh

Resource = dict[str, Any]

SPEC = OperationSpec(
    code="book",
    resource="Appointment",
    levels=frozenset({"type"}),
    affects_state=True,
    title="Book a time",
    doc="Books a time that was found, for its patient or for another one, or an Appointment that is"
    " sent along. With `override-offer` a time that is on offer to patients of the waitlist is"
    " taken back from them in the same transaction: their offers end as superseded, and they keep"
    " their places. Without it such a time is 409 `offered`.",
    source="Decisions 15 and 17",
    parameters=(
        OperationParameter(
            "found", "in", 0, 1, "Reference",
            "What $find-optimal-slots or $assign has proposed; good for 15 minutes",
            target_types=("Appointment",),
        ),
        OperationParameter(
            "appointment", "in", 0, 1, "Appointment", "What is to be booked, instead of `found`"
        ),
        OperationParameter(
            "patient", "in", 0, 1, "Reference", "For whom, where it names no patient",
            target_types=("Patient",),
        ),
        OperationParameter(
            "override-offer", "in", 0, 1, "boolean",
            "Whether time that is on offer to others is taken back; false",
        ),
        OperationParameter("return", "out", 1, 1, "Appointment", "What has been booked"),
    ),
)  # fmt: skip


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with the Appointment.

    Raises:
        GatewayError: invalid, without or with more than one of `found` and `appointment`;
            not-found, for what was not found, or too long ago; whatever creating it raises.
    """
    values = call.values
    if ("found" in values) == ("appointment" in values):
        raise fail(
            Category.INVALID, "Give either 'found' or 'appointment'", "found", code="required"
        )

    async def work(tx: Transaction) -> Stored:
        wanted = await _wanted(tx, deps, values)
        validate(wanted, type_name="Appointment")
        held = []
        if values.first("override-offer", default=False):
            held = await override_offers(tx, deps, wanted)
        stored = await write.create_within(tx, deps, wanted)
        await refresh(tx, deps, areas_of(held))
        return stored

    return (await run_explained(deps, tenant, work)).content


async def _wanted(tx: Transaction, deps: Deps, values: Values) -> Resource:
    """The Appointment as it shall be."""
    if "found" in values:
        appointment = await _found(tx, deps, values.first("found"))
    else:
        appointment = dict(values.first("appointment"))
    appointment = {**appointment, "id": deps.ids.new(), "status": "booked"}
    patient = values.first("patient")
    if patient is not None:
        appointment = _for(appointment, patient)
    return appointment


async def _found(tx: Transaction, deps: Deps, reference: Any) -> Resource:
    ref = relative(reference) if isinstance(reference, str) else None
    if ref is None or ref.type != "Appointment":
        text = "found is a reference like Appointment/…, as $find-optimal-slots has answered it"
        raise fail(Category.INVALID, text, "found", code="value")
    stored = await proposals.read(tx, deps, ref.id)
    if stored is None:
        text = "Nothing of that id has been found within the last 15 minutes"
        raise fail(Category.NOT_FOUND, text, "found", code="not-found")
    return stored.resource()


def _for(appointment: Resource, patient: Any) -> Resource:
    ref = relative(patient) if isinstance(patient, str) else None
    if ref is None or ref.type != "Patient":
        raise fail(
            Category.INVALID, "patient is a reference like Patient/7", "patient", code="value"
        )
    person = {"actor": {"reference": str(ref)}, "required": "required", "status": "accepted"}
    people = appointment.get("participant", [])
    if not isinstance(people, list):
        return appointment  # no valid one: whoever validates it says so
    # Last, so that what is wrong with the others is told by their own places.
    validate(appointment | {"participant": [*people, person]}, type_name="Appointment")
    named = participants(appointment, "Patient")
    if ref in named:
        return appointment
    if named:
        raise GatewayError(Category.UNPROCESSABLE, Issue(
            f"The Appointment is for {named[0]} already", ("patient",), "business-rule"
        ))  # fmt: skip
    return appointment | {"participant": [person, *people]}
