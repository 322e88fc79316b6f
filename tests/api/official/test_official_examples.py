"""Do HL7's own examples of R4 come out as they went in?

What comes out is compared as text, so that a number has the digits that it was written with.
"""

import re

import pytest
from starlette.types import ASGIApp

from fhir_gateway.fhir import json
from fhir_gateway.fhir.catalogue import CATALOGUE
from tests.api.builders import FHIR_JSON, ask, issue_of
from tests.api.official.collection import (
    DERIVED,
    JSON,
    REFUSED,
    SOMEBODY_ELSE,
    STORABLE,
    XML,
    ref_of,
    unserved,
)
from tests.api.official.texts import AS_XML, FHIR_XML, text_of

pytestmark = pytest.mark.slow

PATCH = {"content-type": "application/json-patch+json"}
#: Lists of nothing but extensions: XML has no `[null]` beside them.
NULLS = re.compile(rb'"(\w+)":\[null\],(?="_\1":)')
COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)


def kind_of(body: bytes) -> str:
    return str(json.parse(body)["resourceType"])


NAMES = {kind: [n for n in STORABLE if kind_of(STORABLE[n]) == kind] for kind in CATALOGUE}
POINTING = {name: refs for name, body in JSON.items() if (refs := unserved(json.parse(body)))}


def address(name: str) -> str:
    return f"/fhir/{ref_of(json.parse(STORABLE[name]))}"


def test_every_served_type_has_examples() -> None:
    assert [kind for kind in CATALOGUE if not NAMES[kind]] == []
    assert len(STORABLE) > 200


@pytest.mark.parametrize("kind", CATALOGUE)
async def test_examples_are_read_as_they_were_put(house: ASGIApp, kind: str) -> None:
    for name in NAMES[kind]:
        current = await ask(house, address(name))
        assert text_of(current.content) == text_of(STORABLE[name]), name
        version = current.json()["meta"]["versionId"]
        same = await ask(house, f"{address(name)}/_history/{version}")
        assert same.content == current.content, name


@pytest.mark.parametrize("kind", CATALOGUE)
async def test_examples_go_through_xml_unchanged(house: ASGIApp, kind: str) -> None:
    for name in NAMES[kind]:
        as_xml = await ask(house, address(name), headers=AS_XML)
        again = await ask(house, address(name), "PUT", content=as_xml.content, headers=FHIR_XML)
        assert again.status_code == 200, again.text
        sayable = COMMENT.sub(b"", NULLS.sub(b"", STORABLE[name]))
        assert text_of(again.content) == text_of(sayable), name


@pytest.mark.parametrize("kind", CATALOGUE)
async def test_a_patch_that_changes_nothing_leaves_examples_alone(
    house: ASGIApp, kind: str
) -> None:
    nothing = json.dump([{"op": "test", "path": "/resourceType", "value": kind}])
    for name in NAMES[kind]:
        before = await ask(house, address(name))
        patched = await ask(house, address(name), "PATCH", content=nothing, headers=PATCH)
        assert patched.status_code == 200, patched.text
        assert text_of(patched.content) == text_of(before.content), name


@pytest.mark.parametrize("kind", CATALOGUE)
async def test_examples_are_valid_as_they_are(house: ASGIApp, kind: str) -> None:
    path = f"/fhir/{kind}/$validate"
    for name in (each for each in JSON if kind_of(JSON[each]) == kind):
        response = await ask(house, path, "POST", content=JSON[name], headers=FHIR_JSON)
        assert response.status_code == 200
        assert {each["severity"] for each in response.json()["issue"]} == {"information"}, name


@pytest.mark.parametrize("kind", CATALOGUE)
@pytest.mark.parametrize("part", ["_elements=id", "_summary=true"])
async def test_a_part_of_an_example_says_that_it_is_one(
    house: ASGIApp, kind: str, part: str
) -> None:
    response = await ask(house, f"{address(NAMES[kind][0])}?{part}")
    assert "SUBSETTED" in [each["code"] for each in response.json()["meta"]["tag"]]


@pytest.mark.parametrize("name", XML)
async def test_what_hl7_writes_in_xml_is_what_it_writes_in_json(house: ASGIApp, name: str) -> None:
    """Apart from meta, which HL7 fills with a security label in one and a tag in the other."""
    response = await ask(house, address(name), "PUT", content=XML[name], headers=FHIR_XML)
    assert response.status_code == 200, response.text
    assert text_of(response.content, meta=False) == text_of(STORABLE[name], meta=False)


@pytest.mark.parametrize(("name", "words"), REFUSED.items())
async def test_an_example_that_breaks_a_rule_of_this_house_is_refused(
    house: ASGIApp, name: str, words: str
) -> None:
    path = f"/fhir/{ref_of(json.parse(JSON[name]))}"
    response = await ask(house, path, "PUT", content=JSON[name], headers=FHIR_JSON)
    assert response.status_code == 422
    assert words in issue_of(response)["diagnostics"]


@pytest.mark.parametrize("name", DERIVED)
async def test_whether_a_slot_is_overbooked_follows_from_the_bookings(
    house: ASGIApp, name: str
) -> None:
    path = f"/fhir/{ref_of(json.parse(JSON[name]))}"
    response = await ask(house, path, "PUT", content=JSON[name], headers=FHIR_JSON)
    expected = json.parse(JSON[name])
    del expected["overbooked"]
    assert text_of(response.content) == text_of(json.dump(expected))


@pytest.mark.parametrize("name", SOMEBODY_ELSE)
async def test_an_example_with_the_identifier_of_another_is_refused(
    house: ASGIApp, name: str
) -> None:
    identity = {"id": json.parse(STORABLE[name])["id"]}
    body = json.dump(identity | json.parse(JSON[name]))
    response = await ask(house, address(name), "PUT", content=body, headers=FHIR_JSON)
    assert response.status_code == 409
    assert "has the identifier" in issue_of(response)["diagnostics"]


@pytest.mark.parametrize("name", POINTING)
async def test_a_relative_reference_to_a_type_that_is_not_served_is_refused(
    house: ASGIApp, name: str
) -> None:
    response = await ask(house, address(name), "PUT", content=JSON[name], headers=FHIR_JSON)
    assert response.status_code == 422
    issues = response.json()["issue"]
    assert [each["code"] for each in issues] == ["not-supported"] * len(POINTING[name])
