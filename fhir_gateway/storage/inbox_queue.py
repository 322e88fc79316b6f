"""Which messages are there, which wait for people, and what have people done with them?

The newest first, or those that wait in the order in which they came. What a message says is looked
for in its bytes: the time of intake pays nothing for it, and no name of a patient is kept twice.

Source: decision 20; decision record 0014.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from psycopg.types.json import Jsonb

from fhir_gateway.storage.inbox import ERROR, FILTERED, SENT
from fhir_gateway.storage.postgres import Transaction

REPLAYED, SKIPPED, CORRECTED = "replayed", "skipped", "corrected"

_COLUMNS = (
    "id, received_at, peer, application, facility, control_id, event, state, ack_code, issues,"
    " appointment, attempts, settled_at, settled_as, note, raw, ack, port_sender,"
    " corrects, settled_by"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One message of the inbox.

    Attributes:
        id: Number in the order of intake.
        received_at: Aware.
        peer: Where it came from.
        application, facility, control_id: MSH-3, MSH-4, MSH-10.
        event: `SIU^S12`.
        state: `sent`, `filtered`, `error` or `refused`.
        ack_code: MSA-1 of its answer.
        issues: What was wrong or odd, as of the last try.
        appointment: Id of the Appointment it was about.
        attempts: How often people have tried it again.
        settled_at: When people have dealt with it.
        settled_as: `replayed`, `skipped` or `corrected`.
        note: Why it was skipped, or corrected and as which.
        raw: The bytes.
        ack: The answer's bytes.
        port_sender: Name of the description that its port holds to; None where MSH-3 and MSH-4 say.
        corrects: Number of the message that people have corrected to this one.
        settled_by: Who has dealt with it.
    """

    id: int
    received_at: datetime
    peer: str
    application: str
    facility: str
    control_id: str
    event: str
    state: str
    ack_code: str
    issues: Sequence[dict[str, Any]]
    appointment: str | None
    attempts: int
    settled_at: datetime | None
    settled_as: str | None
    note: str | None
    raw: bytes
    ack: bytes
    port_sender: str | None
    corrects: int | None
    settled_by: str | None

    @property
    def sender(self) -> tuple[str, str]:
        """MSH-3 and MSH-4."""
        return self.application, self.facility


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None and () say nothing.

    Attributes:
        states: Any of them.
        application: MSH-3.
        facility: MSH-4.
        control_id: MSH-10.
        event: `SIU^S12`.
        since: Received then or later.
        until: Received before.
        appointment: Id of an Appointment, or one that stands in the message.
        holding: Bytes that the message must hold, each.
    """

    states: Sequence[str] = ()
    application: str | None = None
    facility: str | None = None
    control_id: str | None = None
    event: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    appointment: str | None = None
    holding: Sequence[bytes] = ()


def _conditions(wanted: Wanted) -> tuple[list[str], list[Any]]:
    told: list[tuple[str, Any]] = [
        ("state = ANY(%s)", list(wanted.states) or None),
        ("application = %s", wanted.application),
        ("facility = %s", wanted.facility),
        ("control_id = %s", wanted.control_id),
        ("event = %s", wanted.event),
        ("received_at >= %s", wanted.since),
        ("received_at < %s", wanted.until),
    ]
    told += [("position(%s::bytea in raw) > 0", each) for each in wanted.holding]
    kept = [(condition, value) for condition, value in told if value is not None]
    conditions, values = [each for each, _ in kept], [value for _, value in kept]
    if wanted.appointment is not None:
        conditions.append("(appointment = %s OR position(%s::bytea in raw) > 0)")
        values += [wanted.appointment, wanted.appointment.encode()]
    return conditions, values


async def page(
    tx: Transaction,
    wanted: Wanted,
    *,
    limit: int,
    oldest_first: bool = False,
    beyond: int | None = None,
) -> list[Kept]:
    """Messages in the order of intake.

    Args:
        tx: Open transaction.
        wanted: What is looked for.
        limit: Most of them.
        oldest_first: Otherwise the newest come first.
        beyond: Number of the last one of the page before.
    """
    conditions, values = _conditions(wanted)
    if beyond is not None:
        conditions.append("id > %s" if oldest_first else "id < %s")
        values.append(beyond)
    where = "".join(f" AND {each}" for each in conditions)
    order = "ASC" if oldest_first else "DESC"
    rows = await tx.rows(
        f"SELECT {_COLUMNS} FROM inbox WHERE tenant = %s{where} ORDER BY id {order} LIMIT %s",
        (tx.tenant, *values, limit),
    )
    return [Kept(*row) for row in rows]


async def count(tx: Transaction, wanted: Wanted) -> int:
    """How many messages there are."""
    conditions, values = _conditions(wanted)
    where = "".join(f" AND {each}" for each in conditions)
    row = await tx.row(f"SELECT count(*) FROM inbox WHERE tenant = %s{where}", (tx.tenant, *values))
    return 0 if row is None else int(row[0])


async def one(tx: Transaction, number: int, *, lock: bool = False) -> Kept | None:
    """One message by its number.

    Args:
        tx: Open transaction.
        number: Its id.
        lock: Whether nobody else may deal with it until the transaction ends.
    """
    row = await tx.row(
        f"SELECT {_COLUMNS} FROM inbox WHERE tenant = %s AND id = %s"
        f"{' FOR UPDATE' if lock else ''}",
        (tx.tenant, number),
    )
    return Kept(*row) if row else None


async def applied(
    tx: Transaction,
    number: int,
    at: datetime,
    issues: Sequence[dict[str, Any]],
    appointment: str | None,
) -> None:
    """Note that a message has been applied after all, in the transaction of its effect."""
    await tx.execute(
        "UPDATE inbox SET state = %s, attempts = attempts + 1, settled_at = %s, settled_as = %s,"
        " issues = %s, appointment = coalesce(%s, appointment) WHERE tenant = %s AND id = %s",
        (SENT, at, REPLAYED, Jsonb(list(issues)), appointment, tx.tenant, number),
    )


async def tried(tx: Transaction, number: int, issues: Sequence[dict[str, Any]]) -> None:
    """Note that a message could not be applied again, and why; it goes on waiting."""
    await tx.execute(
        "UPDATE inbox SET attempts = attempts + 1, issues = %s"
        " WHERE tenant = %s AND id = %s AND state = %s",
        (Jsonb(list(issues)), tx.tenant, number, ERROR),
    )


async def skipped(tx: Transaction, number: int, at: datetime, note: str) -> bool:
    """Note that a message shall not be applied.

    Returns:
        False where it does not wait.
    """
    touched = await tx.execute(
        "UPDATE inbox SET state = %s, settled_at = %s, settled_as = %s, note = %s"
        " WHERE tenant = %s AND id = %s AND state = %s",
        (FILTERED, at, SKIPPED, note, tx.tenant, number, ERROR),
    )
    return touched == 1


@dataclass(frozen=True, slots=True)
class Correction:
    """What people have made of a message.

    Attributes:
        raw: The bytes as they are now.
        event: `SIU^S12`.
        control_id: MSH-10.
        sender: MSH-3 and MSH-4.
        issues: What was odd when it was applied.
        appointment: Id of the Appointment it is about.
        by: Who.
        at: When.
        reason: Why.
    """

    raw: bytes
    event: str
    control_id: str
    sender: tuple[str, str]
    issues: Sequence[dict[str, Any]]
    appointment: str | None
    by: str
    at: datetime
    reason: str


async def corrected(tx: Transaction, original: Kept, made: Correction) -> int:
    """Keep a corrected message beside the original, which waits no more.

    Its sender is told nothing: the answer is that of the original.

    Returns:
        The number of the corrected message.
    """
    row = await tx.row(
        "INSERT INTO inbox (tenant, received_at, peer, raw, sha256, application, facility,"
        " control_id, event, state, ack, ack_code, issues, appointment, port_sender, corrects,"
        " settled_at, settled_as, settled_by, note) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s,"
        " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (tx.tenant, original.received_at, original.peer, made.raw, sha256(made.raw).digest(),
         *made.sender, made.control_id, made.event, SENT, original.ack, original.ack_code,
         Jsonb(list(made.issues)), made.appointment, original.port_sender, original.id,
         made.at, CORRECTED, made.by, made.reason),
    )  # fmt: skip
    assert row is not None  # noqa: S101 - RETURNING gives it
    await tx.execute(
        "UPDATE inbox SET state = %s, settled_at = %s, settled_as = %s, settled_by = %s, note = %s"
        " WHERE tenant = %s AND id = %s",
        (FILTERED, made.at, CORRECTED, made.by, f"as {row[0]}: {made.reason}", tx.tenant,
         original.id),
    )  # fmt: skip
    return int(row[0])
