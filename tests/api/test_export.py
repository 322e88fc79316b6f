"""Can all records be taken along, as they were at one moment?"""

from typing import Any

import httpx
import orjson
import pytest
from starlette.types import ASGIApp

from tests.api.builders import BASE, ask, issue_of
from tests.usecases.builders import a_patient, a_related_person, an_appointment, ref

NDJSON = {"accept": "application/fhir+ndjson"}
ASYNC = {"Prefer": "respond-async"}
GROUP = {
    "resourceType": "Group",
    "id": "g1",
    "type": "person",
    "actual": True,
    "member": [
        {"entity": ref("Patient/ann")},
        {"entity": ref("Patient/bob"), "inactive": True},
        {"entity": ref("Practitioner/p1")},
    ],
}


@pytest.fixture
async def records(clinic: ASGIApp) -> ASGIApp:
    """Ann has a booking and a mother, Bob a father."""
    people = (a_related_person("mum"), a_related_person("dad", "bob"), GROUP)
    for each in (*people, an_appointment("09:00", id="a1")):
        path = f"/fhir/{each['resourceType']}/{each['id']}"
        assert (await ask(clinic, path, "PUT", json=each)).status_code == 201
    return clinic


async def begin(app: ASGIApp, address: str, method: str = "GET", **options: Any) -> str:
    response = await ask(app, f"/fhir/{address}", method, headers=ASYNC, **options)
    assert response.status_code == 202, response.text
    return response.headers["content-location"]


async def manifest(app: ASGIApp, place: str) -> dict[str, Any]:
    response = await ask(app, place, headers={"accept": "application/json"})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["expires"].endswith("GMT")
    told: dict[str, Any] = response.json()
    return told


async def fetched(app: ASGIApp, place: str) -> dict[str, list[str]]:
    """Type -> ids in its file."""
    found: dict[str, list[str]] = {}
    for each in (await manifest(app, place))["output"]:
        response = await ask(app, each["url"], headers=NDJSON)
        assert response.headers["content-type"] == "application/fhir+ndjson"
        resources = [orjson.loads(line) for line in response.content.splitlines()]
        assert {one["resourceType"] for one in resources} == {each["type"]}
        found[each["type"]] = [one["id"] for one in resources]
    return found


OF_ANN = {"Patient": ["ann"], "RelatedPerson": ["mum"], "Appointment": ["a1"], "Group": ["g1"]}


async def test_everything_is_exported_type_by_type(records: ASGIApp) -> None:
    found = await fetched(records, await begin(records, "$export"))
    assert {name: ids for name, ids in found.items() if name != "Task"} == {
        "Practitioner": ["p1"],
        "Patient": ["ann", "bob"],
        "RelatedPerson": ["dad", "mum"],
        "Schedule": ["s1"],
        "Slot": ["s1-0900", "s1-0930"],
        "Appointment": ["a1"],
        "Group": ["g1"],
    }


async def test_what_belongs_to_patients_is_exported(records: ASGIApp) -> None:
    found = await fetched(records, await begin(records, "Patient/$export"))
    assert found == OF_ANN | {"Patient": ["ann", "bob"], "RelatedPerson": ["dad", "mum"]}


async def test_what_belongs_to_the_active_members_of_a_group_is_exported(records: ASGIApp) -> None:
    assert await fetched(records, await begin(records, "Group/g1/$export")) == OF_ANN


async def test_the_manifest_says_what_was_asked_and_when(records: ASGIApp) -> None:
    place = await begin(records, "$export?_type=Patient")
    told = await manifest(records, place)
    assert told["request"] == f"{BASE}/$export?_type=Patient"
    assert told["transactionTime"].endswith("Z")
    assert (told["requiresAccessToken"], told["error"]) == (False, [])
    assert told["output"] == [{"type": "Patient", "url": f"{place}/Patient"}]


async def test_the_files_show_the_moment_of_the_request(records: ASGIApp) -> None:
    place = await begin(records, "$export?_type=Patient")
    before = (await ask(records, f"{place}/Patient", headers=NDJSON)).content
    await ask(records, "/fhir/Patient/ann", "PUT", json=a_patient("ann", gender="female"))
    await ask(records, "/fhir/Patient/zoe", "PUT", json=a_patient("zoe"))
    await ask(records, "/fhir/RelatedPerson/dad", "DELETE")
    assert (await ask(records, "/fhir/Patient/bob", "DELETE")).status_code == 409
    assert (await ask(records, f"{place}/Patient", headers=NDJSON)).content == before


async def test_what_has_been_deleted_is_not_exported(records: ASGIApp) -> None:
    await ask(records, "/fhir/RelatedPerson/dad", "DELETE")
    found = await fetched(records, await begin(records, "$export?_type=RelatedPerson"))
    assert found == {"RelatedPerson": ["mum"]}


async def test_only_what_has_changed_since_then_is_exported(records: ASGIApp) -> None:
    told = await manifest(records, await begin(records, "$export"))
    await ask(records, "/fhir/Patient/ann", "PUT", json=a_patient("ann", gender="female"))
    place = await begin(records, f"$export?_since={told['transactionTime']}")
    assert await fetched(records, place) == {"Patient": ["ann"]}


async def test_types_can_be_chosen_by_post_as_well(records: ASGIApp) -> None:
    chosen = {"name": "_type", "valueString": "Slot,Patient"}
    body = {"resourceType": "Parameters", "parameter": [chosen]}
    place = await begin(records, "$export", "POST", json=body)
    assert list(await fetched(records, place)) == ["Patient", "Slot"]


async def test_a_file_is_sent_in_many_pieces(records: ASGIApp) -> None:
    entries = [
        {
            "resource": {"resourceType": "Location", "id": f"l{number:04}"},
            "request": {"method": "PUT", "url": f"Location/l{number:04}"},
        }
        for number in range(1100)
    ]
    for start in range(0, len(entries), 100):
        batch = {"resourceType": "Bundle", "type": "batch", "entry": entries[start : start + 100]}
        assert (await ask(records, "/fhir", "POST", json=batch)).status_code == 200
    found = await fetched(records, await begin(records, "$export?_type=Location"))
    assert found["Location"] == [f"l{number:04}" for number in range(1100)]


async def test_an_export_that_is_ended_is_not_there_any_more(records: ASGIApp) -> None:
    place = await begin(records, "$export")
    assert (await ask(records, place, "DELETE")).status_code == 202
    gone: list[httpx.Response] = [
        await ask(records, place, "DELETE"),
        await ask(records, place),
        await ask(records, f"{place}/Patient"),
    ]
    assert [each.status_code for each in gone] == [404, 404, 404]
    assert issue_of(gone[0])["code"] == "not-found"


async def test_an_export_belongs_to_its_tenant_and_has_only_its_files(records: ASGIApp) -> None:
    place = await begin(records, "$export?_type=Patient")
    assert (await ask(records, f"{place}/Slot")).status_code == 404
    assert (await ask(records, f"{place}/Nonsense")).status_code == 404
    assert (await ask(records, f"{BASE}/_export/none")).status_code == 404
    assert (await ask(records, place, "HEAD")).status_code == 200
    head = await ask(records, f"{place}/Patient", "HEAD")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("address", "status", "place"),
    [
        ("$export?_outputFormat=text/csv", 400, "_outputFormat"),
        ("$export?_type=Observation", 400, "_type"),
        ("Patient/$export?_type=Slot", 400, "_type"),
        ("$export?_since=2026", 400, "_since"),
        ("$export?_typeFilter=Patient%3Fname=x", 400, "_typeFilter"),
        ("Group/none/$export", 404, None),
    ],
)
async def test_what_cannot_be_exported_is_refused(
    clinic: ASGIApp, address: str, status: int, place: str | None
) -> None:
    response = await ask(clinic, f"/fhir/{address}", headers=ASYNC)
    assert response.status_code == status
    assert issue_of(response).get("expression", [None]) == [place]
