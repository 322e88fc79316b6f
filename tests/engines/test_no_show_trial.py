"""Learnt from the earlier visits, judged on the later ones."""

from dataclasses import replace

import numpy as np
import pytest

from fhir_gateway.engines.no_show_trial import AHEAD, ALL, cases, last_learnt_day, trial
from tests.engines.visits import a_clinic


def judged(count):
    all_ = cases(a_clinic(count))
    last = last_learnt_day(all_.day)
    return trial(all_.at(all_.day <= last), all_.at(all_.day > last))


def test_what_is_learnt_beats_the_constant_the_plan_and_the_cold_start():
    result = judged(8000)
    assert not result.model.cold
    skills = {
        each: result.figures(each).skill for each in ("constant", "plan", "cold-start", "best")
    }
    assert max(skills, key=skills.get) == "best"
    assert skills["constant"] == 0 > skills["plan"]
    assert result.figures("best", AHEAD).count < result.figures("best", ALL).count
    assert result.learnt[0] + result.tested[0] == 8000
    assert result.learnt[2] < result.tested[1]


def test_with_too_few_visits_best_is_the_cold_start():
    result = judged(900)
    assert result.model.cold
    assert result.figures("best") == result.figures("cold-start")


def test_visits_of_one_outcome_are_judged_without_a_model():
    all_ = cases(replace(a_clinic(200), missed=np.zeros(200)))
    result = trial(all_, all_)
    assert result.figures("best").auc is None
    assert result.figures("constant").brier == 0


def test_a_part_in_which_there_is_nothing_is_left_out():
    booked = a_clinic(50)
    same_day = cases(replace(booked, booked=booked.day + 0.3))
    assert {each.part for each in trial(same_day, same_day).judged} == {ALL}


@pytest.mark.parametrize(
    ("counts", "last"),
    [([70, 30], 0), ([40, 30, 30], 1), ([1, 99], 0), ([99, 1], 0), ([100], 0)],
)
def test_the_last_day_to_learn_from_is_where_seventy_percent_are_over(counts, last):
    assert last_learnt_day(np.repeat(np.arange(len(counts)), counts)) == last


def test_an_unknown_booking_looks_back_from_the_day_itself_and_has_no_lead():
    booked = replace(
        a_clinic(3),
        patient=np.zeros(3, dtype=np.int64),
        day=np.array([5, 7, 9]),
        booked=np.full(3, np.nan),
        missed=np.array([1.0, 0.0, np.nan]),
    )
    found = cases(booked)
    assert found.visits.seen.tolist() == [0, 1, 2]
    assert np.isnan(found.visits.lead).all()
    assert np.isnan(found.rate[0])
    assert found.rate[1:].tolist() == [100, 50]


def test_row_s2_plan_counts_what_best_does_not():
    booked = replace(
        a_clinic(3),
        patient=np.zeros(3, dtype=np.int64),
        day=np.array([5, 6, 9]),
        booked=np.array([1.0, 1.0, 8.0]),
        missed=np.array([1.0, np.nan, np.nan]),  # the second was cancelled
    )
    found = cases(booked)
    assert (found.visits.seen[2], found.visits.missed[2]) == (1, 1)
    assert found.rate[2] == 50
