"""How is a patch answered over HTTP? FHIR R4 section 3.1.0.6."""

import asyncio
from typing import Any

import orjson
import pytest
from starlette.types import ASGIApp

from fhir_gateway.usecases.deps import Deps
from tests.api.builders import BASE, ask, issue_of
from tests.api.bundling import a_clinic
from tests.fhir.patches import a_patch, an_operation, value
from tests.usecases.builders import an_appointment, at

JSON_PATCH = {"content-type": "application/json-patch+json; charset=UTF-8"}
MERGE_PATCH = {"content-type": "application/merge-patch+json"}
JSON = {"content-type": "application/json"}
FEMALE = {"op": "add", "path": "/gender", "value": "female"}


@pytest.fixture
async def app(deps: Deps) -> ASGIApp:
    return await a_clinic(deps)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ([FEMALE], JSON_PATCH),
        ({"gender": "female"}, MERGE_PATCH),
        ({"gender": "female"}, JSON),
        ({"resourceType": "Patient", "id": "ann", "gender": "female"}, {}),
        (a_patch(an_operation("add", "Patient", value(valueCode="female"), name="gender")), {}),
        (a_patch(an_operation("add", "Patient", value(valueCode="female"), name="gender")), JSON),
    ],
)
async def test_a_patch_is_taken_in_the_forms_that_clients_send(
    app: ASGIApp, body: Any, headers: dict[str, str]
) -> None:
    response = await ask(app, "/fhir/Patient/ann", "PATCH", json=body, headers=headers)
    assert response.status_code == 200, response.text
    assert response.json()["gender"] == "female"
    assert response.headers["etag"] == 'W/"2"'
    assert response.headers["content-location"] == f"{BASE}/Patient/ann/_history/2"
    history = (await ask(app, "/fhir/Patient/ann/_history")).json()
    assert history["entry"][0]["request"]["method"] == "PATCH"


async def test_a_patch_that_changes_nothing_makes_no_version(app: ASGIApp) -> None:
    response = await ask(app, "/fhir/Patient/ann", "PATCH", json={"id": "ann"})
    assert (response.status_code, response.headers["etag"]) == (200, 'W/"1"')


async def test_a_patch_keeps_the_digits_of_decimals(app: ASGIApp) -> None:
    weight = b'{"extension":[{"url":"http://a.example/weight","valueDecimal":1.10}]}'
    await ask(app, "/fhir/Patient/ann", "PATCH", content=weight, headers=MERGE_PATCH)
    await ask(app, "/fhir/Patient/ann", "PATCH", json=[FEMALE], headers=JSON_PATCH)
    assert b":1.10}" in (await ask(app, "/fhir/Patient/ann")).content


async def test_a_patch_goes_by_the_version_that_it_names(app: ASGIApp) -> None:
    stale = JSON_PATCH | {"If-Match": 'W/"7"'}
    refused = await ask(app, "/fhir/Patient/ann", "PATCH", json=[FEMALE], headers=stale)
    assert refused.status_code == 412
    present = JSON_PATCH | {"If-Match": 'W/"1"'}
    taken = await ask(app, "/fhir/Patient/ann", "PATCH", json=[FEMALE], headers=present)
    assert taken.status_code == 200


async def test_patches_beside_each_other_lose_nothing(app: ASGIApp) -> None:
    additions = (
        [{"op": "test", "path": "/id", "value": "ann"},
         {"op": "add", "path": f"/{name}", "value": content}]
        for name, content in (
            ("gender", "female"), ("birthDate", "1980-02-29"), ("active", True),
            ("maritalStatus", {"text": "m"}),
        )
    )  # fmt: skip
    answers = await asyncio.gather(
        *(ask(app, "/fhir/Patient/ann", "PATCH", json=each, headers=JSON_PATCH)
          for each in additions)
    )  # fmt: skip
    assert [each.status_code for each in answers] == [200] * 4
    patient = (await ask(app, "/fhir/Patient/ann")).json()
    assert {"gender", "birthDate", "active", "maritalStatus"} <= set(patient)
    assert patient["meta"]["versionId"] == "5"


async def test_an_appointment_is_cancelled_by_a_patch_and_its_slot_is_free(app: ASGIApp) -> None:
    booked = await ask(app, "/fhir/Appointment", "POST", json=an_appointment("09:00"))
    path = f"/fhir/Appointment/{booked.json()['id']}"
    cancel = [{"op": "replace", "path": "/status", "value": "cancelled"}]
    response = await ask(app, path, "PATCH", json=cancel, headers=JSON_PATCH)
    assert response.json()["status"] == "cancelled"
    again = await ask(app, "/fhir/Appointment", "POST", json=an_appointment("09:30"))
    assert again.status_code == 201


async def test_a_patch_does_not_take_what_is_somebody_elses(app: ASGIApp) -> None:
    await ask(app, "/fhir/Appointment", "POST", json=an_appointment("09:00"))
    rival = an_appointment("09:30", patient="bob")
    booked = await ask(app, "/fhir/Appointment", "POST", json=rival)
    path = f"/fhir/Appointment/{booked.json()['id']}"
    move = {"start": at("09:00"), "end": at("09:30"), "slot": [{"reference": "Slot/s1-0900"}]}
    response = await ask(app, path, "PATCH", json=move)
    assert response.status_code == 409
    assert issue_of(response)["code"] == "conflict"


async def test_own_addresses_in_a_patch_become_relative(app: ASGIApp) -> None:
    link = {"type": "seealso", "other": {"reference": f"{BASE}/Patient/bob"}}
    add = [{"op": "add", "path": "/link", "value": [link]}]
    first = await ask(app, "/fhir/Patient/ann", "PATCH", json=add, headers=JSON_PATCH)
    assert first.json()["link"][0]["other"] == {"reference": "Patient/bob"}
    point = {"op": "replace", "path": "/link/0/other/reference", "value": f"{BASE}/Patient/ann"}
    second = await ask(app, "/fhir/Patient/ann", "PATCH", json=[point], headers=JSON_PATCH)
    assert second.json()["link"][0]["other"] == {"reference": "Patient/ann"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ([{"op": "remove", "path": "/gender"}], JSON_PATCH, 422),
        ([{"op": "test", "path": "/id", "value": "bob"}], JSON_PATCH, 422),
        ([{"op": "add", "path": "/gender", "value": "blue"}], JSON_PATCH, 422),
        ([{"op": "add", "path": "/sex", "value": "x"}], JSON_PATCH, 422),
        ([{"op": "replace", "path": "/id", "value": "bob"}], JSON_PATCH, 422),
        ([{"op": "nonsense", "path": "/id"}], JSON_PATCH, 400),
        ({"op": "remove"}, JSON_PATCH, 400),
        ([FEMALE], JSON, 400),
        ({"gender": "blue"}, JSON, 422),
        ({"managingOrganization": {"reference": "Organization/none"}}, JSON, 422),
        ({"resourceType": "Slot"}, JSON, 422),
        (a_patch(an_operation("delete", "Patient.nonsense")), JSON, 400),
        ({"gender": "female"}, {"content-type": "text/plain"}, 415),
        ([FEMALE], {"content-type": "application/json-patch+json; charset=latin-1"}, 415),
    ],
)
async def test_a_patch_that_cannot_be_done_changes_nothing(
    app: ASGIApp, body: Any, headers: dict[str, str], status: int
) -> None:
    response = await ask(
        app, "/fhir/Patient/ann", "PATCH", content=orjson.dumps(body), headers=headers
    )
    assert response.status_code == status, response.text
    assert response.json()["resourceType"] == "OperationOutcome"
    assert (await ask(app, "/fhir/Patient/ann")).headers["etag"] == 'W/"1"'


async def test_what_is_not_there_is_not_patched(app: ASGIApp) -> None:
    assert (await ask(app, "/fhir/Patient/none", "PATCH", json={})).status_code == 404
    await ask(app, "/fhir/Patient/bob", "DELETE")
    assert (await ask(app, "/fhir/Patient/bob", "PATCH", json={})).status_code == 410
