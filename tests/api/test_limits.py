"""How much, and how slowly, may a client send?"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message

from fhir_gateway.api.requests import MAX_BODY, MAX_URL
from fhir_gateway.fhir import json
from fhir_gateway.fhir.catalogue import CATALOGUE
from tests.api.builders import FHIR_JSON, Shelf, a_slot, an_app, ask, issue_of

LINES = [(b"host", b"clinic.example"), (b"content-type", b"application/fhir+json")]


def a_scope(method: str = "POST", path: str = "/fhir/Slot") -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": LINES,
        "server": ("127.0.0.1", 8080),
    }


async def heard(app: ASGIApp, *messages: Message, then: Callable[[], Any]) -> list[Message]:
    """What the app sends to a client that says these messages."""
    said = list(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        return said.pop(0) if said else await then()

    async def send(message: Message) -> None:
        sent.append(message)

    await app(a_scope(), receive, send)
    return sent


async def silence() -> Message:
    await asyncio.sleep(60)
    raise AssertionError


async def hanging_up() -> Message:
    return {"type": "http.disconnect"}


def a_piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_resource_may_be_as_large_as_the_limit() -> None:
    head = b'{"resourceType":"Slot","comment":"'
    content = head + b"x" * (MAX_BODY - len(head) - 2) + b'"}'
    response = await ask(an_app(), "/fhir/Slot", "POST", content=content, headers=FHIR_JSON)
    assert len(content) == MAX_BODY
    assert response.status_code == 201


async def test_a_larger_one_is_refused_before_it_is_read() -> None:
    headers = FHIR_JSON | {"content-length": str(MAX_BODY + 1)}
    response = await ask(an_app(), "/fhir/Slot", "POST", content=b"{}", headers=headers)
    assert response.status_code == 413
    assert issue_of(response)["code"] == "too-long"
    assert response.headers["connection"] == "close"


async def test_one_of_unknown_length_is_refused_when_it_gets_too_large() -> None:
    read = []

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            read.append(1)
            yield b" " * (MAX_BODY // 8)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(an_app()), base_url="http://clinic.example"
    ) as client:
        response = await client.post("/fhir/Slot", content=endless(), headers=FHIR_JSON)
    assert response.status_code == 413
    assert len(read) < 12


async def test_a_body_may_come_in_pieces() -> None:
    shelf = Shelf()
    pieces = [a_piece(b'{"resourceType":'), a_piece(b""), a_piece(b'"Slot"}', more=False)]
    sent = await heard(an_app(shelf), *pieces, then=silence)
    assert sent[0]["status"] == 201
    assert shelf.asked == [{"resourceType": "Slot"}]


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    shelf = Shelf()
    sent = await heard(an_app(shelf, patience=0.02), a_piece(b"{"), then=silence)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert shelf.asked == []


async def test_who_hangs_up_before_the_end_is_not_answered_and_changes_nothing() -> None:
    shelf = Shelf()
    whole = b'{"resourceType":"Slot"}'
    assert await heard(an_app(shelf), a_piece(whole), then=hanging_up) == []
    assert shelf.asked == []


@pytest.mark.parametrize(("extra", "status"), [(-1, 200), (1, 414)])
async def test_an_address_has_its_limit(extra: int, status: int) -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    query = "x" * (MAX_URL - len("Slot/s1") + extra)
    response = await ask(an_app(shelf), f"/fhir/Slot/s1?{query}")
    assert response.status_code == status


@pytest.mark.parametrize(("coding", "status"), [("identity", 201), ("gzip", 415), ("br", 415)])
async def test_a_body_is_not_unpacked(coding: str, status: int) -> None:
    headers = {"content-encoding": coding}
    response = await ask(an_app(), "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    assert response.status_code == status


CHAIN = "actor:Patient.organization.partof.partof.name"


@pytest.mark.parametrize(
    "query",
    [
        "status=" + ",".join(["free"] * 51),
        "status=" + ",".join(map(str, range(1000))),
        "&".join(["status=free"] * 101),
        f"schedule.{CHAIN}=x",
        "&".join(f"_revinclude:iterate={name}:*" for name in CATALOGUE),
        "_has:Appointment:slot:_has:Task:focus:_has:Task:based-on:_has:Task:part-of:_id=x",
    ],
    ids=["values", "1000 values", "parameters", "chain", "revincludes", "has"],
)
async def test_a_search_that_asks_for_too_much_is_told_so(query: str) -> None:
    shelf = Shelf()
    response = await ask(an_app(shelf), f"/fhir/Slot?{query}")
    assert response.status_code == 400
    assert {each["code"] for each in response.json()["issue"]} == {"too-costly"}
    assert shelf.asked == []


BUNDLE = {"resourceType": "Bundle", "type": "batch", "entry": [{}] * 10_000}


@pytest.mark.parametrize(
    ("path", "content"),
    [("Slot", b"[" + b"1," * 200_000 + b"1]"), ("", json.dump(BUNDLE))],
    ids=["elements", "entries"],
)
async def test_a_body_that_asks_for_too_much_is_told_so(path: str, content: bytes) -> None:
    response = await ask(an_app(), f"/fhir/{path}", "POST", content=content, headers=FHIR_JSON)
    assert response.status_code == 422
    assert issue_of(response)["code"] == "too-costly"


@pytest.mark.parametrize("count", ["0", "1000", "1001", "999999999999999999"])
async def test_a_page_has_at_most_a_thousand_hits(count: str) -> None:
    shelf = Shelf()
    await ask(an_app(shelf), f"/fhir/Slot?_count={count}")
    assert shelf.asked[0].count == min(int(count), 1000)
