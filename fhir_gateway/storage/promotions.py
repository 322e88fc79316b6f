"""Who gets time that is given back, before it counts as free?

What the EHR has booked over somebody else, and blocks that somebody was in the way of; and what is
held may become certain without being taken anew. Decisions 14 and 19.
"""

from collections.abc import Iterable
from dataclasses import replace

from fhir_gateway.core.time import Interval, subtract
from fhir_gateway.storage import locks
from fhir_gateway.storage.engagements import (
    APPOINTMENT,
    BLOCK,
    COLUMNS,
    OVERLAP,
    Engagement,
    engagement_of,
    insert,
    overlapping,
    release,
)
from fhir_gateway.storage.postgres import Transaction


async def promote(tx: Transaction, actor_keys: Iterable[int], span: Interval) -> list[Engagement]:
    """Give released time to the EHR's bookings and blocks that overlapped it, oldest first.

    Decision 14; a block that a booking was in the way of takes what the booking gives back.

    Returns:
        Those that hold their time now.
    """
    promoted: list[Engagement] = []
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM busy b WHERE b.tenant = %s AND b.actor_key = ANY(%s)"
        f" AND NOT b.active AND b.kind IN ('{OVERLAP}', '{BLOCK}')"
        " AND b.ends > %s AND b.starts < %s ORDER BY b.id",
        (tx.tenant, sorted(set(actor_keys)), span.start, span.end),
    )
    found = [engagement_of(row) for row in rows]
    await locks.hold(tx, (f"seats|{each.share}" for each in found if each.share))
    for each in found:
        if each.kind == BLOCK:
            promoted += await _promote_block(tx, each)
        elif await _activate(tx, each):
            promoted.append(replace(each, active=True, kind=APPOINTMENT))
    return promoted


async def _activate(tx: Transaction, each: Engagement) -> bool:
    """Let a booking that stood beside others have its time, where nobody else has it."""
    touched = await tx.execute(
        f"UPDATE busy b SET active = true, kind = '{APPOINTMENT}', seat = f.seat"
        " FROM (SELECT w.id, (SELECT min(n) FROM generate_series(0, w.seats - 1) n"
        "   WHERE NOT EXISTS (SELECT FROM busy o WHERE o.actor_key = w.actor_key"
        "   AND o.seats_of = w.seats_of AND o.seat = n AND o.active AND o.exclusive)) AS seat"
        "  FROM busy w) f WHERE b.tenant = %s AND b.id = %s AND f.id = b.id"
        " AND f.seat IS NOT NULL AND NOT EXISTS (SELECT FROM busy o"
        " WHERE o.actor_key = b.actor_key AND o.active AND o.exclusive AND o.during && b.during"
        " AND o.share <> b.share)",
        (tx.tenant, each.id),
    )
    return touched > 0


async def _promote_block(tx: Transaction, waiting: Engagement) -> list[Engagement]:
    """Let a block have what is free of the time that it waits for; the rest waits on."""
    others = await overlapping(tx, [waiting.actor_key], waiting.during)
    taken = [each.during for each in others if each.active and each.exclusive]
    free = subtract(waiting.during, taken)
    if not free:
        return []
    await release(tx, [waiting.id])
    rest = subtract(waiting.during, free)
    await insert(tx, [replace(waiting, during=each, core=each) for each in rest])
    return await insert(
        tx, [replace(waiting, during=each, core=each, active=True) for each in free]
    )


async def certain(tx: Transaction, ids: Iterable[int], *, tentative: bool) -> None:
    """Say of time that is held whether it is certain; it goes on being held."""
    held = sorted(set(ids))
    if held:
        await tx.execute(
            "UPDATE busy SET tentative = %s WHERE tenant = %s AND id = ANY(%s)",
            (tentative, tx.tenant, held),
        )
