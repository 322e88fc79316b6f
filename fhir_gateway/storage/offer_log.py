"""What became of freed times and of their offers?

One narrow row each, written in the transaction of the change: for the funnel of a Task, for the
chance that an offer is accepted, and for metrics of any period.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from fhir_gateway.engines.waitlist_wave import Acceptance
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.wire import Row, Statement

#: Newest answers of a channel and a notice that are learnt from.
_LEARNT_FROM = 500


@dataclass(frozen=True, slots=True)
class Made:
    """One offer as it was made.

    Attributes:
        id: Of its Appointment.
        task: Of the freed time.
        channel: By which the patient is told first.
        messages: How many messages say so.
        bucket: Of the notice, `engines.waitlist_wave.notice_bucket`.
        offered_at: Aware.
        expires_at: Aware.
    """

    id: str
    task: str
    channel: str
    messages: int
    bucket: int
    offered_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many patients of a freed time got how far."""

    offered: int = 0
    messages: int = 0
    answered: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the freed times of a period, of one service or of all.

    Attributes:
        service: Code; empty for all of them together.
        channel: Likewise; with a channel only its offers count.
        freed: Times that came free.
        filled: Those of them that somebody from the waitlist took.
        offered: Offers made of them.
        messages: Messages that said so.
        accepted: Offers accepted.
        declined: Offers declined.
        expired: Offers that nobody answered in time.
        minutes: From free to filled, on average; None where none was filled.
    """

    service: str
    channel: str
    freed: int
    filled: int
    offered: int
    messages: int
    accepted: int
    declined: int
    expired: int
    minutes: float | None

    @property
    def offers_per_fill(self) -> float | None:
        """None where none was filled."""
        return self.offered / self.filled if self.filled else None


_FREED = (
    "INSERT INTO freed_time (tenant, task, service, freed_at, starts, state)"
    " VALUES (%s, %s, %s, clock_timestamp(), %s, 'open') ON CONFLICT DO NOTHING"
)
_ENDED = (
    "UPDATE freed_time SET state = %s, ended_at = clock_timestamp()"
    " WHERE tenant = %s AND task = %s AND state = 'open'"
)
_MADE = (
    "INSERT INTO offer (tenant, id, task, channel, messages, bucket, offered_at,"
    " expires_at, outcome) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'open')"
)
_CLOSED = (
    "UPDATE offer SET outcome = %s, ended_at = clock_timestamp()"
    " WHERE tenant = %s AND id = %s AND outcome = 'open'"
)


async def freed(tx: Transaction, task: str, services: Iterable[str], starts: datetime) -> None:
    """Count a time that has come free.

    Args:
        tx: Open transaction.
        task: Of the time.
        services: Codes of what it may be used for; the first in order stands for it.
        starts: When it begins.
    """
    tx.later([(_FREED, (tx.tenant, task, min(services, default=""), starts))])


async def ended(tx: Transaction, task: str, state: str) -> None:
    """A freed time is `filled`, `unfilled`, or `taken` in another way; the first word counts."""
    tx.later([(_ENDED, (state, tx.tenant, task))])


async def made(tx: Transaction, offer: Made) -> None:
    """Count an offer that is made."""
    tx.later([(_MADE, (tx.tenant, *astuple(offer)))])


async def closed(tx: Transaction, offer: str, outcome: str) -> None:
    """An offer is accepted, declined, expired, superseded or withdrawn."""
    tx.later([(_CLOSED, (outcome, tx.tenant, offer))])


async def funnel(tx: Transaction, task: str) -> Funnel:
    """Where the offers of a freed time stand."""
    return Funnel(*(await tx.rows(*funnel_statement(tx.tenant, task)))[0])


def funnel_statement(tenant: int, task: str) -> Statement:
    """The statement for the one row that a Funnel is made of."""
    return (
        (
            "SELECT count(*)::int, coalesce(sum(messages), 0)::int,"
            " count(*) FILTER (WHERE outcome IN ('accepted', 'declined'))::int,"
            " count(*) FILTER (WHERE outcome = 'accepted')::int"
            " FROM offer WHERE tenant = %s AND task = %s"
        ),
        (tenant, task),
    )


async def acceptances(
    tx: Transaction, bucket: int, channels: Iterable[str]
) -> dict[str, Acceptance]:
    """Answers to offers with such a notice, by channel.

    Nobody's answer to an offer that was superseded or withdrawn is known, so it does not count.

    Args:
        tx: Open transaction.
        bucket: Of the notice.
        channels: Those that are asked about.
    """
    return as_acceptances(await tx.rows(*acceptances_statement(tx.tenant, bucket, channels)))


def acceptances_statement(tenant: int, bucket: int, channels: Iterable[str]) -> Statement:
    """The statement for the rows that `as_acceptances` reads."""
    return (
        (
            "SELECT c, a.accepted, a.refused FROM unnest(%s::text[]) c CROSS JOIN LATERAL ("
            " SELECT count(*) FILTER (WHERE outcome = 'accepted')::int AS accepted,"
            " count(*) FILTER (WHERE outcome <> 'accepted')::int AS refused FROM ("
            " SELECT outcome FROM offer WHERE tenant = %s AND bucket = %s AND channel = c"
            " AND outcome IN ('accepted', 'declined', 'expired')"
            " ORDER BY offered_at DESC LIMIT %s) newest) a"
        ),
        (sorted(set(channels)), tenant, bucket, _LEARNT_FROM),
    )


def as_acceptances(rows: Iterable[Row]) -> dict[str, Acceptance]:
    """Answers by channel."""
    return {channel: Acceptance(won, lost) for channel, won, lost in rows}


#: Of a practitioner or a place: what the Task of a freed time says whose it was.
_OF_SUBJECT = (
    " AND EXISTS (SELECT FROM task_content c WHERE c.tenant = freed_time.tenant"
    " AND c.id = freed_time.task"
    " AND convert_from(c.content, 'UTF8')::jsonb -> 'input' @> %s::jsonb)"
)


async def outcomes(
    tx: Transaction, start: datetime, end: datetime, subject: str | None = None
) -> list[Outcomes]:
    """What became of the times that came free in a period.

    Args:
        tx: Open transaction.
        start: Included.
        end: Excluded.
        subject: Reference of whose times count; None for everybody's.

    Returns:
        First all together, then each service, each channel and each pair of both, by name.
    """
    whose = [Jsonb([{"valueReference": {"reference": subject}}])] if subject else []
    rows = await tx.rows(
        "WITH f AS (SELECT * FROM freed_time WHERE tenant = %s AND freed_at >= %s"
        f" AND freed_at < %s{_OF_SUBJECT if subject else ''}),"
        " o AS (SELECT o.*, f.service, f.freed_at FROM offer o"
        " JOIN f ON o.tenant = f.tenant AND o.task = f.task),"
        " times AS (SELECT service, count(*)::int AS freed,"
        " count(*) FILTER (WHERE state = 'filled')::int AS filled,"
        " avg(extract(epoch FROM ended_at - freed_at)) FILTER (WHERE state = 'filled')::float8"
        " / 60 AS minutes FROM f GROUP BY GROUPING SETS ((), (service))),"
        " made AS (SELECT service, channel, count(*)::int AS offered,"
        " sum(messages)::int AS messages,"
        " count(*) FILTER (WHERE outcome = 'accepted')::int AS accepted,"
        " count(*) FILTER (WHERE outcome = 'declined')::int AS declined,"
        " count(*) FILTER (WHERE outcome = 'expired')::int AS expired,"
        " avg(extract(epoch FROM ended_at - freed_at)) FILTER (WHERE outcome = 'accepted')::float8"
        " / 60 AS minutes FROM o"
        " GROUP BY GROUPING SETS ((), (service), (channel), (service, channel)))"
        " SELECT coalesce(t.service, ''), '', t.freed, t.filled, coalesce(m.offered, 0),"
        " coalesce(m.messages, 0), coalesce(m.accepted, 0), coalesce(m.declined, 0),"
        " coalesce(m.expired, 0), t.minutes FROM times t LEFT JOIN made m"
        " ON m.service IS NOT DISTINCT FROM t.service AND m.channel IS NULL"
        " UNION ALL SELECT coalesce(m.service, ''), m.channel,"
        " t.freed, m.accepted, m.offered, m.messages, m.accepted, m.declined, m.expired, m.minutes"
        " FROM made m JOIN times t ON t.service IS NOT DISTINCT FROM m.service"
        " WHERE m.channel IS NOT NULL ORDER BY 1, 2",
        (tx.tenant, start, end, *whose),
    )
    return [Outcomes(*row) for row in rows]
