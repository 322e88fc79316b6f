"""Do door, use cases and database fit together?"""

from typing import Any

import pytest
from starlette.types import ASGIApp

from fhir_gateway.api.app import make_app
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import BASE, always_ready, ask, issue_of
from tests.usecases.builders import (
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
    at,
)


@pytest.fixture
async def app(deps: Deps) -> ASGIApp:
    """A clinic with one practitioner, two free Slots and two patients."""
    app = make_app(deps, ready=always_ready, software_version="1.2.3")
    people = (a_practitioner(), a_patient("ann"), a_patient("bob"))
    for each in (*people, a_schedule(), a_slot("09:00"), a_slot("09:30")):
        path = f"/fhir/{each['resourceType']}/{each['id']}"
        assert (await ask(app, path, "PUT", json=each)).status_code == 201
    return app


async def search(app: ASGIApp, query: str) -> dict[str, Any]:
    response = await ask(app, f"/fhir/{query}")
    assert response.status_code == 200, response.text
    bundle = response.json()
    assert isinstance(bundle, dict)
    return bundle


def found(bundle: dict[str, Any]) -> list[str]:
    return [each["fullUrl"].removeprefix(f"{BASE}/") for each in bundle.get("entry", [])]


async def test_a_free_slot_is_found_and_booked_once(app: ASGIApp) -> None:
    hours = f"start=ge{at('09:00')}&start=lt{at('12:00')}"
    free = f"Slot?schedule.actor=Practitioner/p1&status=free&{hours}"
    before = await search(app, f"{free}&_include=Slot:schedule&_sort=start")
    assert len(before["entry"]) == 3
    assert found(before)[2] == "Schedule/s1"
    booked = await ask(app, "/fhir/Appointment", "POST", json=an_appointment("09:00"))
    assert booked.status_code == 201
    assert len((await search(app, free))["entry"]) == 1
    rival = an_appointment("09:00", patient="bob")
    refused = await ask(app, "/fhir/Appointment", "POST", json=rival)
    assert refused.status_code == 409
    assert refused.json()["issue"][0]["code"] == "conflict"


async def test_a_booking_is_read_back_byte_by_byte(app: ASGIApp) -> None:
    booked = await ask(app, "/fhir/Appointment", "POST", json=an_appointment("09:00"))
    again = await ask(app, f"/fhir/Appointment/{booked.json()['id']}")
    assert again.content == booked.content
    assert again.headers["etag"] == booked.headers["etag"] == 'W/"1"'
    assert again.headers["last-modified"] == booked.headers["last-modified"]
    version = await ask(app, booked.headers["location"])
    assert version.content == booked.content


async def test_of_two_who_change_the_same_version_one_is_told(app: ASGIApp) -> None:
    path = "/fhir/Patient/ann"
    headers = {"If-Match": 'W/"1"'}
    first = await ask(app, path, "PUT", json=a_patient("ann", active=True), headers=headers)
    second = await ask(app, path, "PUT", json=a_patient("ann", active=False), headers=headers)
    assert (first.status_code, second.status_code) == (200, 412)
    assert issue_of(second)["expression"] == ["If-Match"]


async def test_what_is_deleted_is_gone_and_its_history_is_not(app: ASGIApp) -> None:
    path = "/fhir/Patient/bob"
    codes = [(await ask(app, path, "DELETE")).status_code for _ in "ab"]
    assert codes == [204, 204]
    assert (await ask(app, path)).status_code == 410
    assert (await ask(app, "/fhir/Patient/nobody")).status_code == 404
    assert (await ask(app, f"{path}/_history/1")).status_code == 200
    history = (await ask(app, f"{path}/_history")).json()
    assert [each["request"]["method"] for each in history["entry"]] == ["DELETE", "PUT"]
    assert found(await search(app, "Patient")) == ["Patient/ann"]


async def test_what_is_pointed_to_cannot_be_deleted(app: ASGIApp) -> None:
    response = await ask(app, "/fhir/Practitioner/p1", "DELETE")
    assert response.status_code == 409
    assert "Schedule/s1" in issue_of(response)["diagnostics"]


async def test_pages_follow_each_other_to_the_last_hit(app: ASGIApp) -> None:
    for number in range(5):
        await ask(app, f"/fhir/Patient/x{number}", "PUT", json=a_patient(f"x{number}"))
    page = await search(app, "Patient?_count=3&_total=accurate")
    seen = found(page)
    assert page["total"] == 7
    links = {each["relation"]: each["url"] for each in page["link"]}
    for _ in range(2):
        page = (await ask(app, links["next"])).json()
        seen += found(page)
        links = {each["relation"]: each["url"] for each in page["link"]}
    assert "next" not in links
    assert sorted(seen) == sorted({*seen})
    assert len(seen) == 7


@pytest.mark.parametrize("query", ["_count=0", "_summary=count"])
async def test_a_count_has_no_entries(app: ASGIApp, query: str) -> None:
    bundle = await search(app, f"Patient?{query}")
    assert bundle["total"] == 2
    assert "entry" not in bundle


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"resourceType": "Patient", "gender": "none of these"}, 422),
        ({"resourceType": "Patient", "colour": "red"}, 422),
        (a_patient("x", generalPractitioner=[{"reference": "Practitioner/nobody"}]), 422),
        ({"resourceType": "Patient", "meta": "x"}, 422),
    ],
)
async def test_content_that_breaks_a_rule_is_refused_with_its_place(
    app: ASGIApp, body: dict[str, Any], status: int
) -> None:
    response = await ask(app, "/fhir/Patient", "POST", json=body)
    assert response.status_code == status, response.text
    assert issue_of(response)["expression"][0].startswith("Patient.")


async def test_every_operation_that_is_advertised_is_routed(app: ASGIApp) -> None:
    (rest,) = (await ask(app, "/fhir/metadata")).json()["rest"]
    listed = [
        (f"{each['type']}/${operation['name']}", operation["definition"])
        for each in rest["resource"]
        for operation in each.get("operation", [])
    ] + [(f"${each['name']}", each["definition"]) for each in rest.get("operation", [])]
    published = (await ask(app, "/fhir/OperationDefinition")).json()["entry"]
    defined = [each["resource"] for each in published]
    for address, definition in listed:
        (told,) = [
            each
            for each in defined
            if definition in (each["url"], each.get("base")) and _invoked_at(each, address)
        ]
        place = address if told["system"] or told["type"] else address.replace("/", "/x/")
        answer = (await ask(app, f"/fhir/{place}", "POST")).text
        assert "There is no operation" not in answer, place
    assert "Appointment/$check-conflicts" in dict(listed)


def _invoked_at(definition: dict[str, Any], address: str) -> bool:
    kind = address.rpartition("/")[0]
    return definition.get("resource", [""])[0] in ((kind, "Resource") if kind else ("",))


async def test_conflicts_are_checked_by_get_and_by_post_alike(app: ASGIApp) -> None:
    await ask(app, "/fhir/Appointment", "POST", json=an_appointment("09:00"))
    path = "/fhir/Appointment/$check-conflicts"
    query = f"actor=Practitioner/p1&start={at('09:00')}&end={at('09:30')}"
    got = await ask(app, f"{path}?{query}")
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "actor", "valueReference": {"reference": f"{BASE}/Practitioner/p1"}},
            {"name": "start", "valueInstant": at("09:00")},
            {"name": "end", "valueInstant": at("09:30")},
        ],
    }
    posted = await ask(app, path, "POST", json=parameters)
    assert got.status_code == posted.status_code == 200
    assert got.json() == posted.json()
    assert "conflict" in {each["name"] for each in got.json()["parameter"]}


@pytest.mark.parametrize("policy", ["best", "plan"])
async def test_what_was_found_and_booked_is_found_again_by_its_score(
    app: ASGIApp, policy: str
) -> None:
    asked = f"start={at('00:00')}&end={at('23:00')}&patient=Patient/ann&policy={policy}"
    hits = (await search(app, f"Appointment/$find-optimal-slots?{asked}"))["entry"]
    best = hits[0]["resource"]
    booked = await ask(app, "/fhir/Appointment", "POST", json=best | {"status": "booked"})
    assert booked.status_code == 201
    total = next(x for x in best["extension"][0]["extension"] if x["url"] == "total")
    for query in (f"score={total['valueDecimal']}", "score:missing=false&_sort=-score"):
        again = await search(app, f"Appointment?{query}")
        assert found(again) == [f"Appointment/{booked.json()['id']}"]
