from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.time import Interval
from fhir_gateway.engines.clinic_time import instant_of, minute_of
from fhir_gateway.engines.slot_search import SlotColumns, SlotSearch, columns, search
from tests.engines.builders import BERLIN, ZONES, at, cases, moments, schedule, slots_at, span

NINE = at("2026-06-15T09:00")
HALF = timedelta(minutes=30)
LONG_AGO = NINE - timedelta(days=30)


def starts(candidates):
    return [instant_of(each) for each in candidates.start]


@st.composite
def searches(draw):
    count = draw(st.integers(1, 3))
    schedules = [
        schedule(
            f"s{index}",
            draw(st.sampled_from(ZONES)),
            buffer_before=draw(st.sampled_from((0, 15))),
            buffer_after=draw(st.sampled_from((0, 15))),
        )
        for index in range(count)
    ]
    anchor = draw(moments())
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, count - 1), st.integers(0, 16), st.sampled_from((15, 30, 45, 60))
            ),
            max_size=25,
        )
    )
    slots = columns(
        (index, span(anchor + timedelta(minutes=15 * place), length), f"slot-{number:02}")
        for number, (index, place, length) in enumerate(rows)
    )
    near = st.integers(-4, 30).map(lambda place: anchor + timedelta(minutes=15 * place))
    busy = draw(
        st.dictionaries(
            st.sampled_from(("Practitioner/a", "Device/d")),
            st.lists(
                st.builds(lambda start: span(start, 30), near),
                max_size=4,
            ),
        )
    )
    own = st.lists(st.builds(lambda start: span(start, 15), near), max_size=3)
    taken = draw(st.dictionaries(st.integers(0, count - 1), own))
    window = draw(st.none() | st.builds(lambda start: span(start, 150), near))
    day = anchor.astimezone(ZoneInfo(schedules[0].zone)).date()
    dates = draw(st.frozensets(st.sampled_from((day, day + timedelta(days=1))), max_size=2))
    wanted = SlotSearch(
        draw(st.sampled_from((15, 30, 45, 60, 90))),
        draw(near),
        window,
        dates,
        draw(st.sampled_from((0, 60))),
        busy,
        taken,
    )
    return slots, schedules, wanted


def chain_exists(slots, row, until):
    """Depth-first over all Slots that start where this one ends."""
    if slots.end[row] >= until:
        return True
    return any(
        chain_exists(slots, other, until)
        for other in range(len(slots.ids))
        if slots.schedule[other] == slots.schedule[row] and slots.start[other] == slots.end[row]
    )


def fits(slots, schedules, wanted, row):
    facts = schedules[slots.schedule[row]]
    start = instant_of(slots.start[row])
    end = start + timedelta(minutes=wanted.duration)
    held = Interval(
        start - timedelta(minutes=facts.buffer_before), end + timedelta(minutes=facts.buffer_after)
    )
    return (
        chain_exists(slots, row, slots.start[row] + wanted.duration)
        and start >= wanted.now + timedelta(minutes=wanted.minimum_notice)
        and (wanted.window is None or wanted.window.contains(Interval(start, end)))
        and (not wanted.dates or start.astimezone(ZoneInfo(facts.zone)).date() in wanted.dates)
        and not any(held.overlaps(each) for times in wanted.busy.values() for each in times)
        and not any(held.overlaps(each) for each in wanted.taken.get(slots.schedule[row], ()))
    )


@cases(200)
@given(searches())
def test_exactly_the_visits_that_fit_are_found(case):
    slots, schedules, wanted = case
    expected = [row for row in range(len(slots.ids)) if fits(slots, schedules, wanted, row)]
    assert search(slots, schedules, wanted).first_slots.tolist() == expected


@cases(100)
@given(searches())
def test_the_slots_of_a_candidate_are_adjacent_and_cover_it(case):
    slots, schedules, wanted = case
    candidates = search(slots, schedules, wanted)
    for place in range(len(candidates)):
        rows = list(candidates.slots_of(place))
        assert slots.start[rows[0]] == candidates.start[place]
        assert slots.end[rows[:-1]].tolist() == slots.start[rows[1:]].tolist()
        assert {int(each) for each in slots.schedule[rows]} == {int(candidates.schedule[place])}
        assert slots.end[rows[-1]] >= candidates.end[place]
        assert all(slots.end[row] < candidates.end[place] for row in rows[:-1])
    assert (candidates.end - candidates.start == wanted.duration).all()


def test_no_slots_give_no_candidates():
    candidates = search(columns([]), [schedule()], SlotSearch(30, NINE))
    assert len(candidates) == 0
    assert candidates.first_slots.tolist() == []


def test_row_s11_nothing_is_offered_before_now_and_the_minimum_notice():
    slots = slots_at(NINE, NINE + HALF, NINE + 2 * HALF)
    now = NINE + timedelta(seconds=1)
    assert starts(search(slots, [schedule()], SlotSearch(30, now)))[0] == NINE + HALF
    assert starts(search(slots, [schedule()], SlotSearch(30, NINE, minimum_notice=60))) == [
        NINE + 2 * HALF
    ]


def test_row_s4_preferred_dates_are_the_days_of_the_clinic():
    late = datetime(2026, 6, 15, 21, 30, tzinfo=UTC)  # half past midnight in Riyadh
    wanted = SlotSearch(30, LONG_AGO, dates=frozenset({date(2026, 6, 16)}))
    assert starts(search(slots_at(late), [schedule()], wanted)) == [late]
    in_utc = SlotSearch(30, LONG_AGO, dates=frozenset({date(2026, 6, 15)}))
    assert len(search(slots_at(late), [schedule()], in_utc)) == 0


def test_a_visit_spans_the_clock_change_by_real_minutes():
    half_past_one = at("2026-03-29T01:30", BERLIN)
    slots = slots_at(half_past_one, half_past_one + HALF)
    candidates = search(slots, [schedule(zone="Europe/Berlin")], SlotSearch(60, half_past_one))
    assert candidates.slots_of(0) == (0, 1)
    assert instant_of(candidates.end[0]).astimezone(BERLIN).hour == 3


def test_adjacent_slots_of_another_schedule_do_not_lengthen_a_visit():
    slots = columns([(0, span(NINE), "a"), (1, span(NINE + HALF), "b")])
    schedules = [schedule("s1"), schedule("s2")]
    assert len(search(slots, schedules, SlotSearch(60, LONG_AGO))) == 0


def test_all_required_actors_have_to_be_free():
    slots = slots_at(NINE, NINE + HALF, NINE + 2 * HALF)
    busy = {"Location/room": [span(NINE)], "Device/mri": [span(NINE + 2 * HALF)]}
    wanted = SlotSearch(30, LONG_AGO, busy=busy)
    assert starts(search(slots, [schedule()], wanted)) == [NINE + HALF]


def test_buffers_stay_clear_of_what_the_people_of_the_schedule_have():
    slots = slots_at(NINE, NINE + HALF)
    wanted = SlotSearch(30, LONG_AGO, taken={0: [span(NINE + 2 * HALF)]})
    assert starts(search(slots, [schedule(buffer_after=10)], wanted)) == [NINE]
    assert len(search(slots, [schedule(buffer_before=10)], wanted)) == 2


def test_an_overlapping_short_slot_hides_no_long_visit():
    slots = columns(
        [(0, span(NINE), "a"), (0, span(NINE + HALF, 15), "b"), (0, span(NINE + HALF, 30), "c")]
    )
    candidates = search(slots, [schedule()], SlotSearch(60, LONG_AGO))
    assert candidates.slots_of(0) == (0, 2)


def test_a_month_of_ten_thousand_slots_is_searched_in_one_pass():
    step = np.arange(10_000, dtype=np.int64)
    start = minute_of(NINE) + 30 * step
    slots = SlotColumns(np.zeros_like(step), start, start + 30, [f"{each:05}" for each in step])
    assert len(search(slots, [schedule()], SlotSearch(90, LONG_AGO))) == 9_998


def test_columns_of_different_lengths_are_refused():
    one = np.zeros(1, dtype=np.int64)
    with pytest.raises(ValueError, match="different lengths"):
        SlotColumns(one, one, one + 30, [])
    with pytest.raises(ValueError, match="after it starts"):
        SlotColumns(one, one, one, ["a"])


def test_a_visit_without_length_is_refused():
    with pytest.raises(ValueError, match="at least a minute"):
        SlotSearch(0, NINE)
