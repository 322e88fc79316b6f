"""$queue-metrics: of which queue, of when, and never anything but what has happened."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.measurereport import MeasureReport

from fhir_gateway.core.errors import Category
from fhir_gateway.core.refs import relative
from fhir_gateway.fhir import json, parameters
from fhir_gateway.usecases import recounting
from fhir_gateway.usecases.operations import Call, Document
from fhir_gateway.usecases.operations.queue_metrics import MEASURE, QUEUE_METRICS
from tests.usecases.builders import a_location
from tests.usecases.clinic import BASE, TENANT, Clinic, refused_with
from tests.usecases.measuring import Pair, in_short
from tests.usecases.queueing import Desk, a_service, configuration

_DAY = "2026-03-02"
_SERVICES, _PLACES = QUEUE_METRICS


@pytest.fixture
async def desk(bare: Clinic) -> Desk:
    return await Desk.opened(bare)


async def measured(clinic: Clinic, place: str, *pairs: Pair, csv: bool = False) -> bytes:
    operation = _PLACES if place.startswith("Location") else _SERVICES
    read = parameters.read(operation.spec, None, list(pairs))
    call = Call(relative(place), read, BASE, type=place.split("/")[0], csv=csv)
    done = await operation.run(clinic.deps, TENANT, call)
    return done.content if isinstance(done, Document) else bytes(done)


async def report(desk: Desk, *pairs: Pair) -> dict[str, Any]:
    return json.parse(await measured(desk.clinic, desk.reference, *pairs))


async def numbers(desk: Desk, *pairs: Pair) -> dict[str, str]:
    short = in_short(await report(desk, *pairs))
    return {code.removeprefix("queue-"): value for code, value in short.items()}


async def a_morning(desk: Desk) -> Desk:
    """Ann waits 10 minutes and is seen for 20, bob comes late and does not answer."""
    await desk.joins("ann")
    await desk.later(10).joins("bob")
    after = await desk.later(10).serves("001", minutes=20)
    await after.later(40).does("call-next")
    await after.later(41).does("no-show", ticket="002")
    return after.later(41)


async def test_how_a_morning_went(desk: Desk) -> None:
    after = await a_morning(desk)
    assert await numbers(after) == {
        "entries": "2", "served": "1", "no-shows": "1", "average-wait": "35.00",
        "longest-wait": "60.00", "average-service": "20.00", "peak-size": "2",
        "average-size": "0.99",
    }  # fmt: skip


async def test_a_report_is_valid_and_says_what_is_measured(desk: Desk) -> None:
    found = await report(await a_morning(desk))
    MeasureReport.model_validate_json(json.dump(found))
    assert found["measure"] == MEASURE.url
    assert found["period"] == {"start": "2026-01-31", "end": _DAY}
    assert "subject" not in found
    (stratum,) = found["group"][0]["stratifier"][0]["stratum"]
    assert stratum["value"] == {"text": "HealthcareService/desk"}


async def test_who_waits_counts_without_any_command(desk: Desk) -> None:
    await desk.joins("ann")
    before = await numbers(desk.later(90))
    assert (before["peak-size"], before["average-size"]) == ("1", "1.00")
    await desk.later(90).does("call-next")
    assert (await numbers(desk.later(90)))["average-size"] == before["average-size"]


@pytest.mark.parametrize(
    ("width", "starts"),
    [
        ("hour", ["2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"]),
        ("day", ["2026-03-01", "2026-03-02"]),
        ("week", ["2026-03-01", "2026-03-02"]),
        ("month", ["2026-03-01"]),
        ("total", ["2026-03-01"]),
    ],
)
async def test_a_period_is_divided(desk: Desk, width: str, starts: Sequence[str]) -> None:
    after = await a_morning(desk)
    pairs = (("start", "2026-03-01"), ("end", _DAY), ("granularity", width))
    content = await measured(after.clinic, desk.reference, *pairs, csv=True)
    rows = list(csv.DictReader(content.decode().splitlines()))
    whole = [each for each in rows if not each["service"]]
    assert [each["start"] for each in whole] == list(starts)
    assert sum(int(each["queue-entries"]) for each in whole) == 2


async def test_places_have_a_report_each_and_services_are_strata(desk: Desk) -> None:
    clinic = desk.clinic
    await clinic.put(a_location("room") | {"extension": configuration(name="Room")})
    await clinic.put(a_service("second"))
    await desk.joins("ann")
    await desk.at("HealthcareService/second").joins("bob")
    await desk.at("Location/room").joins("cem")
    places = json.parse(await measured(clinic, "Location"))
    Bundle.model_validate_json(json.dump(places))
    told = [each["resource"]["subject"]["reference"] for each in places["entry"]]
    assert told == ["Location/room"]
    services = json.parse(await measured(clinic, "HealthcareService"))
    assert in_short(services)["queue-entries"] == "2"
    strata = services["group"][0]["stratifier"][0]["stratum"]
    assert [each["value"]["text"] for each in strata] == [
        "HealthcareService/desk", "HealthcareService/second",
    ]  # fmt: skip


async def test_the_hours_of_a_queue_that_has_gone_stay(desk: Desk) -> None:
    after = await a_morning(desk)
    await after.clinic.change("HealthcareService/desk", extension=None)
    whole = json.parse(await measured(after.clinic, "HealthcareService"))
    assert in_short(whole)["queue-served"] == "1"


@pytest.mark.parametrize(
    ("place", "pairs", "category"),
    [
        ("HealthcareService/desk", [("granularity", "year")], Category.INVALID),
        ("HealthcareService/desk", [("start", "2026-03-02"), ("end", "2026-03-01")],
         Category.INVALID),
        ("HealthcareService/desk", [("days", "1001"), ("granularity", "day")], Category.INVALID),
        ("HealthcareService/none", [], Category.NOT_FOUND),
        ("Location/room", [], Category.NOT_FOUND),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(
    desk: Desk, place: str, pairs: list[Pair], category: Category
) -> None:
    await desk.clinic.put(a_location("room"))
    assert (await refused_with(measured(desk.clinic, place, *pairs)))[0] is category


async def lively(bare: Clinic, zone: str) -> Desk:
    """Everything that can be done with somebody, across hours, in two queues."""
    clinic = replace(bare.seen("2026-03-02T08:00:00.123Z", zone))
    desk = await Desk.opened(clinic, "ann", "bob", "cem", "dan", "eve")
    desk = replace(desk, clinic=clinic)
    await clinic.put(a_service("second"))
    second = desk.at("HealthcareService/second")
    for minutes, patient in enumerate(("ann", "bob", "cem", "dan")):
        await desk.later(minutes * 7.01).joins(patient)
    await desk.later(25).does("call-next")
    await desk.later(26).does("recall", ticket="001")
    await desk.later(27).does("skip", ticket="001")
    await desk.later(30.5).does("call-next")
    await desk.later(31).does("start", ticket="002")
    await desk.later(50).does("transfer", ticket="003", to="HealthcareService/second")
    await second.later(75).does("call-next")
    await second.later(75).does("no-show", ticket="003")
    await desk.later(76.3).does("finish", ticket="002")
    await desk.later(80).does("leave", ticket="004")
    await desk.later(131).joins("eve")
    return desk.later(200)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
async def test_counted_from_the_encounters_the_hours_are_the_same(bare: Clinic, zone: str) -> None:
    desk = await lively(bare, zone)
    second = desk.at("HealthcareService/second")
    before = (await desk.hours(), await second.hours())
    # What the client itself changes about a visit is nothing that was done in the queue.
    (visit, *_) = await desk.clinic.all("Encounter")
    await desk.clinic.put(visit | {"priority": {"text": "sooner"}})
    assert (await recounting.recount(desk.clinic.deps, TENANT)).hours == 0
    await desk.clinic.sql("UPDATE queue_hour SET entries = 7, size_seconds = 1 RETURNING 1")
    wrong = (await recounting.recount(desk.clinic.deps, TENANT)).hours
    assert wrong == len(before[0]) + len(before[1])
    assert (await desk.hours(), await second.hours()) == before
