"""Which messages have come in, and what was answered?

The row and the effect of a message commit together, before the acknowledgement leaves; a repeated
message gets the same answer again (decision 20).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from fhir_gateway.storage import identities, locks, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.storage.wire import Statement

#: Kept and answered, and still to be applied.
RECEIVED = "received"
#: Applied · read and not for us · content fault, kept to be looked at · not even readable.
SENT, FILTERED, ERROR, REFUSED = "sent", "filtered", "error", "refused"


@dataclass(frozen=True, slots=True)
class MessageKey:
    """What makes a message the same message.

    Attributes:
        application, facility, control_id: MSH-3, MSH-4, MSH-10.
        sha256: Of the bytes; the same id with other bytes is another message.
    """

    application: str
    facility: str
    control_id: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """One message and its answer.

    Attributes:
        key: See MessageKey.
        received_at: Aware.
        peer: Where it came from.
        raw: The bytes between the frame's marks.
        event: `SIU^S12`, '' where it cannot be told.
        state: One of the constants of this module.
        ack: The answer's bytes.
        ack_code: MSA-1.
        issues: What was wrong or strange, for people.
        appointment: Id of the Appointment it was about.
        port_sender: Name of the description that its port holds to; None where MSH-3 and MSH-4 say.
    """

    key: MessageKey
    received_at: datetime
    peer: str
    raw: bytes
    event: str
    state: str
    ack: bytes
    ack_code: str
    issues: Sequence[Mapping[str, Any]] = ()
    appointment: str | None = None
    port_sender: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What has come before with the same control id.

    Attributes:
        answer: What this very message was answered; None where it is new.
        reused: Whether another message had the same control id.
    """

    answer: bytes | None = None
    reused: bool = False


async def known(tx: Transaction, key: MessageKey) -> Known:
    """What is known of a message, and of others with its control id, in one question."""
    row = await tx.row(
        "SELECT ack, sha256 = %(sha256)s FROM inbox_key WHERE tenant = %(tenant)s"
        " AND application = %(application)s AND facility = %(facility)s"
        " AND control_id = %(control_id)s ORDER BY sha256 = %(sha256)s DESC LIMIT 1",
        {"tenant": tx.tenant, "application": key.application, "facility": key.facility,
         "control_id": key.control_id, "sha256": key.sha256},
    )  # fmt: skip
    if row is None:
        return Known()
    answer, same = row
    return Known(answer) if same else Known(reused=True)


_KEEP_KEY = (
    "INSERT INTO inbox_key (tenant, application, facility, control_id, sha256, received_at, ack)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)
_KEEP = (
    "INSERT INTO inbox (tenant, received_at, peer, raw, sha256, application, facility, control_id,"
    " event, state, ack, ack_code, issues, appointment, port_sender)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


async def keep(tx: Transaction, message: Received, *, replay: bool = True) -> None:
    """Keep a message with its answer.

    Where the same message was kept in the meantime this fails, and the transaction is run again.

    Args:
        tx: Open transaction, with the effect of the message.
        message: What came.
        replay: Whether its repetition gets the same answer; not for what could not be read.
    """
    key = message.key
    own = (tx.tenant, key.application, key.facility, key.control_id, key.sha256,
           message.received_at, message.ack)  # fmt: skip
    issues = Jsonb(list(message.issues))
    entry = (tx.tenant, message.received_at, message.peer, message.raw, key.sha256,
             key.application, key.facility, key.control_id, message.event, message.state,
             message.ack, message.ack_code, issues, message.appointment,
             message.port_sender)  # fmt: skip
    tx.later([(_KEEP_KEY, own), (_KEEP, entry)] if replay else [(_KEEP, entry)])


@dataclass(frozen=True, slots=True)
class FeedState:
    """The newest message that has been applied to an Appointment.

    Attributes:
        message_time: Its MSH-7, if it had one.
        received_at: When it came.
        control_id: Its MSH-10.
    """

    message_time: datetime | None
    received_at: datetime
    control_id: str


_FEED_STATE = (
    "SELECT message_time, received_at, control_id FROM feed_state"
    " WHERE tenant = %s AND appointment = %s FOR UPDATE"
)


async def feed_state(tx: Transaction, appointment: str) -> FeedState | None:
    """The newest message applied to an Appointment; locked until the transaction ends."""
    row = await tx.row(_FEED_STATE, (tx.tenant, appointment))
    return FeedState(*row) if row else None


@dataclass(frozen=True, slots=True)
class Told:
    """An Appointment that messages are about, locked.

    Attributes:
        stored: The present version; None where it has been deleted.
        state: The newest message that has been applied to it.
        keys: Those of the keys asked for that lead to it.
    """

    stored: Stored | None
    state: FeedState | None
    keys: frozenset[tuple[str, str]]


async def told(tx: Transaction, appointment: str, keys: Iterable[tuple[str, str]]) -> Told:
    """Lock an Appointment and what is known of the messages about it.

    Args:
        tx: Open transaction.
        appointment: Id.
        keys: Identifiers of which has to be known whether they lead to it.
    """
    found, states, known = await tx.fetch_batch(
        [
            resources.locking("Appointment", tx.tenant, appointment),
            (_FEED_STATE, (tx.tenant, appointment)),
            identities.finding(tx.tenant, "Appointment", keys),
        ]
    )
    stored = next((Stored("Appointment", *row) for row in found), None)
    state = next((FeedState(*row) for row in states), None) if stored else None
    own = frozenset((system, value) for system, value, key in known if key == appointment)
    return Told(stored, state, own)


_REMEMBER = (
    "INSERT INTO feed_state (tenant, appointment, message_time, received_at, control_id)"
    " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (tenant, appointment) DO UPDATE SET"
    " message_time = excluded.message_time, received_at = excluded.received_at,"
    " control_id = excluded.control_id"
)


def set_feed_state(tx: Transaction, appointment: str, state: FeedState) -> None:
    """Remember the newest message applied to an Appointment; before the next statement."""
    entry = (tx.tenant, appointment, state.message_time, state.received_at, state.control_id)
    tx.later([(_REMEMBER, entry)])


async def bury(
    tx: Transaction, keys: Iterable[tuple[str, str]], event: str, message_time: datetime
) -> None:
    """Remember that an Appointment that is not known was ended at that time."""
    await tx.execute_many(
        "INSERT INTO tombstone (tenant, system, value, message_time, event)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (tenant, system, value) DO UPDATE SET"
        " message_time = greatest(tombstone.message_time, excluded.message_time),"
        " event = excluded.event",
        [(tx.tenant, system, value, message_time, event) for system, value in sorted(set(keys))],
    )


async def buried_at(tx: Transaction, keys: Iterable[tuple[str, str]]) -> datetime | None:
    """When an unknown Appointment was last ended; None where it never was."""
    wanted = sorted(set(keys))
    row = await tx.row(
        "SELECT max(message_time) FROM tombstone WHERE tenant = %s"
        " AND (system, value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
        (tx.tenant, [system for system, _ in wanted], [value for _, value in wanted]),
    )
    return None if row is None else row[0]


async def lock_keys(tx: Transaction, keys: Iterable[tuple[str, str]]) -> None:
    """Let messages about one appointment pass one at a time, also before it is known."""
    await tx.fetch_batch(_locking(tx, keys))


def lock_keys_first(tx: Transaction, keys: Iterable[tuple[str, str]]) -> None:
    """The same before the next statement, which sees what others have committed until then."""
    tx.later(_locking(tx, keys))


def _locking(tx: Transaction, keys: Iterable[tuple[str, str]]) -> list[Statement]:
    return locks.holding(tx.tenant, (f"appointment|{system}|{value}" for system, value in keys))


async def set_parents(
    tx: Transaction, appointment: str, parents: Sequence[tuple[str, str]]
) -> None:
    """Remember the keys of the Appointment that another is a part of; most are part of none."""
    if not parents:
        return
    await tx.execute_many(
        "INSERT INTO feed_child (tenant, system, value, appointment) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [(tx.tenant, system, value, appointment) for system, value in sorted(set(parents))],
    )


async def children_of(tx: Transaction, keys: Iterable[tuple[str, str]]) -> list[str]:
    """Ids of the Appointments that are parts of one with any of these keys, in order."""
    wanted = sorted(set(keys))
    rows = await tx.rows(
        "SELECT DISTINCT appointment FROM feed_child WHERE tenant = %s"
        " AND (system, value) IN (SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY 1",
        (tx.tenant, [system for system, _ in wanted], [value for _, value in wanted]),
    )
    return [row[0] for row in rows]
