"""Which Slots of a Schedule are there already, and who made them?"""

from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.core.codes import EXT_AVAILABILITY
from fhir_gateway.core.time import Interval
from fhir_gateway.storage.postgres import Transaction


@dataclass(frozen=True, slots=True)
class OwnSlot:
    """One Slot of a Schedule: id, time in UTC, status, and its content as stored."""

    id: str
    start: datetime
    end: datetime
    status: str
    content: bytes

    @property
    def span(self) -> Interval:
        return Interval(self.start, self.end)


async def slots_of(tx: Transaction, schedule: str, span: Interval) -> list[OwnSlot]:
    """All Slots of a Schedule that begin in a span or go on in it, by start.

    Args:
        tx: Open transaction.
        schedule: Its id.
        span: Half open.
    """
    rows = await tx.rows(
        "SELECT s.id, s.p_start, s.p_end, s.p_status, c.content FROM slot s"
        " JOIN slot_content c ON c.tenant = s.tenant AND c.id = s.id"
        " WHERE s.tenant = %s AND s.p_schedule = %s AND s.p_start < %s AND s.p_end > %s"
        " AND s.p_end > s.p_start ORDER BY s.p_start, s.id",
        (tx.tenant, f"Schedule/{schedule}", span.end, span.start),
    )
    return [OwnSlot(*row) for row in rows]


async def schedules_with_availability(tx: Transaction) -> list[str]:
    """Ids of the Schedules that have rules, in order."""
    rows = await tx.rows(
        "SELECT id FROM schedule_content WHERE tenant = %s AND position(%s::bytea IN content) > 0"
        " ORDER BY id",
        (tx.tenant, EXT_AVAILABILITY.encode()),
    )
    return [row[0] for row in rows]
