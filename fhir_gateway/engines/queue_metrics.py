"""How did people fare in queues over a period?

Sums of the hours, added up over hours and queues; every mean is made from sums, in exact
arithmetic, and the greatest of several is the greatest of each.

Source: owner's plan, phase 11 (QueueMetrics); engines.md section 3; decision 22.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import at_wall_clock
from fhir_gateway.engines.metrics import Metric
from fhir_gateway.engines.queue_hours import HourChange

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """What hours add up to.

    Attributes:
        entries, served, no_shows, calls: People.
        services: Services whose length is known.
        wait_seconds, service_seconds: All of them together.
        longest_wait_seconds: The greatest.
        peak: Most people waiting at once in one queue.
        size_seconds: People waiting × seconds.
        hour_seconds: Length of the hours; of one that has not ended, up to now.
    """

    entries: int = 0
    served: int = 0
    no_shows: int = 0
    calls: int = 0
    wait_seconds: int = 0
    service_seconds: int = 0
    size_seconds: int = 0
    hour_seconds: int = 0
    longest_wait_seconds: int = 0
    peak: int = 0

    def __add__(self, other: "QueueCounts") -> "QueueCounts":
        return QueueCounts(*(
            (max if name in _GREATEST else _plus)(getattr(self, name), getattr(other, name))
            for name in _NAMES
        ))  # fmt: skip


_NAMES = tuple(each.name for each in fields(QueueCounts))
_GREATEST = frozenset({"longest_wait_seconds", "peak"})


def _plus(one: int, other: int) -> int:
    return one + other


METRICS = (
    Metric("queue-entries", "1", ("queue-entries", "entries")),
    Metric("queue-served", "1", ("queue-served", "served")),
    Metric("queue-no-shows", "1", ("queue-no-shows", "no_shows")),
    Metric("queue-average-wait", "min", ("waited-minutes", "wait_seconds"),
           ("first-calls", ("calls",))),
    Metric("queue-longest-wait", "min", ("queue-longest-wait", "longest_wait_seconds")),
    Metric("queue-average-service", "min", ("service-minutes", "service_seconds"),
           ("services", ("served",))),
    Metric("queue-peak-size", "1", ("queue-peak-size", "peak")),
    Metric("queue-average-size", "1", ("size-minutes", "size_seconds"),
           ("queue-minutes", ("hour_seconds",))),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueueHour:
    """An hour of one queue; several of one hour add up.

    Args:
        queue: Reference.
        change: What is counted in it.
    """

    queue: str
    change: HourChange


def tally(
    hours: Iterable[QueueHour],
    zones: Mapping[str, ZoneInfo],
    now: datetime,
    stretch: Callable[[QueueHour], date],
) -> dict[tuple[str, date], QueueCounts]:
    """Add hours up.

    Args:
        hours: In any order.
        zones: Of each queue.
        now: Aware; an hour that has not ended is as long as it has lasted.
        stretch: The day, or the moment, on which the time begins that an hour belongs to.

    Returns:
        By queue and time; only those that there is an hour of.
    """
    lengths: dict[tuple[str, date, int], int] = {}
    found: defaultdict[tuple[str, date], QueueCounts] = defaultdict(QueueCounts)
    for each in hours:
        key = (each.queue, each.change.day, each.change.hour)
        added = 0
        if key not in lengths:
            added = lengths[key] = seconds_of(*key[1:], zones[each.queue], now)
        found[each.queue, stretch(each)] += _counts(each.change, added)
    return dict(found)


def _counts(change: HourChange, hour_seconds: int) -> QueueCounts:
    return QueueCounts(
        entries=change.entries,
        served=change.completed,
        no_shows=change.no_shows,
        calls=change.waits,
        wait_seconds=change.wait_seconds,
        service_seconds=change.service_seconds,
        size_seconds=change.size_seconds,
        hour_seconds=hour_seconds,
        longest_wait_seconds=change.longest_wait,
        peak=change.peak,
    )


def seconds_of(day: date, hour: int, zone: ZoneInfo, now: datetime) -> int:
    """How long a clock shows an hour, until now: twice as long where a clock change repeats it.

    Args:
        day: Of the zone.
        hour: 0..23; one that a clock change skips counts as the hour after it.
        zone: Of the clock.
        now: Aware.
    """
    begin, end = _bounds(day, hour, zone)
    return max(0, round((min(end, now.astimezone(UTC)) - begin).total_seconds()))


@lru_cache(maxsize=4096)
def _bounds(day: date, hour: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    local = datetime.combine(day, time(hour))
    first = at_wall_clock(local, zone)[0].astimezone(UTC)
    again = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return first, max(first, again) + _HOUR
