"""Figures by hand and by definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.no_show_judge import (
    auc,
    by_group,
    calibration_error,
    figures,
    recall_at,
)
from tests.engines.builders import cases

_JUDGED = st.lists(
    st.tuples(st.integers(0, 10).map(lambda tenth: tenth / 10), st.integers(0, 1)),
    min_size=2,
    max_size=30,
)


def arrays(pairs):
    chance, missed = zip(*pairs, strict=True)
    return np.array(chance, dtype=float), np.array(missed, dtype=float)


def every_pair(chance, missed):
    wins = [
        (high > low) + (high == low) / 2
        for high, was_missed in zip(chance, missed, strict=True)
        for low, other in zip(chance, missed, strict=True)
        if was_missed and not other
    ]
    return sum(wins) / len(wins) if wins else None


@cases(100)
@given(_JUDGED)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs):
    chance, missed = arrays(pairs)
    assert auc(chance, missed) == pytest.approx(every_pair(chance, missed))


@cases(100)
@given(_JUDGED, st.floats(0, 1))
def test_recall_is_that_of_calling_in_random_order_among_equals(pairs, budget):
    chance, missed = arrays(pairs)
    found = recall_at(chance, missed, budget)
    assert found is None or 0 <= found <= 1 + 1e-12
    assert recall_at(np.full(len(missed), 0.5), missed, budget) == (
        pytest.approx(budget) if missed.any() else None
    )


def test_recall_counts_those_at_highest_risk():
    chance, missed = arrays([(0.9, 1), (0.8, 0), (0.4, 1), (0.4, 0), (0.1, 0)])
    assert recall_at(chance, missed, 0.2) == 0.5
    assert recall_at(chance, missed, 0.6) == pytest.approx(0.75)
    assert recall_at(chance, missed, 1.0) == 1


def test_a_constant_has_no_skill_and_a_prophet_has_all():
    missed = np.array([1.0, 0, 0, 0])
    constant = figures(np.full(4, 0.25), missed, 0.25, 0.2)
    assert (constant.auc, constant.skill, constant.accuracy) == (0.5, 0, 0.75)
    prophet = figures(missed, missed, 0.25, 0.25)
    assert (prophet.auc, prophet.skill, prophet.recall, prophet.brier) == (1, 1, 1, 0)


def test_the_calibration_error_is_the_distance_between_told_and_true():
    told = np.r_[np.full(100, 0.1), np.full(100, 0.5)]
    true = np.r_[np.ones(20), np.zeros(80), np.ones(40), np.zeros(60)]
    shuffled = np.random.default_rng(1).permutation(200)
    assert calibration_error(told, told) == 0
    assert calibration_error(told[shuffled], true[shuffled]) >= 0.1 - 1e-12


def test_where_nobody_was_missed_there_is_no_ranking_to_judge():
    judged = figures(np.full(3, 0.2), np.zeros(3), 0.2, 0.2)
    assert (judged.auc, judged.recall, judged.missed) == (None, None, 0)


def test_groups_are_told_with_what_was_true_of_them():
    told = by_group(
        np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1, 0, 1]),
        np.array([0.0, 1, np.nan, 1]), np.array([17.0, 18, 40, 90]),
    )  # fmt: skip
    assert [(each.name, each.count) for each in told] == [
        ("female", 1), ("male", 2), ("0 to 17 years", 1), ("18 to 29 years", 1),
        ("30 to 44 years", 1), ("65 years and over", 1), ("sex or age unknown", 1),
    ]  # fmt: skip
    assert (told[1].told, told[1].true) == (pytest.approx(0.3), 1)
