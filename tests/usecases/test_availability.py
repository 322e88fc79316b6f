"""What a Schedule may say about its time, and what is refused with its place."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.core.codes import EXT_AVAILABILITY
from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.usecases import holiday_dates
from fhir_gateway.usecases.availability import availability_of, check
from tests.usecases.builders import (
    Resource,
    a_practitioner,
    a_schedule,
    availability,
    different,
    weekly,
)
from tests.usecases.clinic import Clinic, refusal

BERLIN = ZoneInfo("Europe/Berlin")


def extended(*more: Resource, **parts: Any) -> Resource:
    return a_schedule(extension=availability(*more, **parts))


def test_every_part_is_read() -> None:
    found = availability_of(
        extended(
            weekly("22:00", "06:00", "mon", "tue"),
            different("2026-12-24", "2026-12-24", closed=True, start="12:00", end="14:00"),
            zone="Asia/Riyadh", alignMinutes=15, bufferBefore=5, bufferAfter=10,
            validity={"start": "2026-01-01"}, holidays="urn:iso:std:iso:3166:-2:DE-BY", capacity=4,
        ),
        BERLIN,
    )  # fmt: skip
    assert found is not None
    rules = found.rules
    assert (rules.zone.key, rules.slot_minutes, rules.align_minutes) == ("Asia/Riyadh", 30, 15)
    assert (rules.buffer_before, rules.buffer_after) == (5, 10)
    assert (rules.first, rules.last) == (date(2026, 1, 1), None)
    assert rules.weekly[0].days == {0, 1}
    assert rules.exceptions[0].closed
    assert found.calendar == "urn:iso:std:iso:3166:-2:DE-BY"


def test_the_zone_is_the_clinics_where_none_is_named_and_no_extension_is_no_rules() -> None:
    found = availability_of(extended(), BERLIN)
    assert found is not None
    assert found.rules.zone is BERLIN
    assert availability_of(a_schedule(), BERLIN) is None


WEEK = ("weekly", {"url": "start", "valueTime": "09:00:00"})


def only(*inner: Resource) -> Resource:
    return a_schedule(extension=[{"url": EXT_AVAILABILITY, "extension": list(inner)}])


LENGTH = {"url": "slotMinutes", "valuePositiveInt": 30}


@pytest.mark.parametrize(
    ("schedule", "place"),
    [
        (only(), ""),
        (only(LENGTH, LENGTH), ".extension[1]"),
        (only({"url": "slotMinutes", "valueInteger": 30}), ".extension[0]"),
        (only(LENGTH, {"url": "colour", "valueCode": "red"}), ".extension[1]"),
        (only(LENGTH, {"url": "weekly", "extension": [WEEK[1]]}), ".extension[1]"),
        (extended(weekly("09:00", "12:00", "monday")), ".extension[0]"),
        (extended(weekly("09:00", "09:00")), ".extension[0]"),
        (extended(different("2026-12-24", "2026-12-23", closed=True)), ".extension[0]"),
        (extended(different("2026-12", "2026-12", closed=True)), ".extension[0]"),
        (extended(different("2026-12-24", "2026-12-24", closed=False)), ".extension[0]"),
        (extended(different("2026-12-24", "2026-12-24", start="09:00")), ".extension[0]"),
        (extended(zone="Mars/Olympus"), ".extension[1]"),
        (extended(alignMinutes=7), ".extension[1]"),
        (extended(capacity=1001), ".extension[1]"),
        (extended(slotMinutes=1441), ".extension[0]"),
        (extended(bufferAfter=1441), ".extension[1]"),
        (extended(holidays="urn:iso:std:iso:3166:XX"), ".extension[1]"),
        (extended(holidays="urn:iso:std:iso:3166:-2:DE-XX"), ".extension[1]"),
        (extended(holidays="http://calendar.example"), ".extension[1]"),
        (extended(validity={"start": "2026-02-01", "end": "2026-01-01"}), ".extension[1]"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_place(schedule: Resource, place: str) -> None:
    with pytest.raises(GatewayError) as raised:
        check(schedule)
    assert raised.value.category is Category.UNPROCESSABLE
    assert (f"Schedule.extension[0]{place}",) in [each.expression for each in raised.value.issues]


def test_an_availability_stands_once() -> None:
    twice = a_schedule(extension=[*availability(), *availability()])
    with pytest.raises(GatewayError):
        check(twice)


def test_holidays_are_those_of_the_country_or_its_part() -> None:
    days = [date(2026, 1, 6), date(2026, 10, 3), date(2026, 10, 4)]
    assert holiday_dates.holidays("urn:iso:std:iso:3166:DE", days) == {date(2026, 10, 3)}
    assert holiday_dates.holidays("urn:iso:std:iso:3166:-2:DE-BY", days) == set(days[:2])
    assert holiday_dates.holidays(None, days) == frozenset()


async def test_a_schedule_that_cannot_be_followed_is_not_kept(bare: Clinic) -> None:
    error = await refusal(bare.put(a_practitioner(), extended(capacity=1001)))
    assert error.issues[0].expression == ("Schedule.extension[0].extension[1]",)
