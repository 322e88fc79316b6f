"""What happens to offers whose time staff give to somebody else?

The hold goes and the offers end in the transaction of the booking, which the guard judges like any
other: whoever accepted before has won. Decision 15; decision record 0026.
"""

from collections import Counter
from itertools import islice

from fhir_gateway.storage import engagements
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import offers, seats
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Resource, needs


async def override_offers(tx: Transaction, deps: Deps, appointment: Resource) -> list[Engagement]:
    """End the offers that hold time which an Appointment is going to take.

    Args:
        tx: Open transaction, in which the Appointment is booked afterwards.
        deps: See Deps.
        appointment: Valid, with a status that holds time.

    Returns:
        What was held; whoever books has its Slots refreshed.

    Raises:
        GatewayError: unprocessable, for a time outside its Slots.
    """
    held = await _in_the_way(tx, appointment)
    # First the hold, then the offers, then the Task: in the order in which an acceptance goes.
    await engagements.release(tx, [each.id for each in held])
    for task in sorted({each.task for each in held if each.task}):
        await offers.displaced(tx, deps, task, "Staff booked the time")
    return held


async def _in_the_way(tx: Transaction, appointment: Resource) -> list[Engagement]:
    """Everything that the Tasks hold of which anything is in the way.

    Of those that hold seats of the same Slot so many as seats are missing.
    """
    tasks: set[str] = set()
    wanted = Counter((await needs(tx, appointment)).exclusive)
    found = await engagements.beside(tx, list(wanted))
    for (each, number), rows in zip(wanted.items(), found, strict=True):
        offered = [other for other in rows if other.kind == engagements.OFFER and other.task]
        sharing = (other for other in offered if other.shares_with(each))
        others = (other for other in offered if not other.shares_with(each))
        missing = islice(sharing, seats.lacking(each, number, rows))
        tasks.update(other.task for other in (*others, *missing) if other.task)
    return [each for task in sorted(tasks) for each in await engagements.of_task(tx, task)]
