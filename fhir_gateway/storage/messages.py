"""Which messages wait for their channel?

A row is written with the Communication and goes when it has been sent. Whoever sends takes rows for
a while (SKIP LOCKED, a lease), and the attempt is the fence: an answer of an older attempt does
nothing. reliability-security.md section 7.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_gateway.storage.postgres import Transaction

#: Attempts before a message is given up.
MOST_ATTEMPTS = 12
#: How long whoever has taken a message may be busy with it.
LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        communication: Id of the Communication.
        channel: sms, email, push or voice.
        address: In that channel: a telephone number, an e-mail address.
        offer: Id of the Appointment that it is about.
        asks: Whether it asks for an answer, and so is pointless once the offer is closed.
        attempt: The how manieth attempt this is; 0 before the first.
    """

    communication: str
    channel: str
    address: str
    offer: str
    asks: bool
    attempt: int = 0


_QUEUE = (
    "INSERT INTO message (tenant, communication, channel, address, offer, asks, due)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s)"
)


async def queue(tx: Transaction, message: Message, due: datetime) -> None:
    """Leave a message for its channel; it may go from `due` on."""
    waits = (tx.tenant, message.communication, message.channel, message.address, message.offer,
             message.asks, due)  # fmt: skip
    tx.later([(_QUEUE, waits)])
    tx.work_left = True


async def take(tx: Transaction, channel: str, limit: int = 50) -> list[Message]:
    """Take messages that are due, the oldest first; nobody else gets them during the lease."""
    rows = await tx.rows(
        "UPDATE message m SET attempts = attempts + 1, leased_until = clock_timestamp() + %s"
        " FROM (SELECT communication FROM message WHERE tenant = %s AND channel = %s"
        " AND due <= clock_timestamp()"
        " AND (leased_until IS NULL OR leased_until < clock_timestamp())"
        " ORDER BY due, communication LIMIT %s FOR UPDATE SKIP LOCKED) d"
        " WHERE m.tenant = %s AND m.communication = d.communication"
        " RETURNING m.communication, m.channel, m.address, m.offer, m.asks, m.attempts",
        (LEASE, tx.tenant, channel, limit, tx.tenant),
    )
    return [Message(*row) for row in rows]


async def done(tx: Transaction, message: Message) -> bool:
    """A message has been sent, or is not to be sent any more; False where the lease was lost."""
    return (
        await tx.execute(
            "DELETE FROM message WHERE tenant = %s AND communication = %s AND attempts = %s",
            (tx.tenant, message.communication, message.attempt),
        )
        == 1
    )


async def postpone(tx: Transaction, message: Message, delay: timedelta) -> bool:
    """Try a message again later; False where the lease was lost."""
    return (
        await tx.execute(
            "UPDATE message SET due = clock_timestamp() + %s, leased_until = NULL"
            " WHERE tenant = %s AND communication = %s AND attempts = %s",
            (delay, tx.tenant, message.communication, message.attempt),
        )
        == 1
    )


async def unsent(tx: Transaction, offer: str) -> list[str]:
    """Take back what asks about an offer and may not go yet.

    Returns:
        Ids of the Communications.
    """
    rows = await tx.rows(
        "DELETE FROM message WHERE tenant = %s AND offer = %s AND asks AND due > clock_timestamp()"
        " AND attempts = 0 RETURNING communication",
        (tx.tenant, offer),
    )
    return sorted(row[0] for row in rows)
