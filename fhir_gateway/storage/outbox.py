"""What has still to be done because of a change?

A row is written in the transaction of the change and taken by a worker after its commit; timers are
the same for what has to be done later. Taken by state with SKIP LOCKED, never by position
(decision 11).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from fhir_gateway.storage.postgres import Database, Transaction

#: Tries before an event is set aside for people to look at.
MOST_ATTEMPTS = 12


_PUBLISH = (
    "INSERT INTO outbox (tenant, created_at, kind, payload, not_before)"
    " VALUES (%s, clock_timestamp(), %s, %s, clock_timestamp())"
)
_SET_TIMER = (
    "INSERT INTO timer (tenant, kind, subject, due, payload) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT (tenant, kind, subject) DO UPDATE SET due = excluded.due,"
    " payload = excluded.payload"
)
_DROP_TIMER = "DELETE FROM timer WHERE tenant = %s AND kind = %s AND subject = %s"
_TAKE = "DELETE FROM outbox WHERE tenant = %s AND id = %s RETURNING id"
_TAKE_UNLESS_LOCKED = (
    "DELETE FROM outbox WHERE tenant = %s AND id = (SELECT id FROM outbox"
    " WHERE tenant = %s AND id = %s FOR UPDATE SKIP LOCKED) RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something to react to.

    Attributes:
        id: Number of the row; 0 for a timer.
        tenant: Number of the tenant.
        kind: Key of the table of reactions.
        payload: What it is about.
        attempts: How often it failed.
        subject: Of a timer.
    """

    id: int
    tenant: int
    kind: str
    payload: Mapping[str, Any]
    attempts: int = 0
    subject: str = ""


async def publish(tx: Transaction, kind: str, payload: Mapping[str, Any]) -> None:
    """Leave an event for the workers; it exists when the transaction commits."""
    tx.later([(_PUBLISH, (tx.tenant, kind, Jsonb(dict(payload))))])
    tx.work_left = True


async def waiting(
    database: Database, role: str, limit: int = 50, *, last: Collection[str] = ()
) -> list[Event]:
    """Events that are due in any tenant, oldest first; they are not taken yet.

    Args:
        database: Of the workers.
        role: Sees the events of all tenants.
        limit: At most so many.
        last: Kinds that come after all others, because nobody waits for them.
    """
    async with database.transaction(0, role=role) as tx:
        rows = await tx.rows(
            "SELECT id, tenant, kind, payload, attempts FROM outbox"
            " WHERE not_before <= clock_timestamp() AND attempts < %s"
            " ORDER BY kind = ANY(%s), id LIMIT %s",
            (MOST_ATTEMPTS, list(last), limit),
        )
    return [Event(*row) for row in rows]


async def left(database: Database, tenant: int, kind: str) -> list[Event]:
    """Events of one kind that are still to be done in one tenant, oldest first."""
    async with database.transaction(tenant) as tx:
        rows = await tx.rows(
            "SELECT id, tenant, kind, payload, attempts FROM outbox"
            " WHERE tenant = %s AND kind = %s ORDER BY id",
            (tenant, kind),
        )
    return [Event(*row) for row in rows]


async def take(tx: Transaction, event: Event, *, wait: bool = False) -> bool:
    """Take an event in the transaction that does what it asks for.

    Args:
        tx: Open transaction.
        event: As found.
        wait: Whether to wait for another worker that has it, to know that it is done.

    Returns:
        False where another worker has it or has done it.
    """
    own = (tx.tenant, event.id)
    if wait:
        return await tx.row(_TAKE, own) is not None
    return await tx.row(_TAKE_UNLESS_LOCKED, (tx.tenant, *own)) is not None


async def postpone(tx: Transaction, event: Event, error: str) -> None:
    """Put a failed event back: twice as long each time, five minutes at most."""
    delay = timedelta(seconds=min(300, 2**event.attempts))
    await tx.execute(
        "UPDATE outbox SET attempts = attempts + 1, error = %s,"
        " not_before = clock_timestamp() + %s WHERE tenant = %s AND id = %s",
        (error[:500], delay, tx.tenant, event.id),
    )


async def set_timer(
    tx: Transaction, kind: str, subject: str, due: datetime, payload: Mapping[str, Any]
) -> None:
    """Have something done at a time of the database's clock; replaces one of the same subject."""
    tx.later([(_SET_TIMER, (tx.tenant, kind, subject, due, Jsonb(dict(payload))))])
    tx.work_left = True


async def drop_timer(tx: Transaction, kind: str, subject: str) -> None:
    """Forget a timer; nothing where there is none."""
    tx.later([(_DROP_TIMER, (tx.tenant, kind, subject))])


async def due_timers(database: Database, role: str, limit: int = 100) -> list[Event]:
    """Timers whose time has come in any tenant, soonest first."""
    async with database.transaction(0, role=role) as tx:
        rows = await tx.rows(
            "SELECT tenant, kind, subject, payload FROM timer WHERE due <= clock_timestamp()"
            " ORDER BY due LIMIT %s",
            (limit,),
        )
    return [Event(0, row[0], row[1], row[3], subject=row[2]) for row in rows]


async def take_timer(tx: Transaction, timer: Event) -> bool:
    """Take a timer in the transaction that does what it asks for; False where it is gone."""
    row = await tx.row(
        "SELECT 1 FROM timer WHERE tenant = %s AND kind = %s AND subject = %s"
        " AND due <= clock_timestamp() FOR UPDATE SKIP LOCKED",
        (tx.tenant, timer.kind, timer.subject),
    )
    if row is None:
        return False
    await drop_timer(tx, timer.kind, timer.subject)
    return True


async def postpone_timer(tx: Transaction, timer: Event) -> None:
    """Try a failed timer again in a minute."""
    await tx.execute(
        "UPDATE timer SET due = clock_timestamp() + interval '1 minute'"
        " WHERE tenant = %s AND kind = %s AND subject = %s",
        (tx.tenant, timer.kind, timer.subject),
    )


async def seconds_to_next(database: Database, role: str) -> float | None:
    """Until the next timer is due; None where there is none."""
    async with database.transaction(0, role=role) as tx:
        row = await tx.row("SELECT extract(epoch FROM min(due) - clock_timestamp()) FROM timer")
    return None if row is None or row[0] is None else max(0.0, float(row[0]))


async def timer_due(tx: Transaction, kind: str, subject: str) -> datetime | None:
    """When a timer is due; None where there is none."""
    row = await tx.row(
        "SELECT due FROM timer WHERE tenant = %s AND kind = %s AND subject = %s",
        (tx.tenant, kind, subject),
    )
    return None if row is None else row[0]
