"""What does an hour of a queue look like afterwards?

Each command adds to the row of its hour, by the queue's wall clock: joining counts as an entry,
the call as a wait, the end as a service. The size is weighted by the time for which it lasted.

Source: owner's plan, phase 11 (QueueMetrics); engines.md section 3.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.engines.queue_facts import QueueEntry
from fhir_gateway.engines.queue_transitions import Command


@dataclass(frozen=True, slots=True)
class HourChange:
    """What is added to one hour.

    Args:
        day: Queue-local.
        hour: 0..23, queue-local; an hour that a clock change repeats has one row.
        entries, completed, no_shows, waits: People.
        wait_seconds, service_seconds: All of them together.
        longest_wait: Seconds.
        peak: Most people waiting at once.
        size_seconds: People waiting × seconds.
    """

    day: date
    hour: int
    entries: int = 0
    completed: int = 0
    no_shows: int = 0
    waits: int = 0
    wait_seconds: int = 0
    longest_wait: int = 0
    service_seconds: int = 0
    peak: int = 0
    size_seconds: int = 0

    def __add__(self, other: "HourChange") -> "HourChange":
        """Both, of the same hour."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        most = {name: max(getattr(self, name), getattr(other, name)) for name in _MOST}
        return HourChange(self.day, self.hour, **sums, **most)


_MOST = ("longest_wait", "peak")
_SUMS = tuple(each.name for each in fields(HourChange) if each.name not in ("day", "hour", *_MOST))


def hour_of(moment: datetime, zone: ZoneInfo) -> tuple[date, int]:
    """The day and hour that the queue's clock shows."""
    local = moment.astimezone(zone)
    return local.date(), local.hour


def standing(since: datetime, until: datetime, size: int, zone: ZoneInfo) -> Iterator[HourChange]:
    """A size that lasted from one moment to another, in each hour that it touches.

    Args:
        since, until: Aware.
        size: People waiting all that time.
        zone: Of the queue.
    """
    moment, end = since.astimezone(UTC), until.astimezone(UTC)
    while size and moment < end:
        local = moment.astimezone(zone)
        full = timedelta(hours=1) - timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
        following = min(end, moment + full)
        seconds = _seconds(moment, following)
        yield HourChange(local.date(), local.hour, peak=size, size_seconds=size * seconds)
        moment = following


def counted(
    command: Command, entry: QueueEntry, now: datetime, size: int, zone: ZoneInfo
) -> HourChange:
    """What a command adds to the present hour.

    Args:
        command: What has been done.
        entry: As it was before; for a check-in as it is. The wait of somebody who did not
            answer the first call has been counted with that one.
        now: Aware.
        size: People waiting afterwards.
        zone: Of the queue.
    """
    day, hour = hour_of(now, zone)
    if command is Command.CHECK_IN:
        return HourChange(day, hour, entries=1, peak=size)
    if command is Command.CALL_NEXT and entry.since == entry.joined:
        waited = _seconds(entry.joined, now)
        return HourChange(day, hour, waits=1, wait_seconds=waited, longest_wait=waited, peak=size)
    if command in (Command.FINISH, Command.VISIT_ENDED) and entry.started is not None:
        served = _seconds(entry.started, now)
        return HourChange(day, hour, completed=1, service_seconds=served, peak=size)
    if command is Command.NO_SHOW:
        return HourChange(day, hour, no_shows=1, peak=size)
    return HourChange(day, hour, peak=size)


def _seconds(since: datetime, until: datetime) -> int:
    return max(0, round((until - since).total_seconds()))
