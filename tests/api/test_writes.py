"""How do create, update and delete look over HTTP?"""

from typing import Any

import pytest

from fhir_gateway.core.refs import Ref
from tests.api.builders import BASE, Shelf, a_slot, an_app, ask, issue_of

S1 = Ref("Slot", "s1")


async def test_a_create_says_where_the_resource_is_and_gives_it_back() -> None:
    response = await ask(an_app(), "/fhir/Slot", "POST", json=a_slot())
    assert response.status_code == 201
    assert response.headers["location"] == f"{BASE}/Slot/new-1/_history/1"
    assert response.headers["etag"] == 'W/"1"'
    assert response.headers["last-modified"] == "Mon, 02 Mar 2026 09:30:15 GMT"
    assert response.json()["id"] == "new-1"


async def test_what_the_server_alone_says_is_not_taken_from_the_client() -> None:
    shelf = Shelf()
    meta = {"versionId": "7", "lastUpdated": "1999-01-01T00:00:00Z"}
    await ask(an_app(shelf), "/fhir/Slot", "POST", json=a_slot("mine", meta=meta))
    (asked,) = shelf.asked
    assert {"id", "meta"}.isdisjoint(asked)


async def test_the_rest_of_meta_is_kept() -> None:
    shelf = Shelf()
    meta = {"versionId": "7", "source": "urn:feed"}
    await ask(an_app(shelf), "/fhir/Slot", "POST", json=a_slot(meta=meta))
    assert shelf.asked[0]["meta"] == {"source": "urn:feed"}


async def test_references_to_our_own_base_become_relative() -> None:
    shelf = Shelf()
    slot = a_slot(schedule={"reference": f"{BASE}/Schedule/d1"})
    await ask(an_app(shelf), "/fhir/Slot", "POST", json=slot)
    assert shelf.asked[0]["schedule"] == {"reference": "Schedule/d1"}


async def test_references_to_elsewhere_are_left_alone() -> None:
    shelf = Shelf()
    slot = a_slot(schedule={"reference": "http://elsewhere.example/fhir/Schedule/d1"})
    await ask(an_app(shelf), "/fhir/Slot", "POST", json=slot)
    assert shelf.asked[0]["schedule"] == slot["schedule"]


@pytest.mark.parametrize(
    ("prefer", "body"),
    [
        ("return=minimal", b""),
        ("return=OperationOutcome", b"OperationOutcome"),
        ("return=representation", b"Schedule/d1"),
        ("return=presentation", b"Schedule/d1"),
    ],
)
@pytest.mark.parametrize(("path", "method"), [("/fhir/Slot", "POST"), ("/fhir/Slot/s1", "PUT")])
async def test_the_client_chooses_what_a_write_gives_back(
    path: str, method: str, prefer: str, body: bytes
) -> None:
    response = await ask(an_app(), path, method, json=a_slot(), headers={"Prefer": prefer})
    assert response.status_code == 201
    assert body in response.content
    assert (response.content == b"") == (body == b"")
    assert response.headers["etag"] == 'W/"1"'


async def test_an_update_of_what_is_there_is_no_creation() -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    response = await ask(an_app(shelf), "/fhir/Slot/s1", "PUT", json=a_slot(status="busy"))
    assert response.status_code == 200
    assert response.headers["etag"] == 'W/"2"'
    assert response.headers["content-location"] == f"{BASE}/Slot/s1/_history/2"
    assert "location" not in response.headers


async def test_an_update_of_what_is_not_there_is_a_creation() -> None:
    response = await ask(an_app(), "/fhir/Slot/s1", "PUT", json=a_slot())
    assert response.status_code == 201
    assert response.headers["location"] == f"{BASE}/Slot/s1/_history/1"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("if_match", "version"), [('W/"4"', 4), ('"4"', 4), ("4", 4), (None, None)]
)
async def test_if_match_reaches_the_use_case(
    method: str, if_match: str | None, version: int | None
) -> None:
    shelf = Shelf()
    headers = {} if if_match is None else {"If-Match": if_match}
    body = {"PUT": a_slot(), "DELETE": None}[method]
    await ask(an_app(shelf), "/fhir/Slot/s1", method, json=body, headers=headers)
    assert shelf.asked == [(S1, version)]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_an_if_match_that_says_nothing_changes_nothing(method: str) -> None:
    shelf = Shelf()
    headers = {"If-Match": "latest"}
    response = await ask(an_app(shelf), "/fhir/Slot/s1", method, json=a_slot(), headers=headers)
    assert response.status_code == 412
    assert issue_of(response)["expression"] == ["If-Match"]
    assert shelf.asked == []


async def test_an_if_none_match_that_names_a_version_changes_nothing() -> None:
    shelf = Shelf()
    headers = {"If-None-Match": 'W/"1"'}
    response = await ask(an_app(shelf), "/fhir/Slot/s1", "PUT", json=a_slot(), headers=headers)
    assert response.status_code == 412
    assert issue_of(response)["expression"] == ["If-None-Match"]
    assert shelf.asked == []


@pytest.mark.parametrize(
    ("path", "method", "body", "expression"),
    [
        ("/fhir/Slot/s1", "PUT", a_slot("s2"), "Slot.id"),
        ("/fhir/Slot/s1", "PUT", {"resourceType": "Slot"}, "Slot.id"),
        ("/fhir/Slot/s_1", "PUT", a_slot("s_1"), "Slot.id"),
        ("/fhir/Slot/s1", "PUT", {"resourceType": "Patient", "id": "s1"}, "resourceType"),
        ("/fhir/Slot", "POST", {"resourceType": "Patient"}, "resourceType"),
        ("/fhir/Slot", "POST", {"status": "free"}, "resourceType"),
        ("/fhir/Slot", "POST", {"resourceType": ["Slot"]}, "resourceType"),
    ],
)
async def test_a_body_that_does_not_belong_to_its_address_is_refused(
    path: str, method: str, body: dict[str, Any], expression: str
) -> None:
    shelf = Shelf()
    response = await ask(an_app(shelf), path, method, json=body)
    assert response.status_code == 400
    assert issue_of(response)["expression"] == [expression]
    assert shelf.asked == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"a":1,"a":2}', b"\xff\xfe", b'{"a":NaN}']
)
async def test_a_body_that_is_no_json_object_is_refused(content: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = await ask(an_app(), "/fhir/Slot", "POST", content=content, headers=headers)
    assert response.status_code == 400
    assert "body" in issue_of(response)["diagnostics"]


async def test_a_deletion_has_no_body_and_names_the_version_that_it_made() -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    response = await ask(an_app(shelf), "/fhir/Slot/s1", "DELETE")
    assert response.status_code == 204
    assert response.content == b""
    assert response.headers["etag"] == 'W/"2"'


async def test_deleting_what_is_not_there_is_no_failure() -> None:
    response = await ask(an_app(), "/fhir/Slot/s1", "DELETE")
    assert response.status_code == 204
    assert "etag" not in response.headers


async def test_a_deletion_can_be_confirmed_in_words() -> None:
    headers = {"Prefer": "return=OperationOutcome"}
    response = await ask(an_app(), "/fhir/Slot/s1", "DELETE", headers=headers)
    assert response.status_code == 200
    assert issue_of(response)["severity"] == "information"
