"""What is an interval, and when is nine o'clock at the clinic?

Intervals are half open and aware. Wall-clock times become instants in a named zone; a time that
a clock change skips moves forward by the gap, a time that occurs twice takes its first occurrence.

Source: decisions 21 and hl7v2.md section 1.8 rule 2.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fhir_gateway.core.errors import Category, fail

INSTANT = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
    r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The time from start (included) to end (excluded), kept in UTC.

    Two times of one zone compare by the wall clock, also in the hour that a clock change repeats;
    in UTC they compare as what they are.

    Raises:
        ValueError: naive or empty at birth.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an interval needs aware times")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end <= self.start:
            raise ValueError("an interval ends after it starts")

    @property
    def minutes(self) -> float:
        return (self.end - self.start).total_seconds() / 60

    def overlaps(self, other: "Interval") -> bool:
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Interval") -> bool:
        return self.start <= other.start and other.end <= self.end


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Join intervals that overlap or touch; ascending, disjoint, with gaps between."""
    joined: list[Interval] = []
    for each in sorted(intervals):
        if joined and each.start <= joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, each.end))
        else:
            joined.append(each)
    return tuple(joined)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises:
        GatewayError: unprocessable, where there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise fail(Category.UNPROCESSABLE, f"'{name[:60]}' is not an IANA time zone") from error


class ClockChange(Enum):
    """What a wall-clock time met: nothing, a skipped hour or a repeated one."""

    NONE = "none"
    GAP = "gap"
    FOLD = "fold"


def at_wall_clock(local: datetime, tz: ZoneInfo) -> tuple[datetime, ClockChange]:
    """The instant of a naive local time, and whether a clock change was in the way.

    A skipped time moves forward by the gap; a repeated one takes the earlier offset.
    """
    first = local.replace(tzinfo=tz, fold=0)
    second = local.replace(tzinfo=tz, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first, ClockChange.NONE
    there_and_back = first.astimezone(UTC).astimezone(tz).replace(tzinfo=None)
    if there_and_back == local:
        return first, ClockChange.FOLD
    return first.astimezone(UTC).astimezone(tz), ClockChange.GAP


def parse_instant(text: str) -> datetime:
    """Read a FHIR instant; a leap second becomes the second after it.

    Raises:
        ValueError: not an instant (an offset is mandatory) or no such calendar day.
    """
    if not INSTANT.fullmatch(text):
        raise ValueError("an instant is YYYY-MM-DDThh:mm:ss[.sss] with an offset or Z")
    leap = text[17:19] == "60"
    value = datetime.fromisoformat(text[:17] + "59" + text[19:] if leap else text)
    return value + timedelta(seconds=1) if leap else value


def format_instant(value: datetime) -> str:
    """Write an aware time as a FHIR instant: its own offset, Z for UTC, milliseconds if any."""
    spec = "milliseconds" if value.microsecond else "seconds"
    return value.isoformat(timespec=spec).replace("+00:00", "Z")


def local_day(value: datetime, tz: ZoneInfo) -> date:
    """The calendar day that people at the clinic call it."""
    return value.astimezone(tz).date()


def subtract(span: Interval, taken: Iterable[Interval]) -> list[Interval]:
    """What is left of a time after others have been cut out of it, in order."""
    left: list[Interval] = []
    start = span.start
    for each in merged(one for one in taken if one.overlaps(span)):
        if each.start > start:
            left.append(Interval(start, each.start))
        start = max(start, each.end)
    if start < span.end:
        left.append(Interval(start, span.end))
    return left
