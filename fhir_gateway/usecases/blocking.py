"""How is time taken for a block, and given back?

The EHR's word: what is booked in the time stays, offers and holds go, and the rest is held. A row
that is not active waits for what the booking gives back (decisions 8, 9 and 14).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fhir_gateway.core.time import Interval, subtract
from fhir_gateway.storage import engagements, promotions
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import RaceLostError, Transaction
from fhir_gateway.usecases import appointments, conflict_tasks
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.slot_states import areas_of, refresh, refresh_slots


async def hold(tx: Transaction, deps: Deps, slot: str, wanted: Mapping[int, Interval]) -> list[str]:
    """Take time for the block that a Slot stands for; what it held before is given back.

    Args:
        tx: Open transaction; the Slot is stored.
        deps: See Deps.
        slot: Its id.
        wanted: Time by number of actor.

    Returns:
        Ids of the Appointments that are booked in that time; they stay, each with a Task.

    Raises:
        RaceLostError: somebody took a part of the time meanwhile; `Database.run` tries again.
    """
    before = await engagements.of_slot(tx, slot)
    await engagements.release(tx, [each.id for each in before])
    rows: list[Engagement] = []
    taken: list[Engagement] = []
    ended: list[Engagement] = []
    for key, span in sorted(wanted.items()):
        own = Engagement(key, span, span, engagements.BLOCK, slots=(slot,))
        ended += await appointments.displace(tx, [own])
        others = await engagements.overlapping(tx, [key], span)
        taken += others
        rows += _pieces(own, others)
    held = await engagements.insert(tx, rows)
    if len(held) < len(rows):
        raise RaceLostError
    promoted = await promote(tx, before)
    await refresh(tx, deps, areas_of([*before, *rows, *ended, *promoted]))
    await refresh_slots(tx, deps, [slot])
    await settle(tx, deps, _without(before, rows), promoted)
    return await _ask(tx, deps, taken)


def _pieces(own: Engagement, others: Sequence[Engagement]) -> list[Engagement]:
    """Rows for what is free, and waiting ones for what is not."""
    busy = [each.during for each in others if each.active and each.exclusive]
    free = subtract(own.during, busy)
    # One for each booking: they end one by one.
    waiting = [piece for each in busy for piece in _shared(own.during, each)]
    return [replace(own, during=each, core=each) for each in free] + [
        replace(own, during=each, core=each, active=False) for each in waiting
    ]


def _shared(one: Interval, other: Interval) -> list[Interval]:
    if not one.overlaps(other):
        return []
    return [Interval(max(one.start, other.start), min(one.end, other.end))]


async def _ask(tx: Transaction, deps: Deps, taken: Sequence[Engagement]) -> list[str]:
    booked = {each.appointment: each for each in taken if each.appointment}
    for appointment, row in booked.items():
        if appointment:
            await conflict_tasks.open_task(tx, deps, appointment, row, conflict_tasks.BLOCKED)
    return sorted(each for each in booked if each)


async def release(
    tx: Transaction, deps: Deps, rows: Sequence[Engagement], span: Interval | None = None
) -> list[Engagement]:
    """Give back a block, or a part of it; bookings that stood beside it come first.

    Args:
        tx: Open transaction.
        deps: See Deps.
        rows: What the block holds.
        span: The part; None for all of it.

    Returns:
        What it still holds.
    """
    await engagements.release(tx, [each.id for each in rows])
    kept = [
        replace(each, during=piece, core=piece)
        for each in rows
        for piece in (subtract(each.during, [span]) if span else ())
    ]
    await engagements.insert(tx, kept)
    promoted = await promote(tx, rows)
    await refresh(tx, deps, areas_of([*rows, *promoted]))
    await settle(tx, deps, _without(rows, kept), promoted)
    return kept


def _without(rows: Sequence[Engagement], kept: Sequence[Engagement]) -> list[Engagement]:
    """Rows in whose time a block holds nothing any more."""
    return [
        each
        for each in rows
        if not any(
            each.actor_key == other.actor_key and each.during.overlaps(other.during)
            for other in kept
        )
    ]


async def settle(
    tx: Transaction, deps: Deps, rows: Sequence[Engagement], promoted: Sequence[Engagement]
) -> None:
    """End the Tasks of bookings that nothing is in the way of any more.

    Args:
        tx: Open transaction.
        deps: See Deps.
        rows: What a block held and does not hold any more.
        promoted: Who has it now.
    """
    beside = [
        other.appointment
        for each in rows
        for other in await engagements.overlapping(tx, [each.actor_key], each.during)
        if other.appointment and not each.active
    ]
    mine = [each.appointment or "" for each in promoted]
    await conflict_tasks.close_tasks(tx, deps, [*beside, *mine])


async def promote(tx: Transaction, rows: Sequence[Engagement]) -> list[Engagement]:
    """Give what a block held to bookings and other blocks that wait for it; those that have it."""
    if not rows:
        return []
    hull = Interval(min(each.during.start for each in rows), max(each.during.end for each in rows))
    return await promotions.promote(tx, {each.actor_key for each in rows}, hull)
