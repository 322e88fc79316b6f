"""At which instant is a time that says no offset?"""

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.mapping.profiles import SenderProfile
from tests.mapping.builders import read, warned

BERLIN = SenderProfile(zone="Europe/Berlin")


def start(text: str, *, msh_7: str, profile: SenderProfile = BERLIN) -> str:
    """Where a start of SCH-11.4 ends up."""
    found = read(msh_7=msh_7, sch={11: f"^^^{text}", 9: "30", 10: "min"}, profile=profile)
    return str(found.appointment["start"])


def test_the_offset_of_the_value_wins_over_everything() -> None:
    assert start("202607010900-0500", msh_7="20260302090000+0100") == "2026-07-01T09:00:00-05:00"


def test_the_offset_of_the_header_wins_over_the_zone() -> None:
    assert start("202603100900", msh_7="20260302090000+0500") == "2026-03-10T09:00:00+05:00"


def test_the_zone_decides_where_the_header_says_nothing() -> None:
    assert start("202603100900", msh_7="20260302090000") == "2026-03-10T09:00:00+01:00"


@pytest.mark.parametrize(
    ("msh_7", "booked", "expected"),
    [
        ("20260302090000+0100", "202607010900", "2026-07-01T09:00:00+02:00"),
        ("20260701090000+0200", "202612010900", "2026-12-01T09:00:00+01:00"),
        ("20260302090000+0100", "202603100900", "2026-03-10T09:00:00+01:00"),
    ],
)
def test_a_booking_beyond_a_clock_change_takes_the_offset_of_its_own_day(
    msh_7: str, booked: str, expected: str
) -> None:
    assert start(booked, msh_7=msh_7) == expected


def test_a_header_offset_that_is_not_the_zones_stays_even_beyond_a_clock_change() -> None:
    assert start("202607010900", msh_7="20260302090000+0200") == "2026-07-01T09:00:00+02:00"
    assert start("202612010900", msh_7="20260302090000+0200") == "2026-12-01T09:00:00+02:00"


def test_a_skipped_hour_moves_forward_and_is_reported() -> None:
    found = read(
        msh_7="20260302090000", sch={11: "^^^202603290230", 9: "30", 10: "min"}, profile=BERLIN
    )
    assert found.appointment["start"] == "2026-03-29T03:30:00+02:00"
    assert len(warned(found, "clock-change")) == 1


def test_a_repeated_hour_takes_its_first_occurrence_and_is_reported() -> None:
    found = read(
        msh_7="20260302090000", sch={11: "^^^202610250230", 9: "30", 10: "min"}, profile=BERLIN
    )
    assert found.appointment["start"] == "2026-10-25T02:30:00+02:00"
    assert len(warned(found, "clock-change")) == 1


def test_a_duration_across_a_clock_change_is_counted_in_real_minutes() -> None:
    found = read(
        msh_7="20260302090000", sch={11: "^^^202603290130", 9: "60", 10: "min"}, profile=BERLIN
    )
    assert found.start is not None
    assert found.end is not None
    assert (found.end.timestamp() - found.start.timestamp()) == 3600
    assert found.appointment["end"] == "2026-03-29T03:30:00+02:00"


def test_the_time_of_the_message_is_resolved_the_same_way() -> None:
    found = read(msh_7="20260302090000", profile=BERLIN)
    assert found.message_time is not None
    assert found.message_time.isoformat() == "2026-03-02T09:00:00+01:00"
    assert read(msh_7="").message_time is None


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(GatewayError):
        read(profile=SenderProfile(zone="Mars/Olympus"))


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_year_out_of_this_world_is_reported(year: str) -> None:
    found = read(event="S14", sch={11: f"^^^{year}01010900"})
    assert found.start is None
    assert len(warned(found, "time")) == 1
