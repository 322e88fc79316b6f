"""Many patients and many times at once, against every way there is."""

from datetime import timedelta
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.assignment import apart, assign, served_first
from fhir_gateway.engines.slot_search import NONE, columns
from tests.engines.builders import at, cases, found, schedule, slots_at, span


@st.composite
def rooms(draw):
    patients, times = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    cells = patients * times
    values = draw(st.lists(st.integers(0, 10_000), min_size=cells, max_size=cells))
    allowed = draw(st.lists(st.booleans(), min_size=cells, max_size=cells))
    shape = (patients, times)
    return np.array(values, np.int64).reshape(shape), np.array(allowed, np.bool_).reshape(shape)


def every_way(allowed):
    """All assignments: for each patient a time or NONE."""
    patients, times = allowed.shape
    choices = [*range(times), *[NONE - n for n in range(patients)]]
    for way in set(permutations(choices, patients)):
        ways = tuple(max(NONE, each) for each in way)
        if all(each == NONE or allowed[who, each] for who, each in enumerate(ways)):
            yield ways


@cases(80)
@given(rooms())
def test_nobody_is_left_out_for_somebody_who_needs_it_less_and_the_sum_is_the_highest(case):
    values, allowed = case
    given_out = assign(values, allowed).tolist()
    ways = list(every_way(allowed))
    served = max(tuple(each != NONE for each in way) for way in ways)
    sums = [
        sum(values[who, time] for who, time in enumerate(way) if time != NONE)
        for way in ways
        if tuple(each != NONE for each in way) == served
    ]
    assert tuple(each != NONE for each in given_out) == served
    assert sum(values[who, time] for who, time in enumerate(given_out) if time != NONE) == max(sums)
    assert tuple(given_out) in ways
    assert sum(served) == max(sum(each != NONE for each in way) for way in ways)


def test_the_neediest_keeps_the_only_time_whatever_it_is_worth_to_others():
    values, allowed = np.array([[1], [9_999]]), np.ones((2, 1), dtype=np.bool_)
    assert assign(values, allowed).tolist() == [0, NONE]


def test_a_patient_with_one_time_is_served_by_moving_one_with_two():
    allowed = np.array([[True, True], [True, False]])
    assert served_first(allowed).tolist() == [0, 1]
    assert assign(np.array([[100, 1], [1, 1]]), allowed).tolist() == [1, 0]


def test_two_hundred_patients_and_two_thousand_times_are_settled():
    values = np.random.default_rng(1).integers(0, 10_000, (200, 2_000))
    chosen = assign(values, np.ones_like(values, dtype=np.bool_))
    assert len(set(chosen.tolist())) == 200
    assert values[np.arange(200), chosen].min() > 9_000


@pytest.mark.parametrize(("buffer", "kept"), [(0, [0, 2]), (15, [0, 3])])
def test_times_that_are_given_away_do_not_overlap_nor_their_buffers(buffer, kept):
    mine, now = [schedule(buffer_after=buffer)], at("2026-01-01T09:00")
    starts = [now + timedelta(minutes=30 * n) for n in range(5)]
    times = found(slots_at(*starts), mine, now, duration=60)
    assert apart(times, mine).tolist() == kept
    assert apart(times, mine, most=1).tolist() == [0]


def test_each_practitioner_has_times_of_their_own():
    now = at("2026-01-01T09:00")
    both = [schedule(), schedule("s2", practitioner="Practitioner/b")]
    rows = [(place, span(now), f"slot-{place}") for place in (0, 1)]
    assert len(apart(found(columns(rows), both, now), both)) == 2
