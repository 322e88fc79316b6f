"""Whatever is sent, is the answer a proper one?"""

import asyncio

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_gateway.fhir.catalogue import CATALOGUE
from tests.api.builders import Shelf, a_slot, an_app, an_operation, ask

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
HEADERS = (
    "accept", "content-type", "if-match", "if-none-match", "if-modified-since", "prefer",
    "x-request-id", "origin", "content-encoding", "if-none-exist", "accept-charset",
)  # fmt: skip
STEPS = (
    *CATALOGUE, "metadata", "_history", "_search", "$count", "s1", "", "..", "%00", "%2F", "%FF",
    "1", "-1", "é", "OperationDefinition", "x" * 70,
)  # fmt: skip
#: Addresses that stand for something; what is drawn comes after them.
STARTS = (
    (), ("Slot",), ("Slot", "s1"), ("Slot", "s1", "_history"), ("Slot", "_search"), ("Patient",),
    ("Slot", "$count"), ("Slot", "s1", "$count"), ("StructureDefinition",), ("Slot", "none"),
)  # fmt: skip
NAMES = (
    "_format", "_pretty", "_summary", "_elements", "_count", "_since", "_cursor", "_sort",
    "status", "start", "limit", "_include", "identifier:of-type", "schedule.actor",
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
VALUES = st.one_of(
    st.sampled_from(("json", "true", "xml", "1", 'W/"1"', "*", "a|b", "ge2026")), TEXT
)
LINES = st.dictionaries(
    st.sampled_from(HEADERS),
    st.one_of(
        st.sampled_from(("application/json", "*/*", 'W/"1"', "return=minimal", "q=;;,")),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip),
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(
    method=st.sampled_from(METHODS),
    start=st.sampled_from(STARTS),
    steps=st.lists(st.sampled_from(STEPS), max_size=2),
    query=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4),
    headers=LINES,
    content=st.one_of(st.binary(max_size=40), st.just(b'{"resourceType":"Slot","id":"s1"}')),
)
def test_no_request_makes_the_door_fail(
    method: str,
    start: tuple[str, ...],
    steps: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    content: bytes,
) -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    app = an_app(shelf, an_operation())
    path = httpx.URL("/fhir/" + "/".join((*start, *steps)), params=query)
    response = asyncio.run(ask(app, str(path), method, content=content, headers=headers))
    assert response.status_code != 500
    # '..' can lead out of the door, to where nobody counts requests.
    leads_out = ".." in steps or not path.path.startswith("/fhir")
    assert response.headers.get("x-request-id") or leads_out
    assert not (response.status_code >= 400 and method != "HEAD" and not is_outcome(response))


def is_outcome(response: httpx.Response) -> bool:
    heads = (b'{"resourceType":"OperationOutcome"', b'{\n  "resourceType": "OperationOutcome"')
    written = response.content.removeprefix(b'<?xml version="1.0" encoding="UTF-8"?>').strip()
    return written.startswith((*heads, b"<OperationOutcome "))
