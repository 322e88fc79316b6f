from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.engines.quiet_hours import (
    NEVER_QUIET,
    QuietHours,
    after,
    may_go,
    quiet_hours,
    waking,
)
from tests.engines.builders import BERLIN, RIYADH, ZONES, at, cases, moments

NIGHT = QuietHours(time(21), time(8))
SIESTA = QuietHours(time(13), time(15, 30))
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def is_quiet(moment: datetime, hours: QuietHours, zone: ZoneInfo) -> bool:
    """An independent model: what the clock on the patient's wall shows."""
    shown = moment.astimezone(zone).time()
    if hours.begin < hours.end:
        return hours.begin <= shown < hours.end
    return hours.begin != hours.end and (shown >= hours.begin or shown < hours.end)


@pytest.mark.parametrize(
    ("due", "goes"),
    [
        ("2026-06-15T20:59", "2026-06-15T20:59"),
        ("2026-06-15T21:00", "2026-06-16T08:00"),
        ("2026-06-15T03:00", "2026-06-15T08:00"),
        ("2026-06-15T08:00", "2026-06-15T08:00"),
    ],
)
def test_a_message_due_at_night_goes_in_the_morning(due, goes):
    assert may_go(at(due), NIGHT, RIYADH) == at(goes)


def test_the_night_is_the_recipients():
    midnight_in_riyadh = at("2026-06-15T21:30")
    assert may_go(midnight_in_riyadh, NIGHT, BERLIN) == midnight_in_riyadh


def test_the_clock_of_an_offer_stands_still_at_night():
    assert after(at("2026-06-15T20:00"), 3 * HOUR, NIGHT, RIYADH) == at("2026-06-16T10:00")
    assert after(at("2026-06-15T23:00"), HOUR, NIGHT, RIYADH) == at("2026-06-16T09:00")
    assert after(at("2026-06-15T12:00"), 3 * HOUR, NIGHT, RIYADH) == at("2026-06-15T15:00")


@pytest.mark.parametrize(
    ("evening", "hours"),
    [("2026-03-28T20:00", 2), ("2026-10-24T20:00", 2), ("2026-06-15T20:00", 2)],
)
def test_a_night_with_a_clock_change_ends_when_the_clock_says_so(evening, hours):
    begun = at(evening, BERLIN)
    morning = datetime.combine(
        begun.astimezone(BERLIN).date() + timedelta(days=1), time(9), BERLIN
    ).astimezone(UTC)
    assert after(begun, hours * HOUR, NIGHT, BERLIN) == morning


def test_without_quiet_hours_nothing_waits():
    for hours in (NEVER_QUIET, QuietHours(time(3), time(3))):
        assert may_go(at("2026-06-15T03:00"), hours, RIYADH) == at("2026-06-15T03:00")
        assert after(at("2026-06-15T03:00"), HOUR, hours, RIYADH) == at("2026-06-15T04:00")


@cases(400)
@given(
    moments(),
    st.sampled_from(ZONES),
    st.sampled_from((NIGHT, SIESTA, NEVER_QUIET)),
    st.integers(1, 200),
)
def test_as_many_minutes_pass_as_the_wall_clock_shows_outside_quiet_hours(
    moment, name, hours, quarters
):
    zone = ZoneInfo(name)
    goes = may_go(moment, hours, zone)
    assert not is_quiet(goes, hours, zone)
    waited = int((goes - moment) / MINUTE)
    assert all(is_quiet(moment + n * MINUTE, hours, zone) for n in range(0, waited, 15))
    window = 15 * quarters * MINUTE
    end = after(moment, window, hours, zone)
    steps = range(int((end - moment) / (15 * MINUTE)))
    awake = sum(not is_quiet(moment + n * 15 * MINUTE, hours, zone) for n in steps)
    assert awake == quarters
    assert waking(moment, end, hours, zone) == window


@pytest.mark.parametrize("text", ["21", "21:00", "21:00-", "25:00-08:00", "night"])
def test_quiet_hours_are_written_as_two_times(text):
    with pytest.raises(GatewayError):
        quiet_hours(text)


def test_no_text_means_no_quiet_hours():
    assert quiet_hours(" ").none
    assert quiet_hours("21:00-08:00") == NIGHT
