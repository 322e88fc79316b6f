"""Policy `plan`: each settled row of the owner's rules by name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from fhir_gateway.engines.decision import contributions
from fhir_gateway.engines.priority_rules import PriorityRule
from fhir_gateway.engines.slot_facts import PatientFacts, RankingRequest
from fhir_gateway.engines.slot_ranking import Facts, rank
from fhir_gateway.engines.slot_score import DEFAULT_WEIGHTS
from fhir_gateway.engines.slot_search import columns
from tests.engines.builders import (
    BERLIN,
    at,
    diary,
    found,
    schedule,
    slots_at,
    span,
)

TEN = at("2026-06-15T10:00")  # a Monday in Riyadh
HOUR = timedelta(hours=1)
OLD = datetime(2025, 1, 1, tzinfo=UTC)
MONDAY_RULE = PriorityRule("r", OLD, frozenset({"type"}), base_score=60)
REQUEST = RankingRequest(TEN - HOUR, frozenset({"type"}))


def ranked(
    starts,
    *,
    patient=None,
    rules=(),
    diaries=None,
    request=REQUEST,
    weights=None,
    top=10,
    where=None,
):
    schedules = [where or schedule()]
    slots = slots_at(*starts)
    facts = Facts(slots, schedules, patient, rules, diaries or {})
    return rank("plan", found(slots, schedules, OLD), facts, request, weights, top)


def values(ranking, place=0):
    return {factor.code: factor.value for factor in ranking.ranked[place].factors}


def test_row_s1_the_rate_is_a_percentage_once():
    patient = PatientFacts(no_show_rate=Decimal("12.5"))
    assert values(ranked([TEN], patient=patient))["no-show-risk"] == Decimal("87.5")


def test_row_s3_a_patient_without_past_appointments_is_new():
    assert values(ranked([TEN], patient=PatientFacts()))["no-show-risk"] == 75
    never = PatientFacts(no_show_rate=Decimal(0))
    assert values(ranked([TEN], patient=never))["no-show-risk"] == 100


def test_row_s4_hours_and_weekdays_are_the_clinics():
    monday_one_am = at("2026-06-15T01:00")
    patient = PatientFacts(
        preferred_days=frozenset({"mon"}), preferred_parts=frozenset({"morning"})
    )
    assert values(ranked([monday_one_am], patient=patient))["patient-preference"] == 90


def test_row_s5_the_oldest_rule_wins_then_the_id_and_the_text_names_it():
    young = replace(MONDAY_RULE, id="a-young", created=TEN, base_score=10)
    twin = replace(MONDAY_RULE, id="q", base_score=61)
    answer = ranked([TEN], rules=[young, MONDAY_RULE, twin])
    factor = {each.code: each for each in answer.ranked[0].factors}["patient-priority"]
    assert factor.value == 61
    assert factor.text == "rule q"


def test_row_s6_routing_looks_at_all_candidates_before_the_cut():
    routing = replace(MONDAY_RULE, base_score=80)
    patient = PatientFacts(preferred_parts=frozenset({"afternoon"}))
    starts = [TEN + HOUR * each for each in range(6)]
    calm = ranked(starts, patient=patient, top=2)
    answer = ranked(starts, patient=patient, rules=[routing], top=2)
    assert [each.candidate for each in calm.ranked] == [2, 3]
    assert [each.candidate for each in answer.ranked] == [0, 1]
    assert answer.ranked[0].notes == ("routed",)
    assert answer.count == 6


def test_row_s6_the_multiplier_does_not_route():
    strong = replace(MONDAY_RULE, base_score=79, multiplier=Decimal("1.2"))
    assert ranked([TEN], rules=[strong]).notes == ()


def test_row_s7_the_last_day_of_the_wait_is_included_by_the_clinics_calendar():
    rule = replace(MONDAY_RULE, max_wait_days=1)
    starts = [at("2026-06-16T23:30"), at("2026-06-17T00:00")]
    answer = ranked(starts, rules=[rule])
    assert [each.candidate for each in answer.ranked] == [0]
    assert answer.notes == ()


def test_row_s7_the_wait_counts_from_the_request_where_there_was_one():
    rule = replace(MONDAY_RULE, max_wait_days=3)
    waiting = replace(REQUEST, waiting_since=TEN - timedelta(days=3))
    starts = [TEN, TEN + timedelta(days=1)]
    assert len(ranked(starts, rules=[rule]).ranked) == 2
    assert len(ranked(starts, rules=[rule], request=waiting).ranked) == 1


def test_row_s7_where_nothing_keeps_the_rule_the_earliest_is_offered_outside_of_it():
    rule = replace(MONDAY_RULE, base_score=90, same_day=True)
    starts = [TEN + timedelta(days=2), TEN + timedelta(days=1)]
    answer = ranked(starts, rules=[rule])
    assert [each.candidate for each in answer.ranked] == [1]
    assert answer.ranked[0].notes == ("routed", "outside-rule")
    assert [note.rule for note in answer.notes] == ["r", "r"]
    assert answer.count == 1


def test_row_s7_same_day_binds_only_where_the_rule_routes():
    rule = replace(MONDAY_RULE, same_day=True)
    assert len(ranked([TEN + timedelta(days=1), TEN], rules=[rule]).ranked) == 2


def test_row_s8_totals_are_rounded_half_to_even_from_exact_parts():
    patient = PatientFacts(no_show_rate=Decimal("33.33"))  # 66.67 × .20 = 13.334
    answer = ranked([TEN], patient=patient)
    assert contributions(answer.ranked[0].factors) == Decimal("68.334")
    assert answer.ranked[0].total == Decimal("68.33")
    tie = replace(patient, no_show_rate=Decimal("0.025"))  # 99.975 × .20 = 19.995
    assert contributions(ranked([TEN], patient=tie).ranked[0].factors) == Decimal("74.995")
    assert ranked([TEN], patient=tie).ranked[0].total == Decimal("75.00")
    even = replace(patient, no_show_rate=Decimal("0.075"))  # 19.985
    assert ranked([TEN], patient=even).ranked[0].total == Decimal("74.98")


def test_row_s9_no_travel_time_is_neutral_and_none_needed_is_ideal():
    nine = at("2026-06-15T09:59")
    for travel, expected in (({}, 50), ({"Location/x": Decimal(0)}, 100)):
        patient = PatientFacts(travel_minutes=travel)
        assert values(ranked([nine], patient=patient))["geographic-proximity"] == expected


def test_row_s9_travel_time_is_that_of_the_location():
    patient = PatientFacts(travel_minutes={"Location/y": Decimal(40)})
    here = ranked([at("2026-06-15T16:00")], patient=patient)
    there = ranked([at("2026-06-15T16:00")], patient=patient, where=schedule(location="Location/y"))
    assert values(here)["geographic-proximity"] == 50
    assert values(there)["geographic-proximity"] == 80


def test_the_rush_has_its_hours_and_ends_on_the_minute():
    patient = PatientFacts(travel_minutes={"Location/x": Decimal(30)})
    expected = {"06:59": 100, "07:00": 85, "09:59": 85, "10:00": 100, "16:00": 85, "19:00": 100}
    for clock, value in expected.items():
        answer = ranked([at(f"2026-06-15T{clock}")], patient=patient)
        assert values(answer)["geographic-proximity"] == value


def test_the_rush_keeps_its_hours_on_both_sides_of_a_clock_change():
    patient = PatientFacts(travel_minutes={"Location/x": Decimal(30)})
    berlin = schedule(zone="Europe/Berlin")
    for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"):
        early, rush = (
            ranked([at(f"{day}T{clock}", BERLIN)], patient=patient, where=berlin)
            for clock in ("06:30", "07:00")
        )
        assert values(early)["geographic-proximity"] == 100
        assert values(rush)["geographic-proximity"] == 85


def test_row_s10_priority_and_risk_are_the_same_for_every_slot():
    answer = ranked(
        [TEN, TEN + timedelta(days=9)],
        patient=PatientFacts(no_show_rate=Decimal(20)),
        rules=[MONDAY_RULE],
    )
    both = [(values(answer, each)["patient-priority"], values(answer, each)["no-show-risk"])
            for each in (0, 1)]  # fmt: skip
    assert both == [(60, 80), (60, 80)]


def test_row_s12_nearby_counts_starts_within_a_quarter_of_an_hour_both_ends_included():
    quarter = timedelta(minutes=15)
    minute = timedelta(minutes=1)
    for nearby, expected in (
        ([], 100),
        ([TEN - quarter], 75),
        ([TEN + quarter + minute], 100),
        ([TEN - quarter, TEN + quarter], 50),
        ([TEN, TEN, TEN], 50),
    ):
        answer = ranked([TEN], diaries={"Practitioner/a": diary(*nearby)})
        assert values(answer)["provider-availability"] == expected


def test_a_rule_with_empty_lists_never_matches_and_lists_are_joined_by_and():
    empty = replace(MONDAY_RULE, appointment_types=frozenset())
    narrow = replace(MONDAY_RULE, diagnoses=frozenset({"E11.9"}))
    assert values(ranked([TEN], rules=[empty, narrow]))["patient-priority"] == 50
    diabetic = replace(REQUEST, diagnoses=frozenset({"E11.9", "I10"}))
    assert values(ranked([TEN], rules=[narrow], request=diabetic))["patient-priority"] == 60


def test_without_a_patient_the_factors_are_neutral():
    assert values(ranked([TEN])) == {
        "provider-availability": 100,
        "patient-priority": 50,
        "no-show-risk": 75,
        "geographic-proximity": 50,
        "patient-preference": 50,
    }


def test_every_preference_met_reaches_the_cap():
    patient = PatientFacts(
        preferred_days=frozenset({"mon"}),
        preferred_parts=frozenset({"morning"}),
        preferred_practitioners=frozenset({"Practitioner/a"}),
    )
    answer = ranked([TEN], patient=patient)
    assert values(answer)["patient-preference"] == 100
    assert answer.ranked[0].factors[-1].text == "preferred weekday, part of day, practitioner"


def test_equal_totals_go_by_start_then_practitioner_order_then_slot_id():
    schedules = [schedule("s1", practitioner="Practitioner/a"), schedule("s2", practitioner="b")]
    slots = columns(
        [
            (0, span(TEN), "3"),
            (0, span(TEN), "2"),
            (1, span(TEN), "4"),
            (0, span(TEN - HOUR), "9"),
        ]
    )
    request = replace(REQUEST, practitioners=("b", "Practitioner/a"))
    answer = rank("plan", found(slots, schedules, OLD), Facts(slots, schedules), request)
    assert [slots.ids[each.candidate] for each in answer.ranked] == ["9", "4", "2", "3"]
    assert [each.rank for each in answer.ranked] == [1, 2, 3, 4]


def test_weights_may_be_replaced_and_have_to_sum_to_one():
    even = dict.fromkeys(DEFAULT_WEIGHTS["plan"], Decimal("0.2"))
    assert ranked([TEN], weights=even).ranked[0].total == Decimal("65.00")
    swapped = {"patient-priority": Decimal("0.30"), "provider-availability": Decimal("0.25")}
    assert ranked([TEN], weights=swapped).ranked[0].total == Decimal("67.50")
    for weights, reason in (
        ({"patient-priority": Decimal("0.5")}, "weights-sum"),
        ({"continuity": Decimal("0.1")}, "unknown-factor"),
        ({"patient-priority": Decimal("-0.1")}, "weight-out-of-range"),
        ({"patient-priority": Decimal("NaN")}, "weight-out-of-range"),
        ({"patient-priority": Decimal("0.2500001")}, "weight-out-of-range"),
    ):
        assert ranked([TEN], weights=weights).reason == reason


def test_an_unknown_policy_is_refused():
    slots = slots_at(TEN)
    facts = Facts(slots, [schedule()])
    assert rank("worst", found(slots, [schedule()], OLD), facts, REQUEST).reason == "unknown-policy"


def test_no_candidate_gives_an_empty_answer():
    answer = ranked([], rules=[replace(MONDAY_RULE, base_score=90)])
    assert (answer.ranked, answer.count, answer.notes) == ((), 0, ())


def test_the_zone_of_each_schedule_is_its_own():
    patient = PatientFacts(preferred_parts=frozenset({"evening"}))
    schedules = [schedule("s1"), schedule("s2", zone="America/New_York")]
    instant = at("2026-06-15T18:00")
    assert instant.astimezone(ZoneInfo("America/New_York")).hour == 11
    slots = columns([(0, span(instant), "a"), (1, span(instant), "b")])
    answer = rank("plan", found(slots, schedules, OLD), Facts(slots, schedules, patient), REQUEST)
    assert [values(answer, place)["patient-preference"] for place in (0, 1)] == [65, 50]
