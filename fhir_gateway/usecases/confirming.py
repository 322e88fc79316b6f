"""What becomes of a booking that the EHR has to confirm, once its application has said yes or no?

Until then it is pending and its time is held. Yes makes it booked; no cancels it and gives the time
back, as any cancellation does. Silence is for people. Decision 19; decision record 0025.
"""

from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.outbound.destinations import Destination
from fhir_gateway.storage import dispatches, resources
from fhir_gateway.storage.dispatches import Dispatch
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import appointments
from fhir_gateway.usecases.appointments import Change
from fhir_gateway.usecases.deps import Deps

#: Code of the reason for which a booking is cancelled that the EHR has refused.
REFUSED = "not-confirmed"


async def confirmed(
    tx: Transaction, deps: Deps, destination: Destination, message: Dispatch
) -> None:
    """Book what was pending, if everybody who has to confirm it has done so.

    Args:
        tx: In which the answer is kept.
        deps: See Deps.
        destination: Who has said yes; it is not told again.
        message: What it has said yes to.
    """
    stored = await _pending(tx, message)
    if stored is None:
        return
    told = await dispatches.told(tx, message.appointment)
    if any(each.confirms and each.state in dispatches.OPEN for each in told):
        return
    await _become(tx, deps, destination, stored, status="booked")


async def refused(
    tx: Transaction, deps: Deps, destination: Destination, message: Dispatch, why: str
) -> bool:
    """Cancel what was pending; False where nothing was, and a refusal is for people.

    Args:
        tx: In which the answer is kept.
        deps: See Deps.
        destination: Who has said no; it is not told again.
        message: What it has said no to.
        why: In its words.
    """
    stored = await _pending(tx, message)
    if stored is None:
        return False
    reason = appointments.reason(REFUSED, "The other system has not confirmed it")
    reason["text"] = f"{destination.name}: {why}"
    await _become(tx, deps, destination, stored, status="cancelled", cancelationReason=reason)
    return True


async def _pending(tx: Transaction, message: Dispatch) -> Stored | None:
    if not message.confirms:
        return None
    stored = await resources.read(tx, Ref("Appointment", message.appointment), lock=True)
    return stored if stored and stored.resource()["status"] == "pending" else None


async def _become(
    tx: Transaction, deps: Deps, destination: Destination, stored: Stored, **changes: object
) -> None:
    tx.source = destination.receiver.pair
    changed = stored.resource() | changes
    await appointments.apply(tx, deps, Change(changed, By.OPERATION, stored))
