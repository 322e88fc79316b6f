from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.codes import APPOINTMENT_STATUSES
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.conflicts import Engagement, alternatives, clear_of, conflicts
from tests.engines.builders import BERLIN, RIYADH, ZONES, at, cases, moments, span

ACTORS = ("Practitioner/a", "Practitioner/b", "Location/x", "Device/d")
HELD = {"pending", "booked", "arrived", "checked-in", "fulfilled"}


@st.composite
def engagements(draw):
    start = draw(moments())
    return Engagement(
        actor=draw(st.sampled_from(ACTORS)),
        start=start.astimezone(ZoneInfo(draw(st.sampled_from(ZONES)))),
        end=start + timedelta(minutes=draw(st.sampled_from((0, 15, 30, 45, 600)))),
        appointment=draw(st.sampled_from(("1", "2", "3"))),
        status=draw(st.sampled_from((*APPOINTMENT_STATUSES, None))),
    )


def intervals(longest=180):
    return st.builds(
        lambda start, quarters: span(start, 15 * quarters),
        moments(),
        st.integers(1, longest // 15),
    )


@cases(150)
@given(
    st.lists(engagements(), max_size=25),
    st.sets(st.sampled_from(ACTORS)),
    intervals(),
    st.sampled_from((None, "1", "9")),
)
def test_exactly_the_overlaps_of_the_actors_are_found(held, actors, wanted, ignore):
    expected = [
        each
        for each in held
        if each.actor in actors
        and each.status in HELD | {None}
        and each.appointment != ignore
        and each.start.timestamp() < wanted.end.timestamp()
        and each.end.timestamp() > wanted.start.timestamp()
    ]
    found = conflicts(held, actors, wanted, ignore)
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert [each.start.timestamp() for each in found] == sorted(
        each.start.timestamp() for each in found
    )


def test_visits_back_to_back_do_not_conflict():
    ten = at("2026-06-15T10:00")
    before = Engagement("Practitioner/a", ten - timedelta(minutes=30), ten, "1", status="booked")
    after = Engagement("Practitioner/a", ten + timedelta(minutes=30), ten + timedelta(hours=1), "2")
    assert conflicts([before, after], {"Practitioner/a"}, span(ten)) == ()


def test_the_repeated_hour_is_two_hours():
    first = at("2026-10-25T02:30", BERLIN).astimezone(BERLIN)
    second = (first.astimezone(RIYADH) + timedelta(hours=1)).astimezone(BERLIN)
    taken = Engagement("Practitioner/a", first, second, "1", status="booked")
    late = span(first.astimezone(RIYADH) + timedelta(minutes=45), 10)
    assert conflicts([taken], {"Practitioner/a"}, late) == (taken,)


def brute_force(free, original, now, zone, count, days):
    """Each start of a free slot, minute by minute."""
    quarter = timedelta(minutes=15)
    length = original.end.timestamp() - original.start.timestamp()
    cells = {
        each.start.timestamp() + 900 * step
        for each in free
        for step in range(int((each.end.timestamp() - each.start.timestamp()) // 900))
    }
    first = original.start.astimezone(zone).date()
    fitting = []
    for start in {each.start for each in free}:
        needed = {start.timestamp() + 900 * step for step in range(int(length // 900))}
        ahead = (start.astimezone(zone).date() - first).days
        if needed <= cells and 0 <= ahead < days and start >= now:
            fitting.append(start)
    fitting.sort(key=lambda start: (abs(start - original.start), start))
    return [(start, start + quarter * (length // 900)) for start in fitting[:count]]


@cases(200)
@given(
    st.lists(intervals(60), max_size=30),
    intervals(90),
    moments(),
    st.sampled_from(ZONES),
    st.integers(0, 6),
    st.integers(1, 8),
)
def test_alternatives_are_those_of_a_search_cell_by_cell(free, original, now, zone, count, days):
    tz = ZoneInfo(zone)
    offered = alternatives(free, original, now, tz, count, days)
    assert [(each.start, each.end) for each in offered] == brute_force(
        free, original, now, tz, count, days
    )


def test_the_earlier_of_two_equally_near_times_comes_first():
    ten = at("2026-06-15T10:00")
    free = [span(ten + timedelta(minutes=30)), span(ten - timedelta(minutes=30))]
    offered = alternatives(free, span(ten), ten - timedelta(days=1), RIYADH)
    assert [each.start - ten for each in offered] == [
        timedelta(minutes=-30), timedelta(minutes=30),
    ]  # fmt: skip


def test_alternatives_look_at_seven_local_days_and_give_five():
    ten = at("2026-06-15T10:00")
    free = [span(ten + timedelta(days=day)) for day in range(1, 10)]
    offered = alternatives(free, span(ten), ten, RIYADH)
    assert [(each.start - ten).days for each in offered] == [1, 2, 3, 4, 5]
    assert len(alternatives(free, span(ten), ten, RIYADH, count=99)) == 6


def test_a_visit_may_span_adjacent_slots_but_no_gap():
    ten = at("2026-06-15T10:00")
    half = timedelta(minutes=30)
    free = [span(ten + 2 * half), span(ten + 3 * half), span(ten + 5 * half)]
    offered = alternatives(free, span(ten, 60), ten, RIYADH)
    assert [each.start for each in offered] == [ten + 2 * half]


@cases(100)
@given(st.lists(intervals(60), max_size=15), st.lists(intervals(60), max_size=15))
def test_clear_slots_are_those_that_nothing_touches(slots, busy):
    expected = [slot for slot in slots if not any(slot.overlaps(each) for each in busy)]
    assert list(clear_of(slots, busy)) == expected


def test_nothing_is_offered_where_nothing_is_free():
    ten = at("2026-06-15T10:00")
    assert alternatives([], Interval(ten, ten + timedelta(hours=1)), ten, RIYADH) == ()


def test_what_starts_this_moment_is_not_past():
    ten = at("2026-06-15T10:00")
    free = [span(ten), span(ten - timedelta(minutes=30))]
    offered = alternatives(free, span(ten + timedelta(hours=1)), ten, RIYADH)
    assert [each.start for each in offered] == [ten]
