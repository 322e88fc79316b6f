"""How does a history look over HTTP?"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from starlette.types import ASGIApp

from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import format_instant
from fhir_gateway.usecases.read import Version
from tests.api.builders import BASE, NOW, Shelf, a_slot, an_app, ask, issue_of

PATH = "/fhir/Slot/s1/_history"


@pytest.fixture
def shelf() -> Shelf:
    """Created, changed, deleted, made again; an hour apart."""
    shelf = Shelf()
    for method in ("POST", "PUT", "PUT", "PUT"):
        shelf.put(a_slot(), method=method)
    key = (1, Ref("Slot", "s1"))
    shelf.versions[key] = [
        Version("Slot", "s1", each.version, NOW + timedelta(hours=each.version), method, content)
        for each, method, content in zip(
            shelf.versions[key],
            ("POST", "PUT", "DELETE", "PUT"),
            (b'{"resourceType":"Slot"}', b'{"resourceType":"Slot"}', None, b"{}"),
            strict=True,
        )
    ]
    return shelf


def versions(bundle: dict[str, Any]) -> list[str]:
    return [each["response"]["etag"] for each in bundle.get("entry", [])]


def next_of(bundle: dict[str, Any], relation: str = "next") -> list[str]:
    return [each["url"] for each in bundle["link"] if each["relation"] == relation]


async def all_pages(app: ASGIApp, url: str, relation: str = "next") -> list[dict[str, Any]]:
    """A page and all to which its links lead, one after the other."""
    pages, waiting = [], [url]
    while waiting:
        pages.append((await ask(app, waiting.pop())).json())
        waiting += next_of(pages[-1], relation)
    return pages


async def test_a_history_is_told_newest_first(shelf: Shelf) -> None:
    bundle = (await ask(an_app(shelf), PATH)).json()
    assert (bundle["type"], bundle["total"]) == ("history", 4)
    assert versions(bundle) == ['W/"4"', 'W/"3"', 'W/"2"', 'W/"1"']
    assert next_of(bundle) == []


async def test_each_version_says_what_made_it(shelf: Shelf) -> None:
    entries = (await ask(an_app(shelf), PATH)).json()["entry"]
    told = [
        (each["request"]["method"], each["request"]["url"], each["response"]["status"])
        for each in entries
    ]
    assert told == [
        ("PUT", "Slot/s1", "200 OK"),
        ("DELETE", "Slot/s1", "204 No Content"),
        ("PUT", "Slot/s1", "200 OK"),
        ("POST", "Slot", "201 Created"),
    ]
    assert ["resource" in each for each in entries] == [True, False, True, True]
    assert {each["fullUrl"] for each in entries} == {f"{BASE}/Slot/s1"}
    assert entries[3]["response"]["lastModified"] == "2026-03-02T10:30:15.250Z"


async def test_pages_follow_each_other_to_the_end(shelf: Shelf) -> None:
    app = an_app(shelf)
    first = (await ask(app, f"{PATH}?_count=3")).json()
    assert versions(first) == ['W/"4"', 'W/"3"', 'W/"2"']
    assert "total" not in first
    (url,) = next_of(first)
    last = (await ask(app, url)).json()
    assert versions(last) == ['W/"1"']
    assert next_of(last) == []


async def test_only_what_is_recent_is_told(shelf: Shelf) -> None:
    since = format_instant(NOW + timedelta(hours=3))
    bundle = (await ask(an_app(shelf), f"{PATH}?_since={since}&_count=3")).json()
    assert versions(bundle) == ['W/"4"', 'W/"3"']
    assert next_of(bundle) == []


@pytest.mark.parametrize("encoded", [True, False])
async def test_an_offset_may_be_encoded_or_not(shelf: Shelf, encoded: bool) -> None:
    since = "2026-03-02T15:30:15.250+03:00"
    written = {True: quote(since), False: since}[encoded]
    bundle = (await ask(an_app(shelf), f"{PATH}?_since={written}")).json()
    assert versions(bundle) == ['W/"4"', 'W/"3"']


async def test_none_may_be_asked_for(shelf: Shelf) -> None:
    bundle = (await ask(an_app(shelf), f"{PATH}?_count=0")).json()
    assert versions(bundle) == []
    assert next_of(bundle) == []


@pytest.mark.parametrize(
    "path", ["/fhir/Slot/s1/_history", "/fhir/Slot/_history", "/fhir/_history"]
)
@pytest.mark.parametrize(
    "query", ["_count=x", "_since=2026-03-02", "_at=2026", "_cursor=x", "status=free"]
)
async def test_what_a_history_cannot_be_asked_is_refused(
    shelf: Shelf, path: str, query: str
) -> None:
    response = await ask(an_app(shelf), f"{path}?{query}")
    assert response.status_code == 400
    assert issue_of(response)["expression"] == [query.partition("=")[0]]


async def test_who_asks_for_a_moment_is_told_of_since(shelf: Shelf) -> None:
    response = await ask(an_app(shelf), f"{PATH}?_at=2026")
    assert "_since" in issue_of(response)["diagnostics"]
    assert issue_of(response)["code"] == "not-supported"


async def test_a_version_can_be_told_in_short(shelf: Shelf) -> None:
    shelf.put(a_slot("s2", comment="long"))
    bundle = (await ask(an_app(shelf), "/fhir/Slot/s2/_history?_elements=status")).json()
    (entry,) = bundle["entry"]
    assert "comment" not in entry["resource"]
    assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"


@pytest.fixture
def clinic(shelf: Shelf) -> Shelf:
    """The Slot with its four versions, and a Patient written at the time of the third."""
    third = NOW + timedelta(hours=3)
    person = Version("Patient", "ann", 1, third, "POST", b'{"resourceType":"Patient"}')
    shelf.versions[1, Ref("Patient", "ann")] = [person]
    shelf.versions[2, Ref("Patient", "of-another-tenant")] = [person]
    return shelf


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("_history", ["Slot/s1", "Slot/s1", "Patient/ann", "Slot/s1", "Slot/s1"]),
        ("Slot/_history", ["Slot/s1"] * 4),
        ("Patient/_history", ["Patient/ann"]),
        ("Location/_history", []),
    ],
)
async def test_the_history_of_a_type_or_of_all_is_told_newest_first(
    clinic: Shelf, path: str, told: list[str]
) -> None:
    bundle = (await ask(an_app(clinic), f"/fhir/{path}")).json()
    assert (bundle["type"], bundle["total"]) == ("history", len(told))
    entries = bundle.get("entry", [])
    assert [each["fullUrl"] for each in entries] == [f"{BASE}/{each}" for each in told]
    deleted = [each for each in entries if each["request"]["method"] == "DELETE"]
    assert ["resource" in each for each in deleted] == [False] * len(deleted)


@pytest.mark.parametrize("path", ["_history", "Slot/_history"])
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_the_pages_of_all_changes_follow_each_other(
    clinic: Shelf, path: str, count: int
) -> None:
    app = an_app(clinic)
    whole = (await ask(app, f"/fhir/{path}")).json()["entry"]
    pages = await all_pages(app, f"/fhir/{path}?_count={count}")
    assert [entry for page in pages for entry in page["entry"]] == whole
    assert not any("total" in page for page in pages)


@pytest.mark.parametrize("path", ["_history", "Slot/_history", "Slot/s1/_history"])
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_the_way_back_has_the_same_pages(clinic: Shelf, path: str, count: int) -> None:
    app = an_app(clinic)
    there = await all_pages(app, f"/fhir/{path}?_count={count}")
    (last,) = next_of(there[-1], "self")
    back = await all_pages(app, last, "previous")
    assert [each["entry"] for each in back[::-1]] == [each["entry"] for each in there]
    assert next_of(there[0], "previous") == []
    assert next_of(back[-1]) != []


async def test_only_recent_changes_are_told(clinic: Shelf) -> None:
    since = format_instant(NOW + timedelta(hours=3))
    bundle = (await ask(an_app(clinic), f"/fhir/_history?_since={since}")).json()
    assert versions(bundle) == ['W/"4"', 'W/"3"', 'W/"1"']


async def test_each_tenant_has_a_history_of_its_own(clinic: Shelf) -> None:
    bundle = (await ask(an_app(clinic), "/t/north/fhir/_history")).json()
    assert bundle["total"] == 1
