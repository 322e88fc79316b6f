"""How many messages has each sender sent and each destination got, and how long do any wait?

Counted when somebody asks: the time of intake pays nothing for it.

Source: hl7v2.md section 6, row 12.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.storage.postgres import Transaction


@dataclass(frozen=True, slots=True)
class Heard:
    """What one sender has sent by one kind of port.

    Attributes:
        sender: MSH-3 and MSH-4.
        port_sender: Name of the description that the port holds to; None where MSH says.
        states: Messages by state.
        last: When the last one came.
        oldest: When the oldest came that waits, for its turn or for people.
        recent: How many have come since the time that was asked for.
        at_fault: Those of them that were refused, or wait for people.
    """

    sender: tuple[str, str]
    port_sender: str | None
    states: Mapping[str, int]
    last: datetime
    oldest: datetime | None
    recent: int
    at_fault: int


@dataclass(frozen=True, slots=True)
class Told:
    """What one destination has been told.

    Attributes:
        destination: Its name.
        states: Messages by state.
        oldest: When the oldest was written that is not over.
        answered: When the last answer came.
        tried: When the last message was sent.
        failing: Tries of the message that has been tried most often, of those that have no answer.
        recent: How many have been written since the time that was asked for.
        at_fault: Those of them that were refused or given up.
    """

    destination: str
    states: Mapping[str, int]
    oldest: datetime | None
    answered: datetime | None
    tried: datetime | None
    failing: int
    recent: int
    at_fault: int


async def heard(tx: Transaction, since: datetime) -> list[Heard]:
    """Figures of every sender whose messages are kept.

    Args:
        tx: Open transaction.
        since: For what is recent.
    """
    rows = await tx.rows(
        "SELECT application, facility, port_sender, jsonb_object_agg(state, n), max(last),"
        " min(oldest), sum(recent)::bigint, sum(at_fault)::bigint FROM (SELECT application,"
        " facility, port_sender, state, count(*) AS n, max(received_at) AS last,"
        " min(received_at) FILTER (WHERE state IN ('received', 'error')) AS oldest,"
        " count(*) FILTER (WHERE received_at >= %s) AS recent,"
        " count(*) FILTER (WHERE received_at >= %s AND (state IN ('error', 'refused')"
        " OR ack_code IN ('AE', 'AR'))) AS at_fault"
        " FROM inbox WHERE tenant = %s GROUP BY 1, 2, 3, 4) AS each"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (since, since, tx.tenant),
    )
    return [Heard((row[0], row[1]), *row[2:]) for row in rows]


async def told(tx: Transaction, since: datetime) -> list[Told]:
    """Figures of every destination that messages have been written for.

    Args:
        tx: Open transaction.
        since: For what is recent.
    """
    rows = await tx.rows(
        "SELECT destination, jsonb_object_agg(state, n), min(oldest), max(answered), max(tried),"
        " coalesce(max(failing), 0), sum(recent)::bigint, sum(at_fault)::bigint FROM (SELECT"
        " destination, state, count(*) AS n,"
        " min(created_at) FILTER (WHERE open) AS oldest, max(answered_at) AS answered,"
        " max(sent_at) AS tried,"
        " max(attempts) FILTER (WHERE state = 'sent' AND answered_at IS NULL) AS failing,"
        " count(*) FILTER (WHERE created_at >= %s) AS recent,"
        " count(*) FILTER (WHERE created_at >= %s AND state IN ('rejected', 'dead')) AS at_fault"
        " FROM outbound_message WHERE tenant = %s GROUP BY 1, 2) AS each"
        " GROUP BY 1 ORDER BY 1",
        (since, since, tx.tenant),
    )
    return [Told(*row) for row in rows]
