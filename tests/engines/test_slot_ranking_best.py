from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.clinic_time import minute_of
from fhir_gateway.engines.decision import contributions
from fhir_gateway.engines.no_show_facts import NoShowFacts
from fhir_gateway.engines.priority_rules import PriorityRule
from fhir_gateway.engines.slot_facts import PatientFacts, RankingRequest
from fhir_gateway.engines.slot_ranking import Facts, rank
from fhir_gateway.engines.slot_score import DEFAULT_WEIGHTS
from fhir_gateway.engines.slot_score_best import free_runs
from fhir_gateway.engines.slot_search import SlotColumns, SlotSearch, columns, search
from tests.engines.builders import at, cases, diary, found, schedule, slots_at, span

TEN = at("2026-06-15T10:00")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = TEN - 2 * HOUR
OLD = datetime(2025, 1, 1, tzinfo=UTC)
RULE = PriorityRule("r", OLD, frozenset({"type"}), base_score=60)
REQUEST = RankingRequest(NOW, frozenset({"type"}))
A, B = "Practitioner/a", "Practitioner/b"


def ranked(slots, *, schedules=None, patient=None, rules=(), diaries=None, request=REQUEST, **more):
    where = schedules or [schedule()]
    facts = Facts(slots, where, patient, rules, diaries or {})
    return rank("best", found(slots, where, OLD), facts, request, **more)


def values(answer):
    """Factor values by candidate row."""
    return {
        each.candidate: {factor.code: factor.value for factor in each.factors}
        for each in answer.ranked
    }


def test_the_default_weights_of_both_policies_sum_to_one():
    assert [sum(weights.values()) for weights in DEFAULT_WEIGHTS.values()] == [1, 1]


def test_the_nine_factors_are_within_bounds_and_sum_to_the_total():
    starts = [TEN + HOUR * each for each in range(0, 90, 7)]
    patient = PatientFacts(
        travel_minutes={"Location/x": Decimal(25)},
        preferred_days=frozenset({"tue"}),
        previous_practitioners={A: 3},
        no_show=NoShowFacts(missed=2, attended=5, age=25),
    )
    diaries = {A: diary(*(start - HOUR for start in starts))}
    answer = ranked(slots_at(*starts), patient=patient, rules=[RULE], diaries=diaries)
    assert len(answer.ranked) == 10
    for each in answer.ranked:
        assert [factor.code for factor in each.factors] == list(DEFAULT_WEIGHTS["best"])
        assert all(0 <= factor.value <= 100 for factor in each.factors)
        assert all(factor.text for factor in each.factors)
        assert abs(contributions(each.factors) - each.total) <= Decimal("0.005")
    totals = [each.total for each in answer.ranked]
    assert totals == sorted(totals, reverse=True)


def test_free_time_that_is_passed_over_lowers_availability():
    answer = values(ranked(slots_at(TEN, TEN + DAY, minutes=960)))
    assert [answer[row]["provider-availability"] for row in (0, 1)] == [100, Decimal("71.65")]


def test_only_free_time_of_the_same_schedule_is_passed_over():
    schedules = [schedule("s1", practitioner=A), schedule("s2", practitioner=B)]
    slots = columns([(0, span(TEN), "1"), (1, span(TEN + DAY), "2")])
    answer = values(ranked(slots, schedules=schedules))
    assert [answer[row]["provider-availability"] for row in (0, 1)] == [100, 100]


def test_no_equal_slot_is_better_for_being_later():
    starts = [TEN + HOUR * each for each in range(0, 200, 3)]
    totals = [each.total for each in ranked(slots_at(*starts), top=len(starts)).ranked]
    chosen = ranked(slots_at(*starts), top=1).ranked[0]
    assert (chosen.candidate, chosen.total) == (0, max(totals))


def test_the_higher_the_priority_the_more_a_day_costs():
    urgent = replace(RULE, base_score=70, max_wait_days=10)
    later = TEN + 5 * DAY - 2 * HOUR  # half of the acceptable wait after now
    assert values(ranked(slots_at(later), rules=[urgent]))[0]["patient-priority"] == 65
    assert values(ranked(slots_at(later), rules=[replace(urgent, base_score=0)]))[0][
        "patient-priority"
    ] == 100  # fmt: skip


def test_row_s5_best_takes_the_rule_with_the_highest_score():
    stronger = replace(RULE, id="strong", created=TEN, base_score=70)
    answer = ranked(slots_at(TEN), rules=[RULE, stronger])
    assert answer.ranked[0].factors[1].text.startswith("rule strong")


def test_the_risk_of_a_no_show_grows_with_the_lead_time():
    patient = PatientFacts(no_show=NoShowFacts(missed=1, attended=3))
    week = values(ranked(slots_at(TEN, TEN + 7 * DAY, TEN + 28 * DAY), patient=patient))
    risks = [week[row]["no-show-risk"] for row in range(3)]
    assert risks == sorted(risks, reverse=True)
    assert len(set(risks)) == 3


def test_a_slot_that_cannot_be_reached_in_time_has_no_proximity():
    patient = PatientFacts(travel_minutes={"Location/x": Decimal(60)})
    starts = (NOW + HOUR, NOW + 3 * HOUR)  # 09:00, in the rush, and 11:00
    answer = values(ranked(slots_at(*starts), patient=patient))
    assert [answer[row]["geographic-proximity"] for row in (0, 1)] == [0, 85]
    near = PatientFacts(travel_minutes={"Location/x": Decimal(0)})
    assert values(ranked(slots_at(NOW), patient=near))[0]["geographic-proximity"] == 100
    assert values(ranked(slots_at(NOW)))[0]["geographic-proximity"] == 50


def test_unknown_preferences_count_half_and_known_ones_whole():
    assert values(ranked(slots_at(TEN)))[0]["patient-preference"] == 50
    patient = PatientFacts(
        preferred_days=frozenset({"mon"}), preferred_practitioners=frozenset({B})
    )
    assert values(ranked(slots_at(TEN), patient=patient))[0]["patient-preference"] == Decimal(
        "57.5"
    )


def test_continuity_goes_by_earlier_visits_to_the_practitioner():
    schedules = [schedule("s1", practitioner=A), schedule("s2", practitioner=B)]
    slots = columns([(0, span(TEN), "1"), (1, span(TEN), "2")])
    patient = PatientFacts(previous_practitioners={A: 4, B: 1})
    answer = values(ranked(slots, schedules=schedules, patient=patient))
    assert [answer[row]["continuity"] for row in (0, 1)] == [100, 25]
    assert values(ranked(slots, schedules=schedules))[0]["continuity"] == 50


def test_closing_a_gap_beats_opening_one():
    half = timedelta(minutes=30)
    run = [TEN + half * each for each in range(4)]
    alone = TEN + 6 * HOUR
    answer = values(ranked(slots_at(*run, alone)))
    assert [answer[row]["fragmentation"] for row in range(5)] == [75, 50, 50, 75, 100]


def test_a_gap_too_short_to_book_is_lost():
    slots = slots_at(TEN, minutes=45)
    assert values(ranked(slots))[0]["fragmentation"] == 50
    small = replace(REQUEST, usable_gap=15)
    assert values(ranked(slots, request=small))[0]["fragmentation"] == 75


def test_load_compares_people_on_the_same_day_and_never_days():
    schedules = [schedule("s1", practitioner=A), schedule("s2", practitioner=B)]
    rows = [(0, span(TEN), "1"), (1, span(TEN), "2"), (1, span(TEN + HOUR), "3"),
            (0, span(TEN + DAY), "4")]  # fmt: skip
    answer = values(ranked(columns(rows), schedules=schedules))
    assert [answer[row]["load-balance"] for row in range(4)] == [50, 100, 100, 100]


def test_urgency_falls_with_the_class_and_the_days():
    slots = slots_at(NOW, NOW + DAY, NOW + 14 * DAY)
    emergency = values(ranked(slots, request=replace(REQUEST, priority=1)))
    soon = values(ranked(slots, request=replace(REQUEST, priority=4)))
    assert [emergency[row]["urgency"] for row in range(3)] == [100, Decimal("36.79"), 0]
    assert soon[2]["urgency"] == Decimal("36.79")


def test_rules_route_and_limit_here_as_well():
    routing = replace(RULE, base_score=85, max_wait_days=2)
    answer = ranked(slots_at(TEN + 3 * DAY, TEN + DAY, TEN), rules=[routing])
    assert [each.candidate for each in answer.ranked] == [2, 1]
    assert [note.code for note in answer.notes] == ["routed"]


def test_schedules_without_practitioner_or_location_are_ranked_too():
    bare = schedule(practitioner=None, location=None)
    assert len(ranked(slots_at(TEN), schedules=[bare], patient=PatientFacts()).ranked) == 1


def test_no_candidate_gives_an_empty_answer():
    assert ranked(slots_at()).ranked == ()
    nobody = Facts(slots_at(), [])
    assert rank("best", found(slots_at(), [], OLD), nobody, REQUEST).ranked == ()


@cases(100)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(1, 4)), max_size=20))
def test_free_runs_join_slots_that_touch_or_overlap(rows):
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    slots = SlotColumns(
        table[:, 0],
        table[:, 1],
        table[:, 1] + table[:, 2],
        [str(each) for each in range(len(rows))],
    )
    since, until = free_runs(slots)
    for row, (where, start, length) in enumerate(rows):
        low, high = start, start + length
        for _ in rows:
            touching = [(s, s + n) for w, s, n in rows if w == where and s <= high and s + n >= low]
            low, high = min(s for s, _ in touching), max(e for _, e in touching)
        assert (since[row], until[row]) == (low, high)


@pytest.mark.parametrize("policy", ["plan", "best"])
def test_twenty_thousand_candidates_are_ranked_as_one_by_one(policy):
    step = np.arange(20_000, dtype=np.int64)
    start = minute_of(TEN) + 15 * (step // 4)
    names = [f"{each:05}" for each in step]
    slots = SlotColumns(step % 4, start, start + 15, names)
    schedules = [schedule(f"s{each}", practitioner=f"Practitioner/{each}") for each in range(4)]
    facts = Facts(slots, schedules, PatientFacts(preferred_days=frozenset({"wed"})))
    candidates = search(slots, schedules, SlotSearch(15, NOW))
    cut = rank(policy, candidates, facts, REQUEST, top=10)
    whole = rank(policy, candidates, facts, REQUEST, top=500)
    assert cut.count == whole.count == 20_000
    assert cut.ranked == whole.ranked[:10]
