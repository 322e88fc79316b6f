"""When may a person be disturbed, and until when may somebody take to answer?

Hours of the night in the recipient's own zone. A message that falls due in them goes when they are
over; the clock of an offer stands still meanwhile. Counted by instants, so that a night with a
clock change is as long as it is.

Source: reliability-security.md section 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.time import Interval, at_wall_clock, local_day

_DAY = timedelta(days=1)
#: As far as `waking` looks ahead.
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Wall-clock times between which nobody is disturbed; the same twice means never.

    Args:
        begin: Included.
        end: Excluded; of the next day where it is not after begin.
    """

    begin: time = time(0)
    end: time = time(0)

    @property
    def none(self) -> bool:
        return self.begin == self.end


#: Everybody may be disturbed at any time.
NEVER_QUIET = QuietHours()


def quiet_hours(text: str) -> QuietHours:
    """Read `21:00-08:00`; the empty text means that there are none.

    Raises:
        GatewayError: invalid, for anything else.
    """
    if not text.strip():
        return NEVER_QUIET
    begin, _, end = text.partition("-")
    try:
        return QuietHours(time.fromisoformat(begin.strip()), time.fromisoformat(end.strip()))
    except ValueError as error:
        told = f"Quiet hours are like 21:00-08:00, or empty; they were '{text[:40]}'"
        raise fail(Category.INVALID, told, "quiet_hours") from error


def may_go(moment: datetime, hours: QuietHours, zone: ZoneInfo) -> datetime:
    """When a message that is due may go: at once, or when the night is over.

    Args:
        moment: Aware.
        hours: Of the clinic.
        zone: Of the recipient.

    Returns:
        UTC.
    """
    moment = moment.astimezone(UTC)
    night = next((each for each in _nights(moment, hours, zone) if each.start <= moment), None)
    return moment if night is None else night.end


def after(moment: datetime, window: timedelta, hours: QuietHours, zone: ZoneInfo) -> datetime:
    """The moment at which so much time has passed outside the quiet hours.

    Args:
        moment: Aware.
        window: Positive.
        hours: Of the clinic.
        zone: Of the recipient.

    Returns:
        UTC.
    """
    at, left = may_go(moment, hours, zone), window
    while True:
        night = next(_nights(at, hours, zone), None)
        if night is None or at + left <= night.start:
            return at + left
        left -= night.start - at
        at = may_go(night.end, hours, zone)


def waking(start: datetime, end: datetime, hours: QuietHours, zone: ZoneInfo) -> timedelta:
    """How much of a time is outside the quiet hours; none where it ends before it starts.

    Of a time longer than a year the first year is told: for whoever wants to know whether somebody
    has time enough that is as good as all.
    """
    at = start.astimezone(UTC)
    end = min(end.astimezone(UTC), at + LONGEST)
    if at >= end:
        return timedelta()
    total = end - at
    day, last = local_day(at, zone) - _DAY, local_day(end, zone)
    while day <= last and not hours.none:
        night = _night(day, hours, zone)
        if night is not None and night.start < end and at < night.end:
            total -= min(end, night.end) - max(at, night.start)
        day += _DAY
    return total


def _nights(moment: datetime, hours: QuietHours, zone: ZoneInfo) -> Iterator[Interval]:
    """The quiet times that end after a moment, of the nights around it, in order."""
    if hours.none:
        return
    day = local_day(moment, zone) - _DAY
    for _ in range(4):
        night = _night(day, hours, zone)
        if night is not None and night.end > moment:
            yield night
        day += _DAY


@lru_cache(maxsize=4096)
def _night(day: date, hours: QuietHours, zone: ZoneInfo) -> Interval | None:
    """The quiet time that begins on a day; None where a clock change leaves nothing of it."""
    last = day if hours.begin < hours.end else day + _DAY
    start, _ = at_wall_clock(datetime.combine(day, hours.begin), zone)
    end, _ = at_wall_clock(datetime.combine(last, hours.end), zone)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    return Interval(start, end) if start < end else None
