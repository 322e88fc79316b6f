"""Which spellings of JSON are understood, in both directions?"""

import pytest

from fhir_gateway.api.negotiation import accepts_json, is_json_format, reads
from tests.api.builders import Shelf, a_slot, an_app, ask, issue_of

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HAPI = "application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml;q=0.9"


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "application/fhir+json",
        "application/json",
        "application/json+fhir",
        "text/json",
        "*/*",
        "application/*",
        "APPLICATION/FHIR+JSON",
        "application/fhir+json; charset=utf-8",
        "application/fhir+json; fhirVersion=4.0",
        'application/fhir+json;fhirVersion="4.0.1"',
        "application/fhir+json, */*; q=0.1",
        "application/fhir+json;q=1.0, application/json+fhir;q=0.9",
        BROWSER,
        HAPI,
    ],
)
def test_a_client_that_takes_json_in_any_spelling_gets_it(accept: str) -> None:
    assert accepts_json(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+xml",
        "application/xml, text/xml",
        "text/html",
        "application/fhir+json;q=0",
        "application/fhir+json;q=0, */*",
        "application/fhir+json;q=nonsense",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+turtle",
        ";;,,",
    ],
)
def test_a_client_that_takes_no_json_of_r4_is_not_given_any(accept: str) -> None:
    assert not accepts_json(accept)


@pytest.mark.parametrize(
    "text",
    [
        "json",
        "application/json",
        "application/fhir+json",
        "application/fhir json",
        "text/json",
        "application/json+fhir",
        "JSON",
        "application/fhir+json;fhirVersion=4.0",
    ],
)
def test_format_is_json_in_any_spelling(text: str) -> None:
    assert is_json_format(text)


@pytest.mark.parametrize("text", ["xml", "application/fhir+xml", "html", "ttl", "", "*/*"])
def test_format_is_nothing_else(text: str) -> None:
    assert not is_json_format(text)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/fhir+json",
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/fhir+json; charset="utf8"',
        "application/fhir+json; fhirVersion=4.0",
        "Application/Fhir+Json",
        "application/json+fhir",
        "text/json",
    ],
)
def test_a_json_body_is_read_under_any_of_its_names(content_type: str) -> None:
    assert reads(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/fhir+xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=iso-8859-1",
        "application/fhir+json; fhirVersion=5.0",
        "json",
    ],
)
def test_no_other_body_is_read(content_type: str) -> None:
    assert not reads(content_type)


@pytest.mark.parametrize(
    ("accept", "query"),
    [("application/fhir+xml", ""), ("*/*", "?_format=xml"), ("application/fhir+json", "?_format=")],
)
async def test_xml_is_not_written(accept: str, query: str) -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    response = await ask(an_app(shelf), f"/fhir/Slot/s1{query}", headers={"accept": accept})
    assert response.status_code == 406
    assert issue_of(response)["code"] == "not-supported"


async def test_format_in_the_query_overrules_accept() -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    response = await ask(
        an_app(shelf), "/fhir/Slot/s1?_format=json", headers={"accept": "application/xml"}
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/fhir+json; charset=utf-8"


async def test_who_cannot_read_the_answer_changes_nothing() -> None:
    shelf = Shelf()
    headers = {"accept": "application/fhir+xml"}
    response = await ask(an_app(shelf), "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    assert response.status_code == 406
    assert shelf.asked == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/fhir+xml"])
async def test_a_body_of_another_type_is_refused(content_type: str) -> None:
    shelf = Shelf()
    headers = {"content-type": content_type}
    response = await ask(an_app(shelf), "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    assert response.status_code == 415
    assert issue_of(response)["expression"] == ["Content-Type"]
    assert shelf.asked == []
