"""What should each Slot say, from what is held? (decision 9)"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_gateway.core.time import Interval
from fhir_gateway.storage.engagements import APPOINTMENT, BLOCK, HOLD, LIVE, OFFER, OVERLAP, TAKEN
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.storage.slot_facts import overlapping_slots

#: Somebody has a seat of the Slot: of its actors each is held by as many rows as seats are taken.
_SEATED = "b.seats_of IS NOT NULL AND b.active AND s.id = ANY(b.slots)"
#: What each Slot's status should be, from `busy` (decision 9): the one statement of the invariant.
_DERIVED = f"""
SELECT s.id, s.p_status, CASE
  WHEN f.seated AND NOT f.beside THEN CASE
    WHEN NOT f.full THEN 'free' WHEN f.tentative OR f.held THEN 'busy-tentative' ELSE 'busy' END
  WHEN f.certain THEN 'busy'
  WHEN f.tentative OR f.held THEN 'busy-tentative'
  WHEN f.anything THEN 'busy-unavailable'
  ELSE 'free' END,
  coalesce(f.overbooked, false),
  coalesce(s.p_overbooked = 'true', false),
  coalesce(f.seated, false)
FROM slot s
CROSS JOIN LATERAL (
  SELECT bool_or(b.kind IN ('{APPOINTMENT}', '{OVERLAP}', '{TAKEN}')
                 AND s.id = ANY(b.slots) AND NOT b.tentative) AS certain,
         bool_or(b.kind IN ('{APPOINTMENT}', '{OVERLAP}')
                 AND s.id = ANY(b.slots) AND b.tentative) AS tentative,
         bool_or(b.kind IN ('{HOLD}', '{OFFER}')) AS held,
         count(*) > 0 AS anything,
         bool_or(b.kind = '{OVERLAP}') AS overbooked,
         bool_or({_SEATED}) AS seated,
         bool_or(NOT ({_SEATED})) AS beside,
         count(*) FILTER (WHERE {_SEATED}) >= max(b.seats) FILTER (WHERE {_SEATED})
           * count(DISTINCT b.actor_key) FILTER (WHERE {_SEATED}) AS full
  FROM schedule_actor a JOIN busy b ON b.actor_key = a.actor_key
  WHERE a.tenant = s.tenant AND a.schedule = s.p_schedule AND a.exclusive
    AND b.ends > s.p_start AND b.starts < s.p_end AND {LIVE}
) f
WHERE s.tenant = %s AND s.p_status <> 'entered-in-error'
"""


@dataclass(frozen=True, slots=True)
class SlotState:
    """What a Slot says and what it should say.

    Attributes:
        id: Of the Slot.
        status: As it says.
        derived: As it should say.
        overbooked, says_overbooked: Likewise.
        seated: Whether anybody has one of its seats; it may be free all the same.
        stored: The Slot itself, where it has been locked.
    """

    id: str
    status: str
    derived: str
    overbooked: bool
    says_overbooked: bool
    seated: bool = False
    stored: Stored | None = None


async def locked_in(
    tx: Transaction, areas: Sequence[tuple[Interval, Iterable[int]]]
) -> list[SlotState]:
    """Lock the Slots of every Schedule of these actors that overlap these spans, then look at them.

    Args:
        tx: Open transaction.
        areas: Spans, each with numbers of actors; not empty.

    Returns:
        Their states with the Slots themselves, by id.
    """
    found = [overlapping_slots(tx.tenant, span, keys) for span, keys in areas]
    params = [value for _, values in found for value in values]
    return await _locked(tx, " UNION ".join(statement for statement, _ in found), params)


async def locked(tx: Transaction, ids: Iterable[str]) -> list[SlotState]:
    """The same for Slots by id."""
    return await _locked(tx, "SELECT unnest(%s::text[])", [sorted(set(ids))])


async def _locked(tx: Transaction, found: str, params: list[Any]) -> list[SlotState]:
    """One round trip; the second statement sees what was committed before the lock was had."""
    lock = (
        f"SELECT s.id FROM slot s WHERE s.tenant = %s AND s.id = ANY(ARRAY({found})) ORDER BY s.id"
    )
    look = (
        "SELECT d.*, r.version, r.last_updated, c.content FROM"
        f" ({_DERIVED} AND s.id = ANY(ARRAY({found}))) d (id, status, derived, overbooked, says,"
        " seated) JOIN slot r ON r.tenant = %s AND r.id = d.id"
        " JOIN slot_content c ON c.tenant = r.tenant AND c.id = r.id ORDER BY d.id"
    )
    _, rows = await tx.fetch_batch(
        [
            (f"{lock} FOR UPDATE", (tx.tenant, *params)),
            (look, (tx.tenant, *params, tx.tenant)),
        ]
    )
    return [replace(SlotState(*row[:6]), stored=Stored("Slot", row[0], *row[6:])) for row in rows]


async def states_of_slots(tx: Transaction, slots: Iterable[str]) -> list[SlotState]:
    """What Slots say and should say, by id."""
    statement = f"{_DERIVED} AND s.id = ANY(%s) ORDER BY s.id"
    rows = await tx.rows(statement, (tx.tenant, sorted(set(slots))))
    return [SlotState(*row) for row in rows]


async def wrong_slots(tx: Transaction, limit: int = 100) -> list[SlotState]:
    """Slots from now on whose status is not what `busy` says; the invariant holds for none.

    What is past stays as it was, also where the Schedule has changed hands since.
    """
    rows = await tx.rows(
        f"SELECT * FROM ({_DERIVED} AND s.p_end > clock_timestamp())"
        " d (id, status, derived, overbooked, says, seated)"
        " WHERE status <> derived OR overbooked <> says ORDER BY id LIMIT %s",
        (tx.tenant, limit),
    )
    return [SlotState(*row) for row in rows]


async def held_in_schedule(tx: Transaction, schedule: str) -> bool:
    """Whether anything is held, taken or blocked in a Slot of a Schedule from now on."""
    row = await tx.row(
        "SELECT 1 FROM slot s WHERE s.tenant = %s AND s.p_schedule = %s"
        " AND s.p_end > clock_timestamp() AND (s.p_status IN ('busy', 'busy-tentative')"
        " OR EXISTS (SELECT FROM schedule_actor a JOIN busy b ON b.actor_key = a.actor_key"
        "   WHERE a.tenant = s.tenant AND a.schedule = s.p_schedule AND b.ends > s.p_start"
        f"   AND b.starts < s.p_end AND {_SEATED})"
        " OR s.p_status = 'busy-unavailable' AND EXISTS (SELECT FROM schedule_actor a"
        "   JOIN busy b ON b.actor_key = a.actor_key WHERE a.tenant = s.tenant"
        f"   AND a.schedule = s.p_schedule AND b.kind IN ('{TAKEN}', '{BLOCK}')"
        "   AND s.id = ANY(b.slots)))"
        " LIMIT 1",
        (tx.tenant, f"Schedule/{schedule}"),
    )
    return row is not None


async def lock_slots_of_schedule(tx: Transaction, schedule: str) -> list[str]:
    """Lock the Slots of a Schedule from now on; returns their ids."""
    rows = await tx.rows(
        "SELECT id FROM slot WHERE tenant = %s AND p_schedule = %s"
        " AND p_end > clock_timestamp() ORDER BY id FOR UPDATE",
        (tx.tenant, f"Schedule/{schedule}"),
    )
    return [row[0] for row in rows]
