"""Is the OpenAPI document what the server does?"""

from typing import Any

import pytest
from starlette.types import ASGIApp

from fhir_gateway.api.openapi import WORDS
from fhir_gateway.core.errors import Category
from fhir_gateway.fhir.openapi_answers import ANSWERS, SLOW_BODY, UNFORESEEN
from fhir_gateway.usecases.operations import OPERATIONS
from tests.api.builders import Shelf, an_app, ask
from tests.usecases.builders import a_patient

Provoked = tuple[str, str, dict[str, Any]]

JSON = {"content-type": "application/fhir+json"}
PATCH = {"content-type": "application/json-patch+json"}
STALE = {"if-match": 'W/"9"'}
LARGE = {"content-length": str(100 << 20)}
LONG = "?" + "x" * 17_000
NONE = {"accept": "image/png"}
PLAIN = {"content-type": "text/plain"}
TWICE = "_id=ann,taken"
ANN, BOB = a_patient("ann"), a_patient("bob")
ACTIVE = [{"op": "add", "path": "/active", "value": True}]


def documented(document: dict[str, Any]) -> dict[str, set[str]]:
    return {path: {each.upper() for each in methods} for path, methods in document["paths"].items()}


def pointers(node: Any) -> set[str]:
    if isinstance(node, dict):
        found = {node["$ref"]} if "$ref" in node else set()
        return found.union(*map(pointers, node.values()))
    return set().union(*map(pointers, node)) if isinstance(node, list) else set()


async def test_every_address_takes_exactly_the_documented_methods() -> None:
    app = an_app(Shelf(), *OPERATIONS)
    told = documented((await ask(app, "/openapi.json")).json())
    fhir = {path: methods for path, methods in told.items() if path.startswith("/fhir")}
    taken = {}
    for path in fhir:
        asked = path.replace("{id}", "x").replace("{vid}", "1").replace("{type}", "Patient")
        headers = {"access-control-request-method": "GET"}
        allow = (await ask(app, asked, "OPTIONS", headers=headers)).headers["allow"]
        taken[path] = set(allow.split(", ")) - {"HEAD", "OPTIONS"}
    # At the base address GET only says that a search over all types is not offered.
    taken["/fhir/"] -= {"GET"}
    assert taken == fhir


async def test_what_the_document_points_to_is_there() -> None:
    document = (await ask(an_app(Shelf(), *OPERATIONS), "/openapi.json")).json()
    there = {
        f"#/components/{kind}/{name}"
        for kind, named in document["components"].items()
        for name in named
    }
    assert pointers(document) <= there


async def test_what_is_not_fhir_is_documented_as_well() -> None:
    app = an_app(Shelf())
    told = documented((await ask(app, "/openapi.json")).json())
    for path in ("/health/live", "/health/ready", "/openapi.json"):
        assert told[path] == {"GET"}
        assert (await ask(app, path)).status_code == 200


def a_bundle(method: str, url: str, **entry: Any) -> dict[str, Any]:
    request = {"method": method, "url": url} | entry.pop("request", {})
    step = {"request": request} | entry
    return {"resourceType": "Bundle", "type": "transaction", "entry": [step]}


#: Interaction -> requests (method, address, what goes with it) that are answered in all its ways.
REQUESTS: dict[str, list[Provoked]] = {
    "search-type": [("GET", f"Patient{query}", {}) for query in ("", "?x=1", LONG)]
    + [("GET", "Patient", {"headers": NONE})],
    "search-by-form": [
        ("POST", "Patient/_search", {}),
        ("POST", "Patient/_search?x=1", {}),
        ("POST", f"Patient/_search{LONG}", {}),
        ("POST", "Patient/_search", {"headers": NONE}),
        ("POST", "Patient/_search", {"headers": PLAIN, "content": b"x"}),
        ("POST", "Patient/_search", {"headers": LARGE, "content": b"x"}),
    ],
    "read": [
        ("GET", "Patient/ann", {}),
        ("GET", "Patient/ann", {"headers": {"if-none-match": "*"}}),
        ("GET", "Patient/ann?_summary=x", {}),
        ("GET", "Patient/none", {}),
        ("GET", "Patient/gone", {}),
        ("GET", f"Patient/ann{LONG}", {}),
        ("GET", "Patient/ann", {"headers": NONE}),
    ],
    "vread": [
        ("GET", "Patient/ann/_history/1", {}),
        ("GET", "Patient/ann/_history/1", {"headers": {"if-none-match": "*"}}),
        ("GET", "Patient/ann/_history/1?_summary=x", {}),
        ("GET", "Patient/ann/_history/9", {}),
        ("GET", "Patient/gone/_history/2", {}),
        ("GET", f"Patient/ann/_history/1{LONG}", {}),
        ("GET", "Patient/ann/_history/1", {"headers": NONE}),
    ],
    "create": [
        ("POST", "Patient", {"json": ANN}),
        ("POST", "Patient", {"json": ANN, "headers": {"if-none-exist": "_id=ann"}}),
        ("POST", "Patient", {"json": ANN, "headers": {"if-none-exist": TWICE}}),
        ("POST", "Patient", {"json": ANN | {"identifier": [{"system": "s", "value": "taken"}]}}),
        ("POST", "Patient", {"json": ANN | {"gender": "x"}}),
        ("POST", "Patient", {"json": []}),
        ("POST", "Patient", {"json": ANN, "headers": PLAIN}),
        ("POST", "Patient", {"json": ANN, "headers": NONE}),
        ("POST", "Patient", {"json": ANN, "headers": LARGE}),
        ("POST", f"Patient{LONG}", {"json": ANN}),
    ],
    "update": [
        ("PUT", "Patient/ann", {"json": ANN}),
        ("PUT", "Patient/new-1", {"json": ANN | {"id": "new-1"}}),
        ("PUT", "Patient/ann", {"json": ANN, "headers": STALE}),
        ("PUT", "Patient/ann", {"json": ANN | {"identifier": [{"system": "s", "value": "taken"}]}}),
        ("PUT", "Patient/ann", {"json": ANN | {"gender": "x"}}),
        ("PUT", "Patient/ann", {"json": BOB}),
        ("PUT", "Patient/ann", {"json": ANN, "headers": PLAIN}),
        ("PUT", "Patient/ann", {"json": ANN, "headers": NONE}),
        ("PUT", "Patient/ann", {"json": ANN, "headers": LARGE}),
        ("PUT", f"Patient/ann{LONG}", {"json": ANN}),
    ],
    "patch": [
        ("PATCH", "Patient/ann", {"json": ACTIVE, "headers": PATCH}),
        ("PATCH", "Patient/none", {"json": ACTIVE, "headers": PATCH}),
        ("PATCH", "Patient/gone", {"json": ACTIVE, "headers": PATCH}),
        ("PATCH", "Patient/ann", {"json": ACTIVE, "headers": PATCH | STALE}),
        ("PATCH", "Patient/ann", {
            "json": {"identifier": [{"system": "s", "value": "taken"}]}, "headers": JSON}),
        ("PATCH", "Patient/ann", {"json": [{"op": "remove", "path": "/x"}], "headers": PATCH}),
        ("PATCH", "Patient/ann", {"json": 1, "headers": PATCH}),
        ("PATCH", "Patient/ann", {"json": ACTIVE, "headers": PLAIN}),
        ("PATCH", "Patient/ann", {"json": ACTIVE, "headers": PATCH | NONE}),
        ("PATCH", "Patient/ann", {"json": ACTIVE, "headers": PATCH | LARGE}),
        ("PATCH", f"Patient/ann{LONG}", {"json": ACTIVE, "headers": PATCH}),
    ],
    "delete": [
        ("DELETE", "Patient/bob", {}),
        ("DELETE", "Patient/bob", {"headers": {"prefer": "return=OperationOutcome"}}),
        ("DELETE", "Patient/ann", {}),
        ("DELETE", "Patient/ann", {"headers": STALE}),
        ("DELETE", "Patient/é", {}),
        ("DELETE", "Patient/ann?a=%00", {}),
        ("DELETE", f"Patient/ann{LONG}", {}),
        ("DELETE", "Patient/ann", {"headers": NONE}),
    ],
    "conditional-update": [
        ("PUT", "Patient?_id=ann", {"json": ANN}),
        ("PUT", "Patient?_id=new-2", {"json": ANN | {"id": "new-2"}}),
        ("PUT", f"Patient?{TWICE}", {"json": {"resourceType": "Patient"}}),
        ("PUT", "Patient?_id=ann", {
            "json": ANN | {"identifier": [{"system": "s", "value": "taken"}]}}),
        ("PUT", "Patient?_id=ann", {"json": ANN | {"gender": "x"}}),
        ("PUT", "Patient?x=1", {"json": ANN}),
        ("PUT", "Patient?_id=ann", {"json": ANN, "headers": PLAIN}),
        ("PUT", "Patient?_id=ann", {"json": ANN, "headers": NONE}),
        ("PUT", "Patient?_id=ann", {"json": ANN, "headers": LARGE}),
        ("PUT", f"Patient{LONG}", {"json": ANN}),
    ],
    "conditional-patch": [
        ("PATCH", "Patient?_id=ann", {"json": ACTIVE, "headers": PATCH}),
        ("PATCH", "Patient?_id=none", {"json": ACTIVE, "headers": PATCH}),
        ("PATCH", f"Patient?{TWICE}", {"json": ACTIVE, "headers": PATCH}),
        ("PATCH", "Patient?_id=ann", {
            "json": {"identifier": [{"system": "s", "value": "taken"}]}, "headers": JSON}),
        ("PATCH", "Patient?_id=ann", {
            "json": [{"op": "remove", "path": "/x"}], "headers": PATCH}),
        ("PATCH", "Patient?x=1", {"json": ACTIVE, "headers": PATCH}),
        ("PATCH", "Patient?_id=ann", {"json": ACTIVE, "headers": PLAIN}),
        ("PATCH", "Patient?_id=ann", {"json": ACTIVE, "headers": PATCH | NONE}),
        ("PATCH", "Patient?_id=ann", {"json": ACTIVE, "headers": PATCH | LARGE}),
        ("PATCH", f"Patient{LONG}", {"json": ACTIVE, "headers": PATCH}),
    ],
    "conditional-delete": [
        ("DELETE", "Patient?_id=none", {}),
        ("DELETE", "Patient?_id=none", {"headers": {"prefer": "return=OperationOutcome"}}),
        ("DELETE", "Patient?_id=ann", {}),
        ("DELETE", f"Patient?{TWICE}", {}),
        ("DELETE", "Patient?x=1", {}),
        ("DELETE", f"Patient{LONG}", {}),
        ("DELETE", "Patient?_id=none", {"headers": NONE}),
    ],
    "history-instance": [
        ("GET", f"Patient/ann/_history{query}", {}) for query in ("", "?x=1", LONG)
    ]
    + [("GET", "Patient/none/_history", {}), ("GET", "Patient/ann/_history", {"headers": NONE})],
    "history-type": [("GET", f"Patient/_history{query}", {}) for query in ("", "?x=1", LONG)]
    + [("GET", "Patient/_history", {"headers": NONE})],
    "history-system": [("GET", f"_history{query}", {}) for query in ("", "?x=1", LONG)]
    + [("GET", "_history", {"headers": NONE})],
    "transaction": [
        ("POST", "", {"json": a_bundle("GET", "Patient/ann")}),
        ("POST", "", {"json": a_bundle("GET", "Patient/none")}),
        ("POST", "", {"json": a_bundle("GET", "Patient/gone")}),
        ("POST", "", {"json": a_bundle("POST", "Patient/ann", resource=ANN)}),
        ("POST", "", {"json": a_bundle("GET", "Patient/$everything")}),
        ("POST", "", {"json": a_bundle("DELETE", "Patient/ann")}),
        ("POST", "", {"json": a_bundle("DELETE", "Patient/ann", request={"ifMatch": 'W/"9"'})}),
        ("POST", "", {"json": a_bundle("GET", "Patient/ann") | {"x": 1}}),
        ("POST", "", {"json": ANN}),
        ("POST", "", {"json": ANN, "headers": PLAIN}),
        ("POST", "", {"json": ANN, "headers": NONE}),
        ("POST", "", {"json": ANN, "headers": LARGE}),
        ("POST", LONG, {"json": ANN}),
    ],
    "capabilities": [
        ("GET", "metadata", {}),
        ("GET", "metadata", {"headers": {"if-none-match": "*"}}),
        ("GET", "metadata?a=%00", {}),
        ("GET", f"metadata{LONG}", {}),
        ("GET", "metadata", {"headers": NONE}),
    ],
    "definition": [
        ("GET", "CodeSystem/reason", {}),
        ("GET", "CodeSystem/reason", {"headers": {"if-none-match": "*"}}),
        ("GET", "CodeSystem/none", {}),
        ("GET", "CodeSystem/reason?a=%00", {}),
        ("GET", f"CodeSystem/reason{LONG}", {}),
        ("GET", "CodeSystem/reason", {"headers": NONE}),
    ],
    "definitions": [("GET", f"CodeSystem{query}", {}) for query in ("", "?x=1", LONG)]
    + [("GET", "CodeSystem", {"headers": NONE})],
    "operation": [
        ("GET", "Patient/ann/$meta", {}),
        ("GET", "Patient/ann/$meta?x=1", {}),
        ("GET", "Patient/none/$meta", {}),
        ("GET", "Patient/gone/$meta", {}),
        ("GET", f"Patient/ann/$meta{LONG}", {}),
        ("GET", "Patient/ann/$meta", {"headers": NONE}),
    ],
    "export": [
        ("GET", "$export", {}),
        ("GET", "$export?x=1", {}),
        ("GET", "Group/none/$export", {}),
        ("GET", f"$export{LONG}", {}),
        ("GET", "$export", {"headers": NONE}),
    ],
}  # fmt: skip
#: They come at the wrong time, or where an installation demands If-Match.
NOT_PROVOKED = {*UNFORESEEN, SLOW_BODY, Category.PRECONDITION_REQUIRED.value}


@pytest.fixture
async def house_with_ann(clinic: ASGIApp) -> ASGIApp:
    """The clinic, where somebody points to Ann, and somebody else has gone."""
    for each in (
        a_patient("gone"),
        a_patient("taken", identifier=[{"system": "s", "value": "taken"}]),
        {
            "resourceType": "RelatedPerson",
            "id": "r1",
            "patient": {"reference": "Patient/ann"},
        },
    ):
        path = f"/fhir/{each['resourceType']}/{each['id']}"
        assert (await ask(clinic, path, "PUT", json=each)).status_code == 201
    assert (await ask(clinic, "/fhir/Patient/gone", "DELETE")).status_code == 204
    return clinic


async def test_every_documented_status_is_given_and_no_other(house_with_ann: ASGIApp) -> None:
    given: dict[str, set[int]] = {interaction: set() for interaction in REQUESTS}
    for interaction, provoked in REQUESTS.items():
        for method, path, sent in provoked:
            answer = await ask(house_with_ann, f"/fhir/{path}", method, **sent)
            given[interaction].add(answer.status_code)
    assert given == {
        interaction: {WORDS[word] for word in ANSWERS[interaction] if word not in NOT_PROVOKED}
        for interaction in REQUESTS
    }
