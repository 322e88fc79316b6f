from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.clinic_time import (
    day_number,
    days,
    hours,
    instant_of,
    minute_from,
    minute_of,
    part_numbers,
    part_of,
    wall_minutes,
    weekdays,
)
from tests.engines.builders import ZONES, cases, moments


@cases(100)
@given(st.lists(moments(step=1), max_size=20), st.sampled_from(ZONES))
def test_the_wall_clock_is_that_of_the_zone_also_around_clock_changes(times, zone):
    wall = wall_minutes(np.array([minute_of(each) for each in times], dtype=np.int64), zone)
    local = [each.astimezone(ZoneInfo(zone)) for each in times]
    assert hours(wall).tolist() == [each.hour for each in local]
    assert weekdays(wall).tolist() == [each.weekday() for each in local]
    assert days(wall).tolist() == [day_number(each.date()) for each in local]
    assert (wall % 60).tolist() == [each.minute for each in local]


def test_seconds_count_down_for_a_minute_and_up_for_the_next():
    late = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
    assert instant_of(minute_of(late)) == late - timedelta(seconds=30)
    assert instant_of(minute_from(late)) == late + timedelta(seconds=30)
    assert minute_from(instant_of(77)) == minute_of(instant_of(77)) == 77


def test_the_epoch_is_day_zero():
    assert day_number(date(1970, 1, 1)) == 0


def test_parts_of_the_day_change_at_noon_and_at_five():
    hour = np.array([0, 11, 12, 16, 17, 23], dtype=np.int64)
    assert part_numbers(hour).tolist() == [0, 0, 1, 1, 2, 2]
    assert [part_of(each) for each in (0, 11, 12, 16, 17, 23)] == [
        "morning", "morning", "afternoon", "afternoon", "evening", "evening",
    ]  # fmt: skip
