"""What does the gateway say about itself over HTTP?"""

import pytest

from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.definitions import DEFINED, own_definitions
from tests.api.builders import BASE, an_app, an_operation, ask, issue_of


@pytest.mark.parametrize(("path", "method"), [("/fhir/metadata", "GET"), ("/fhir", "OPTIONS")])
async def test_the_capability_statement_is_that_of_the_address(path: str, method: str) -> None:
    response = await ask(an_app(), path, method)
    statement = response.json()
    assert response.status_code == 200
    assert statement["resourceType"] == "CapabilityStatement"
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == BASE
    assert statement["software"]["version"] == "1.2.3"
    assert [each["type"] for each in statement["rest"][0]["resource"]] == [*CATALOGUE, *DEFINED]


async def test_each_tenant_has_a_statement_of_its_own() -> None:
    app = an_app()
    here = (await ask(app, "/fhir/metadata")).json()
    there = (await ask(app, "/t/north/fhir/metadata")).json()
    assert there["implementation"]["url"] == "http://clinic.example/t/north/fhir"
    assert "Europe/London" in there["rest"][0]["documentation"]
    assert "Asia/Riyadh" in here["rest"][0]["documentation"]


async def test_the_statement_is_not_sent_twice() -> None:
    app = an_app()
    tag = (await ask(app, "/fhir/metadata")).headers["etag"]
    again = await ask(app, "/fhir/metadata", headers={"If-None-Match": tag})
    assert again.status_code == 304
    assert again.content == b""


async def test_hosts_that_clients_make_up_fill_no_memory() -> None:
    app = an_app()
    for number in range(40):
        origin = f"http://host{number}.example"
        statement = (await ask(app, "/fhir/metadata", origin=origin)).json()
        assert statement["implementation"]["url"] == f"{origin}/fhir"


async def test_an_operation_that_is_served_is_advertised_and_defined() -> None:
    app = an_app(None, an_operation())
    statement = (await ask(app, "/fhir/metadata")).json()
    told = [each for each in statement["rest"][0]["resource"] if each["type"] == "Slot"]
    assert told[0]["operation"][0]["name"] == "count"
    definition = await ask(app, "/fhir/OperationDefinition/Slot-count")
    assert definition.json()["url"] == told[0]["operation"][0]["definition"]


@pytest.mark.parametrize(
    "definition",
    own_definitions([]),
    ids=lambda each: f"{each['resourceType']}-{each['id']}",
)
async def test_every_definition_of_ours_can_be_read(definition: dict[str, str]) -> None:
    response = await ask(an_app(), f"/fhir/{definition['resourceType']}/{definition['id']}")
    assert response.status_code == 200
    assert response.json() == definition


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("StructureDefinition?url=https://fhir-gateway.example/fhir/StructureDefinition/score",
         ["score"]),
        ("StructureDefinition?url=https://fhir-gateway.example/fhir/StructureDefinition/none", []),
        ("StructureDefinition?_id=score,availability", ["score", "availability"]),
        ("StructureDefinition?name=AVAIL&status=active", ["availability"]),
        ("StructureDefinition?name=s&_id=score", ["score"]),
        ("CodeSystem?name=task&status=draft", []),
        ("ValueSet?_id=task", ["task"]),
        ("OperationDefinition?name=slot", ["Slot-count"]),
    ],
)  # fmt: skip
async def test_definitions_of_ours_are_searched(query: str, found: list[str]) -> None:
    bundle = (await ask(an_app(None, an_operation()), f"/fhir/{query}")).json()
    assert (bundle["type"], bundle["total"]) == ("searchset", len(found))
    assert [each["resource"]["id"] for each in bundle.get("entry", [])] == found


@pytest.mark.parametrize("query", ["colour=red", "_count=many", "_count=-1", "_cursor=x"])
async def test_definitions_are_searched_by_nothing_else(query: str) -> None:
    response = await ask(an_app(), f"/fhir/ValueSet?{query}")
    assert response.status_code == 400
    assert issue_of(response)["expression"] == [query.partition("=")[0]]


async def test_definitions_come_in_pages_and_are_counted() -> None:
    app = an_app()
    url, seen = "/fhir/StructureDefinition?_count=4&_totalMethod=count", []
    while url:
        bundle = (await ask(app, url)).json()
        seen += [each["resource"]["id"] for each in bundle["entry"]]
        url = "".join(each["url"] for each in bundle["link"] if each["relation"] == "next")
        url = url.removeprefix("http://clinic.example")
    everything = (await ask(app, "/fhir/StructureDefinition")).json()
    assert seen == [each["resource"]["id"] for each in everything["entry"]]
    counted = (await ask(app, "/fhir/StructureDefinition?_count=0")).json()
    assert counted["total"] == len(seen) == 12
    assert "entry" not in counted


@pytest.mark.parametrize("name", DEFINED)
async def test_nobody_elses_definition_can_be_read(name: str) -> None:
    response = await ask(an_app(), f"/fhir/{name}/Patient")
    assert response.status_code == 404
    assert "our own" in issue_of(response)["diagnostics"]
