"""What is kept of the hours of queues?

Hours stay when a queue goes. Decision 22; owner's plan, phase 11 (QueueMetrics).
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime

from fhir_gateway.core.codes import EXT_QUEUE
from fhir_gateway.engines.queue_hours import HourChange
from fhir_gateway.storage.postgres import Transaction

_NAMES = [each.name for each in fields(HourChange)]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many people have been waiting in a queue since its last change.

    Attributes:
        queue: Reference.
        zone: IANA name of its clock.
        size: People.
        since: Aware.
    """

    queue: str
    zone: str
    size: int
    since: datetime


async def between(
    tx: Transaction, first: date, last: date, queues: tuple[str, str]
) -> list[tuple[str, HourChange]]:
    """The hours of some days.

    Args:
        tx: Open transaction.
        first, last: Queue-local, both included.
        queues: Least and greatest reference.

    Returns:
        Queue and hour, in order.
    """
    rows = await tx.rows(
        f"SELECT queue, {', '.join(_NAMES)} FROM queue_hour WHERE tenant = %s AND queue >= %s"
        " AND queue <= %s AND day >= %s AND day <= %s ORDER BY queue, day, hour",
        (tx.tenant, *queues, first, last),
    )
    return [(row[0], HourChange(*row[1:])) for row in rows]


async def standing(tx: Transaction, queues: tuple[str, str]) -> list[Standing]:
    """The queues themselves; see `between`."""
    rows = await tx.rows(
        "SELECT reference, zone, size, size_since FROM queue WHERE tenant = %s"
        " AND reference >= %s AND reference <= %s ORDER BY reference",
        (tx.tenant, *queues),
    )
    return [Standing(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the Encounter of somebody in a queue, as the extension `queue` has it.

    Attributes:
        entry: Id of the Encounter.
        queue: Reference.
        state: Of `engines.queue_facts.State`.
        joined, changed: Instants as text; changed is empty in those written before there was one.
        written: When it was committed.
    """

    entry: str
    queue: str
    state: str
    joined: str
    changed: str
    written: datetime


_PART = (
    "(SELECT p ->> '{0}' FROM jsonb_array_elements(x -> 'extension') p WHERE p ->> 'url' = '{1}')"
)
_VERSIONS = f"""
SELECT h.id, (SELECT p -> 'valueReference' ->> 'reference'
    FROM jsonb_array_elements(x -> 'extension') p WHERE p ->> 'url' = 'queue'),
  {_PART.format("valueCode", "state")}, {_PART.format("valueInstant", "joined")},
  coalesce({_PART.format("valueInstant", "changed")}, ''), h.last_updated
FROM history h CROSS JOIN LATERAL jsonb_array_elements(
  convert_from(h.content, 'UTF8')::jsonb -> 'extension') x
WHERE h.tenant = %s AND h.type = 'Encounter' AND h.content IS NOT NULL
  AND h.last_updated >= %s AND h.last_updated < %s AND x ->> 'url' = %s
ORDER BY h.last_updated, h.id, h.version
"""


async def versions(tx: Transaction, low: datetime, high: datetime) -> list[Version]:
    """What was done in queues, in the order in which it was.

    Args:
        tx: Open transaction.
        low, high: When it was written, half open.
    """
    rows = await tx.rows(_VERSIONS, (tx.tenant, low, high, EXT_QUEUE))
    return [Version(*row) for row in rows]


async def first_version(tx: Transaction) -> datetime | None:
    """When the first Encounter was written of which there is a history; None without any."""
    row = await tx.row(
        "SELECT min(last_updated) FROM history WHERE tenant = %s AND type = 'Encounter'",
        (tx.tenant,),
    )
    return row[0] if row else None


async def put(tx: Transaction, queue: str, since: date, hours: Iterable[HourChange]) -> None:
    """Keep the hours of a queue in the place of those that were kept.

    Args:
        tx: Open transaction.
        queue: Reference.
        since: The first day that is replaced.
        hours: One for each hour, of those days.
    """
    await tx.execute(
        "DELETE FROM queue_hour WHERE tenant = %s AND queue = %s AND day >= %s",
        (tx.tenant, queue, since),
    )
    names = ", ".join(["tenant", "queue", *_NAMES])
    marks = ", ".join(["%s"] * (2 + len(_NAMES)))
    await tx.batch([
        (f"INSERT INTO queue_hour ({names}) VALUES ({marks})", (tx.tenant, queue, *astuple(each)))
        for each in hours
    ])  # fmt: skip
