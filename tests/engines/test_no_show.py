from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.no_show import (
    NoShowFacts,
    best_probabilities,
    best_terms,
    past_rate,
    plan_probability,
    predict,
)
from tests.engines.builders import BERLIN, RIYADH, at, cases

NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)
TUESDAY_NOON = at("2026-06-16T12:00")


def literal(rate, weekday, hour):
    """The owner's rule, in fractions."""
    if rate is None:
        return Fraction(15, 100)
    base_prob = Fraction(rate) / 100
    if hour < 8:
        base_prob *= Fraction(13, 10)
    if weekday == 0:
        base_prob *= Fraction(12, 10)
    if weekday == 4 and hour >= 14:
        base_prob *= Fraction(115, 100)
    return min(base_prob, Fraction(1))


@cases(200)
@given(st.none() | st.decimals(0, 100, places=2), st.integers(0, 6), st.integers(0, 23))
def test_plan_is_the_owners_rule(rate, weekday, hour):
    assert Fraction(plan_probability(rate, weekday, hour).probability) == literal(
        rate, weekday, hour
    )


@pytest.mark.parametrize("weekday", range(7))
@pytest.mark.parametrize("hour", range(24))
def test_plan_is_the_owners_rule_at_every_hour_of_the_week(weekday, hour):
    probability = plan_probability(Decimal(10), weekday, hour).probability
    assert Fraction(probability) == literal(10, weekday, hour)


def test_row_s3_a_new_patient_has_no_multiplier():
    monday_seven = at("2026-06-15T07:00")
    assert predict("plan", NoShowFacts(), monday_seven, NOW, RIYADH).probability == Decimal("0.15")


def test_multipliers_stack_and_the_cap_comes_last():
    prediction = plan_probability(Decimal(80), 0, 7)
    assert prediction.probability == 1
    assert [part.code for part in prediction.parts] == ["history", "early", "monday"]
    assert plan_probability(Decimal(50), 0, 7).probability == Decimal("0.78")


def test_row_s4_the_hour_is_the_clinics_on_both_sides_of_a_clock_change():
    facts = NoShowFacts(rate=Decimal(10))
    for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"):
        early = predict("plan", facts, at(f"{day}T07:59", BERLIN), NOW, BERLIN)
        later = predict("plan", facts, at(f"{day}T08:00", BERLIN), NOW, BERLIN)
        assert (early.probability, later.probability) == (Decimal("0.13"), Decimal("0.10"))


def test_row_s2_the_rate_counts_past_starts_and_leaves_out_what_was_never_booked():
    past = NOW - timedelta(days=1)
    history = [
        ("noshow", past), ("fulfilled", past), ("cancelled", past),
        ("proposed", past), ("waitlist", past), ("entered-in-error", past),
        ("booked", NOW + timedelta(days=1)), ("noshow", NOW),
    ]  # fmt: skip
    assert past_rate(history, NOW) == Decimal("33.33")


def test_row_s3_only_future_bookings_make_no_rate():
    assert past_rate([("booked", NOW + timedelta(hours=1))], NOW) is None


def test_without_any_knowledge_the_model_says_the_clinics_rate_a_week_ahead():
    prediction = predict(
        "best", NoShowFacts(), NOW.replace(hour=9) + timedelta(days=8), NOW, RIYADH
    )
    assert prediction.probability == pytest.approx(Decimal("0.15"), abs=Decimal("0.01"))
    assert prediction.parts[0].code == "base-rate"


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (NoShowFacts(missed=3, attended=1), NoShowFacts(missed=1, attended=3)),
        (NoShowFacts(), NoShowFacts(attended=5)),
        (NoShowFacts(missed=1), NoShowFacts()),
        (NoShowFacts(age=22), NoShowFacts(age=45)),
        (NoShowFacts(age=45), NoShowFacts(age=70)),
        (NoShowFacts(base_rate=0.3), NoShowFacts(base_rate=0.1)),
    ],
)
def test_the_model_leans_the_way_that_the_published_ones_do(more, less):
    risks = [
        predict("best", facts, TUESDAY_NOON, NOW, RIYADH).probability for facts in (more, less)
    ]
    assert risks[0] > risks[1]


def test_history_is_shrunk_towards_the_clinics_rate():
    once = predict("best", NoShowFacts(missed=1), TUESDAY_NOON, NOW, RIYADH).probability
    often = predict("best", NoShowFacts(missed=10), TUESDAY_NOON, NOW, RIYADH).probability
    assert once < Decimal("0.4") < often < 1


def test_a_visit_today_is_safer_than_one_tomorrow_and_one_next_month_is_not():
    leads = np.array([0.2, 1.0, 7.0, 30.0])
    same = np.full(4, 2, dtype=np.int64)
    risks = best_probabilities(NoShowFacts(), leads, same, np.full(4, 11, dtype=np.int64))
    assert risks.tolist() == sorted(risks.tolist())
    assert risks[0] < 0.07


def test_the_probability_is_the_logistic_of_the_sum_of_the_parts():
    prediction = predict(
        "best", NoShowFacts(missed=1, attended=2, age=25), TUESDAY_NOON, NOW, RIYADH
    )
    odds = sum(part.effect for part in prediction.parts)
    assert float(prediction.probability) == pytest.approx(1 / (1 + np.exp(-odds)), abs=5e-5)


def test_one_prediction_is_the_same_alone_and_among_many():
    facts = NoShowFacts(missed=1, attended=2)
    alone = predict("best", facts, TUESDAY_NOON, NOW, RIYADH).probability
    lead = (TUESDAY_NOON - NOW) / timedelta(days=1)
    many = best_probabilities(facts, np.array([3.0, lead]), np.array([0, 1]), np.array([9, 12]))
    assert float(alone) == pytest.approx(many[1], abs=5e-5)


def test_a_start_in_the_past_has_no_lead():
    late = predict("best", NoShowFacts(), NOW - timedelta(days=2), NOW, RIYADH)
    assert late.probability < Decimal("0.1")


def test_extreme_rates_stay_finite():
    facts = NoShowFacts(attended=500, base_rate=0.0)
    terms = best_terms(facts, np.array([1.0]), np.array([0]), np.array([9]))
    assert all(np.isfinite(term).all() for term in terms.values())
