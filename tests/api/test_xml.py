"""Can a client speak XML throughout?"""

from typing import Any

import httpx
import pytest
from lxml import etree

from fhir_gateway.fhir.xml_reading import read
from fhir_gateway.fhir.xml_writing import write
from fhir_gateway.usecases.read import Page
from tests.api.builders import Shelf, a_slot, an_app, an_operation, ask, issue_of

XML = {"accept": "application/fhir+xml"}
WRITES_XML = {"content-type": "application/fhir+xml"}


def resource_of(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/fhir+xml; charset=utf-8"
    return read(response.content)


@pytest.mark.parametrize(
    ("query", "headers"), [("", XML), ("?_format=xml", {}), ("?_format=xml", {"accept": "*/*"})]
)
async def test_a_resource_is_read_as_xml(query: str, headers: dict[str, str]) -> None:
    shelf = Shelf()
    shelf.put(a_slot(comment="مها"))
    response = await ask(an_app(shelf), f"/fhir/Slot/s1{query}", headers=headers)
    assert response.status_code == 200
    assert resource_of(response) == a_slot(comment="مها") | {"meta": {"versionId": "1"}}
    assert response.headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("media", ["application/fhir+xml", "application/xml", "text/xml"])
async def test_a_resource_is_written_as_xml_and_answered_as_asked(media: str) -> None:
    shelf = Shelf()
    headers = {"content-type": media}
    app = an_app(shelf)
    path, body = "/fhir/Slot/s1", write(a_slot())
    response = await ask(app, path, "PUT", content=body, headers=headers)
    assert response.status_code == 201
    assert response.json()["status"] == "free"
    answer = await ask(app, path, "PUT", content=body, headers=headers | XML)
    assert resource_of(answer)["meta"]["versionId"] == "2"


async def test_a_large_resource_is_read_as_xml_too() -> None:
    shelf = Shelf()
    slot = a_slot(comment="x" * 100_000)
    response = await ask(
        an_app(shelf), "/fhir/Slot/s1", "PUT", content=write(slot), headers=WRITES_XML
    )
    assert response.status_code == 201
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert len(response.json()["comment"]) == 100_000


async def test_a_search_and_a_history_are_answered_as_xml() -> None:
    shelf = Shelf()
    hit = shelf.put(a_slot())
    shelf.found = Page([hit], [], 1, None)
    app = an_app(shelf)
    found = resource_of(await ask(app, "/fhir/Slot?status=free", headers=XML))
    assert (found["total"], found["entry"][0]["resource"]["id"]) == (1, "s1")
    form = b"status=free&_format=xml"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert resource_of(await ask(app, "/fhir/Slot/_search", "POST", content=form, headers=headers))
    past = resource_of(await ask(app, "/fhir/Slot/s1/_history", headers=XML))
    assert past["entry"][0]["response"]["etag"] == 'W/"1"'


@pytest.mark.parametrize("path", ["Slot", "Slot/s1/_history", "Slot/_history"])
async def test_the_pages_that_follow_are_xml_as_well(path: str) -> None:
    shelf = Shelf()
    hits = [shelf.put(a_slot()), shelf.put(a_slot("s2")), shelf.put(a_slot())]
    shelf.found = Page(hits[:1], [], 2, "next-page")
    address = f"/fhir/{path}?_count=1&_format=xml&_pretty=true"
    bundle = resource_of(await ask(an_app(shelf), address))
    links = {each["relation"]: each["url"] for each in bundle["link"]}
    assert "_format=xml&_pretty=true" in links["self"]
    assert "_format=xml&_pretty=true&_cursor=" in links["next"]


async def test_an_operation_is_called_and_answered_in_xml() -> None:
    parameters = {"name": "limit", "valueInteger": 3}
    body = write({"resourceType": "Parameters", "parameter": [parameters]})
    app = an_app(None, an_operation())
    response = await ask(app, "/fhir/Slot/$count", "POST", content=body, headers=XML | WRITES_XML)
    assert "'limit': [3]" in resource_of(response)["parameter"][0]["valueString"]


@pytest.mark.parametrize(
    ("path", "status"), [("/fhir/Slot/none", 404), ("/fhir/Slot?nonsense=1", 400), ("/fhir/x", 404)]
)
async def test_a_failure_is_told_in_xml(path: str, status: int) -> None:
    response = await ask(an_app(), path, headers=XML)
    assert response.status_code == status
    assert resource_of(response)["issue"][0]["severity"] == "error"


@pytest.mark.parametrize(
    "path", ["metadata", "StructureDefinition/score", "OperationDefinition/Slot-count"]
)
async def test_what_is_published_can_be_had_as_xml(path: str) -> None:
    response = await ask(an_app(None, an_operation()), f"/fhir/{path}", headers=XML)
    root = etree.fromstring(response.content)
    assert root.tag.startswith("{http://hl7.org/fhir}")


async def test_xml_is_indented_where_that_is_asked_for() -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    response = await ask(an_app(shelf), "/fhir/Slot/s1?_format=xml&_pretty=true")
    assert b'\n  <id value="s1"/>\n' in response.content
    assert resource_of(response)["id"] == "s1"


async def test_only_the_headers_of_xml_are_sent_to_who_asks_for_the_head() -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    app = an_app(shelf)
    whole = await ask(app, "/fhir/Slot/s1", headers=XML)
    head = await ask(app, "/fhir/Slot/s1", "HEAD", headers=XML)
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/fhir+json", write(a_slot())),
        ("application/fhir+xml", b'{"resourceType":"Slot"}'),
        ("application/fhir+xml", b"<!DOCTYPE Slot>" + write(a_slot()).split(b"?>")[1]),
        ("application/fhir+xml", b'<Slot xmlns="http://hl7.org/fhir"><colour value="x"/></Slot>'),
    ],
)
async def test_a_body_that_is_not_what_it_is_called_is_refused(media: str, body: bytes) -> None:
    shelf = Shelf()
    headers = {"content-type": media}
    response = await ask(an_app(shelf), "/fhir/Slot", "POST", content=body, headers=headers)
    assert response.status_code == 400
    assert issue_of(response)["code"] == "structure"
    assert shelf.asked == []
