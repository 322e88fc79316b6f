"""How long is a duration?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.mapping.durations import read_duration, read_tq_duration
from fhir_gateway.mapping.profiles import SenderProfile
from tests.mapping.builders import read, warned

NO_END = "^^^20260310090000+0300"


@pytest.mark.parametrize(
    ("number", "unit", "minutes"),
    [
        ("3420", "S", 57), ("3420", "sec", 57), ("3420", "Seconds", 57), ("20", "m", 20),
        ("20", "MIN", 20), ("30.00", "Min", 30), ("20", "mn", 20), ("20", "minutes", 20),
        ("1", "h", 60), ("2", "HR", 120), ("1.5", "hours", 90), ("1", "d", 1440),
        ("1", "wk", 10080), ("61", "s", 2), (" 20 ", " min ", 20),
    ],
)  # fmt: skip
def test_units_are_known_in_every_spelling(number: str, unit: str, minutes: int) -> None:
    found = read_duration(number, (unit,), "guess")
    assert found is not None
    assert (found.minutes, found.guessed) == (minutes, False)


@pytest.mark.parametrize(
    ("number", "minutes"), [("1800", 30), ("300", 5), ("20", 20), ("90", 90), ("310", 310)]
)
def test_a_blank_unit_is_guessed_by_the_size_of_the_number(number: str, minutes: int) -> None:
    found = read_duration(number, ("",), "guess")
    assert found is not None
    assert (found.minutes, found.guessed) == (minutes, True)


def test_a_sender_can_say_what_its_blank_unit_is() -> None:
    in_seconds, in_minutes = (read_duration("600", (), u) for u in ("seconds", "minutes"))  # type: ignore[arg-type]
    assert in_seconds is not None
    assert in_minutes is not None
    assert (in_seconds.minutes, in_minutes.minutes) == (10, 600)
    assert not in_seconds.guessed


@pytest.mark.parametrize("number", ["", "x", "1e9", "99999999", "--1", "1 2", "٣"])
def test_what_is_no_duration_is_none(number: str) -> None:
    assert read_duration(number, ("h",), "guess") is None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("M30", 30),
        ("S1800", 30),
        ("H1", 60),
        ("D1", 1440),
        ("30", 30),
        ("1800", 30),
        ("2 hours", 120),
    ],
)
def test_the_duration_of_sch_11_has_its_unit_in_front(text: str, minutes: int) -> None:
    found = read_tq_duration(text, "guess")
    assert found is not None
    assert found.minutes == minutes


@given(st.text(max_size=12), st.text(max_size=6))
def test_any_text_is_read_or_refused_quietly(number: str, unit: str) -> None:
    read_duration(number, (unit,), "guess")
    read_tq_duration(number + unit, "seconds")


def test_a_guessed_unit_is_reported() -> None:
    found = read(sch={9: "1800", 11: NO_END})
    assert found.appointment["minutesDuration"] == 30
    assert warned(found, "unit") == ["a duration without known unit is read as 30 minutes"]


@pytest.mark.parametrize("number", ["30", "1800"])
def test_a_blank_unit_that_fits_start_and_end_either_way_is_no_conflict(number: str) -> None:
    found = read(sch={9: number})
    assert found.appointment["minutesDuration"] == 30
    assert found.warnings == read().warnings


def test_a_unit_that_contradicts_start_and_end_loses() -> None:
    found = read(sch={9: "60", 10: "s"})
    assert found.appointment["minutesDuration"] == 30
    assert len(warned(found, "conflict")) == 1


def test_the_profile_decides_about_a_blank_unit() -> None:
    found = read(sch={9: "600", 11: NO_END}, profile=SenderProfile(blank_unit="minutes"))
    assert found.appointment["minutesDuration"] == 600
