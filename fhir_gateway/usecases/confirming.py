"""What becomes of a booking that the EHR has to confirm, once its application has said yes or no?

Until then it is pending and its time is held. Yes makes it booked; no cancels it and gives the time
back, as any cancellation does. Silence is for people. Decision 19; decision record 0025.
"""

from fhir_gateway.core.codes import HOLDING
from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.outbound.destinations import Destination
from fhir_gateway.storage import resources
from fhir_gateway.storage.dispatches import Dispatch
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import appointments, telling
from fhir_gateway.usecases.appointments import Change
from fhir_gateway.usecases.deps import Deps

#: Code of the reason for which a booking is cancelled that the EHR has refused.
REFUSED = "not-confirmed"


async def confirmed(
    tx: Transaction, deps: Deps, destination: Destination | None, message: Dispatch
) -> None:
    """Book what was pending, if everybody who has to confirm it has done so.

    Args:
        tx: In which the answer is kept.
        deps: See Deps.
        destination: Who has said yes; it is not told again. None where there is none any more.
        message: What it has said yes to, or people have for it: it is over.
    """
    if not message.confirms:
        return
    stored = await _locked(tx, message)
    if stored is None or stored.resource()["status"] != "pending":
        return
    if await telling.unconfirmed(tx, message.appointment):
        return
    await _become(tx, deps, destination, stored, status="booked")


async def refused(
    tx: Transaction, deps: Deps, destination: Destination, message: Dispatch, why: str
) -> bool:
    """Cancel what was pending; False where the refusal is for people.

    What is over already stays as it is: nobody has to be told of its end who never had it.

    Args:
        tx: In which the answer is kept.
        deps: See Deps.
        destination: Who has said no; it is not told again.
        message: What it has said no to.
        why: In its words.
    """
    if not message.confirms:
        return False
    stored = await _locked(tx, message)
    if stored is None or (status := stored.resource()["status"]) not in HOLDING:
        return True
    if status != "pending":
        return False
    reason = appointments.reason(REFUSED, "The other system has not confirmed it")
    reason["text"] = f"{destination.name}: {why}"
    await _become(tx, deps, destination, stored, status="cancelled", cancelationReason=reason)
    return True


async def _locked(tx: Transaction, message: Dispatch) -> Stored | None:
    return await resources.read(tx, Ref("Appointment", message.appointment), lock=True)


async def _become(
    tx: Transaction, deps: Deps, destination: Destination | None, stored: Stored, **changes: object
) -> None:
    if destination is not None:
        tx.source = destination.receiver.pair
    changed = stored.resource() | changes
    # The EHR's word is a fact, as in its feed: what it confirms is not refused for anything here.
    await appointments.apply(tx, deps, Change(changed, By.FEED, stored))
