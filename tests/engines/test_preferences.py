from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.preferences import FulfilledVisit, effective, learnt
from tests.engines.builders import ZONES, at, cases, moments

MONDAY_TEN = at("2026-06-15T10:00")


def visit(start, practitioner=None, zone="Asia/Riyadh"):
    return FulfilledVisit(start, zone, practitioner)


def test_a_weekday_or_part_of_day_counts_if_it_occurs_once():
    visits = [visit(MONDAY_TEN - timedelta(weeks=each)) for each in range(19)]
    visits.append(visit(at("2026-06-14T17:00")))
    found = learnt(visits)
    assert found.days() == ("mon", "sun")
    assert found.parts() == ("morning", "evening")
    assert found.day_shares == {"mon": 0.95, "sun": 0.05}


def test_best_takes_a_share_and_not_an_exception():
    visits = [visit(MONDAY_TEN - timedelta(weeks=each), "a") for each in range(9)]
    visits.append(visit(at("2026-06-14T17:00"), "b"))
    found = learnt(visits)
    assert (found.days("best"), found.parts("best")) == (("mon",), ("morning",))
    assert (found.practitioners("best"), found.practitioners("plan")) == (("a",), ())


def literal(completed):
    """The owner's update_patient_scheduling_preferences, with row S4 settled (clinic time)."""
    appointments = sorted(completed, key=lambda appt: appt.start, reverse=True)
    local = [appt.start.astimezone(ZoneInfo(appt.zone)) for appt in appointments[:20]]
    preferred_days = {start.strftime("%A") for start in local}
    preferred_times = []
    for start in local:
        hour = start.hour
        if hour < 12:
            preferred_times.append("morning")
        elif hour < 17:
            preferred_times.append("afternoon")
        else:
            preferred_times.append("evening")
    return {day[:3].lower() for day in preferred_days}, set(preferred_times)


@cases(100)
@given(st.lists(moments(), unique=True, max_size=40), st.sampled_from(ZONES))
def test_plan_learns_as_the_owner_wrote(starts, zone):
    visits = [visit(start, zone=zone) for start in starts]
    found = learnt(visits)
    assert (set(found.days()), set(found.parts())) == literal(visits)


def test_only_the_last_twenty_are_remembered():
    old = visit(at("2020-01-01T13:00"))
    found = learnt([old] + [visit(MONDAY_TEN + timedelta(weeks=each)) for each in range(20)])
    assert found.visits == 20
    assert found.parts() == ("morning",)


def test_row_s4_the_day_is_the_clinics():
    assert learnt([visit(at("2026-06-15T00:30"))]).days() == ("mon",)


def test_practitioners_are_learnt_by_share():
    found = learnt([visit(MONDAY_TEN, "a"), visit(MONDAY_TEN, "a"), visit(MONDAY_TEN, "b")])
    assert found.practitioner_shares == {"a": 2 / 3, "b": 1 / 3}


def test_nobody_learns_from_nothing():
    found = learnt([])
    assert (found.days(), found.parts(), found.visits) == ((), (), 0)


def test_row_s16_stated_preferences_win_over_learnt_ones():
    assert effective(("fri",), ("mon", "tue")) == ("fri",)
    assert effective((), ("mon", "tue")) == ("mon", "tue")
