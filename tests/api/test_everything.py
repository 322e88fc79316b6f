"""Is all that is known about a patient found, and nothing about anybody else?"""

from typing import Any

import pytest
from starlette.types import ASGIApp

from tests.api.builders import BASE, ask, issue_of
from tests.usecases.builders import a_patient, a_related_person, an_appointment, at, ref

ANN, BOB = ref("Patient/ann"), ref("Patient/bob")
RECORDS = (
    a_related_person("mum"),
    a_related_person("dad", "bob"),
    {"resourceType": "Task", "id": "t1", "status": "requested", "intent": "order", "for": ANN},
    {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": ANN,
        "period": {"start": "2020-05-01", "end": "2020-05-01"},
    },
    {
        "resourceType": "Group",
        "id": "g1",
        "type": "person",
        "actual": True,
        "member": [{"entity": ANN}, {"entity": BOB}],
    },
)


@pytest.fixture
async def records(clinic: ASGIApp) -> ASGIApp:
    """Ann has a booking, a mother, a Task, an old Encounter and shares a Group with Bob."""
    for each in (*RECORDS, an_appointment("09:00", id="a1")):
        path = f"/fhir/{each['resourceType']}/{each['id']}"
        response = await ask(clinic, path, "PUT", json=each)
        assert response.status_code == 201, response.text
    return clinic


async def pages(app: ASGIApp, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    waiting = [f"/fhir/{address}"]
    while waiting:
        response = await ask(app, waiting.pop())
        assert response.status_code == 200, response.text
        found.append(response.json())
        waiting += [each["url"] for each in found[-1]["link"] if each["relation"] == "next"]
    return found


def named(bundles: list[dict[str, Any]], mode: str) -> list[str]:
    return [
        each["fullUrl"].removeprefix(f"{BASE}/")
        for bundle in bundles
        for each in bundle.get("entry", [])
        if each["search"]["mode"] == mode
    ]


OF_ANN = ["Patient/ann", "RelatedPerson/mum", "Appointment/a1", "Encounter/e1", "Task/t1",
          "Group/g1"]  # fmt: skip


async def test_what_belongs_to_a_patient_comes_with_what_it_points_to(records: ASGIApp) -> None:
    (bundle,) = await pages(records, "Patient/ann/$everything")
    assert (bundle["type"], bundle["total"]) == ("searchset", len(OF_ANN))
    assert named([bundle], "match") == OF_ANN
    assert sorted(named([bundle], "include")) == ["Practitioner/p1", "Slot/s1-0900"]


@pytest.mark.parametrize("count", [1, 2, 5, 6])
async def test_the_pages_follow_each_other(records: ASGIApp, count: int) -> None:
    bundles = await pages(records, f"Patient/ann/$everything?_count={count}")
    assert len(bundles) == -(-len(OF_ANN) // count)
    assert named(bundles, "match") == OF_ANN
    assert {each["total"] for each in bundles} == {len(OF_ANN)}


@pytest.mark.parametrize("count", [2, 100])
async def test_the_records_of_all_patients_can_be_had(records: ASGIApp, count: int) -> None:
    bundles = await pages(records, f"Patient/$everything?_count={count}")
    expected = {*OF_ANN, "Patient/bob", "RelatedPerson/dad"}
    assert set(named(bundles, "match")) == expected
    assert len(named(bundles, "match")) == len(expected)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("_type=Appointment,Task", ["Appointment/a1", "Task/t1"]),
        ("_type=Appointment&_type=Practitioner", ["Appointment/a1"]),
        ("_type=Appointment,Encounter&start=2020-01-01&end=2020-12-31", ["Encounter/e1"]),
        (f"_type=Appointment,Encounter&start={at('09:00')[:10]}", ["Appointment/a1"]),
        ("_type=Patient&end=1990", ["Patient/ann"]),
        ("_since=2999-01-01T00:00:00Z", []),
        ("_since=2020-01-01T00:00:00Z", OF_ANN),
    ],
)
async def test_it_can_be_limited(records: ASGIApp, query: str, found: list[str]) -> None:
    (bundle,) = await pages(records, f"Patient/ann/$everything?{query}")
    assert named([bundle], "match") == found
    assert bundle["total"] == len(found)


async def test_a_limit_by_type_holds_for_what_is_pointed_to(records: ASGIApp) -> None:
    (bundle,) = await pages(records, "Patient/ann/$everything?_type=Appointment,Slot")
    assert named([bundle], "include") == ["Slot/s1-0900"]


async def test_the_pages_that_follow_are_in_the_same_format(records: ASGIApp) -> None:
    response = await ask(records, "/fhir/Patient/ann/$everything?_count=1&_format=xml")
    assert b"_count=1&amp;_format=xml&amp;_cursor=" in response.content


async def test_it_is_asked_by_post_as_well(records: ASGIApp) -> None:
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueCode": "Task"},
            {"name": "_count", "valueInteger": 1},
        ],
    }
    response = await ask(records, "/fhir/Patient/ann/$everything", "POST", json=body)
    assert named([response.json()], "match") == ["Task/t1"]


@pytest.mark.parametrize(
    ("address", "status", "place"),
    [
        ("Patient/nobody/$everything", 404, None),
        ("Patient/ann/$everything?_count=0", 400, "_count"),
        ("Patient/ann/$everything?_type=Observation", 400, "_type"),
        ("Patient/ann/$everything?_cursor=x", 400, "_cursor"),
        ("Patient/ann/$everything?_since=2020", 400, "_since"),
        ("Patient/ann/$everything?colour=red", 400, "colour"),
    ],
)
async def test_what_cannot_be_told_is_refused(
    clinic: ASGIApp, address: str, status: int, place: str | None
) -> None:
    response = await ask(clinic, f"/fhir/{address}")
    assert response.status_code == status
    assert issue_of(response).get("expression", [None]) == [place]


async def test_a_patient_without_records_is_alone(clinic: ASGIApp) -> None:
    await ask(clinic, "/fhir/Patient/zoe", "PUT", json=a_patient("zoe"))
    (bundle,) = await pages(clinic, "Patient/zoe/$everything")
    assert named([bundle], "match") == ["Patient/zoe"]
