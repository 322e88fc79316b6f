"""Which messages are to go to other systems, and what became of each?

Written in the transaction of the change they tell, sent after its commit. Those of one Appointment
leave in the order of their numbers: its changes wait for one another on the Appointment's row, so
that the numbers are in the order of the commits. Decision 19.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.storage.postgres import Transaction

#: Not sent yet · sent, its answer is not known · in safe hands, and the application's word is still
#: to come · accepted · refused · given up · passed over.
QUEUED, SENT, COMMITTED, ACCEPTED = "queued", "sent", "committed", "accepted"
REJECTED, DEAD, SKIPPED = "rejected", "dead", "skipped"
#: Nothing later about the same Appointment leaves before these are over.
OPEN = frozenset({QUEUED, SENT, COMMITTED, REJECTED, DEAD})
#: People have to say what shall become of them.
STUCK = frozenset({REJECTED, DEAD})
STATES = (QUEUED, SENT, COMMITTED, ACCEPTED, REJECTED, DEAD, SKIPPED)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is to be sent.

    Attributes:
        destination: Its name.
        appointment: Id; messages with the same one keep their order.
        control_id: MSH-10.
        event: `SIU^S12`.
        says: What it comes to, for recognising its echo.
        raw: The bytes, the same at every try.
        confirms: Whether the Appointment is booked only when this has been accepted.
    """

    destination: str
    appointment: str
    control_id: str
    event: str
    says: str
    raw: bytes
    confirms: bool = False


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A message and what became of it.

    Attributes:
        id: Number of the row.
        destination, appointment, control_id, event, says, raw, confirms: See Draft.
        state: One of the constants of this module.
        attempts: How often it was written to the connection.
        created_at: When the change was made.
        sent_at: When it was last sent.
        answered_at: When the answer came.
        ack, ack_code: The answer and its MSA-1.
        ack_time: MSH-7 of the answer, by the receiver's clock.
        error: What is wrong with it, for people.
        deviations: From the standard, a line each; '' for none, None where nobody has looked yet.
        blocked: Whether an earlier one about the same Appointment has to be over first.
    """

    id: int
    destination: str
    appointment: str
    control_id: str
    event: str
    says: str
    raw: bytes
    state: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    ack: bytes | None
    ack_code: str | None
    ack_time: datetime | None
    error: str | None
    deviations: str | None
    confirms: bool
    blocked: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said.

    Attributes:
        state: COMMITTED, ACCEPTED, REJECTED, or SKIPPED where a refusal has been dealt with.
        raw: The acknowledgement.
        code: MSA-1.
        time: Its MSH-7, where it has one.
        error: Its own words, where it refused.
    """

    state: str
    raw: bytes
    code: str
    time: datetime | None = None
    error: str | None = None


#: A number and not EXISTS: it is looked up row by row, and only until there are enough.
_FIRST = (
    "(SELECT min(e.id) FROM outbound_message e WHERE e.tenant = o.tenant"
    " AND e.destination = o.destination AND e.appointment = o.appointment AND e.open)"
)
_SELECT = (
    "SELECT id, destination, appointment, control_id, event, says, raw, state, attempts,"
    " created_at, sent_at, answered_at, ack, ack_code, ack_time, error, deviations,"
    " confirms,"
    f" open AND id > {_FIRST} FROM outbound_message o WHERE tenant = %s"
)


def add(tx: Transaction, draft: Draft) -> None:
    """Leave a message for the sender; it exists when the transaction commits.

    Args:
        tx: Has the Appointment locked, or writes it for the first time.
        draft: Travels with the next statement.
    """
    statement = (
        "INSERT INTO outbound_message (tenant, destination, appointment, control_id, event, says,"
        " raw, confirms, state, open, created_at, not_before) VALUES (%s, %s, %s, %s, %s, %s, %s,"
        " %s, 'queued', true, clock_timestamp(), clock_timestamp())"
    )
    values = (tx.tenant, draft.destination, draft.appointment, draft.control_id, draft.event,
              draft.says, draft.raw, draft.confirms)  # fmt: skip
    tx.later([(statement, values)])
    tx.work_left = True


async def claim(tx: Transaction, destination: str, limit: int) -> list[Dispatch]:
    """Take the oldest messages that may leave now, at most one of each Appointment.

    They count as sent from here on: whoever takes them may die before the answer is known.

    Args:
        tx: Of whoever alone sends to the destination now.
        destination: Its name.
        limit: Most messages.
    """
    rows = await tx.rows(
        "UPDATE outbound_message SET state = 'sent', attempts = attempts + 1,"
        " sent_at = clock_timestamp() WHERE tenant = %s AND id IN (SELECT id"
        " FROM outbound_message o WHERE tenant = %s AND destination = %s AND open"
        " AND state IN ('queued', 'sent') AND not_before <= clock_timestamp()"
        f" AND id = {_FIRST} ORDER BY id LIMIT %s) RETURNING id",
        (tx.tenant, tx.tenant, destination, limit),
    )
    return await _read(tx, [row[0] for row in rows])


async def _read(tx: Transaction, ids: Sequence[int]) -> list[Dispatch]:
    rows = await tx.rows(f"{_SELECT} AND id = ANY (%s) ORDER BY id", (tx.tenant, list(ids)))
    return [Dispatch(*row) for row in rows]


async def put_back(tx: Transaction, ids: Sequence[int]) -> None:
    """Let messages wait as before: they were taken and never written to the connection."""
    await tx.execute(
        "UPDATE outbound_message SET attempts = attempts - 1,"
        " state = CASE WHEN attempts > 1 THEN 'sent' ELSE 'queued' END"
        " WHERE tenant = %s AND id = ANY (%s) AND state = 'sent'",
        (tx.tenant, list(ids)),
    )


async def postpone(tx: Transaction, id_: int, seconds: float, error: str) -> None:
    """Have a message that was not answered sent again later."""
    await tx.execute(
        "UPDATE outbound_message SET error = %s,"
        " not_before = clock_timestamp() + make_interval(secs => %s)"
        " WHERE tenant = %s AND id = %s AND state = 'sent'",
        (error, seconds, tx.tenant, id_),
    )


async def give_up(tx: Transaction, id_: int, error: str) -> bool:
    """Send a message no more until people say so; False where it is over already."""
    touched = await tx.execute(
        "UPDATE outbound_message SET state = 'dead', error = %s"
        " WHERE tenant = %s AND id = %s AND state IN ('sent', 'committed')",
        (error, tx.tenant, id_),
    )
    return touched == 1


async def settle(tx: Transaction, id_: int, answer: Answer) -> None:
    """Keep the answer to a message, also where one was known before."""
    await tx.execute(
        "UPDATE outbound_message SET state = %s, open = %s, ack = %s, ack_code = %s,"
        " ack_time = %s, error = %s, answered_at = clock_timestamp()"
        " WHERE tenant = %s AND id = %s",
        (answer.state, answer.state in OPEN, answer.raw, answer.code, answer.time, answer.error,
         tx.tenant, id_),
    )  # fmt: skip


async def wait_for_application(tx: Transaction, id_: int, seconds: float) -> None:
    """Say until when the application's word on a message is waited for."""
    await tx.execute(
        "UPDATE outbound_message SET not_before = clock_timestamp() + make_interval(secs => %s)"
        " WHERE tenant = %s AND id = %s",
        (seconds, tx.tenant, id_),
    )


async def overdue(tx: Transaction, destination: str) -> list[Dispatch]:
    """Messages on which the application should have said its word by now."""
    rows = await tx.rows(
        f"{_SELECT} AND destination = %s AND open AND state = 'committed'"
        " AND not_before <= clock_timestamp() ORDER BY id",
        (tx.tenant, destination),
    )
    return [Dispatch(*row) for row in rows]


async def pass_over_lane(tx: Transaction, message: Dispatch) -> None:
    """Never send what waits behind a message: its receiver does not have the Appointment."""
    await tx.execute(
        "UPDATE outbound_message SET state = 'skipped', open = false WHERE tenant = %s"
        " AND destination = %s AND appointment = %s AND state = 'queued' AND id > %s",
        (tx.tenant, message.destination, message.appointment, message.id),
    )


async def named(tx: Transaction, destination: str, control_id: str) -> Dispatch | None:
    """The message with that control id, locked until the transaction ends."""
    row = await tx.row(
        f"{_SELECT} AND destination = %s AND control_id = %s FOR UPDATE",
        (tx.tenant, destination, control_id),
    )
    return Dispatch(*row) if row else None


async def told(
    tx: Transaction, appointment: str, destinations: Sequence[str] | None = None
) -> list[Dispatch]:
    """What has been written about an Appointment, in order.

    Args:
        tx: Open transaction.
        appointment: Its id.
        destinations: Names; None for all.
    """
    rows = await tx.rows(
        f"{_SELECT} AND appointment = %s AND (%s::text[] IS NULL OR destination = ANY (%s))"
        " ORDER BY id",
        (tx.tenant, appointment, None if destinations is None else list(destinations),
         list(destinations or ())),
    )  # fmt: skip
    return [Dispatch(*row) for row in rows]


async def found(
    tx: Transaction,
    *,
    states: Sequence[str] = STATES,
    destination: str | None = None,
    id_: int | None = None,
    limit: int = 100,
) -> list[Dispatch]:
    """Messages for people to look at, the newest first."""
    rows = await tx.rows(
        f"{_SELECT} AND state = ANY (%s) AND (%s::text IS NULL OR destination = %s)"
        " AND (%s::bigint IS NULL OR id = %s) ORDER BY id DESC LIMIT %s",
        (tx.tenant, list(states), destination, destination, id_, id_, limit),
    )
    return [Dispatch(*row) for row in rows]


async def again(tx: Transaction, id_: int) -> bool:
    """Have a message that is stuck sent again, with its bytes; False where it is not stuck."""
    touched = await tx.execute(
        "UPDATE outbound_message SET state = 'sent', attempts = 0,"
        " not_before = clock_timestamp() WHERE tenant = %s AND id = %s"
        " AND state IN ('rejected', 'dead')",
        (tx.tenant, id_),
    )
    tx.work_left = True
    return touched == 1


async def skip(tx: Transaction, id_: int) -> bool:
    """Never send a message; False where it is over, or on its way at this moment."""
    touched = await tx.execute(
        "UPDATE outbound_message SET state = 'skipped', open = false WHERE tenant = %s AND id = %s"
        " AND state IN ('queued', 'committed', 'rejected', 'dead')",
        (tx.tenant, id_),
    )
    tx.work_left = True
    return touched == 1


async def unjudged(tx: Transaction, limit: int) -> list[Dispatch]:
    """Messages that nobody has compared with the standard yet, the newest first."""
    rows = await tx.rows(
        f"{_SELECT} AND deviations IS NULL ORDER BY id DESC LIMIT %s", (tx.tenant, limit)
    )
    return [Dispatch(*row) for row in rows]


async def judge(tx: Transaction, found: Mapping[int, str]) -> None:
    """Keep in what messages depart from the standard.

    Args:
        tx: Open transaction.
        found: `Dispatch.deviations` by id.
    """
    await tx.execute(
        "UPDATE outbound_message SET deviations = told FROM unnest(%s::bigint[], %s::text[])"
        " AS j(id, told) WHERE tenant = %s AND outbound_message.id = j.id",
        (list(found), list(found.values()), tx.tenant),
    )
