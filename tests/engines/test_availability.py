"""At which times the rules of a Schedule offer Slots, against a walk through every minute."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.time import Interval
from fhir_gateway.engines.availability import (
    DifferentDays,
    Hours,
    Rules,
    Weekly,
    days_of,
    overlapping,
    slot_times,
)
from tests.engines.builders import BERLIN, TURNS, ZONES, cases

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(7))
MONDAY = date(2026, 6, 15)


def hours(start: str, end: str) -> Hours:
    return Hours(time.fromisoformat(start), time.fromisoformat(end))


def rules(*weekly: tuple[str, str], zone: ZoneInfo = BERLIN, **parts) -> Rules:
    found = tuple(Weekly(EVERY_DAY, hours(*each)) for each in weekly)
    return Rules(**{"zone": zone, "slot_minutes": 30, "weekly": found} | parts)


def on(day: date, of: Rules, holidays=frozenset()) -> list[str]:
    """The starts on a day by the clock, with the offset where the day has two."""
    midnights = [datetime.combine(each, time(0), of.zone) for each in (day, day + DAY)]
    times = [
        each.start.astimezone(of.zone) for each in slot_times(of, Interval(*midnights), holidays)
    ]
    return [f"{each:%H:%M}" for each in times]


def test_hours_are_cut_into_slots_and_what_is_left_is_not_offered():
    assert on(MONDAY, rules(("09:00", "10:45"), ("13:00", "14:00"))) == [
        "09:00", "09:30", "10:00", "13:00", "13:30"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, ["09:10", "09:40", "10:10"]),
        ({"buffer_before": 5, "buffer_after": 10}, ["09:10", "09:55"]),
        ({"align_minutes": 15}, ["09:15", "09:45", "10:15"]),
        ({"align_minutes": 20}, ["09:20", "10:00"]),
        ({"align_minutes": 30, "buffer_after": 10}, ["09:30", "10:00"]),
        ({"slot_minutes": 95}, ["09:10"]),
        ({"slot_minutes": 96}, []),
    ],
)
def test_starts_lie_on_multiples_or_follow_each_other_with_their_buffers(parts, expected):
    assert on(MONDAY, rules(("09:10", "10:45"), **parts)) == expected


def test_a_weekday_has_its_own_hours_and_may_have_several():
    week = (
        Weekly(frozenset({0}), hours("09:00", "10:00")),
        Weekly(frozenset({0, 1}), hours("13:00", "13:30")),
    )
    mine = rules(weekly=week)
    assert [len(on(MONDAY + n * DAY, mine)) for n in range(7)] == [3, 1, 0, 0, 0, 0, 0]


def test_hours_that_overlap_are_joined_and_hours_that_touch_begin_anew():
    assert on(MONDAY, rules(("09:00", "10:00"), ("09:40", "10:40"))) == ["09:00", "09:30", "10:00"]
    assert on(MONDAY, rules(("09:00", "09:50"), ("09:50", "10:20"))) == ["09:00", "09:50"]


def test_hours_may_go_on_past_midnight():
    night = rules(weekly=(Weekly(frozenset({0}), hours("23:00", "01:00")),))
    assert on(MONDAY, night) == ["23:00", "23:30"]
    assert on(MONDAY + DAY, night) == ["00:00", "00:30"]


def test_rules_hold_from_their_first_day_to_their_last():
    mine = rules(("09:00", "09:30"), first=MONDAY + DAY, last=MONDAY + 2 * DAY)
    assert [bool(on(MONDAY + n * DAY, mine)) for n in range(4)] == [False, True, True, False]


CLOSED = DifferentDays(MONDAY, MONDAY, closed=True)
LUNCH = DifferentDays(MONDAY, MONDAY, closed=True, hours=hours("09:40", "10:00"))
LATE = DifferentDays(MONDAY, MONDAY, closed=False, hours=hours("18:00", "19:00"))


@pytest.mark.parametrize(
    ("exceptions", "holiday", "expected"),
    [
        ((), False, ["09:00", "09:30", "10:00"]),
        ((), True, []),
        ((CLOSED,), False, []),
        ((LUNCH,), False, ["09:00", "10:00"]),
        ((LATE,), False, ["18:00", "18:30"]),
        ((LATE,), True, ["18:00", "18:30"]),
        ((LATE, CLOSED), False, []),
        ((LATE, DifferentDays(MONDAY, MONDAY, closed=False, hours=hours("09:00", "09:30"))), False,
         ["09:00", "18:00", "18:30"]),
        ((LUNCH,), True, []),
    ],
)  # fmt: skip
def test_days_that_differ_go_before_holidays_and_holidays_before_the_week(
    exceptions, holiday, expected
):
    mine = rules(("09:00", "10:30"), exceptions=exceptions)
    assert on(MONDAY, mine, frozenset({MONDAY}) if holiday else frozenset()) == expected


def test_a_closed_day_also_ends_the_night_before():
    night = rules(("23:00", "01:00"), exceptions=(DifferentDays(MONDAY, MONDAY, closed=True),))
    assert on(MONDAY, night) == []
    assert on(MONDAY - DAY, night) == ["00:00", "00:30", "23:00", "23:30"]


@pytest.mark.parametrize(
    ("day", "opening", "expected"),
    [
        # 29 March 2026: 02:00 is 03:00. What begins in the gap moves forward by it.
        ("2026-03-29", ("01:00", "04:00"), ["01:00", "01:30", "03:00", "03:30"]),
        ("2026-03-29", ("02:30", "04:30"), ["03:30", "04:00"]),
        ("2026-03-29", ("01:00", "02:30"), ["01:00", "01:30", "03:00"]),
        ("2026-03-29", ("02:30", "03:30"), []),
        # 25 October 2026: 03:00 is 02:00 again.
        ("2026-10-25", ("01:30", "03:30"), ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]),
        ("2026-10-25", ("02:00", "03:00"), ["02:00", "02:30", "02:00", "02:30"]),
        ("2026-10-25", ("09:00", "10:00"), ["09:00", "09:30"]),
    ],
)  # fmt: skip
def test_the_wall_counts_also_where_an_hour_is_skipped_or_repeated(day, opening, expected):
    assert on(date.fromisoformat(day), rules(opening)) == expected


def test_which_slots_there_are_does_not_depend_on_the_span_looked_at():
    mine = rules(("09:10", "17:00"), buffer_after=5)
    noon = datetime(2026, 6, 15, 10, tzinfo=UTC)
    whole = slot_times(mine, Interval(noon, noon + 10 * DAY))
    part = slot_times(mine, Interval(noon + 3 * DAY, noon + 4 * DAY))
    inside = Interval(noon + 3 * DAY, noon + 4 * DAY)
    assert part == tuple(each for each in whole if inside.contains(each))


def test_days_are_those_whose_hours_may_reach_into_the_span():
    mine = rules(last=MONDAY)
    noon = datetime(2026, 6, 15, 12, tzinfo=UTC)
    assert days_of(mine, Interval(noon, noon + 3 * DAY)) == (MONDAY - DAY, MONDAY)


# The oracle: one minute after the other, in minutes from the first of seven days.


@lru_cache
def walls(zone: ZoneInfo, first: date) -> tuple[datetime, ...]:
    """What the wall shows at each minute (UTC) of the week around a day."""
    start = datetime.combine(first - 3 * DAY, time(0), UTC)
    return tuple((start + n * MINUTE).astimezone(zone) for n in range(7 * 1440))


@lru_cache
def shown(zone: ZoneInfo, first: date) -> dict[datetime, int]:
    """When the wall shows it for the first time."""
    each = [wall.replace(tzinfo=None) for wall in walls(zone, first)]
    return {wall: n for n, wall in reversed(list(enumerate(each)))}


def minute(zone: ZoneInfo, first: date, day: date, wall: time) -> int:
    """The first minute at which the wall shows it; where it never does, later by the gap."""
    wanted, found = datetime.combine(day, wall), shown(zone, first)
    return found[wanted] if wanted in found else found[wanted - 4 * 60 * MINUTE] + 4 * 60


def walked(of: Rules, first: date, holidays: frozenset[date]) -> list[int]:
    """Starts of Slots by the rules' words, minute by minute."""

    def stretch(day: date, each: Hours) -> set[int]:
        until = day if each.start < each.end else day + DAY
        return set(
            range(minute(of.zone, first, day, each.start), minute(of.zone, first, until, each.end))
        )

    opened: list[set[int]] = []
    shut: set[int] = set()
    for day in [first + n * DAY for n in range(-1, 3)]:
        differs = [each for each in of.exceptions if each.first <= day <= each.last]
        opening = [each.hours for each in differs if not each.closed]
        week = [each.hours for each in of.weekly if day.weekday() in each.days]
        holiday = day in holidays and not opening
        if holiday or any(each.closed and each.hours is None for each in differs):
            shut |= {n for n, wall in enumerate(walls(of.zone, first)) if wall.date() == day}
        for each in differs:
            shut |= stretch(day, each.hours) if each.closed and each.hours else set()
        opened += [stretch(day, each) for each in opening or (week if not holiday else [])]
    starts: list[int] = []
    step = of.slot_minutes + (0 if of.align_minutes else of.buffer_before + of.buffer_after)
    for each in joined_sets([each for each in opened if each]):
        now, end = min(each), max(each) + 1
        while now + of.slot_minutes <= end:
            local = walls(of.zone, first)[now]
            if (local.hour * 60 + local.minute) % (of.align_minutes or 1):
                now += 1
                continue
            starts += [now] if not shut & set(range(now, now + of.slot_minutes)) else []
            now += step
    return sorted(starts)


def joined_sets(stretches: list[set[int]]) -> list[set[int]]:
    joined: list[set[int]] = []
    for each in sorted(stretches, key=min):
        if joined and joined[-1] & each:
            joined[-1] |= each
        else:
            joined.append(set(each))
    return joined


QUARTERS = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))
HOURS = (
    st.tuples(QUARTERS, QUARTERS).filter(lambda pair: pair[0] != pair[1]).map(lambda p: Hours(*p))
)


@st.composite
def random_rules(draw, first: date, zone: ZoneInfo) -> Rules:
    weekdays = st.frozensets(st.integers(0, 6), min_size=1)
    changes = st.builds(
        lambda start, length, closed, when: DifferentDays(
            first + start * DAY, first + (start + length) * DAY, closed or when is None, when
        ),
        st.integers(-1, 2), st.integers(0, 1), st.booleans(), st.none() | HOURS,
    )  # fmt: skip
    return Rules(
        zone,
        slot_minutes=draw(st.sampled_from([10, 25, 30, 45, 90])),
        align_minutes=draw(st.sampled_from([None, 15, 20, 60, 240])),
        buffer_before=draw(st.sampled_from([0, 5])),
        buffer_after=draw(st.sampled_from([0, 10])),
        weekly=tuple(draw(st.lists(st.builds(Weekly, weekdays, HOURS), max_size=3))),
        exceptions=tuple(draw(st.lists(changes, max_size=2))),
    )


@cases(60)
@given(st.data(), st.sampled_from(TURNS), st.sampled_from(ZONES))
def test_the_slots_are_those_of_a_walk_through_every_minute(data, turn, name):
    zone, first = ZoneInfo(name), date.fromisoformat(turn)
    mine = data.draw(random_rules(first, zone))
    holidays = data.draw(st.frozensets(st.sampled_from([first, first + DAY]), max_size=1))
    span = Interval(
        datetime.combine(first, time(0), zone), datetime.combine(first + 2 * DAY, time(0), zone)
    )
    zero = datetime.combine(first - 3 * DAY, time(0), UTC)
    length = mine.slot_minutes * MINUTE
    times = [zero + n * MINUTE for n in walked(mine, first, holidays)]
    expected = [each for each in times if span.start <= each and each + length <= span.end]
    assert [each.start for each in slot_times(mine, span, holidays)] == expected


@cases(60)
@given(
    st.lists(st.integers(0, 40), unique=True),
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30))),
)
def test_what_is_taken_is_found_wherever_it_overlaps(starts, taken):
    zero = datetime(2026, 1, 1, tzinfo=UTC)
    times = [Interval(zero + n * 5 * MINUTE, zero + (n * 5 + 5) * MINUTE) for n in sorted(starts)]
    spans = [Interval(zero + a * MINUTE, zero + (a + n) * MINUTE) for a, n in taken]
    expected = {place for place, each in enumerate(times) if any(each.overlaps(o) for o in spans)}
    assert overlapping(times, spans) == expected
