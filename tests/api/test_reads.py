"""How does a read look over HTTP?"""

import pytest

from tests.api.builders import Shelf, a_slot, an_app, ask, issue_of

LAST_MODIFIED = "Mon, 02 Mar 2026 09:30:15 GMT"


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    shelf.put(a_slot(status="busy"))
    shelf.put(a_slot())
    return shelf


async def test_a_read_answers_with_the_stored_bytes_and_their_validators(shelf: Shelf) -> None:
    response = await ask(an_app(shelf), "/fhir/Slot/s1")
    assert response.status_code == 200
    assert response.content == shelf.versions[next(iter(shelf.versions))][-1].content
    assert response.headers["etag"] == 'W/"2"'
    assert response.headers["last-modified"] == LAST_MODIFIED
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert response.headers["content-length"] == str(len(response.content))
    assert "no-cache" in response.headers["cache-control"]


async def test_a_slash_at_the_end_does_not_matter(shelf: Shelf) -> None:
    assert (await ask(an_app(shelf), "/fhir/Slot/s1/")).status_code == 200


async def test_head_is_get_without_the_body(shelf: Shelf) -> None:
    app = an_app(shelf)
    get, head = await ask(app, "/fhir/Slot/s1"), await ask(app, "/fhir/Slot/s1", "HEAD")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["etag"] == 'W/"2"'


async def test_an_old_version_is_read_by_its_number(shelf: Shelf) -> None:
    response = await ask(an_app(shelf), "/fhir/Slot/s1/_history/1")
    assert response.json()["status"] == "busy"
    assert response.headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.0", "9999999999"])
async def test_what_is_no_version_number_is_not_found(shelf: Shelf, number: str) -> None:
    response = await ask(an_app(shelf), f"/fhir/Slot/s1/_history/{number}")
    assert response.status_code == 404
    assert "version" in issue_of(response)["diagnostics"]


@pytest.mark.parametrize("id_", ["a_b", "x" * 65, "a%20b", "s1%00", "é"])
async def test_what_is_no_id_is_not_found(shelf: Shelf, id_: str) -> None:
    response = await ask(an_app(shelf), f"/fhir/Slot/{id_}")
    assert response.status_code == 404
    assert issue_of(response)["code"] == "not-found"


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": 'W/"2"'},
        {"If-None-Match": "2"},
        {"If-Modified-Since": LAST_MODIFIED},
    ],
)
async def test_who_has_the_version_gets_no_body(shelf: Shelf, headers: dict[str, str]) -> None:
    response = await ask(an_app(shelf), "/fhir/Slot/s1", headers=headers)
    assert response.status_code == 304
    assert response.content == b""
    assert "content-type" not in response.headers
    assert response.headers["etag"] == 'W/"2"'


async def test_who_has_an_older_version_gets_the_new_one(shelf: Shelf) -> None:
    headers = {"If-None-Match": 'W/"1"'}
    assert (await ask(an_app(shelf), "/fhir/Slot/s1", headers=headers)).status_code == 200


async def test_only_some_elements_are_sent_and_marked_as_some(shelf: Shelf) -> None:
    response = await ask(an_app(shelf), "/fhir/Slot/s1?_elements=start")
    slot = response.json()
    assert slot["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert slot["start"] == "2026-03-03T09:00:00Z"


async def test_a_single_resource_is_not_counted(shelf: Shelf) -> None:
    response = await ask(an_app(shelf), "/fhir/Slot/s1?_summary=count")
    assert response.status_code == 400
    assert issue_of(response)["expression"] == ["_summary"]


async def test_an_unknown_parameter_does_not_change_what_a_read_finds(shelf: Shelf) -> None:
    assert (await ask(an_app(shelf), "/fhir/Slot/s1?_=1700000000")).status_code == 200


async def test_pretty_is_for_people(shelf: Shelf) -> None:
    response = await ask(an_app(shelf), "/fhir/Slot/s1?_pretty=true")
    assert response.text.startswith('{\n  "resourceType": "Slot"')
    assert response.headers["content-length"] == str(len(response.content))


async def test_a_refusal_can_be_pretty_as_well(shelf: Shelf) -> None:
    response = await ask(an_app(shelf), "/fhir/Slot/none?_pretty=true")
    assert response.text.startswith('{\n  "resourceType": "OperationOutcome"')


async def test_tenants_do_not_see_each_others_resources(shelf: Shelf) -> None:
    shelf.put(a_slot("s9"), tenant=2)
    app = an_app(shelf)
    assert (await ask(app, "/t/north/fhir/Slot/s9")).status_code == 200
    assert (await ask(app, "/t/north/fhir/Slot/s1")).status_code == 404
    assert (await ask(app, "/t/default/fhir/Slot/s1")).status_code == 200
    assert (await ask(app, "/fhir/Slot/s9")).status_code == 404
