"""The owner's rule literally, and one appointment as the model sees it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.clinic_time import day_number
from fhir_gateway.engines.no_show import (
    plan_probabilities,
    plan_probability,
    predict,
    slot_risks,
)
from fhir_gateway.engines.no_show_facts import NoShowFacts, Planned, past_rate
from fhir_gateway.engines.no_show_model import cold_start
from tests.engines.builders import BERLIN, RIYADH, at, cases

NOW = datetime(2026, 6, 1, 6, tzinfo=UTC)
TUESDAY_NOON = at("2026-06-16T12:00")
MODEL = cold_start()


def best(facts, start=TUESDAY_NOON, now=NOW, zone=RIYADH, **planned):
    return predict("best", facts, Planned(start, now, **planned), zone, MODEL)


def plan(facts, start, zone):
    return predict("plan", facts, Planned(start, NOW), zone, MODEL).probability


def literal(rate, weekday, hour):
    """The owner's rule as written, with row S1 settled, in fractions."""
    if rate is None:  # no SchedulingPreference
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
    expected = literal(rate, weekday, hour)
    assert Fraction(plan_probability(rate, weekday, hour).probability) == expected
    number = np.nan if rate is None else float(rate)
    many = plan_probabilities(np.array([number]), np.array([weekday]), np.array([hour]))
    assert many[0] == pytest.approx(float(expected))


@pytest.mark.parametrize("weekday", range(7))
def test_plan_is_the_owners_rule_at_every_hour_of_the_week(weekday):
    found = [plan_probability(Decimal(10), weekday, hour).probability for hour in range(24)]
    assert found == [literal(10, weekday, hour) for hour in range(24)]


def test_plan_multiplies_nothing_for_an_hour_that_is_not_known():
    known = plan_probabilities(np.array([20.0]), np.array([4.0]), np.array([np.nan]))
    assert known[0] == pytest.approx(0.2)


@pytest.mark.parametrize("rate", ["0", "33.33", "66.67", "100"])
def test_row_s1_a_rate_is_a_percentage_and_never_multiplied_by_100_again(rate):
    wednesday_noon = plan_probability(Decimal(rate), 2, 12)
    assert wednesday_noon.probability == Decimal(rate) / 100


def test_row_s2_plan_counts_past_starts_and_leaves_out_what_was_never_booked():
    past = NOW - timedelta(days=1)
    history = [
        ("noshow", past), ("fulfilled", past), ("cancelled", past),
        ("proposed", past), ("waitlist", past), ("entered-in-error", past),
        ("booked", NOW + timedelta(days=1)), ("noshow", NOW),
    ]  # fmt: skip
    assert past_rate(history, NOW) == Decimal("33.33")


def test_row_s3_a_new_patient_has_no_multiplier():
    monday_seven = at("2026-06-15T07:00")
    assert plan(NoShowFacts(), monday_seven, RIYADH) == Decimal("0.15")


def test_row_s3_only_future_bookings_make_no_rate():
    assert past_rate([("booked", NOW + timedelta(hours=1))], NOW) is None


def test_row_s3_a_rate_of_zero_is_a_history():
    assert plan(NoShowFacts(rate=Decimal(0)), at("2026-06-15T07:00"), RIYADH) == 0


def test_multipliers_stack_and_the_cap_comes_last():
    prediction = plan_probability(Decimal(80), 0, 7)
    assert prediction.probability == 1
    assert [part.code for part in prediction.parts] == ["history", "early", "monday"]
    assert plan_probability(Decimal(50), 0, 7).probability == Decimal("0.78")


def test_row_s4_the_hour_is_the_clinics_on_both_sides_of_a_clock_change():
    facts = NoShowFacts(rate=Decimal(10))
    for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"):
        early, later = (plan(facts, at(f"{day}T{hour}", BERLIN), BERLIN)
                        for hour in ("07:59", "08:00"))  # fmt: skip
        assert (early, later) == (Decimal("0.13"), Decimal("0.10"))


def test_without_any_knowledge_the_model_says_the_clinics_rate_a_week_ahead():
    prediction = best(NoShowFacts(), NOW + timedelta(days=7))
    assert prediction.probability == pytest.approx(Decimal("0.15"), abs=Decimal("0.01"))
    assert prediction.parts[0].code == "base-rate"


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (NoShowFacts(missed=3, attended=1), NoShowFacts(missed=1, attended=3)),
        (NoShowFacts(), NoShowFacts(attended=5)),
        (NoShowFacts(missed=1), NoShowFacts()),
        (NoShowFacts(1, 1, 1, last_missed=True), NoShowFacts(1, 1, 1, last_missed=False)),
        (NoShowFacts(age=22), NoShowFacts(age=45)),
        (NoShowFacts(age=45), NoShowFacts(age=70)),
    ],
)
def test_the_model_leans_the_way_that_published_ones_do(more, less):
    assert best(more).probability > best(less).probability


def test_a_reminder_lowers_the_risk_and_an_unknown_one_has_no_effect():
    risks = [best(NoShowFacts(), reminded=each).probability for each in (True, False, None)]
    assert risks[0] < risks[1] == risks[2]


def test_history_is_shrunk_towards_the_clinics_rate():
    once, often = (best(NoShowFacts(missed=each)).probability for each in (1, 10))
    assert once < Decimal("0.4") < often < 1


def test_the_probability_is_the_logistic_of_the_sum_of_the_parts():
    prediction = best(NoShowFacts(missed=1, attended=2, age=25), beside=1, reminded=True)
    odds = sum(part.effect for part in prediction.parts)
    assert float(prediction.probability) == pytest.approx(1 / (1 + np.exp(-odds)), abs=5e-5)


def lead_part(start, booked, zone=RIYADH):
    return best(NoShowFacts(), start, booked, zone).parts[1]


def test_a_start_before_its_booking_has_no_lead():
    assert lead_part(NOW - timedelta(days=2), NOW) == lead_part(NOW, NOW)


@pytest.mark.parametrize(("booked", "same_day"), [("2026-03-28T23:30", False),
                                                  ("2026-03-29T00:30", True)])  # fmt: skip
def test_row_s4_the_lead_is_counted_in_days_of_the_clinic(booked, same_day):
    lead = lead_part(at("2026-03-29T22:30", BERLIN), at(booked, BERLIN), BERLIN)
    assert lead.code == "lead-time"
    assert (lead == lead_part(NOW, NOW)) == same_day


def test_one_prediction_is_the_same_alone_and_among_many():
    facts = NoShowFacts(missed=1, attended=2)
    starts = [TUESDAY_NOON + timedelta(days=each) for each in (-3, 0, 20, 0)]
    days = np.array([day_number(each.astimezone(RIYADH).date()) for each in starts])
    many = slot_risks(MODEL, facts, days, NOW, np.array([0, 1, 0, 0]), [RIYADH.key, RIYADH.key])
    alone = [best(facts, each).probability for each in starts]
    assert many == pytest.approx([float(each) for each in alone], abs=5e-5)


def test_an_appointment_of_the_same_day_counts_for_a_slot():
    day = day_number(TUESDAY_NOON.astimezone(RIYADH).date())
    with_one = replace(NoShowFacts(), booked_days={day: 1})
    coefficients = MODEL.coefficients.copy()
    coefficients[-3] = 1.0  # beside
    model = replace(MODEL, coefficients=coefficients)
    one, none = (
        slot_risks(model, facts, np.array([day]), NOW, np.array([0]), [RIYADH.key])[0]
        for facts in (with_one, NoShowFacts())
    )
    assert one > none
