"""$scheduling-metrics: of whom, of when, and what is counted."""

import csv
from datetime import date, timedelta

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.measurereport import MeasureReport

from fhir_gateway.core.errors import Category
from fhir_gateway.fhir import json
from fhir_gateway.usecases.operations.scheduling_metrics import MEASURE
from tests.usecases.builders import (
    DAY,
    a_location,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
    at,
)
from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.measuring import Pair, answer, counted, in_short, measured, scores
from tests.usecases.test_scheduling_days import a_service, a_visit


async def two_people(clinic: Clinic) -> None:
    """p1 has a booked and a free Slot, p2 a booked one in the room; both for check-ups."""
    await clinic.put(a_practitioner("p2"), a_location(), a_service())
    await clinic.put(a_schedule("s2", "Practitioner/p2", "Location/room"))
    await clinic.put(a_slot("09:00", schedule="s2"))
    await clinic.book()
    await clinic.book(patient="bob", schedule="s2", others=("Practitioner/p2",))


async def test_a_booking_uses_time(clinic: Clinic) -> None:
    await clinic.book()
    assert await scores(clinic, "Practitioner/p1") == {
        "utilisation-minutes": "50.00",
        "utilisation-slots": "50.00",
        "plan-utilisation": "50.00",
        "plan-no-show-rate": "0.00",
        "cancellation-rate": "0.00",
        "completed": "0",
        "overtime": "0.00",
    }


async def test_a_report_is_valid_and_says_whose_and_when(clinic: Clinic) -> None:
    report = await measured(clinic, "Practitioner/p1")
    MeasureReport.model_validate_json(json.dump(report))
    assert report["subject"] == {"reference": "Practitioner/p1"}
    assert report["period"] == {"start": str(DAY), "end": str(DAY)}
    assert report["measure"] == MEASURE.url


async def test_row_s13_blocked_time_is_not_offered(clinic: Clinic) -> None:
    await clinic.change("Slot/s1-0930", status="busy-unavailable")
    assert (await counted(clinic))["offered-slots"] == 1


async def test_an_offer_that_came_to_nothing_is_no_cancellation(clinic: Clinic) -> None:
    reason = {"coding": [{"system": "https://fhir-gateway.example/fhir/CodeSystem/reason",
                          "code": "declined"}]}  # fmt: skip
    made = await clinic.book()
    await clinic.change(f"Appointment/{made['id']}", status="cancelled", cancelationReason=reason)
    assert "appointments" not in await counted(clinic)
    other = await clinic.book()
    await clinic.cancel(f"Appointment/{other['id']}")
    assert (await scores(clinic))["cancellation-rate"] == "100.00"


@pytest.mark.parametrize(
    ("now", "past"), [(at("08:59"), 0), (at("09:15"), 1), (at("12:00"), 2), (at("12:00", 3), 2)]
)
async def test_only_what_should_have_begun_is_past(clinic: Clinic, now: str, past: int) -> None:
    await clinic.book("09:00")
    await clinic.book("09:30", patient="bob")
    assert (await counted(clinic)).get("past-appointments", 0) == 0
    assert (await counted(clinic.seen(now))).get("past-appointments", 0) == past


@pytest.mark.parametrize(
    ("begins", "day"),
    [
        ("2027-03-27T22:30:00Z", "2027-03-27"),
        ("2027-03-27T23:30:00Z", "2027-03-28"),
        ("2027-03-28T21:30:00Z", "2027-03-28"),
        ("2027-03-28T22:30:00Z", "2027-03-29"),
        ("2027-10-30T21:30:00Z", "2027-10-30"),
        ("2027-10-30T22:30:00Z", "2027-10-31"),
        ("2027-10-31T22:30:00Z", "2027-10-31"),
        ("2027-10-31T23:30:00Z", "2027-11-01"),
    ],
)
async def test_a_day_is_the_clinics_own_also_when_clocks_change(
    clinic: Clinic, begins: str, day: str
) -> None:
    berlin = clinic.seen("2026-11-25T12:00:00Z", "Europe/Berlin")
    time = {"start": begins, "end": begins.replace(":30:00Z", ":45:00Z")}
    await berlin.put(an_appointment(schedule=None) | {"id": "a"} | time)
    around = [str(date.fromisoformat(day) + timedelta(days=each)) for each in (-2, 2)]
    pairs = (("start", around[0]), ("end", around[1]), ("granularity", "day"))
    bundle = await measured(berlin, "", *pairs)
    found = [each["resource"] for each in bundle["entry"]]
    booked = [each["period"]["start"] for each in found if "cancellation-rate" in in_short(each)]
    assert booked == [day]


async def test_how_long_patients_wait_and_are_seen(clinic: Clinic) -> None:
    await clinic.put(an_appointment() | {"id": "a", "status": "fulfilled"})
    past = [
        {"status": "arrived", "period": {"start": at("08:50"), "end": at("09:05")}},
        {"status": "in-progress", "period": {"start": at("09:05"), "end": at("09:20")}},
    ]
    hours = {"value": 0.5, "code": "h", "system": "http://unitsofmeasure.org"}
    await clinic.put(a_visit("a", statusHistory=past, length=hours))
    found = await scores(clinic)
    assert (found["average-wait"], found["average-duration"]) == ("15.00", "30.00")


async def test_work_after_the_last_slot_is_overtime(clinic: Clinic) -> None:
    await clinic.put(an_appointment("09:30") | {"id": "a", "status": "fulfilled"})
    await clinic.put(a_visit("a", period={"start": at("09:40"), "end": at("10:25")}))
    assert (await scores(clinic, "Practitioner/p1"))["overtime"] == "25.00"


@pytest.mark.parametrize(
    ("place", "pairs", "subjects"),
    [
        ("", (), [None]),
        ("", (("group-by", "practitioner"),), ["Practitioner/p1", "Practitioner/p2"]),
        ("", (("group-by", "location"),), ["Location/room"]),
        ("Practitioner", (), ["Practitioner/p1", "Practitioner/p2"]),
        ("Location", (), ["Location/room"]),
        ("HealthcareService", (), [None]),
        ("HealthcareService/care", (), [None]),
        ("Location/room", (("group-by", "service"),), ["Location/room"]),
    ],
)
async def test_there_is_a_report_for_each(
    clinic: Clinic, place: str, pairs: tuple[Pair, ...], subjects: list[str | None]
) -> None:
    await two_people(clinic)
    found = await measured(clinic, place, ("end", str(DAY)), ("days", "0"), *pairs)
    reports = [each["resource"] for each in found.get("entry", [{"resource": found}])]
    told = [each.get("subject", {}).get("reference") for each in reports]
    assert told == subjects


async def test_services_are_strata(clinic: Clinic) -> None:
    await two_people(clinic)
    report = await measured(clinic, "HealthcareService")
    MeasureReport.model_validate_json(json.dump(report))
    utilisation = report["group"][1]
    (stratum,) = utilisation["stratifier"][0]["stratum"]
    assert stratum["value"] == {"text": "HealthcareService/care"}
    assert str(stratum["measureScore"]["value"]) == "66.67"


@pytest.mark.parametrize(
    ("width", "starts"),
    [
        ("day", ["2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01"]),
        ("week", ["2026-11-28", "2026-11-30"]),
        ("month", ["2026-11-28", "2026-12-01"]),
        ("total", ["2026-11-28"]),
    ],
)
async def test_a_period_is_divided(clinic: Clinic, width: str, starts: list[str]) -> None:
    pairs = [("start", "2026-11-28"), ("end", "2026-12-01"), ("granularity", width)]
    lines = (await answer(clinic, "", pairs, csv=True)).decode().splitlines()
    rows = list(csv.DictReader(lines))
    assert [each["start"] for each in rows] == starts
    assert rows[-1]["end"] == "2026-12-01"


async def test_a_period_is_the_last_thirty_days_unless_somebody_says(clinic: Clinic) -> None:
    seen = clinic.seen("2026-11-25T23:30:00Z", "Europe/Berlin")
    report = json.parse(await answer(seen, "", ()))
    assert report["period"] == {"start": "2026-10-27", "end": "2026-11-26"}


async def test_the_same_as_csv(clinic: Clinic) -> None:
    await two_people(clinic)
    pairs = [("start", str(DAY)), ("end", str(DAY)), ("group-by", "service")]
    content = await answer(clinic, "Practitioner", pairs, csv=True)
    rows = list(csv.DictReader(content.decode().splitlines()))
    told = [(each["subject"], each["service"], each["booked-slots"], each["utilisation-slots"])
            for each in rows]  # fmt: skip
    assert told == [
        ("Practitioner/p1", "", "1", "50.00"),
        ("Practitioner/p1", "HealthcareService/care", "1", "50.00"),
        ("Practitioner/p2", "", "1", "100.00"),
        ("Practitioner/p2", "HealthcareService/care", "1", "100.00"),
    ]
    assert {each["no-show-rate"] for each in rows} == {""}


async def test_several_reports_are_a_valid_bundle(clinic: Clinic) -> None:
    await two_people(clinic)
    Bundle.model_validate_json(await answer(clinic, "Practitioner"))


@pytest.mark.parametrize(
    ("place", "pairs"),
    [
        ("", [("start", "2026-02-30")]),
        ("", [("start", "2026-02")]),
        ("", [("end", "0001-01-01")]),
        ("", [("start", "2026-02-02"), ("end", "2026-02-01")]),
        ("", [("start", "2026-02-02"), ("days", "3")]),
        ("", [("days", "-1")]),
        ("", [("days", "3660")]),
        ("", [("start", "1990-01-01"), ("end", "2026-01-01")]),
        ("", [("granularity", "hour")]),
        ("", [("group-by", "room")]),
        ("", [("group-by", "practitioner"), ("group-by", "location")]),
        ("Practitioner", [("group-by", "location")]),
        ("Practitioner/p1", [("group-by", "location")]),
        ("", [("days", "1000"), ("granularity", "day")]),
    ],
)
async def test_what_makes_no_sense_is_refused(
    clinic: Clinic, place: str, pairs: list[Pair]
) -> None:
    category, _ = await refused_with(answer(clinic, place, pairs))
    assert category is Category.INVALID


@pytest.mark.parametrize("place", ["Practitioner/nobody", "HealthcareService/none"])
async def test_who_is_not_there_has_no_numbers(clinic: Clinic, place: str) -> None:
    category, _ = await refused_with(answer(clinic, place))
    assert category is Category.NOT_FOUND
