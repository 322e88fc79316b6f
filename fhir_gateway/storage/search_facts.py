"""What does the search for the best Slots look at?

Schedules, free Slots and diaries as plain rows and columns; no content is parsed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fhir_gateway.core.time import Interval
from fhir_gateway.storage.postgres import Transaction

#: Values of Slot.appointmentType, as they are indexed, that keep a Slot for the urgent.
PROTECTED = ("EMERGENCY",)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which Slots are looked for.

    Attributes:
        span: They begin and end inside.
        practitioners: `Practitioner/7`, any of them; empty for all.
        locations: `Location/7` or one that is part of it, any of them; empty for all.
        services: `HealthcareService/7`, any of them; empty for all.
        service_types: Token entries as in `fhir.search_values` (`service-type|=x`), any of them.
        specialties: Likewise.
        appointment_types: Likewise; a Slot that names none takes all.
        released: Protected Slots that begin until then are for this request; None: all of them.
    """

    span: Interval
    practitioners: Sequence[str] = ()
    locations: Sequence[str] = ()
    services: Sequence[str] = ()
    service_types: Sequence[str] = ()
    specialties: Sequence[str] = ()
    appointment_types: Sequence[str] = field(default_factory=tuple)
    released: datetime | None = None


async def schedules(tx: Transaction, wanted: Wanted) -> list[str]:
    """Ids of the active Schedules that any of the wanted people, places and services share."""
    conditions = ["s.tenant = %(tenant)s", "(s.p_active IS NULL OR s.p_active = 'true')"]
    params: dict[str, object] = {"tenant": tx.tenant}
    if wanted.practitioners:
        conditions.append(_has_actor("practitioners"))
        params["practitioners"] = list(wanted.practitioners)
    if wanted.locations:
        conditions.append(_has_actor("locations"))
        params["locations"] = await _with_parts(tx, wanted.locations)
    if wanted.services:
        conditions.append(f"({_has_actor('services')} OR {_OFFERS})")
        params["services"] = list(wanted.services)
        params["offered"] = [f"{tx.tenant}|service|{each}" for each in wanted.services]
    rows = await tx.rows(
        f"SELECT s.id FROM schedule s WHERE {' AND '.join(conditions)} ORDER BY s.id", params
    )
    return [row[0] for row in rows]


def _has_actor(name: str) -> str:
    return (
        "EXISTS (SELECT FROM schedule_actor a WHERE a.tenant = s.tenant"
        " AND a.schedule = 'Schedule/' || s.id"
        f" AND a.reference = ANY(%({name})s))"
    )


_OFFERS = (
    "EXISTS (SELECT FROM schedule_actor a JOIN practitioner_role r ON r.tenant = a.tenant"
    " AND r.p_practitioner = a.reference AND r.tokens && %(offered)s::text[]"
    " WHERE a.tenant = s.tenant AND a.schedule = 'Schedule/' || s.id)"
)


async def _with_parts(tx: Transaction, locations: Sequence[str]) -> list[str]:
    """Locations with all that is part of them."""
    rows = await tx.rows(
        'WITH RECURSIVE place(reference) AS (SELECT unnest(%s::text[]) COLLATE "C" UNION'
        " SELECT 'Location/' || l.id FROM location l JOIN place p ON l.p_partof = p.reference"
        " WHERE l.tenant = %s) SELECT reference FROM place",
        (list(locations), tx.tenant),
    )
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class FreeColumns:
    """Free Slots in any order, packed, because tens of thousands of rows would cost too much.

    Attributes:
        schedules: Which of the Schedules asked about, 1 for the first; 32 bit, big end first.
        starts, ends: Microseconds since 2000, 64 bit, big end first.
        ids: With spaces between.
    """

    schedules: bytes = b""
    starts: bytes = b""
    ends: bytes = b""
    ids: str = ""


#: All values of a column one after the other, as the server sends a time.
_PACKED = "string_agg(timestamptz_send({}), ''::bytea)"


async def free_slots(
    tx: Transaction, schedule_ids: Sequence[str], wanted: Wanted, *, limit: int
) -> FreeColumns:
    """Free Slots of these Schedules that may be used as wanted; at most `limit`.

    A Slot that names no service type or specialty is used for those of its Schedule. One that is
    protected is for the urgent until two days before it begins, and then for everybody.
    """
    conditions = [
        (
            "s.tenant = %(tenant)s AND s.p_status = 'free'"
            " AND s.p_start >= %(start)s AND s.p_end <= %(end)s"
        )
    ]
    params: dict[str, object] = {
        "tenant": tx.tenant,
        "schedules": [f"Schedule/{each}" for each in schedule_ids],
        "start": wanted.span.start,
        "end": wanted.span.end,
        "limit": limit,
        "protected": list(PROTECTED),
        "released": wanted.released or wanted.span.end,
    }
    for name, entries in (
        ("service-type", wanted.service_types),
        ("specialty", wanted.specialties),
    ):
        if entries:
            key = name.replace("-", "_")
            conditions.append(
                f"(s.tokens && %({key})s::text[] OR (NOT s.tokens @> ARRAY[%({key}_any)s]"
                " AND s.p_schedule = ANY(ARRAY(SELECT 'Schedule/' || c.id FROM schedule c"
                f" WHERE c.tenant = %(tenant)s AND c.tokens && %({key})s::text[]))))"
            )
            params[key] = [f"{tx.tenant}|{each}" for each in entries]
            params[f"{key}_any"] = f"{tx.tenant}|{name}"
    kinds = "true"
    if wanted.appointment_types:
        kinds = "s.p_appointment_type IS NULL OR s.tokens && %(kinds)s::text[]"
        params["kinds"] = [f"{tx.tenant}|{each}" for each in wanted.appointment_types]
    conditions.append(
        "CASE WHEN s.p_appointment_type = ANY(%(protected)s) THEN s.p_start <= %(released)s"
        f" ELSE {kinds} END"
    )
    row = await tx.row(
        f"SELECT string_agg(int4send(f.place::int), ''), {_PACKED.format('f.p_start')},"
        f" {_PACKED.format('f.p_end')}, string_agg(f.id, ' ')"
        " FROM (SELECT w.place, s.p_start, s.p_end, s.id"
        " FROM unnest(%(schedules)s::text[]) WITH ORDINALITY w (name, place)"
        ' JOIN slot s ON s.p_schedule = w.name COLLATE "C"'
        f" WHERE {' AND '.join(conditions)} LIMIT %(limit)s) f",
        params,
    )
    return FreeColumns(*row) if row and row[0] else FreeColumns()


async def diaries(
    tx: Transaction, actor_keys: Iterable[int], span: Interval
) -> dict[int, tuple[bytes, bytes]]:
    """Booked times of each actor (not pending ones) around a span, by start.

    Returns:
        By actor starts and ends as in FreeColumns.
    """
    rows = await tx.rows(
        f"SELECT d.actor_key, {_PACKED.format('d.low')}, {_PACKED.format('d.high')} FROM"
        " (SELECT actor_key, lower(core) AS low, upper(core) AS high FROM busy WHERE tenant = %s"
        " AND actor_key = ANY(%s) AND kind IN ('appointment', 'overlap') AND NOT tentative"
        " AND ends > %s AND starts < %s ORDER BY actor_key, lower(core)) d GROUP BY d.actor_key",
        (tx.tenant, sorted(set(actor_keys)), span.start, span.end),
    )
    return {key: (starts, ends) for key, starts, ends in rows}


async def taken(
    tx: Transaction, actor_keys: Iterable[int], span: Interval
) -> dict[int, list[tuple[datetime, datetime]]]:
    """All times of each actor that nobody else can have, with their buffers, around a span.

    A Slot that has seats left is free.
    """
    rows = await tx.rows(
        "SELECT actor_key, lower(during), upper(during) FROM busy WHERE tenant = %s"
        " AND actor_key = ANY(%s) AND active AND exclusive"
        " AND (expires_at IS NULL OR expires_at > clock_timestamp())"
        " AND ends > %s AND starts < %s AND (seats_of IS NULL OR NOT EXISTS (SELECT FROM slot s"
        "  WHERE s.tenant = busy.tenant AND s.id = busy.slots[1] AND s.p_status = 'free'))",
        (tx.tenant, sorted(set(actor_keys)), span.start, span.end),
    )
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for key, start, end in rows:
        found.setdefault(key, []).append((start, end))
    return found
