"""Which Slots are free, as columns and not as resources?

Packed in the order in which the engines want them; bodies are read for the winners only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fhir_gateway.core.time import Interval
from fhir_gateway.storage.actors import references_statement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """One free Slot: id, id of its Schedule, start and end in UTC."""

    id: str
    schedule: str
    start: datetime
    end: datetime

    @property
    def span(self) -> Interval:
        return Interval(self.start, self.end)


_SELECT = "SELECT s.id, substr(s.p_schedule, 10), s.p_start, s.p_end, s.p_status FROM slot s"
_FREE = f"{_SELECT} WHERE s.tenant = %(tenant)s AND s.p_status = 'free'"

_DAY = timedelta(days=1)


def overlapping_slots(
    tenant: int, span: Interval, actor_keys: Iterable[int]
) -> tuple[str, list[Any]]:
    """The statement for the ids of Slots that overlap a span on the Schedules of these actors.

    A Slot of a day or less begins in the day before the span ends; longer ones have an index of
    their own. The Schedules are found first and for themselves: joined, the Slots of all of them
    would be gone through where the planner does not know yet how many there are.
    """
    slots = (
        "SELECT o.id FROM slot o WHERE o.tenant = %s AND o.p_schedule = ANY(ARRAY("
        "SELECT a.schedule FROM schedule_actor a WHERE a.tenant = %s AND a.exclusive"
        " AND a.actor_key = ANY(%s))) AND o.p_start < %s AND o.p_end > %s"
    )
    common = [tenant, tenant, sorted(set(actor_keys)), span.end, span.start]
    statement = (
        f"{slots} AND o.p_start > %s UNION {slots} AND o.p_end - o.p_start > interval '1 day'"
    )
    return statement, [*common, span.start - _DAY, *common]


async def free_slots_of_actors(
    tx: Transaction, actor_keys: Iterable[int], span: Interval
) -> tuple[list[FreeSlot], dict[int, str]]:
    """Free Slots that overlap a span, of any of these actors, by Schedule and start.

    Returns:
        The Slots, and the references of the actors by number.
    """
    keys = sorted(set(actor_keys))
    found, params = overlapping_slots(tx.tenant, span, keys)
    slots = (
        f"{_SELECT} WHERE s.tenant = %s AND s.id = ANY(ARRAY({found}))"
        " ORDER BY s.p_schedule, s.p_start, s.id"
    )
    rows, owners = await tx.fetch_batch(
        [(slots, (tx.tenant, *params)), references_statement(tx.tenant, keys)]
    )
    return [FreeSlot(*row[:4]) for row in rows if row[4] == "free"], dict(owners)


async def free_slots(
    tx: Transaction, schedules: Iterable[str], span: Interval, *, limit: int = 200_000
) -> list[FreeSlot]:
    """Free Slots that begin in a span, by Schedule and start.

    Args:
        tx: Open transaction.
        schedules: Ids.
        span: Half open.
        limit: At most so many rows.
    """
    rows = await tx.rows(
        _FREE + " AND s.p_schedule = ANY(%(schedules)s) AND s.p_start >= %(start)s"
        " AND s.p_start < %(end)s ORDER BY s.p_schedule, s.p_start, s.id LIMIT %(limit)s",
        {
            "tenant": tx.tenant,
            "start": span.start,
            "end": span.end,
            "schedules": sorted(f"Schedule/{each}" for each in set(schedules)),
            "limit": limit,
        },
    )
    return [FreeSlot(*row[:4]) for row in rows]


_AROUND = (
    "SELECT r.id, r.version, r.last_updated, c.content FROM slot r JOIN slot_content c"
    " ON c.tenant = r.tenant AND c.id = r.id WHERE r.tenant = %s AND r.p_schedule = %s"
    " AND r.p_start < %s AND r.p_end > %s AND r.p_status <> 'entered-in-error'"
    " ORDER BY r.p_start, r.id"
)
_EXCLUSIVE = (
    "SELECT actor_key FROM schedule_actor WHERE tenant = %s AND schedule = %s AND exclusive"
)


async def slots_around(
    tx: Transaction, schedule: str, span: Interval
) -> tuple[list[Stored], list[int]]:
    """All Slots of a Schedule that overlap a span, by start, and who is in one place there.

    Returns:
        The Slots whatever their status, and the numbers of the Schedule's exclusive actors.
    """
    own = (tx.tenant, f"Schedule/{schedule}")
    slots, owners = await tx.fetch_batch(
        [(_AROUND, (*own, span.end, span.start)), (_EXCLUSIVE, own)]
    )
    return [Stored("Slot", *row) for row in slots], [row[0] for row in owners]


async def slots_of_schedule(tx: Transaction, schedule: str, span: Interval) -> list[str]:
    """Ids of all Slots of a Schedule that overlap a span, whatever their status, by start."""
    rows = await tx.rows(
        "SELECT id FROM slot WHERE tenant = %s AND p_schedule = %s AND p_start < %s AND p_end > %s"
        " AND p_status <> 'entered-in-error' ORDER BY p_start, id",
        (tx.tenant, f"Schedule/{schedule}", span.end, span.start),
    )
    return [row[0] for row in rows]
