"""Which hour, weekday and day does the clinic call it, for many instants at once?

Instants travel as int64 arrays of whole minutes since 1970-01-01T00:00Z. The clinic's wall clock
is the same kind of number with the zone's offset added: day = // 1440, hour = % 1440 // 60.

Source: decision 21; owner's plan, phase 10, with row S4 settled (clinic time, never UTC).
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Minutes = npt.NDArray[np.int64]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()
DAY = 1440  # minutes
#: FHIR days-of-week codes; position = datetime.weekday().
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Parts of the day, with the first hour that is no longer in them.
PARTS = (("morning", 12), ("afternoon", 17), ("evening", 24))
_FEW_DAYS = 400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday


def minute_of(value: datetime) -> int:
    """The whole minute that an aware time lies in."""
    return (value - EPOCH) // timedelta(minutes=1)


def minute_from(value: datetime) -> int:
    """The first whole minute that is not before an aware time."""
    return -((EPOCH - value) // timedelta(minutes=1))


def instant_of(minute: int) -> datetime:
    """The UTC time of a minute."""
    return EPOCH + timedelta(minutes=int(minute))


def wall_minutes(minutes: Minutes, zone: str) -> Minutes:
    """The clinic's wall clock at each instant.

    Args:
        minutes: Shape (n,), minutes since the epoch, any order.
        zone: IANA name, known to exist.

    Returns:
        Shape (n,), minutes since 1970-01-01T00:00 on the wall. A repeated hour repeats here too.
    """
    days, place = _days_and_places(minutes // DAY)
    at_start = _offsets(days * DAY, zone)
    at_end = _offsets(days * DAY + DAY, zone)
    offsets = at_start[place]
    changing = (at_start != at_end)[place]
    if changing.any():
        offsets[changing] = _offsets(minutes[changing], zone)
    return minutes + offsets


def _days_and_places(day: Minutes) -> tuple[Minutes, Minutes]:
    """Days that hold all of those given, ascending, and where among them each is."""
    first, last = (int(day.min()), int(day.max())) if len(day) else (0, -1)
    if last - first < _FEW_DAYS:  # quicker than to sort many
        return np.arange(first, last + 1, dtype=np.int64), day - first
    days, place = np.unique(day, return_inverse=True)
    return days, place.astype(np.int64)


def _offsets(minutes: Minutes, zone: str) -> Minutes:
    return np.array([_offset(int(minute), zone) for minute in minutes], dtype=np.int64)


@lru_cache(maxsize=16_384)
def _offset(minute: int, zone: str) -> int:
    offset = instant_of(minute).astimezone(ZoneInfo(zone)).utcoffset()
    return int((offset or timedelta()).total_seconds() // 60)


def hours(wall: Minutes) -> Minutes:
    """Hour of the day 0..23 of each wall-clock minute."""
    return wall % DAY // 60


def days(wall: Minutes) -> Minutes:
    """Days since 1970-01-01 of each wall-clock minute."""
    return wall // DAY


def weekdays(wall: Minutes) -> Minutes:
    """Weekday of each wall-clock minute: 0 Monday … 6 Sunday."""
    return (wall // DAY + _EPOCH_WEEKDAY) % 7


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH_DAY


def part_numbers(hour: Minutes) -> Minutes:
    """Index into PARTS of each hour: morning below 12, afternoon below 17, evening from 17."""
    return (hour >= PARTS[0][1]).astype(np.int64) + (hour >= PARTS[1][1])


def part_of(hour: int) -> str:
    """The part of the day of one hour."""
    return next(name for name, limit in PARTS if hour < limit)
