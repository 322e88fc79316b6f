"""Which stretch of time does a FHIR date, dateTime or instant mean?

FHIR R4 section 3.1.1.4.7: a date of lower precision is the whole day, month or year. Ranges are
half open and in UTC. A text without an offset is read in the zone that is passed in (decision 21).
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import at_wall_clock

#: Stand for "open" at either side of a range.
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
POINT = timedelta(microseconds=1)

Range = tuple[datetime, datetime]

_DATE = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(-(?P<month>0[1-9]|1[0-2])"
    r"(-(?P<day>0[1-9]|[12][0-9]|3[01])"
    r"(T(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
    r"(:(?P<second>[0-5][0-9]|60)(\.(?P<fraction>[0-9]{1,12}))?)?"
    r"(?P<offset>Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?)?)?)?"
)


def date_range(text: str, tz: ZoneInfo) -> Range:
    """The range [low, high) of a date as it is searched for.

    Args:
        text: `2026`, `2026-12`, `2026-12-01`, or a time to the minute, second or below, with or
            without offset.
        tz: The zone of a text without offset.

    Raises:
        ValueError: no such form or no such day.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+hh:mm")
    if match["hour"] is None:
        first, following = _days(match)
        return _midnight(first, tz), _midnight(following, tz) if following else LATEST
    low = _moment(match, tz)
    return low, _later(low, _width(match))


def stored_range(text: str, tz: ZoneInfo) -> Range:
    """The range of a date as it stands in a resource: a time to the second is a point.

    `2026-12-01T09:00:00Z` is found by `eq` with milliseconds as well as without.
    """
    low, high = date_range(text, tz)
    return (low, _later(low, POINT)) if high - low <= timedelta(seconds=1) else (low, high)


def period_range(period: dict[str, Any], tz: ZoneInfo) -> Range | None:
    """The range of a Period, open where start or end is absent; None where both are."""
    start, end = period.get("start"), period.get("end")
    if not start and not end:
        return None
    low = stored_range(start, tz)[0] if start else EARLIEST
    return low, max(stored_range(end, tz)[1], low) if end else LATEST


def _days(match: re.Match[str]) -> tuple[date, date | None]:
    year, month, day = int(match["year"]), match["month"], match["day"]
    first = date(year, int(month or 1), int(day or 1))
    try:
        if day:
            return first, first + timedelta(days=1)
        if month:
            return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return first, first.replace(year=year + 1)
    except (OverflowError, ValueError):
        return first, None


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return _utc(datetime(day.year, day.month, day.day), tz)  # noqa: DTZ001 - a wall-clock time


def _moment(match: re.Match[str], tz: ZoneInfo) -> datetime:
    second = int(match["second"] or 0)
    text = match.string[: match.start("hour")] + f"{match['hour']}:{match['minute']}"
    fraction = (match["fraction"] or "")[:6].ljust(6, "0")
    local = datetime.fromisoformat(f"{text}:{min(second, 59):02}.{fraction}")
    if second == 60:
        local = _later(local, timedelta(seconds=1))
    offset = match["offset"]
    if offset is None:
        return _utc(local, tz)
    aware = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
    return _utc(local.replace(tzinfo=aware), tz)


def _width(match: re.Match[str]) -> timedelta:
    if match["second"] is None:
        return timedelta(minutes=1)
    if match["fraction"] is None:
        return timedelta(seconds=1)
    return timedelta(microseconds=10 ** max(0, 6 - len(match["fraction"])))


def _utc(value: datetime, tz: ZoneInfo) -> datetime:
    try:
        aware = value if value.tzinfo else at_wall_clock(value, tz)[0]
        return aware.astimezone(UTC)
    except OverflowError:
        return EARLIEST if value.year < 5000 else LATEST


def _later(value: datetime, by: timedelta) -> datetime:
    try:
        return value + by
    except OverflowError:
        return value
