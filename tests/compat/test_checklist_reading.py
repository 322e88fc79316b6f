"""Rows 1 to 4, 10 to 13 and 19 to 21 of the checklist of client conventions: what is read and how.

Newer decisions than the checklist: XML is served and taken, so a client that takes nothing else
gets it (rows 3 and 4); nobody signs in yet, so nothing is said about how (rows 1 and 2).
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.compat.conftest import TIMES
from tests.usecases.builders import a_patient, at, slot_id

JSON = "application/fhir+json; charset=utf-8"
XML = "application/fhir+xml; charset=utf-8"
HTML = "text/html; charset=utf-8"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
VALUES = {"token": "x", "date": "2026", "number": "1", "reference": "x", "string": "x",
          "uri": "urn:x", "quantity": "1", "composite": "x$1",
          "special": "1|2"}  # fmt: skip


def pages(http: httpx.Client, url: str) -> Iterator[dict[str, Any]]:
    """The Bundles of a search, from the first to the last."""
    while url:
        bundle = http.get(url).json()
        yield bundle
        url = link(bundle, "next") or ""


def link(bundle: dict[str, Any], relation: str) -> str | None:
    found = [each["url"] for each in bundle["link"] if each["relation"] == relation]
    return found[0] if found else None


def ids(bundle: dict[str, Any], mode: str = "match") -> list[str]:
    entries = bundle.get("entry", [])
    return [each["resource"]["id"] for each in entries if each["search"]["mode"] == mode]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/metadata"), ("OPTIONS", ""), ("OPTIONS", "/")]
)
def test_row_1_a_capability_statement_for_everybody(
    http: httpx.Client, method: str, path: str
) -> None:
    """There is no sign-in, so `security` says nothing of one."""
    response = http.request(method, f"{http.base_url}".rstrip("/") + path)
    statement = response.json()
    assert (response.status_code, response.headers["content-type"]) == (200, JSON)
    assert (statement["fhirVersion"], statement["kind"]) == ("4.0.1", "instance")
    assert {"application/fhir+json", "application/fhir+xml"} <= set(statement["format"])
    assert "security" not in statement["rest"][0]
    assert "instantiates" not in statement
    tag = {"if-none-match": response.headers["etag"]}
    assert http.get("/metadata", headers=tag).status_code == 304


def test_row_1_every_search_parameter_that_is_stated_is_served(http: httpx.Client) -> None:
    stated = http.get("/metadata").json()["rest"][0]["resource"]
    urls = [
        f"{each['type']}?{param['name']}={VALUES[param['type']]}&_count=0"
        for each in stated
        for param in each["searchParam"]
        if not param["name"].startswith("_")
    ]
    entries = [{"request": {"method": "GET", "url": each}} for each in urls]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answers = http.post("/", json=batch).json()["entry"]
    statuses = [each["response"]["status"] for each in answers]
    refused = [url for url, each in zip(urls, statuses, strict=True) if each != "200 OK"]
    assert refused == []


@pytest.mark.parametrize("below", ["/fhir", ""])
@pytest.mark.parametrize(
    "path", ["smart-configuration", "jwks.json", "openid-configuration", "nonsense"]
)
def test_row_2_who_asks_how_to_sign_in_is_told_in_json_that_nobody_does(
    http: httpx.Client, below: str, path: str
) -> None:
    """Until there is a sign-in a client needs a plain 404: no redirect, no HTML."""
    url = http.base_url.join(f"{below}/.well-known/{path}")
    response = http.get(url, headers={"accept": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (404, JSON)
    assert response.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/fhir+json", JSON),
        ("application/json", JSON),
        ("application/json+fhir", JSON),
        ("*/*", JSON),
        ("application/fhir+json;q=1.0, application/json+fhir;q=0.9", JSON),
        ("application/fhir+json; fhirVersion=4.0", JSON),
        ("application/fhir+json; charset=utf-8", JSON),
        ("application/fhir+json, */*; q=0.1", JSON),
        ("application/fhir+xml, application/fhir+json", JSON),
        ("application/fhir+xml;q=0.5, application/json", JSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON),
        ("application/fhir+xml", XML),
        (BROWSER, HTML),
    ],
)
def test_row_3_accept_decides_the_format(http: httpx.Client, accept: str, media: str) -> None:
    response = http.get("/Patient/ann", headers={"accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, media)


def test_row_3_a_page_leads_to_the_raw_resource(http: httpx.Client) -> None:
    page = http.get("/Patient/ann", headers={"accept": BROWSER}).text
    assert f'href="{http.base_url}Patient/ann?_format=json"' in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("query", "media"),
    [
        ("_format=json", JSON),
        ("_format=application/fhir%2Bjson", JSON),
        ("_format=application/fhir+json", JSON),
        ("_format=xml", XML),
        ("_format=text/xml", XML),
        ("_format=html", HTML),
    ],
)
def test_row_4_format_overrules_accept(http: httpx.Client, query: str, media: str) -> None:
    response = http.get(f"/Patient/ann?{query}", headers={"accept": "text/nonsense"})
    assert (response.status_code, response.headers["content-type"]) == (200, media)


@pytest.mark.parametrize("path", ["/Patient/ann?_format=ttl", "/Patient?_format=nonsense"])
def test_row_4_another_format_is_not_acceptable(http: httpx.Client, path: str) -> None:
    response = http.get(path)
    assert response.status_code == 406
    assert response.json()["issue"][0]["expression"] == ["_format"]


@pytest.mark.parametrize(("query", "lines"), [("", 1), ("?_pretty=false", 1)])
def test_row_4_nothing_is_laid_out_unasked(http: httpx.Client, query: str, lines: int) -> None:
    assert len(http.get(f"/Patient/ann{query}").text.split("\n")) == lines


def test_row_4_pretty_is_laid_out_and_says_the_same(http: httpx.Client) -> None:
    pretty = http.get("/Patient/ann?_pretty=true")
    assert '\n  "id": "ann"' in pretty.text
    assert pretty.json() == http.get("/Patient/ann").json()


def test_row_10_a_bundle_leads_from_page_to_page(http: httpx.Client) -> None:
    found = list(pages(http, "/Slot?schedule=Schedule/s1&_sort=start&_count=2"))
    assert [ids(each) for each in found] == [
        [slot_id(time) for time in TIMES[start : start + 2]] for start in (0, 2, 4)
    ]
    assert {each["total"] for each in found} == {len(TIMES)}
    base = str(http.base_url)
    assert all(one["url"].startswith(base) for each in found for one in each["link"])
    assert all(
        each["fullUrl"] == f"{base}Slot/{each['resource']['id']}" for each in found[0]["entry"]
    )
    assert link(found[1], "first") == link(found[0], "self")
    back = http.get(link(found[2], "previous") or "").json()
    assert back["entry"] == found[1]["entry"]
    assert http.get(link(back, "previous") or "").json()["entry"] == found[0]["entry"]
    assert link(found[0], "previous") is None
    assert link(found[2], "next") is None


def test_row_10_nothing_found_is_no_empty_list(http: httpx.Client) -> None:
    bundle = http.get("/Slot?status=entered-in-error").json()
    assert bundle["total"] == 0
    assert "entry" not in bundle
    assert "total" not in http.get("/Slot?_total=none&_count=1").json()


@pytest.mark.parametrize("query", ["_count=0", "_summary=count", "_count=0&_totalMethod=count"])
@pytest.mark.parametrize("path", ["Slot?schedule=Schedule/s1&", "StructureDefinition?"])
def test_row_11_only_the_total_is_counted(http: httpx.Client, path: str, query: str) -> None:
    bundle = http.get(f"/{path}{query}").json()
    assert bundle["total"] >= len(TIMES)
    assert "entry" not in bundle
    assert "_totalMethod" not in (link(bundle, "self") or "")


def test_row_12_a_link_leads_back_through_the_proxy(http: httpx.Client) -> None:
    proxied = {"x-forwarded-proto": "https", "x-forwarded-host": "fhir.example.org:8443"}
    bundle = http.get("/Slot?_sort=start&_count=2", headers=proxied).json()
    following = link(bundle, "next") or ""
    assert following.startswith("https://fhir.example.org:8443/fhir/Slot?")
    assert len(following) < 2048
    rest = http.get(f"{http.base_url}{following.partition('/fhir/')[2]}").json()
    assert ids(rest) == [slot_id(each) for each in TIMES[2:4]]


def test_row_12_a_next_page_does_not_move_when_others_write(http: httpx.Client) -> None:
    family = {"name": [{"family": "Pager"}]}
    for each in ("b", "d", "f"):
        http.put(f"/Patient/pager-{each}", json=a_patient(f"pager-{each}", **family))
    first = http.get("/Patient?family=Pager&_sort=_id&_count=2").json()
    for each in ("a", "c", "e"):
        http.put(f"/Patient/pager-{each}", json=a_patient(f"pager-{each}", **family))
    second = http.get(link(first, "next") or "").json()
    assert ids(first) == ["pager-b", "pager-d"]
    assert ids(second) == ["pager-e", "pager-f"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=free,busy", TIMES),
        ("status=free&status=busy", ()),
        ("status=free&start=ge{10:00}", ("10:00", "10:30", "11:00")),
    ],
)
def test_row_13_a_search_is_the_same_by_post(
    http: httpx.Client, query: str, found: tuple[str, ...]
) -> None:
    query = "schedule=Schedule/s1&_sort=start&" + query.replace("{10:00}", at("10:00"))
    form = {"content-type": "application/x-www-form-urlencoded"}
    got = http.get(f"/Slot?{query}").json()
    posted = http.post("/Slot/_search", content=query, headers=form).json()
    assert ids(got) == ids(posted) == [slot_id(each) for each in found]


def test_row_13_an_unknown_parameter_is_refused_or_told(http: httpx.Client) -> None:
    strict = http.get("/Slot?colour=red")
    lenient = http.get("/Slot?colour=red&_count=1", headers={"prefer": "handling=lenient"})
    assert strict.status_code == 400
    assert strict.json()["issue"][0]["expression"] == ["colour"]
    (warning,) = (
        each["resource"] for each in lenient.json()["entry"] if each["search"]["mode"] == "outcome"
    )
    assert warning["issue"][0]["severity"] == "warning"


@pytest.mark.parametrize("path", ["/Patient/ann", "/Slot?_count=5", "/metadata", "/Patient/none"])
def test_row_19_head_tells_what_get_would(http: httpx.Client, path: str) -> None:
    got, told = http.get(path), http.head(path)
    assert told.status_code == got.status_code
    assert told.content == b""
    same = ("content-type", "content-length", "etag")
    assert [told.headers.get(each) for each in same] == [got.headers.get(each) for each in same]


def test_row_19_a_long_answer_is_compressed_and_a_request_keeps_its_id(http: httpx.Client) -> None:
    headers = {"accept-encoding": "gzip", "x-request-id": "trace-1.a_b"}
    response = http.get("/Slot?_count=5", headers=headers)
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["x-request-id"] == "trace-1.a_b"
    assert len(ids(response.json())) == 5


def test_row_20_nothing_empty_is_sent(http: httpx.Client) -> None:
    urls = ["/metadata", "/Appointment/booked", "/Slot?_include=Slot:schedule", "/_history",
            "/Patient/none", "/OperationDefinition", "/StructureDefinition"]  # fmt: skip
    for url in urls:
        assert list(_empty(http.get(url).json(), url)) == []


def _empty(value: Any, where: str) -> Iterator[str]:
    if value in (None, "", [], {}):
        yield where
    inside = dict(enumerate(value)) if isinstance(value, list) else value
    for key, each in inside.items() if isinstance(inside, dict) else ():
        yield from _empty(each, f"{where}.{key}")


def test_row_20_an_instant_has_an_offset(http: httpx.Client) -> None:
    slot = http.get(f"/Slot/{slot_id('09:00')}").json()
    instants = (slot["start"], slot["end"], slot["meta"]["lastUpdated"])
    assert all(json.dumps(each).endswith(('Z"', '00"')) for each in instants)


@pytest.mark.parametrize(
    "query",
    ["", "&_include=Slot:schedule", "&_include=Slot:schedule&_include:iterate=Schedule:actor"],
)
def test_row_21_free_slots_are_found_as_scheduling_apps_ask(http: httpx.Client, query: str) -> None:
    day = f"start=ge{at('09:00')}&start=lt{at('10:30')}"
    bundle = http.get(
        f"/Slot?status=free&schedule.actor=Practitioner/p1&{day}&_sort=start{query}"
    ).json()
    assert ids(bundle) == [slot_id("09:30"), slot_id("10:00")]
    wanted = ["s1", "p1"][: query.count("_include")]
    assert sorted(ids(bundle, "include")) == sorted(wanted)
