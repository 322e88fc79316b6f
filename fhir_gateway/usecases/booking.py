"""How do clients write Appointments?

Create books, update moves and cancels, all through `usecases.appointments`; a time that is not to
be had is explained. Offers are answered, not edited (decision 16).
"""

from typing import Any

from fhir_gateway.core.codes import REASON_DECLINED
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.storage import offer_log, outbox
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Write
from fhir_gateway.usecases import answers, appointments, offer_shape, waitlist_entries
from fhir_gateway.usecases.appointments import Change
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Around, participants
from fhir_gateway.usecases.offers import OFFER_EXPIRY

Resource = dict[str, Any]


async def create(tx: Transaction, deps: Deps, write: Write, around: Around) -> Stored:
    """Book, propose, or put on the waitlist.

    Args:
        tx: Open transaction.
        deps: See Deps.
        write: Its resource is valid and has an id.
        around: What is stored around it.

    Raises:
        GatewayError: unprocessable, for an entry of the waitlist without a patient.
        TimeTakenError: the time is not to be had.
    """
    resource = write.resource
    if resource["status"] == "waitlist" and not participants(resource, "Patient"):
        raise GatewayError(
            Category.UNPROCESSABLE,
            Issue(
                "An entry of the waitlist needs a Patient of this server",
                ("Appointment.participant",),
                "required",
            ),
        )
    if resource["status"] == "waitlist":
        await waitlist_entries.settle(tx, deps, resource)
    revives = write if write.revives else None
    change = Change(resource, By.CLIENT, method=write.method, revives=revives, around=around)
    return (await appointments.apply(tx, deps, change)).stored


async def update(tx: Transaction, deps: Deps, old: Stored, write: Write, around: Around) -> Stored:
    """Move, cancel or change an Appointment.

    Args:
        tx: Open transaction.
        deps: See Deps.
        old: As stored.
        write: Its resource is valid.
        around: What is stored around it as it shall be.

    Raises:
        GatewayError: unprocessable, for a status that cannot follow; conflict, for booking an
            offer without answering it.
        TimeTakenError: the time is not to be had.
    """
    before, resource = old.resource(), write.resource
    links = offer_shape.links(before)
    closes = links is not None and before["status"] == "proposed"
    if closes and resource["status"] not in ("proposed", "cancelled", "entered-in-error"):
        raise GatewayError(
            Category.CONFLICT,
            Issue(
                "An offer is accepted by an AppointmentResponse of its patient",
                ("Appointment.status",),
                "business-rule",
                "offer",
            ),
        )
    if resource["status"] == "waitlist":
        await waitlist_entries.settle(tx, deps, resource, before)
    declines = closes and resource["status"] == "cancelled" and "cancelationReason" not in resource
    if declines:
        resource["cancelationReason"] = appointments.reason(REASON_DECLINED, "The patient declined")
    changed = await appointments.apply(
        tx, deps, Change(resource, By.CLIENT, old, method=write.method, around=around)
    )
    if closes and links is not None and resource["status"] != "proposed":
        await outbox.drop_timer(tx, OFFER_EXPIRY, resource["id"])
        await outbox.publish(tx, answers.OFFER_ANSWERED, {"task": links[1]})
        await offer_log.closed(tx, resource["id"], "declined" if declines else "withdrawn")
        if declines:
            await answers.count_refusal(tx, deps, links[0])
    return changed.stored
