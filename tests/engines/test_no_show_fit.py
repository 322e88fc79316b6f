"""What is learnt from visits, and what of it is told."""

import json
import time

import numpy as np
import pytest

from fhir_gateway.engines.no_show_features import (
    FEATURES,
    PARTS,
    SCHEME,
    Visits,
    logit,
    matrix,
)
from fhir_gateway.engines.no_show_fit import enough, fit, recentred
from fhir_gateway.engines.no_show_judge import auc
from fhir_gateway.engines.no_show_model import (
    USUAL_RATE,
    clinic_rate,
    cold_start,
    logistic,
    read_model,
)
from tests.engines.visits import TRUE, outcomes, some_visits, the_truth

MANY = some_visits(40_000)
MISSED = outcomes(MANY)
SAME_DAY = np.zeros(len(MANY), dtype=np.int64)
FITTED = fit(MANY, MISSED, SAME_DAY, "1")


def coefficient(model, name):
    return model.coefficients[FEATURES.index(name)]


@pytest.mark.parametrize("name", ["male", "reminded", "history"])
def test_the_coefficients_that_made_the_outcomes_are_found(name):
    assert coefficient(FITTED, name) == pytest.approx(TRUE[name], abs=0.15)


def test_what_is_learnt_ranks_as_well_as_the_truth():
    unseen = some_visits(20_000, seed=7)
    missed = outcomes(unseen, seed=8)
    learnt, true = (auc(each.probabilities(unseen), missed) for each in (FITTED, the_truth()))
    assert learnt > true - 0.005


def test_the_fit_is_where_the_penalised_likelihood_is_flat():
    visits, missed = MANY.at(slice(0, 800)), MISSED[:800]
    model = fit(visits, missed, SAME_DAY[:800], "1")  # all are recent: nothing is re-centred
    columns = matrix(visits, float(missed.mean()))
    spread = columns.std(axis=0)
    spread[spread < 1e-9] = 1.0
    standard = (columns - columns.mean(axis=0)) / spread
    slopes = model.coefficients * spread
    chance = logistic(model.intercept + standard @ slopes)
    assert standard.T @ (missed - chance) == pytest.approx(slopes, abs=1e-4)
    assert (missed - chance).sum() == pytest.approx(0, abs=1e-4)


def test_unknown_values_have_no_effect_and_do_not_spoil_the_fit():
    age = MANY.age.copy()
    age[::2] = np.nan
    gaps = Visits(**{name: getattr(MANY, name) for name in Visits.__slots__} | {"age": age})
    model = fit(gaps, MISSED, SAME_DAY, "1")
    assert np.isfinite(model.coefficients).all()
    assert model.parts(gaps)["age"][::2].tolist() == [0.0] * 20_000


def test_the_intercept_follows_the_last_ten_days():
    day = np.arange(len(MANY)) // 400  # 100 days
    worse = MISSED.copy()
    worse[day >= 90] = 1.0 * (np.random.default_rng(3).random((day >= 90).sum()) < 0.4)
    model = fit(MANY, worse, day, "1")
    told = model.probabilities(MANY)
    assert told[day >= 90].mean() == pytest.approx(worse[day >= 90].mean(), abs=0.01)
    assert told[day < 90].mean() > worse[day < 90].mean() + 0.1


def test_a_few_recent_visits_move_little():
    assert abs(recentred(np.full(3, -1.4), np.ones(3))) < 0.1
    assert recentred(np.empty(0), np.empty(0)) == 0.0


def test_the_parts_sum_to_the_log_odds_and_each_is_told():
    parts = FITTED.parts(MANY)
    assert tuple(parts) == ("base-rate", *PARTS)
    assert sum(parts.values()) == pytest.approx(FITTED.log_odds(MANY))


def test_a_model_is_the_same_after_it_was_written_and_read():
    read = read_model(json.loads(json.dumps(FITTED.written())))
    assert read is not None
    assert read.version == "1"
    assert read.probabilities(MANY).tolist() == FITTED.probabilities(MANY).tolist()


def test_a_model_of_other_columns_is_not_read():
    assert read_model(FITTED.written() | {"scheme": SCHEME + 1}) is None


@pytest.mark.parametrize("missed", [np.zeros(50), np.ones(50), np.empty(0)])
def test_nothing_is_learnt_from_one_outcome(missed):
    visits = MANY.at(slice(0, len(missed)))
    with pytest.raises(ValueError, match="both outcomes"):
        fit(visits, missed, SAME_DAY[: len(missed)], "1")


@pytest.mark.parametrize(
    ("count", "missed", "is_enough"),
    [(1000, 100, True), (999, 100, False), (1000, 99, False), (1000, 901, False)],
)
def test_too_few_visits_are_not_learnt_from(count, missed, is_enough):
    assert enough(np.r_[np.ones(missed), np.zeros(count - missed)]) == is_enough


def test_a_clinics_rate_needs_visits_to_be_believed():
    assert clinic_rate(0, 0) == USUAL_RATE
    assert clinic_rate(2, 0) < 0.2
    assert clinic_rate(300, 700) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_extreme_rates_stay_finite(rate):
    few = MANY.at(slice(0, 10))
    assert np.isfinite(cold_start(rate).log_odds(few)).all()
    assert logit(rate) == pytest.approx(logit(1 - rate) * -1)


def test_a_prediction_takes_less_than_ten_microseconds_of_cpu():
    model, visits = cold_start(), some_visits(10_000)
    model.probabilities(visits)
    begun = time.process_time()
    model.probabilities(visits)
    assert (time.process_time() - begun) / len(visits) < 10e-6
