"""Which stretch of time does a FHIR date mean?"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.time import format_instant
from fhir_gateway.fhir.date_ranges import (
    EARLIEST,
    LATEST,
    POINT,
    date_range,
    period_range,
    stored_range,
)
from tests.fhir.searches import utc

LONDON = ZoneInfo("Europe/London")
UTC_ZONE = ZoneInfo("UTC")
_MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda each: 1 < each.year < 9999)
_ZONES = st.sampled_from([LONDON, UTC_ZONE, ZoneInfo("Asia/Riyadh"), ZoneInfo("Pacific/Apia")])


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", utc(2026, 1, 1), utc(2027, 1, 1)),
        ("2026-02", utc(2026, 2, 1), utc(2026, 3, 1)),
        ("2024-02", utc(2024, 2, 1), utc(2024, 3, 1)),
        ("2026-12", utc(2026, 12, 1), utc(2027, 1, 1)),
        ("2024-02-29", utc(2024, 2, 29), utc(2024, 3, 1)),
        ("2026-07-01", utc(2026, 6, 30, 23), utc(2026, 7, 1, 23)),
        ("2026-03-29", utc(2026, 3, 29), utc(2026, 3, 29, 23)),
        ("2026-10-25", utc(2026, 10, 24, 23), utc(2026, 10, 26)),
        ("2026-07-01T09:00", utc(2026, 7, 1, 8), utc(2026, 7, 1, 8, 1)),
        ("2026-07-01T09:00Z", utc(2026, 7, 1, 9), utc(2026, 7, 1, 9, 1)),
        ("2026-07-01T09:00:30Z", utc(2026, 7, 1, 9, 0, 30), utc(2026, 7, 1, 9, 0, 31)),
        ("2026-07-01T09:00:30-05:00", utc(2026, 7, 1, 14, 0, 30), utc(2026, 7, 1, 14, 0, 31)),
        ("2026-07-01T00:00:00.000001Z", utc(2026, 7, 1), utc(2026, 7, 1, 0, 0, 0, 2)),
        ("2016-12-31T23:59:60Z", utc(2017, 1, 1), utc(2017, 1, 1, 0, 0, 1)),
        ("9999", utc(9999, 1, 1), LATEST),
        ("9999-12-31", utc(9999, 12, 31), LATEST),
        ("0001", EARLIEST, None),
        ("0001-01-01T00:00:00+14:00", EARLIEST, None),
    ],
)  # fmt: skip
def test_a_date_is_the_whole_of_what_it_names(
    text: str, low: datetime, high: datetime | None
) -> None:
    found = date_range(text, LONDON)
    assert found[0] == pytest.approx(low, abs=timedelta(minutes=2))
    assert high is None or found[1] == high


@pytest.mark.parametrize("text", ["2026-03-29T01:30:00", "2026-10-25T01:30:00"])
def test_a_skipped_or_repeated_hour_still_means_a_moment(text: str) -> None:
    low, high = date_range(text, LONDON)
    assert high - low == timedelta(seconds=1)


def test_a_skipped_hour_moves_forward_and_a_repeated_one_is_the_first() -> None:
    assert date_range("2026-03-29T01:30:00", LONDON)[0] == utc(2026, 3, 29, 1, 30)
    assert date_range("2026-10-25T01:30:00", LONDON)[0] == utc(2026, 10, 25, 0, 30)


@pytest.mark.parametrize(
    "text",
    [
        "", "26", "2026-13", "2026-00", "2026-02-30", "2026-1-1", "2026-01-01T", "2026-01-01T24:00",
        "2026-01-01T09", "2026-01-01T09:60:00", "2026-01-01T09:00:00+15:00", "2026-01-01 09:00:00",
        "0000", "2026-01-01T09:00:00.", "2026-W01", "٢٠٢٦", "2026-01-01T09:00:00Z\n",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"date|year|day|month"):
        date_range(text, UTC_ZONE)


@given(_MOMENTS, _ZONES)
def test_a_moment_is_in_the_range_of_its_own_text(moment: datetime, zone: ZoneInfo) -> None:
    second = moment.replace(microsecond=0)
    low, high = date_range(format_instant(second), zone)
    assert low == second < high


@given(_MOMENTS, _ZONES)
def test_a_coarser_date_holds_the_finer_one(moment: datetime, zone: ZoneInfo) -> None:
    text = moment.replace(tzinfo=None).isoformat(timespec="seconds")
    ranges = [date_range(text[:length], zone) for length in (4, 7, 10)]
    for (low, high), (inner_low, inner_high) in pairwise(ranges):
        assert low <= inner_low < inner_high <= high


@given(_MOMENTS, _ZONES)
def test_days_follow_each_other_without_a_gap(moment: datetime, zone: ZoneInfo) -> None:
    today, tomorrow = moment.date(), moment.date() + timedelta(days=1)
    assert date_range(today.isoformat(), zone)[1] == date_range(tomorrow.isoformat(), zone)[0]


@given(_MOMENTS, _ZONES)
def test_a_stored_time_is_a_point_in_what_is_searched(moment: datetime, zone: ZoneInfo) -> None:
    text = format_instant(moment.replace(microsecond=0))
    low, high = stored_range(text, zone)
    searched = date_range(text, zone)
    assert high - low == POINT
    assert searched[0] <= low < high <= searched[1]


def test_a_stored_day_is_the_whole_day() -> None:
    assert stored_range("2026-03-02", UTC_ZONE) == date_range("2026-03-02", UTC_ZONE)
    assert stored_range("2026-03-02T09:00", UTC_ZONE) == date_range("2026-03-02T09:00", UTC_ZONE)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ({}, None),
        ({"start": "2026"}, (utc(2026, 1, 1), LATEST)),
        ({"end": "2026-02"}, (EARLIEST, utc(2026, 3, 1))),
        ({"start": "2026", "end": "2026-01-01"}, (utc(2026, 1, 1), utc(2026, 1, 2))),
        ({"start": "2026-03", "end": "2026-01"}, (utc(2026, 3, 1), utc(2026, 3, 1))),
    ],
)
def test_a_period_reaches_from_the_first_moment_to_the_last(
    period: dict[str, str], expected: tuple[datetime, datetime] | None
) -> None:
    assert period_range(period, UTC_ZONE) == expected
