"""Nothing is known before it has happened."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.no_show_history import histories
from tests.engines.builders import cases

_VISIT = st.tuples(
    st.integers(0, 2),  # patient
    st.integers(-3, 8),  # day
    st.integers(-40, 80).map(lambda tenth: tenth / 10),  # booked
    st.sampled_from([0.0, 1.0, float("nan")]),
)


def columns(visits):
    patient, day, booked, missed = zip(*visits, strict=True)
    return (
        np.array(patient, dtype=np.int64),
        np.array(day, dtype=np.int64),
        np.array(booked, dtype=np.float64),
        np.array(missed, dtype=np.float64),
    )


def one_by_one(visits, index):
    """What was known of one, looked up in the whole list."""
    patient, day, booked, _ = visits[index]
    known = [
        (each[1], place, each[3])
        for place, each in enumerate(visits)
        if each[0] == patient and each[1] < min(np.floor(booked), day) and not np.isnan(each[3])
    ]
    last = max(known, default=(0, 0, None))[2]
    beside = sum(
        (each[2], place) < (booked, index)
        for place, each in enumerate(visits)
        if each[:2] == (patient, day)
    )
    return len(known), sum(each[2] for each in known), last, beside


@cases(200)
@given(st.lists(_VISIT, min_size=1, max_size=12))
def test_the_history_is_what_a_search_through_all_visits_finds(visits):
    found = histories(*columns(visits))
    for index in range(len(visits)):
        last = found.last_missed[index]
        assert (
            found.seen[index],
            found.missed[index],
            None if np.isnan(last) else last,
            found.beside[index],
        ) == one_by_one(visits, index)


def test_an_outcome_counts_from_the_day_after():
    first = (0, 5, 1.0, 1.0)
    found = histories(*columns([first, (0, 9, 5.9, 0.0), (0, 9, 6.0, 0.0)]))
    assert found.seen.tolist() == [0, 0, 1]
    assert found.last_missed[2] == 1


def test_what_is_booked_late_does_not_know_its_own_outcome():
    found = histories(*columns([(0, 5, 9.0, 1.0), (0, 5, 5.0, 1.0), (0, 4, 1.0, 1.0)]))
    assert found.seen.tolist() == [1, 1, 0]


def test_no_visits_have_no_history():
    nothing = np.empty(0)
    found = histories(nothing.astype(np.int64), nothing.astype(np.int64), nothing, nothing)
    assert found.seen.tolist() == []
