"""How are queues kept, and who stands in them?

A command locks the row of its queue, and with it everybody in the queue: two desks work one after
the other. The number of the last change moves in the same transaction. Decisions 11 and 23.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.wire import Row


@dataclass(slots=True)
class QueueRow:
    """One queue.

    Attributes:
        reference: `HealthcareService/…` or `Location/…`.
        configuration: The extension's parts as plain values.
        zone: IANA name of the queue's clock.
        sequence: Number of the last change.
        ticket: The last number given out, on `ticket_day`.
        ticket_day: Queue-local.
        size: People waiting since `size_since`.
        size_since: Aware.
        last_called: When somebody was last called.
        learnt: See `engines.queue_learning`.
    """

    reference: str
    configuration: dict[str, Any]
    zone: str
    sequence: int
    ticket: int
    ticket_day: date | None
    size: int
    size_since: datetime
    last_called: datetime | None
    learnt: dict[str, Any]


@dataclass(slots=True)
class EntryRow:
    """Somebody in a queue; the Encounter says who it is.

    Attributes:
        id: Of the Encounter.
        queue: Reference.
        ticket: Number.
        state: Of `engines.queue_facts.State`.
        joined, since: Aware.
        clinical_class: Of `engines.clinical_class`.
        priority: Points.
        appointment: Id.
        appointment_start, called, started, ended: Aware.
        desk: Where the person was called to.
        shown: The estimate that was told on joining, as JSON; it is read only when it is over.
    """

    id: str
    queue: str
    ticket: int
    state: str
    joined: datetime
    since: datetime
    clinical_class: int
    priority: Decimal
    appointment: str | None = None
    appointment_start: datetime | None = None
    called: datetime | None = None
    started: datetime | None = None
    desk: str | None = None
    shown: str | None = None
    ended: datetime | None = None


@dataclass(slots=True)
class QueueState:
    """A queue with everybody in it.

    Attributes:
        row: The queue.
        entries: Everybody who is still in it.
        completed, service_seconds: Of the last seven days and today, by the queue's clock.
    """

    row: QueueRow
    entries: list[EntryRow] = field(default_factory=list)
    completed: int = 0
    service_seconds: int = 0


_QUEUE = (
    "SELECT reference, configuration, zone, sequence, ticket, ticket_day, size, size_since,"
    " last_called, learnt"
    " FROM queue WHERE tenant = %(tenant)s AND "
)
_ENTRY = (
    "id, queue, ticket, state, joined, since, class, priority, appointment, appointment_start,"
    " called, started, desk, shown::text, ended"
)
_THESE = "{} = ANY(%(names)s)"
#: These, and those that they send people on to.
_AND_OVERFLOW = (
    "({0} = ANY(%(names)s) OR {0} IN (SELECT o.overflow_to FROM queue o"
    " WHERE o.tenant = %(tenant)s AND o.reference = ANY(%(names)s)))"
)
_LIVE = (
    f"SELECT {_ENTRY} FROM queue_entry WHERE tenant = %(tenant)s AND {{}} AND ended IS NULL"
    " ORDER BY joined, ticket"
)
_WEEK = (
    "SELECT h.queue, sum(h.completed)::bigint, sum(h.service_seconds)::bigint FROM queue_hour h"
    " JOIN queue q ON q.tenant = h.tenant AND q.reference = h.queue"
    " WHERE h.tenant = %(tenant)s AND {}"
    " AND h.day BETWEEN (%(now)s::timestamptz AT TIME ZONE q.zone)::date - 7"
    " AND (%(now)s::timestamptz AT TIME ZONE q.zone)::date GROUP BY h.queue"
)


async def lock(
    tx: Transaction, references: Sequence[str], *, now: datetime, overflow: bool = False
) -> dict[str, QueueState]:
    """Wait for some queues and keep others from changing them; by reference, absent ones left out.

    Args:
        tx: Open transaction.
        references: Locked in one order, so that two transactions do not wait for each other.
        now: Decides which days count.
        overflow: Whether those that they send people on to as well.
    """
    which = _AND_OVERFLOW if overflow else _THESE
    return await _read(tx, references, which, " ORDER BY reference FOR UPDATE", now)


async def read(
    tx: Transaction, references: Sequence[str], *, now: datetime
) -> dict[str, QueueState]:
    """The same for those who only look."""
    return await _read(tx, references, _THESE, "", now)


async def _read(
    tx: Transaction, references: Sequence[str], which: str, tail: str, now: datetime
) -> dict[str, QueueState]:
    """All in one round trip: who is inside is read when the lock has been got."""
    values = {"tenant": tx.tenant, "names": sorted(set(references)), "now": now}
    queues, entries, sums = await tx.fetch_batch(
        [
            (_QUEUE + which.format("reference") + tail, values),
            (_LIVE.format(which.format("queue")), values),
            (_WEEK.format(which.format("h.queue")), values),
        ]
    )
    return _put_together([QueueRow(*row) for row in queues], entries, sums)


def _put_together(
    queues: Iterable[QueueRow], entries: Iterable[Row], sums: Iterable[Row]
) -> dict[str, QueueState]:
    states = {each.reference: QueueState(each) for each in queues}
    for row in entries:
        entry = EntryRow(*row)
        if entry.queue in states:
            states[entry.queue].entries.append(entry)
    for name, completed, seconds in sums:
        if name in states:
            states[name].completed, states[name].service_seconds = int(completed), int(seconds)
    return states


async def sequences(tx: Transaction, references: Iterable[str]) -> dict[str, int]:
    """The numbers of the last changes; absent for what is no queue."""
    rows = await tx.rows(
        "SELECT reference, sequence FROM queue WHERE tenant = %s AND reference = ANY(%s)",
        (tx.tenant, sorted(set(references))),
    )
    return {row[0]: row[1] for row in rows}


async def existing(tx: Transaction, references: Sequence[str]) -> list[str]:
    """Those that are queues, in the order given."""
    found = await sequences(tx, references)
    return [each for each in dict.fromkeys(references) if each in found]


async def entry(tx: Transaction, entry_id: str) -> EntryRow | None:
    """Somebody who is, or was, in a queue."""
    row = await tx.row(
        f"SELECT {_ENTRY} FROM queue_entry WHERE tenant = %s AND id = %s", (tx.tenant, entry_id)
    )
    return EntryRow(*row) if row else None


async def entry_by_ticket(tx: Transaction, queue: str, ticket: int) -> EntryRow | None:
    """Who has a ticket and is still here."""
    row = await tx.row(
        f"SELECT {_ENTRY} FROM queue_entry WHERE tenant = %s AND queue = %s AND ticket = %s"
        " AND ended IS NULL",
        (tx.tenant, queue, ticket),
    )
    return EntryRow(*row) if row else None


async def entry_of_appointment(tx: Transaction, appointment: str) -> EntryRow | None:
    """Who is here for an Appointment."""
    row = await tx.row(
        f"SELECT {_ENTRY} FROM queue_entry WHERE tenant = %s AND appointment = %s"
        " AND ended IS NULL",
        (tx.tenant, appointment),
    )
    return EntryRow(*row) if row else None


async def is_waiting(tx: Transaction, queue: str, patient: str) -> bool:
    """Whether a patient is in a queue already."""
    row = await tx.row(
        "SELECT 1 FROM queue_entry e JOIN encounter n ON n.tenant = e.tenant AND n.id = e.id"
        " WHERE e.tenant = %s AND e.queue = %s AND e.ended IS NULL AND n.p_subject = %s LIMIT 1",
        (tx.tenant, queue, patient),
    )
    return row is not None


async def is_occupied(tx: Transaction, queue: str) -> bool:
    """Whether anybody is in a queue."""
    row = await tx.row(
        "SELECT 1 FROM queue_entry WHERE tenant = %s AND queue = %s AND ended IS NULL LIMIT 1",
        (tx.tenant, queue),
    )
    return row is not None


async def configure(
    tx: Transaction, reference: str, configuration: Mapping[str, Any], zone: str, *, now: datetime
) -> None:
    """Keep the configuration of a queue; a change for those who watch."""
    await tx.execute(
        "INSERT INTO queue (tenant, reference, configuration, overflow_to, zone, size_since)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (tenant, reference) DO UPDATE SET"
        " configuration = excluded.configuration, overflow_to = excluded.overflow_to,"
        " zone = excluded.zone, sequence = queue.sequence + 1",
        (tx.tenant, reference, Jsonb(dict(configuration)), configuration.get("overflowTo"), zone,
         now),
    )  # fmt: skip
    announce(tx, reference)


async def remove(tx: Transaction, reference: str) -> None:
    """Forget a queue; what its hours added up to stays."""
    if await tx.execute(
        "DELETE FROM queue WHERE tenant = %s AND reference = %s", (tx.tenant, reference)
    ):
        announce(tx, reference)


def topic(tenant: int, reference: str) -> str:
    """Under which name the changes of a queue are announced."""
    return f"queue|{tenant}|{reference}"


def announce(tx: Transaction, reference: str) -> None:
    """Tell those who watch a queue, after the commit."""
    tx.topics.add(topic(tx.tenant, reference))


_SAVE_QUEUE = (
    "UPDATE queue SET sequence = %s, ticket = %s, ticket_day = %s, size = %s, size_since = %s,"
    " last_called = %s, learnt = %s WHERE tenant = %s AND reference = %s"
)
_CHANGED = ("queue", "ticket", "state", "since", "called", "started", "desk", "shown", "ended")
_SAVE_ENTRY = (
    f"INSERT INTO queue_entry (tenant, {_ENTRY.replace('::text', '')})"
    f" VALUES ({', '.join(['%s'] * 14)}, %s::jsonb, %s)"
    " ON CONFLICT (tenant, id) DO UPDATE SET "
    + ", ".join(f"{each} = excluded.{each}" for each in _CHANGED)
)
_SUMS = ("entries", "completed", "no_shows", "waits", "wait_seconds", "service_seconds",
         "size_seconds")  # fmt: skip
_MOST = ("longest_wait", "peak")
_ADD_HOUR = (
    f"INSERT INTO queue_hour (tenant, queue, day, hour, {', '.join([*_SUMS, *_MOST])})"
    f" VALUES ({', '.join(['%s'] * (4 + len(_SUMS) + len(_MOST)))})"
    " ON CONFLICT (tenant, queue, day, hour) DO UPDATE SET "
    + ", ".join(
        [
            *(f"{each} = queue_hour.{each} + excluded.{each}" for each in _SUMS),
            *(f"{each} = greatest(queue_hour.{each}, excluded.{each})" for each in _MOST),
        ]
    )
)


def save_queue(tx: Transaction, row: QueueRow) -> None:
    """Keep a queue that is locked, as changed; its number moves."""
    row.sequence += 1
    values = (row.sequence, row.ticket, row.ticket_day, row.size, row.size_since,
              row.last_called, Jsonb(row.learnt), tx.tenant, row.reference)  # fmt: skip
    tx.later([(_SAVE_QUEUE, values)])
    announce(tx, row.reference)


def save_entry(tx: Transaction, row: EntryRow) -> None:
    """Keep somebody's place, new or changed."""
    values = (tx.tenant, row.id, row.queue, row.ticket, row.state, row.joined, row.since,
              row.clinical_class, row.priority, row.appointment, row.appointment_start, row.called,
              row.started, row.desk, row.shown, row.ended)  # fmt: skip
    tx.later([(_SAVE_ENTRY, values)])


def add_hour(tx: Transaction, queue: str, day: date, hour: int, added: Mapping[str, int]) -> None:
    """Add to what an hour of a queue adds up to.

    Args:
        tx: Open transaction.
        queue: Reference.
        day: Queue-local.
        hour: 0..23.
        added: By column; `longest_wait` and `peak` are the greatest of all.
    """
    values = (tx.tenant, queue, day, hour, *(added[each] for each in (*_SUMS, *_MOST)))
    tx.later([(_ADD_HOUR, values)])
