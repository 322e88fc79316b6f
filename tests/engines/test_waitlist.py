from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.decision import contributions
from fhir_gateway.engines.waitlist import eligible, matching, order
from fhir_gateway.engines.waitlist_facts import FreedTime, WaitlistEntry, WantedPeriod
from fhir_gateway.engines.waitlist_score import flexibility, match_score
from tests.engines import plan_oracle
from tests.engines.builders import BERLIN, ZONES, at, cases, moments, span

TEN = at("2026-06-15T10:00")
NOW = at("2026-06-12T09:00")
DAY = timedelta(days=1)
CHECKUP = frozenset({"checkup"})
FREED = FreedTime(
    TEN,
    TEN + timedelta(minutes=30),
    "Asia/Riyadh",
    CHECKUP,
    "Practitioner/a",
    canceller="Patient/z",
)
ENTRY = WaitlistEntry("e", "Patient/p", CHECKUP, NOW - 6 * DAY)


def reason(entry=ENTRY, freed=FREED, now=NOW):
    refusal = eligible(entry, freed, now)
    return refusal and refusal.reason


def names(placed):
    return [each.entry.id for each in placed]


def points(entry, freed=FREED, today=date(2026, 6, 12)):
    return {factor.code: factor.contribution for factor in match_score(entry, freed, today).factors}


# --- who could take it ---------------------------------------------------------------------------


def test_an_entry_for_the_same_service_could_take_it():
    assert reason() is None


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (WantedPeriod(), None),
        (WantedPeriod(first=date(2026, 6, 15)), None),
        (WantedPeriod(last=date(2026, 6, 15)), None),
        (WantedPeriod(first=date(2026, 6, 16)), "wanted-period"),
        (WantedPeriod(last=date(2026, 6, 14)), "wanted-period"),
    ],
)
def test_row_w1_a_missing_bound_is_open(period, expected):
    assert reason(replace(ENTRY, wanted=(period,))) == expected


def test_one_of_several_wanted_periods_is_enough():
    before = WantedPeriod(last=date(2026, 6, 1))
    on_the_day = WantedPeriod(date(2026, 6, 15), date(2026, 6, 15))
    assert reason(replace(ENTRY, wanted=(before, on_the_day))) is None


def test_row_w8_the_canceller_is_not_asked():
    assert reason(replace(ENTRY, patient="Patient/z")) == "canceller"


def test_row_w8_a_busy_patient_is_not_asked():
    overlapping = replace(ENTRY, busy=(span(TEN + timedelta(minutes=20)),))
    touching = replace(ENTRY, busy=(span(TEN + timedelta(minutes=30)),))
    assert reason(overlapping) == "patient-busy"
    assert reason(touching) is None
    short = replace(overlapping, duration_minutes=20)
    assert reason(short) is None


def test_row_w8_too_long_a_visit_is_not_offered():
    assert reason(replace(ENTRY, duration_minutes=31)) == "too-long"
    assert reason(replace(ENTRY, duration_minutes=30)) is None


def test_row_w8_an_absent_service_type_matches_nothing():
    assert reason(replace(ENTRY, service_types=frozenset())) == "service-type"
    assert reason(freed=replace(FREED, service_types=frozenset())) == "service-type"


def test_a_preferred_practitioner_has_to_be_the_one():
    assert reason(replace(ENTRY, practitioners=frozenset({"Practitioner/b"}))) == "practitioner"
    both = frozenset({"Practitioner/a", "Practitioner/b"})
    assert reason(replace(ENTRY, practitioners=both)) is None
    assert reason(replace(ENTRY, practitioners=both), replace(FREED, practitioner=None)) == (
        "practitioner"
    )


def test_minimum_notice_is_kept_to_the_minute():
    careful = replace(FREED, minimum_notice=60)
    assert reason(freed=careful, now=TEN - timedelta(minutes=60)) is None
    assert reason(freed=careful, now=TEN - timedelta(minutes=59)) == "minimum-notice"
    assert reason(now=TEN) == "past"


def test_the_day_of_the_freed_time_is_the_clinics():
    half_past_midnight = at("2026-06-15T00:30")  # still the 14th in UTC
    freed = replace(FREED, start=half_past_midnight, end=half_past_midnight + timedelta(hours=1))
    on_the_day = WantedPeriod(date(2026, 6, 15), date(2026, 6, 15))
    assert reason(replace(ENTRY, wanted=(on_the_day,)), freed) is None


def test_everybody_is_either_placed_or_excluded_with_a_reason():
    others = [
        replace(ENTRY, id="z", patient="Patient/z"),
        replace(ENTRY, id="long", duration_minutes=90),
    ]
    result = matching("plan", [*others, ENTRY], FREED, NOW)
    assert names(result.placed) == ["e"]
    assert [(name, refusal.reason) for name, refusal in result.excluded] == [
        ("z", "canceller"), ("long", "too-long"),
    ]  # fmt: skip


# --- the owner's score ---------------------------------------------------------------------------


@st.composite
def pairings(draw):
    zone = draw(st.sampled_from(ZONES))
    start = draw(moments())
    day = start.astimezone(ZoneInfo(zone)).date()
    around = st.integers(-12, 12).map(lambda days: day + timedelta(days=days))
    first = draw(st.none() | around)
    last = draw(st.none() | st.integers(0, 40).map(lambda n: (first or day) + timedelta(days=n)))
    entry = WaitlistEntry(
        draw(st.sampled_from("abcdef")),
        "Patient/p",
        CHECKUP,
        start - timedelta(hours=draw(st.integers(0, 1200))),
        draw(st.frozensets(st.sampled_from(("Practitioner/a", "Practitioner/b")))),
        (WantedPeriod(first, last),),
        draw(st.none() | around),
        draw(st.none() | st.integers(0, 23)),
        draw(st.none() | st.integers(0, 100)),
        draw(st.none() | st.integers(0, 9)),
    )
    practitioner = draw(st.sampled_from(("Practitioner/a", None)))
    freed = FreedTime(start, start + timedelta(minutes=30), zone, CHECKUP, practitioner)
    return entry, freed, day


def written(entry):
    period = entry.wanted[0]
    return {
        "providers": entry.practitioners,
        "date": entry.preferred_date,
        "hour": entry.preferred_hour,
        "flexibility": entry.flexibility,
        "created": entry.created,
        "range_start": period.first,
        "range_end": period.last,
        "id": entry.id,
        "priority": entry.priority,
    }


@cases(300)
@given(pairings())
def test_the_score_is_the_owners_score(pairing):
    entry, freed, today = pairing
    slot = {"start": freed.start, "zone": freed.zone, "provider": freed.practitioner}
    score = match_score(entry, freed, today)
    assert score.exact == plan_oracle.calculate_match_score(written(entry), slot, today)
    assert flexibility(entry) == plan_oracle.calculate_flexibility_score(written(entry))
    assert abs(contributions(score.factors) - score.total) <= Decimal("0.005")
    assert 0 <= score.exact <= 100
    assert sum(factor.weight for factor in score.factors) == 1


@cases(100)
@given(st.lists(pairings(), min_size=1, max_size=12), st.integers(1, 90))
def test_plan_finds_whom_the_owner_finds_in_the_owners_order(listed, lead):
    freed = listed[0][1]
    now = freed.start - lead * DAY
    entries = [
        replace(
            entry,
            id=f"{place}",
            patient=f"Patient/{place}",
            created=now - (other.start - entry.created),
        )
        for place, (entry, other, _) in enumerate(listed)
    ]
    slot = {"start": freed.start, "zone": freed.zone, "provider": freed.practitioner}
    today = now.astimezone(ZoneInfo(freed.zone)).date()
    expected = plan_oracle.find_matching_waitlist_entries(map(written, entries), slot, today)
    found = matching("plan", entries, freed, now).placed
    assert names(found) == [each["id"] for each in expected]


@cases(40)
@given(st.lists(pairings(), min_size=1, max_size=8))
def test_the_order_is_score_then_priority_then_oldest_then_id(listed):
    freed, today = listed[0][1], listed[0][2]
    entries = [
        replace(entry, created=freed.start - (other.start - entry.created))
        for entry, other, _ in listed
    ]
    slot = {"start": freed.start, "zone": freed.zone, "provider": freed.practitioner}
    expected = sorted(
        entries,
        key=lambda entry: (
            -plan_oracle.calculate_match_score(written(entry), slot, today),
            entry.priority or 99,
            entry.created,
            entry.id,
        ),
    )
    placed = order("plan", entries, freed, freed.start)
    assert [each.entry for each in placed] == expected
    assert [each.rank for each in placed] == list(range(1, len(entries) + 1))


@pytest.mark.parametrize(
    ("apart", "expected"), [(0, 25), (-3, 15), (3, 15), (4, 10), (7, 10), (8, 0)]
)
def test_the_date_scores_by_days_apart(apart, expected):
    entry = replace(ENTRY, preferred_date=date(2026, 6, 15) + timedelta(days=apart))
    assert points(entry)["date"] == expected


@pytest.mark.parametrize(("hour", "expected"), [(10, 20), (9, 20), (11, 20), (12, 10), (13, 0)])
def test_the_time_scores_by_clock_hours_without_minutes(hour, expected):
    late = replace(FREED, start=TEN + timedelta(minutes=29), end=TEN + timedelta(minutes=59))
    assert points(replace(ENTRY, preferred_hour=hour), late)["time"] == expected


def test_clock_hours_do_not_wrap_at_midnight():
    late = at("2026-06-15T23:00")
    freed = replace(FREED, start=late, end=late + timedelta(minutes=30))
    assert points(replace(ENTRY, preferred_hour=0), freed)["time"] == 0


def test_the_preferred_hour_is_the_clinics_on_both_sides_of_a_clock_change():
    for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"):
        nine = at(f"{day}T09:00", BERLIN)
        freed = replace(FREED, start=nine, end=nine + timedelta(minutes=30), zone="Europe/Berlin")
        assert points(replace(ENTRY, preferred_hour=8), freed)["time"] == 20
        assert points(replace(ENTRY, preferred_hour=6), freed)["time"] == 0


def test_no_preference_is_worth_half():
    without = points(ENTRY)
    assert (without["practitioner"], without["date"], without["time"]) == (15, Decimal("12.5"), 10)
    assert points(replace(ENTRY, practitioners=frozenset({"Practitioner/a"})))["practitioner"] == 30


def test_row_w2_flexibility_is_worked_out_unless_stated():
    assert flexibility(ENTRY) == 80
    assert points(ENTRY)["flexibility"] == 12
    assert points(replace(ENTRY, flexibility=0))["flexibility"] == 0


@pytest.mark.parametrize(("days", "expected"), [(14, 80), (15, 90), (30, 90), (31, 100)])
def test_row_w2_a_wide_range_is_flexible(days, expected):
    first = date(2026, 6, 1)
    period = WantedPeriod(first, first + timedelta(days=days))
    assert flexibility(replace(ENTRY, wanted=(period,))) == expected


def test_row_w2_preferences_cost_flexibility():
    fixed = replace(ENTRY, practitioners=frozenset({"Practitioner/a"}), preferred_hour=9)
    assert flexibility(fixed) == 50


def test_row_w11_days_waiting_are_the_clinics_days_since_created():
    created = datetime(2026, 6, 11, 21, 30, tzinfo=UTC)  # the 12th in Riyadh
    assert points(replace(ENTRY, created=created))["waiting"] == 0
    assert points(ENTRY)["waiting"] == 2
    assert points(replace(ENTRY, created=NOW - DAY))["waiting"] == Decimal("0.333333")
    assert points(replace(ENTRY, created=NOW - 90 * DAY))["waiting"] == 10


def test_scores_a_hair_apart_are_told_apart():
    thirds = match_score(replace(ENTRY, created=NOW - DAY), FREED, date(2026, 6, 12))
    assert thirds.exact - match_score(
        replace(ENTRY, created=NOW), FREED, date(2026, 6, 12)
    ).exact == (Fraction(1, 3))


# --- the order of `best` -------------------------------------------------------------------------


def best(*entries, now=NOW):
    return names(order("best", entries, FREED, now))


def test_the_clinical_class_comes_first():
    old = replace(ENTRY, id="routine", created=NOW - 59 * DAY)
    urgent = replace(ENTRY, id="urgent", priority=3, created=NOW)
    emergency = replace(ENTRY, id="emergency", priority=1, created=NOW)
    assert best(old, urgent, emergency) == ["emergency", "urgent", "routine"]


def test_within_a_class_the_earliest_virtual_deadline_comes_first():
    waited = replace(ENTRY, id="waited", created=NOW - 9 * DAY, held_start=TEN + DAY)
    fresh = replace(ENTRY, id="fresh", created=NOW - DAY)
    assert best(fresh, waited) == ["waited", "fresh"]


def test_on_the_same_day_the_most_days_gained_come_first_and_no_appointment_gains_most():
    few = replace(ENTRY, id="few", held_start=TEN + 3 * DAY)
    many = replace(ENTRY, id="many", held_start=TEN + 30 * DAY)
    none = replace(ENTRY, id="none", created=ENTRY.created + timedelta(hours=1))
    assert best(few, many, none) == ["none", "many", "few"]


def test_the_order_of_best_is_explained_by_its_keys():
    placed = order("best", [replace(ENTRY, held_start=TEN + 3 * DAY)], FREED, NOW)[0]
    assert [(part.code, part.text) for part in placed.keys[:3]] == [
        ("class", "routine"), ("deadline", "2026-08-05"), ("days-gained", "3"),
    ]  # fmt: skip


def test_the_order_of_plan_is_explained_by_its_keys():
    placed = order("plan", [ENTRY], FREED, NOW)[0]
    assert [(part.code, part.text) for part in placed.keys[:2]] == [
        ("score", "51.50"), ("priority", "none"),
    ]  # fmt: skip
