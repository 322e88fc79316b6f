"""At which times do the rules of a Schedule offer Slots?

Rules go by the wall clock of the clinic, Slots are instants: nine o'clock stays nine o'clock when
the clocks change. An opening that begins or ends in a skipped hour moves forward by the gap, in a
repeated one it takes the first occurrence; the Slots between are of full length in real minutes.

What a day offers, the first that applies:
1. closed: an exception that is closed for the whole day;
2. the hours of exceptions that open it, a holiday or not;
3. nothing on a holiday;
4. the weekly hours of its weekday.
An exception that is closed for some hours takes away the Slots that it touches, on top of these.

Source: engines.md section 1.2; decisions 1, 9 and 21; owner's plan, phase 10.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import Interval, at_wall_clock, local_day, merged

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """From start to end on the wall; an end that is before the start is on the next day."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Weekly:
    """Hours that repeat each week.

    Args:
        days: 0 Monday … 6 Sunday, on which they begin.
        hours: When.
    """

    days: frozenset[int]
    hours: Hours


@dataclass(frozen=True, slots=True)
class DifferentDays:
    """Days that differ from the week.

    Args:
        first: The first of them.
        last: The last of them, included.
        closed: Whether nothing is offered; else `hours` are offered instead of the week's.
        hours: When it is closed or open; None for the whole day, only where it is closed.
    """

    first: date
    last: date
    closed: bool
    hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a Schedule says about its time.

    Args:
        zone: Whose wall clock it is.
        slot_minutes: Length of a Slot, > 0.
        align_minutes: Slots begin at multiples of it, counted from midnight on the wall; divides
            a day; None: each begins as soon as the buffers after the one before allow.
        buffer_before, buffer_after: Minutes kept clear around a booking.
        first, last: Days on which the rules hold, both included; None is open.
        weekly: In any order; hours that overlap are joined.
        exceptions: In any order.
    """

    zone: ZoneInfo
    slot_minutes: int
    align_minutes: int | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    first: date | None = None
    last: date | None = None
    weekly: tuple[Weekly, ...] = ()
    exceptions: tuple[DifferentDays, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Whether the rules say anything about a day."""
        after = self.first is None or self.first <= day
        return after and (self.last is None or day <= self.last)


def days_of(rules: Rules, span: Interval) -> tuple[date, ...]:
    """The clinic's days whose hours may reach into a span, in order.

    Args:
        rules: Their zone and their first and last day count.
        span: May be long: a day costs a few bytes.
    """
    first = local_day(span.start, rules.zone) - _DAY  # hours that go on past midnight
    count = (local_day(span.end, rules.zone) - first).days + 1
    days = (first + timedelta(days=place) for place in range(count))
    return tuple(day for day in days if rules.holds_on(day))


def slot_times(
    rules: Rules, span: Interval, holidays: Collection[date] = frozenset()
) -> tuple[Interval, ...]:
    """Every Slot that the rules offer inside a span.

    Args:
        rules: See Rules.
        span: Slots begin and end inside.
        holidays: Days on which nothing is offered, unless an exception opens them.

    Returns:
        In UTC, ascending; no two overlap. Which Slots there are does not depend on the span.

    Source: engines.md section 1.2.
    """
    days = days_of(rules, span)
    openings = _joined(each for day in days for each in _openings(rules, day, holidays))
    times = [slot for each in openings for slot in _slots(rules, each)]
    closed = overlapping(times, (each for day in days for each in _closures(rules, day, holidays)))
    return tuple(
        each for place, each in enumerate(times) if place not in closed and span.contains(each)
    )


def _on(day: date, exceptions: Iterable[DifferentDays]) -> list[DifferentDays]:
    return [each for each in exceptions if each.first <= day <= each.last]


def _openings(rules: Rules, day: date, holidays: Collection[date]) -> Iterator[Interval]:
    instead = [each.hours for each in _on(day, rules.exceptions) if not each.closed and each.hours]
    weekly = [each.hours for each in rules.weekly if day.weekday() in each.days]
    if not instead and day in holidays:
        return
    for hours in instead or weekly:
        yield from _interval(rules.zone, day, hours)


def _closures(rules: Rules, day: date, holidays: Collection[date]) -> Iterator[Interval]:
    different = _on(day, rules.exceptions)
    closed = [each for each in different if each.closed]
    opened = len(closed) < len(different)
    if any(each.hours is None for each in closed) or (day in holidays and not opened):
        midnight = _instant(rules.zone, day, time(0))
        yield Interval(midnight, _instant(rules.zone, day + _DAY, time(0)))
    for each in closed:
        if each.hours is not None:
            yield from _interval(rules.zone, day, each.hours)


def _interval(zone: ZoneInfo, day: date, hours: Hours) -> Iterator[Interval]:
    """The hours of one day; none where a clock change leaves nothing of them."""
    ending = day if hours.start < hours.end else day + _DAY
    start, end = _instant(zone, day, hours.start), _instant(zone, ending, hours.end)
    if start < end:
        yield Interval(start, end)


def _instant(zone: ZoneInfo, day: date, clock: time) -> datetime:
    return at_wall_clock(datetime.combine(day, clock), zone)[0].astimezone(UTC)


def _joined(openings: Iterable[Interval]) -> list[Interval]:
    """Openings that overlap as one; those that only touch keep their own beginnings."""
    joined: list[Interval] = []
    for each in sorted(openings):
        if joined and each.start < joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, each.end))
        else:
            joined.append(each)
    return joined


def _slots(rules: Rules, opening: Interval) -> Iterator[Interval]:
    length = rules.slot_minutes * _MINUTE
    between = length
    if rules.align_minutes is None:
        between += (rules.buffer_before + rules.buffer_after) * _MINUTE
    start = _aligned(rules, opening.start)
    while start + length <= opening.end:
        yield Interval(start, start + length)
        start = _aligned(rules, start + between)


def _aligned(rules: Rules, moment: datetime) -> datetime:
    """The first instant from a moment on at which the wall shows a multiple."""
    if rules.align_minutes is None:
        return moment
    guess = moment + -_wall_minute(moment, rules.zone) % rules.align_minutes * _MINUTE
    if _offset(guess, rules.zone) == _offset(moment, rules.zone):
        return guess
    while _wall_minute(moment, rules.zone) % rules.align_minutes:  # a clock change on the way
        moment += _MINUTE
    return moment


def _wall_minute(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    return local.hour * 60 + local.minute


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def overlapping(times: Sequence[Interval], taken: Iterable[Interval]) -> frozenset[int]:
    """Places of the times that any taken time overlaps.

    Args:
        times: Ascending, no two overlap.
        taken: In any order.
    """
    spans = merged(taken)
    ends = [each.end for each in spans]
    found = set()
    for place, each in enumerate(times):
        after = bisect_right(ends, each.start)
        if after < len(spans) and spans[after].start < each.end:
            found.add(place)
    return frozenset(found)
