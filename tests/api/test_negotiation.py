"""Which spellings of JSON and XML are understood, in both directions?"""

import pytest

from fhir_gateway.api.negotiation import accepted, named_format, prefers_page, written
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
        "application/fhir+xml;q=0, */*",
        "application/fhir+xml;q=nonsense, application/json",
        "application/fhir+json, application/fhir+xml",
        BROWSER,
        HAPI,
    ],
)
def test_a_client_that_takes_json_in_any_spelling_gets_it(accept: str) -> None:
    assert accepted(accept) == "json"


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+xml",
        "application/xml, text/xml",
        "text/xml",
        "application/xml+fhir",
        "Application/FHIR+XML; fhirVersion=4.0",
        "application/fhir+xml, */*;q=0.1",
        "application/fhir+xml, application/fhir+json;q=0.9",
        "application/fhir+json;q=0, */*",
        "text/html, application/fhir+xml",
    ],
)
def test_a_client_that_prefers_xml_gets_it(accept: str) -> None:
    assert accepted(accept) == "xml"


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/fhir+json;q=0",
        "application/fhir+json;q=nonsense",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+xml; fhirVersion=5.0",
        "application/fhir+turtle",
        ";;,,",
    ],
)
def test_a_client_that_takes_nothing_of_r4_is_not_given_any(accept: str) -> None:
    assert accepted(accept) is None


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "application/json;q=0.5, Text/HTML"])
def test_a_browser_prefers_a_page(accept: str) -> None:
    assert prefers_page(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/html;q=0, application/json",
        "application/fhir+json, text/html",
        "text/html, application/fhir+xml",
        "text/html, */*",
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
    ],
)
def test_a_program_is_never_given_a_page(accept: str) -> None:
    assert not prefers_page(accept)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("json", "json"),
        ("application/json", "json"),
        ("application/fhir+json", "json"),
        ("application/fhir json", "json"),
        ("text/json", "json"),
        ("application/json+fhir", "json"),
        ("JSON", "json"),
        ("application/fhir+json;fhirVersion=4.0", "json"),
        ("xml", "xml"),
        ("text/xml", "xml"),
        ("application/xml", "xml"),
        ("application/fhir+xml", "xml"),
        ("application/fhir xml", "xml"),
        ("html", None),
        ("ttl", None),
        ("", None),
        ("*/*", None),
        ("application/fhir+xml;fhirVersion=5.0", None),
    ],
)
def test_format_names_one_of_ours_in_any_spelling(text: str, named: str | None) -> None:
    assert named_format(text) == named


@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("application/fhir+json", "json"),
        ("application/json", "json"),
        ("application/json; charset=utf-8", "json"),
        ("application/json;charset=UTF-8", "json"),
        ('application/fhir+json; charset="utf8"', "json"),
        ("application/fhir+json; fhirVersion=4.0", "json"),
        ("Application/Fhir+Json", "json"),
        ("application/json+fhir", "json"),
        ("text/json", "json"),
        ("application/fhir+xml; charset=utf-8", "xml"),
        ("application/xml", "xml"),
        ("text/xml", "xml"),
        ("", None),
        ("text/plain", None),
        ("application/x-www-form-urlencoded", None),
        ("application/json; charset=iso-8859-1", None),
        ("application/xml; charset=utf-16", None),
        ("application/fhir+json; fhirVersion=5.0", None),
        ("json", None),
        ("xml", None),
    ],
)
def test_a_body_is_read_under_any_name_of_its_format(content_type: str, read: str | None) -> None:
    assert written(content_type) == read


@pytest.mark.parametrize(
    ("accept", "query"),
    [("application/fhir+turtle", ""), ("*/*", "?_format=ttl"), ("application/json", "?_format=")],
)
async def test_another_format_is_not_written(accept: str, query: str) -> None:
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
    headers = {"accept": "application/fhir+turtle"}
    response = await ask(an_app(shelf), "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    assert response.status_code == 406
    assert shelf.asked == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/fhir+turtle"])
async def test_a_body_of_another_type_is_refused(content_type: str) -> None:
    shelf = Shelf()
    headers = {"content-type": content_type}
    response = await ask(an_app(shelf), "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    assert response.status_code == 415
    assert issue_of(response)["expression"] == ["Content-Type"]
    assert shelf.asked == []
