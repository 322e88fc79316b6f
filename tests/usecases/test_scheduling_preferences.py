"""What a patient wishes and what the visits show are kept apart, and both can be asked for."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from fhir_gateway.core.codes import BASIC_PREFERENCE, EXT_PREFERENCE, EXT_SCORE, SYSTEM_BASIC
from fhir_gateway.core.errors import Category
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases.operations import Call, Operation, scheduling_preferences
from fhir_gateway.usecases.zones import extension, part
from tests.usecases.builders import (
    Resource,
    a_location,
    a_patient,
    an_appointment,
    at,
    ref,
)
from tests.usecases.clinic import BASE, TENANT, Clinic, refusal, refused_with

READ = Operation(scheduling_preferences.SPEC, scheduling_preferences.run)
UPDATE = Operation(scheduling_preferences.UPDATE, scheduling_preferences.run_update)
#: A Monday morning, a Monday afternoon and a Friday evening.
VISITS = ("2026-01-05T09:00:00Z", "2026-01-12T14:00:00Z", "2026-01-16T18:00:00Z")


def wish(id_: str = "wish", patient: str = "ann", **parts: Any) -> Resource:
    """The patient's Basic: `dayOfWeek="tue"`, `practitioner="Practitioner/p1"` …"""
    stated = [
        {"url": name, "valueReference": ref(value)}
        if name == "practitioner"
        else {"url": name, "valueCode": value}
        for name, value in parts.items()
    ]
    return {
        "resourceType": "Basic",
        "id": id_,
        "code": {"coding": [{"system": SYSTEM_BASIC, "code": BASIC_PREFERENCE}]},
        "subject": ref(f"Patient/{patient}"),
        "extension": [{"url": EXT_PREFERENCE, "extension": stated}],
    }


def travel(location: str, minutes: int) -> Resource:
    inner = [
        {"url": "location", "valueReference": ref(location)},
        {"url": "minutes", "valueUnsignedInt": minutes},
    ]
    return {"url": "travel", "extension": inner}


async def visit(clinic: Clinic, start: str, status: str = "fulfilled", **elements: Any) -> Resource:
    end = start.replace(":00:00Z", ":30:00Z")
    return await clinic.post(
        an_appointment(schedule=None, status=status, **elements) | {"start": start, "end": end}
    )


async def ask(
    clinic: Clinic, *pairs: tuple[str, str], operation: Operation = READ, patient: str = "ann"
) -> dict[str, list[Any]]:
    """Part -> its values; a part with parts is a dict of them."""
    call = Call(Ref("Patient", patient), parameters.read(operation.spec, None, pairs), BASE)
    answer = json.parse(await operation.run(clinic.deps, TENANT, call))
    validate(answer, type_name="Parameters")
    return {each["name"]: _parts(each) for each in answer["parameter"]}


def _parts(parameter: Any) -> Any:
    if "part" not in parameter:
        value = next(value for key, value in parameter.items() if key.startswith("value"))
        return value.get("reference", value) if isinstance(value, dict) else value
    found: dict[str, list[Any]] = {}
    for each in parameter["part"]:
        found.setdefault(each["name"], []).append(_parts(each))
    return found


async def test_what_the_visits_show_is_told_by_share(clinic: Clinic) -> None:
    for start in VISITS:
        await visit(clinic, start)
    told = await ask(clinic)
    assert told["learnt"]["visits"] == [3]
    assert told["learnt"]["day"] == [
        {"code": ["mon"], "share": [Decimal("0.6667")]},
        {"code": ["fri"], "share": [Decimal("0.3333")]},
    ]
    assert told["effective"]["part-of-day"] == ["morning", "afternoon", "evening"]
    assert told["effective"]["practitioner"] == ["Practitioner/p1"]
    assert "stated" not in told


async def test_row_s16_what_was_stated_wins_and_what_was_learnt_is_still_told(
    clinic: Clinic,
) -> None:
    for start in VISITS:
        await visit(clinic, start)
    await clinic.put(wish(dayOfWeek="tue"))
    told = await ask(clinic)
    assert told["stated"] == {"day": ["tue"]}
    assert [each["code"] for each in told["learnt"]["day"]] == [["mon"], ["fri"]]
    assert told["effective"]["day"] == ["tue"]
    assert told["effective"]["part-of-day"] == ["morning", "afternoon", "evening"]


async def test_row_s16_learning_never_changes_what_was_stated(clinic: Clinic) -> None:
    stated = await clinic.put(wish(dayOfWeek="tue"))
    await visit(clinic, VISITS[0])
    await ask(clinic, operation=UPDATE)
    assert await clinic.get("Basic/wish") == stated


async def test_what_happened_once_in_many_counts_for_plan_and_not_for_best(
    clinic: Clinic,
) -> None:
    for day in (5, 12, 19, 26):
        await visit(clinic, f"2026-01-{day:02}T09:00:00Z")
    await visit(clinic, "2026-02-06T18:00:00Z")
    plan, best = [
        (await ask(clinic, ("policy", policy)))["effective"] for policy in ("plan", "best")
    ]
    assert (plan["day"], best["day"]) == (["mon", "fri"], ["mon"])


async def test_row_s4_a_visit_is_on_the_day_of_its_place(clinic: Clinic) -> None:
    zone = {"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": "Asia/Tokyo"}
    await clinic.put(a_location(extension=[zone]))
    await visit(clinic, "2026-01-05T20:00:00Z", others=("Practitioner/p1", "Location/room"))
    told = await ask(clinic)
    assert (told["effective"]["day"], told["effective"]["part-of-day"]) == (["tue"], ["morning"])


async def test_how_the_appointments_went_is_told(clinic: Clinic) -> None:
    await visit(clinic, VISITS[0])
    await visit(clinic, VISITS[1], "noshow")
    booked = await clinic.book("09:00")
    late = clinic.seen(at("09:07"))
    await late.change(f"Appointment/{booked['id']}", status="arrived")
    counters = (await ask(clinic))["counters"]
    assert {name: value for name, (value,) in counters.items()} == {
        "total": 3, "completed": 1, "no-shows": 1, "no-show-rate": 50, "arrivals": 1,
        "late-minutes": 7, "average-late-minutes": 7,
    }  # fmt: skip


async def test_row_s3_a_new_patient_has_no_rate(clinic: Clinic) -> None:
    await clinic.book("09:00")
    counters = (await ask(clinic))["counters"]
    assert (counters["total"], "no-show-rate" in counters) == ([1], False)


async def test_counters_that_are_wrong_are_put_right_when_asked_for(clinic: Clinic) -> None:
    await visit(clinic, VISITS[0])
    async with clinic.deps.database.transaction(TENANT) as tx:
        await tx.execute("UPDATE patient_counter SET total = 7, completed = 0")
    assert (await ask(clinic))["counters"]["total"] == [7]
    counters = (await ask(clinic, operation=UPDATE))["counters"]
    assert (counters["total"], counters["completed"]) == ([1], [1])


async def test_home_and_ways_are_told(clinic: Clinic) -> None:
    address = [{"use": "work", "city": "Here"}, {"use": "home", "city": "There"}]
    await clinic.put(a_patient(address=address), a_location())
    stated = wish()
    stated["extension"][0]["extension"].append(travel("Location/room", 25))
    await clinic.put(stated)
    told = await ask(clinic)
    assert told["home-address"] == address[1]
    assert told["stated"]["travel"] == [{"location": ["Location/room"], "minutes": [25]}]


async def test_a_patient_who_is_not_there_has_no_preferences(clinic: Clinic) -> None:
    assert (await refusal(ask(clinic, patient="none"))).category is Category.NOT_FOUND
    assert (await refusal(ask(clinic, ("policy", "worst")))).category is Category.INVALID


async def test_a_patient_has_one_preference(clinic: Clinic) -> None:
    await clinic.put(wish("one", dayOfWeek="mon"), wish("other", "bob", dayOfWeek="mon"))
    assert (await refusal(clinic.put(wish("two", dayOfWeek="mon")))).category is Category.DUPLICATE
    await clinic.put(wish("one", dayOfWeek="fri"))
    await clinic.delete("Basic/one")
    await clinic.put(wish("two", dayOfWeek="mon"))


async def test_of_two_at_once_one_is_kept(clinic: Clinic) -> None:
    attempts = [clinic.put(wish(name, dayOfWeek="mon")) for name in ("one", "two", "three")]
    found = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(each, dict) for each in found) == 1
    assert len(await clinic.all("Basic")) == 1


async def test_a_basic_resource_of_another_kind_is_left_alone(clinic: Clinic) -> None:
    other = {"resourceType": "Basic", "code": {"text": "x"}, "subject": ref("Patient/ann")}
    for name in ("one", "two"):
        await clinic.put(other | {"id": name})
    assert len(await clinic.all("Basic")) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "dayOfWeek", "valueCode": "Monday"},
        {"url": "partOfDay", "valueCode": "night"},
        {"url": "practitioner", "valueReference": ref("Patient/ann")},
        {"url": "travel", "extension": [{"url": "minutes", "valueUnsignedInt": 5}]},
    ],
)
async def test_a_wish_that_nobody_understands_is_refused(clinic: Clinic, wrong: Resource) -> None:
    stated = wish()
    stated["extension"][0]["extension"].append(wrong)
    category, _ = await refused_with(clinic.put(stated))
    assert category is Category.UNPROCESSABLE


async def test_a_preference_is_somebodys(clinic: Clinic) -> None:
    stated = wish(dayOfWeek="mon")
    del stated["subject"]
    assert await refused_with(clinic.put(stated)) == (Category.UNPROCESSABLE, None)


async def test_the_search_for_times_goes_by_what_counts(clinic: Clinic) -> None:
    await clinic.put(wish(partOfDay="morning", practitioner="Practitioner/p1"))
    found = await clinic.call(
        "find-optimal-slots", ("start", at("08:00")), ("end", at("12:00")),
        ("patient", "Patient/ann"), ("policy", "plan"),
    )  # fmt: skip
    score = extension(found["entry"][0]["resource"], EXT_SCORE) or {}
    wishes = [each for each in score["extension"] if part(each, "code") == "patient-preference"]
    assert [part(each, "value") for each in wishes] == [75]  # 50, morning, practitioner
