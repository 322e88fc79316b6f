"""Whose time is taken?

The `busy` table: its exclusion constraint is the guarantee that nothing is booked twice. Rows are
always inserted in order of their actor, which keeps two bookings from waiting for each other.
Decisions 8, 14 and 15; where a Slot has seats, decision 10 and decision record 0027.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv6Address
from typing import Any

from psycopg.types.range import TimestamptzRange

from fhir_gateway.core.time import Interval
from fhir_gateway.storage import locks
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.wire import Params, Row, Statement

APPOINTMENT = "appointment"
OVERLAP = "overlap"
HOLD = "hold"
OFFER = "offer"
TAKEN = "taken"
BLOCK = "block"

#: A hold or an offer counts until this moment, whoever has had time to remove it.
LIVE = "(b.expires_at IS NULL OR b.expires_at > clock_timestamp())"


@dataclass(frozen=True, slots=True)
class Engagement:
    """One actor's time that is taken.

    Attributes:
        actor_key: Number of the actor.
        during: The time, with the buffers around it.
        core: The time that is reported to people.
        kind: One of the constants of this module.
        exclusive: Whether nothing else may overlap it.
        appointment: Id of the Appointment that holds it.
        task: Id of the Task that holds it (offers).
        slots: Ids of the Slots that it takes.
        tentative: Whether it is not certain yet (pending).
        active: False for a booking of the EHR that overlaps another.
        expires_at: When a hold ends by itself.
        share: Of the Slot of which it has one seat, see `share_of`; None for the whole time.
        seats: How many seats that Slot has.
        id: Set by the database.
    """

    actor_key: int
    during: Interval
    core: Interval
    kind: str
    exclusive: bool = True
    appointment: str | None = None
    task: str | None = None
    slots: tuple[str, ...] = ()
    tentative: bool = False
    active: bool = True
    expires_at: datetime | None = None
    share: str | None = None
    seats: int = 1
    id: int = 0

    def shares_with(self, other: "Engagement") -> bool:
        """Whether both have seats of one Slot."""
        return self.share is not None and self.share == other.share


def share_of(slot: str) -> str:
    """What all who have seats of a Slot have in common, as an address; never that of a row.

    The guard has to compare it by an operator of GiST that says different; of the built-in ones
    only that of network addresses does.
    """
    number = int.from_bytes(sha256(slot.encode()).digest()[:16])
    return str(IPv6Address(number | 1 << 127))


#: What `engagement_of` reads, of `busy b`.
COLUMNS = (
    "b.id, b.actor_key, b.during, b.core, b.kind, b.exclusive, b.appointment, b.task, b.slots,"
    " b.tentative, b.active, b.expires_at, host(b.seats_of), b.seats"
)


def engagement_of(row: Sequence[Any]) -> Engagement:
    """A row of COLUMNS."""
    return Engagement(
        id=row[0],
        actor_key=row[1],
        during=Interval(row[2].lower, row[2].upper),
        core=Interval(row[3].lower, row[3].upper),
        kind=row[4],
        exclusive=row[5],
        appointment=row[6],
        task=row[7],
        slots=tuple(row[8]),
        tentative=row[9],
        active=row[10],
        expires_at=row[11],
        share=str(IPv6Address(row[12])) if row[12] else None,
        seats=row[13],
    )


def _range(interval: Interval) -> TimestamptzRange:
    return TimestamptzRange(interval.start, interval.end, "[)")


async def of_appointment(tx: Transaction, appointment: str) -> list[Engagement]:
    """What an Appointment holds."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM busy b WHERE b.tenant = %s AND b.appointment = %s"
        " ORDER BY b.actor_key",
        (tx.tenant, appointment),
    )
    return [engagement_of(row) for row in rows]


async def of_task(tx: Transaction, task: str) -> list[Engagement]:
    """What a Task holds for its offers; an expired hold is still listed until it is released."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM busy b WHERE b.tenant = %s AND b.task = %s ORDER BY b.actor_key",
        (tx.tenant, task),
    )
    return [engagement_of(row) for row in rows]


async def of_slot(tx: Transaction, slot: str) -> list[Engagement]:
    """What was entered on a Slot itself: taken elsewhere, or blocked."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM busy b WHERE b.tenant = %s AND b.kind IN ('{TAKEN}', '{BLOCK}')"
        " AND b.slots = ARRAY[%s] ORDER BY b.actor_key",
        (tx.tenant, slot),
    )
    return [engagement_of(row) for row in rows]


async def overlapping(
    tx: Transaction,
    actor_keys: Iterable[int],
    span: Interval,
    *,
    without: str | None = None,
    without_task: str | None = None,
) -> list[Engagement]:
    """What these actors have in a span of time; expired holds are not there any more.

    Args:
        tx: Open transaction.
        actor_keys: Numbers of actors.
        span: Half open.
        without: Id of an Appointment to leave out.
        without_task: Id of a Task to leave out.
    """
    statement, params = _overlapping(tx.tenant, actor_keys, span, without or "", without_task or "")
    return [engagement_of(row) for row in await tx.rows(statement, params)]


async def others_in_the_way(
    tx: Transaction, wanted: Sequence[Engagement], without_task: str
) -> bool:
    """Whether anything exclusive overlaps one of these, but for what a Task holds and for others
    who have seats of the same Slot.

    Args:
        tx: Open transaction.
        wanted: Whose time, and when; may be empty.
        without_task: Id of a Task to leave out.
    """
    found = await tx.fetch_batch(
        [_overlapping(tx.tenant, [e.actor_key], e.during, "", without_task) for e in wanted]
    )
    return any(
        other.exclusive and not other.shares_with(each)
        for each, rows in zip(wanted, found, strict=True)
        for other in map(engagement_of, rows)
    )


def _overlapping(
    tenant: int, keys: Iterable[int], span: Interval, without: str, without_task: str
) -> tuple[str, Params]:
    return (
        (
            f"SELECT {COLUMNS} FROM busy b WHERE b.tenant = %s AND b.actor_key = ANY(%s)"
            f" AND b.ends > %s AND b.starts < %s AND {LIVE}"
            " AND b.appointment IS DISTINCT FROM %s AND (b.task IS NULL OR b.task <> %s)"
            " ORDER BY b.starts, b.actor_key, b.id"
        ),
        (tenant, sorted(set(keys)), span.start, span.end, without, without_task),
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of taking time.

    Attributes:
        missing: Exclusive rows that somebody else's time keeps out.
        elsewhere: What the people have at that time besides.
        ended: Holds that were over and made room; they may reach beyond the time wanted.
    """

    missing: tuple[Engagement, ...] = ()
    elsewhere: tuple[Engagement, ...] = ()
    ended: tuple[Engagement, ...] = ()


async def take(tx: Transaction, wanted: Sequence[Engagement], without: str = "") -> Taken:
    """Take time, actor by actor in order; the time of people may be taken twice, and is told.

    Holds in the way that are over are removed first.

    Args:
        tx: Open transaction; the caller rolls back where too little is held.
        wanted: Any order; may be empty.
        without: Id of the Appointment that it is for.
    """
    if not wanted:
        return Taken()
    exclusive = sorted((each for each in wanted if each.exclusive), key=_order)
    people = sorted((each for each in wanted if not each.exclusive), key=_order)
    first = _locking(tx.tenant, exclusive)
    statements = [*first, *(_inserting(tx.tenant, each) for each in (*exclusive, *people))]
    if people:
        # Locked first and looked at then: of two bookings of one person the second sees the first.
        statements += _looking(tx.tenant, people, without)
    answers = await tx.fetch_batch(statements)
    inserted = answers[len(first) :]
    missing = [each for each, rows in zip(exclusive, inserted, strict=False) if not rows]
    ended: list[Engagement] = []
    if missing:
        released, *again = await tx.fetch_batch(
            [_release_expired(tx.tenant, missing), *(_inserting(tx.tenant, m) for m in missing)]
        )
        ended = [engagement_of(row) for row in released]
        missing = [each for each, rows in zip(missing, again, strict=True) if not rows]
    elsewhere = [engagement_of(row) for row in answers[-1]] if people else []
    return Taken(tuple(missing), tuple(elsewhere), tuple(ended))


def _release_expired(tenant: int, wanted: Sequence[Engagement]) -> tuple[str, Params]:
    keys = sorted({each.actor_key for each in wanted})
    start = min(each.during.start for each in wanted)
    end = max(each.during.end for each in wanted)
    return (
        (
            "DELETE FROM busy b WHERE b.tenant = %s AND b.actor_key = ANY(%s)"
            " AND b.expires_at IS NOT NULL AND b.expires_at <= clock_timestamp()"
            f" AND b.ends > %s AND b.starts < %s RETURNING {COLUMNS}"
        ),
        (tenant, keys, start, end),
    )


def _looking(tenant: int, people: Sequence[Engagement], without: str) -> list[Statement]:
    keys = sorted({each.actor_key for each in people})
    span = Interval(
        min(each.during.start for each in people), max(each.during.end for each in people)
    )
    lock = "SELECT key FROM actor WHERE tenant = %s AND key = ANY(%s) ORDER BY key"
    return [
        (f"{lock} FOR NO KEY UPDATE", (tenant, keys)),
        _overlapping(tenant, keys, span, without, ""),
    ]


async def insert(tx: Transaction, wanted: Sequence[Engagement]) -> list[Engagement]:
    """Take time, actor by actor in order; what is taken already is left out of the answer.

    Args:
        tx: Open transaction; the caller rolls back where the answer is too short.
        wanted: Any order; may be empty.

    Returns:
        What is held now, with ids.
    """
    if not wanted:
        return []
    ordered = sorted(wanted, key=_order)
    first = _locking(tx.tenant, ordered)
    rows = await tx.fetch_batch([*first, *(_inserting(tx.tenant, each) for each in ordered)])
    return _held(ordered, rows[len(first) :])


def _locking(tenant: int, wanted: Iterable[Engagement]) -> list[Statement]:
    """Seats are given out one after the other; the index is the guarantee."""
    return [*locks.holding(tenant, (f"seats|{each.share}" for each in wanted if each.share))]


def _inserting(tenant: int, each: Engagement) -> tuple[str, Params]:
    if each.share is None:
        return f"{_INSERT} RETURNING id", _row(tenant, each)
    values = dict(zip(_NAMES, _row(tenant, each), strict=True))
    return _INSERT_SEAT, values | {"share": each.share, "seats": each.seats}


def _held(ordered: Sequence[Engagement], rows: Sequence[Sequence[Row]]) -> list[Engagement]:
    return [
        replace(each, id=found[0][0]) for each, found in zip(ordered, rows, strict=True) if found
    ]


async def insert_many(tx: Transaction, wanted: Sequence[Engagement]) -> int:
    """The same in one pipeline, of whole times only; returns how many are held now."""
    rows = [_row(tx.tenant, each) for each in sorted(wanted, key=_order)]
    return await tx.execute_many(_INSERT, rows)


def _order(each: Engagement) -> tuple[int, Interval]:
    return each.actor_key, each.during


_TYPES = {
    "tenant": "integer",
    "actor_key": "bigint",
    "during": "tstzrange",
    "core": "tstzrange",
    "kind": "text",
    "appointment": "text",
    "task": "text",
    "slots": "text[]",
    "tentative": "boolean",
    "active": "boolean",
    "exclusive": "boolean",
    "expires_at": "timestamptz",
}
_NAMES = tuple(_TYPES)
_INSERT = (
    f"INSERT INTO busy ({', '.join(_NAMES)})"
    f" VALUES ({', '.join(['%s'] * len(_NAMES))}) ON CONFLICT DO NOTHING"
)
#: Whoever stands beside others has no seat; for all others the first one that is free.
_INSERT_SEAT = (
    f"INSERT INTO busy ({', '.join(_NAMES)}, seats_of, seats, seat)"
    f" SELECT {', '.join(f'%({name})s::{kind}' for name, kind in _TYPES.items())},"
    " %(share)s::inet, %(seats)s::integer, n FROM generate_series(0, %(seats)s::integer - 1) n"
    " WHERE NOT %(active)s::boolean OR NOT EXISTS (SELECT FROM busy o"
    " WHERE o.actor_key = %(actor_key)s::bigint AND o.seats_of = %(share)s::inet AND o.seat = n"
    " AND o.active AND o.exclusive) ORDER BY n LIMIT 1 ON CONFLICT DO NOTHING RETURNING id"
)


def _row(tenant: int, each: Engagement) -> tuple[Any, ...]:
    return (
        tenant,
        each.actor_key,
        _range(each.during),
        _range(each.core),
        each.kind,
        each.appointment,
        each.task,
        list(each.slots),
        each.tentative,
        each.active,
        each.exclusive,
        each.expires_at,
    )


async def release(tx: Transaction, ids: Iterable[int]) -> None:
    """Give time back."""
    given = sorted(set(ids))
    if given:
        await tx.execute("DELETE FROM busy WHERE tenant = %s AND id = ANY(%s)", (tx.tenant, given))


async def prolong(tx: Transaction, task: str, until: datetime) -> int:
    """Let a Task's hold last longer; returns how many rows it still has."""
    return await tx.execute(
        "UPDATE busy SET expires_at = %s WHERE tenant = %s AND task = %s"
        " AND expires_at > clock_timestamp()",
        (until, tx.tenant, task),
    )


async def expired(tx: Transaction, limit: int = 500) -> list[Engagement]:
    """Holds whose time is over and that still stand, soonest first."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM busy b WHERE b.tenant = %s AND b.expires_at IS NOT NULL"
        " AND b.expires_at <= clock_timestamp() ORDER BY b.expires_at LIMIT %s"
        " FOR UPDATE SKIP LOCKED",
        (tx.tenant, limit),
    )
    return [engagement_of(row) for row in rows]
