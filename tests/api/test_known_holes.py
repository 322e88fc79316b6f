"""Are the holes that others' FHIR servers had closed here?

Each test has the number of its row in our list of known holes (V1 to V23). Rows 1 to 3, 5 to 7, 20
and 23 are about who may see what, and nobody signs in yet; 11 is about calling others, which nobody
does; 16 to 18 and 22 are in the tests of HL7 v2 and of the storage.
"""

import re
import time
from dataclasses import replace
from importlib.metadata import version
from zoneinfo import ZoneInfo

import psycopg
import pytest
from starlette.types import ASGIApp

from fhir_gateway.api.app import make_app
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.tenants import Tenant
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import Shelf, a_slot, always_ready, an_app, ask, issue_of
from tests.conftest import Server
from tests.usecases.builders import a_patient

HERE = "http://clinic.example/fhir"
#: Long texts on which a pattern could choke.
HOSTILE = ("a" * 15_000 + "!", "(" * 5000, " " * 15_000 + "x", "\\" * 9999, "|" * 9000, "1e" * 7000)


async def hits(app: ASGIApp, query: str) -> list[str]:
    response = await ask(app, f"/fhir/{query}")
    assert response.status_code == 200, response.text
    return [each["resource"]["id"] for each in response.json().get("entry", [])]


@pytest.mark.parametrize(
    "query",
    [
        "Slot?schedule.actor:Practitioner.name=nobody",
        "Patient?_has:Appointment:patient:status=booked",
        "Slot?schedule.actor:Practitioner.name=nobody&_include:iterate=*",
        "Patient?general-practitioner:Practitioner.name=nobody&_total=accurate",
    ],
)
async def test_v4_a_chain_that_finds_nothing_selects_nothing(clinic: ASGIApp, query: str) -> None:
    assert await hits(clinic, query) == []


@pytest.mark.parametrize("query", ["Slot?schedule=", "Slot?schedule.active=", "Patient?name=,"])
async def test_v4_an_empty_condition_is_refused_and_not_dropped(
    clinic: ASGIApp, query: str
) -> None:
    assert (await ask(clinic, f"/fhir/{query}")).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "schedule=Schedule/s1",
        "schedule=s1",
        f"schedule={HERE}/Schedule/s1",
        "schedule:Schedule=s1",
        "schedule=Schedule%2Fs1",
        "%73chedule=s1",
        "schedule._id=s1",
        "schedule:Schedule._id=s1",
    ],
)
async def test_v8_every_spelling_of_a_reference_finds_the_same(clinic: ASGIApp, query: str) -> None:
    assert len(await hits(clinic, f"Slot?{query}")) == 2


async def test_v9_the_same_id_in_two_tenants_is_two_resources(
    deps: Deps, database_url: str, servers: Server
) -> None:
    name = database_url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(servers("embedded").url(name, SUPERUSER)) as owner:
        owner.execute("INSERT INTO tenant (id, slug, name, zone) VALUES (2, 'north', 'N', 'UTC')")
    both = {**deps.tenants, 2: Tenant(2, "north", "N", ZoneInfo("UTC"))}
    app = make_app(replace(deps, tenants=both), ready=always_ready, software_version="1.2.3")
    for base, family in (("/fhir", "South"), ("/t/north/fhir", "North")):
        person = a_patient("ann", name=[{"family": family}])
        assert (await ask(app, f"{base}/Patient/ann", "PUT", json=person)).status_code == 201
    for _ in range(20):
        for base, family in (("/fhir", "South"), ("/t/north/fhir", "North")):
            read = (await ask(app, f"{base}/Patient/ann")).json()
            found = (await ask(app, f"{base}/Patient?_summary=false")).json()
            assert [read["name"][0]["family"], found["total"]] == [family, 1]


@pytest.mark.parametrize("media", ["application/fhir+json", "application/fhir+xml"])
async def test_v10_a_document_that_expands_is_refused_at_once(media: str) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE Slot [<!ENTITY a0 "ha">{entities}]><Slot xmlns="http://hl7.org/fhir"/>'
    began = time.process_time()
    response = await ask(
        an_app(Shelf()), "/fhir/Slot", "POST",
        content=bomb.encode(), headers={"content-type": media},
    )  # fmt: skip
    assert response.status_code == 400
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "reference",
    [f"{HERE}x/Schedule/s1", "http://clinic.example.evil.com/fhir/Schedule/s1",
     f"{HERE}/../x/Schedule/s1", "http://clinic.example@evil.com/fhir/Schedule/s1"],
)  # fmt: skip
async def test_v12_an_address_that_begins_like_ours_is_not_ours(
    clinic: ASGIApp, reference: str
) -> None:
    assert await hits(clinic, f"Slot?schedule={reference}") == []


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "name", ["identifier", "birthdate", "_sort", "_include", "family:contains"]
)
async def test_v13_no_text_is_thought_about_for_long(name: str, text: str) -> None:
    began = time.process_time()
    response = await ask(an_app(Shelf()), "/fhir/Patient/_search", "POST",
                         content=f"{name}={text}".encode(),
                         headers={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip
    assert response.status_code in (200, 400)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "inside",
    ["<script>alert(1)</script>", '<p onclick="alert(1)">x</p>', '<iframe src="x"/>',
     '<a href="javascript:alert(1)">x</a>', '<a href="&#1;javascript:alert(1)">x</a>',
     '<img src="http://evil.example/x"/>', '<object data="x"/>', '<form action="x"/>',
     '<p style="background:url(http://evil.example)">x</p>', "<svg><script/></svg>"],
)  # fmt: skip
async def test_v15_a_narrative_that_runs_or_loads_is_not_kept_or_cannot(inside: str) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'
    slot = a_slot(text={"status": "generated", "div": div})
    app = an_app(Shelf())
    answer = await ask(app, "/fhir/Slot", "POST", json=slot)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.status_code == 201 or issue_of(answer)["expression"] == ["Slot.text.div"]


@pytest.mark.parametrize(
    ("library", "least"), [("starlette", (1, 3, 1)), ("h11", (0, 16, 0)), ("uvicorn", (0, 54, 0))]
)
def test_v19_libraries_are_those_without_known_holes(library: str, least: tuple[int, ...]) -> None:
    assert tuple(map(int, re.findall(r"\d+", version(library))))[:3] >= least


@pytest.mark.parametrize("host", ["evil.example/x?", "evil.example#", "a b", "evil.example\\@x"])
async def test_v19_what_is_no_host_is_never_repeated(clinic: ASGIApp, host: str) -> None:
    response = await ask(clinic, "/fhir/Slot?_count=1", headers={"host": host})
    links = [each["url"] for each in response.json()["link"]]
    assert len(links) == 2
    assert all(re.fullmatch(r"http://[a-z.:0-9]+/fhir/Slot\?[^#@\\ ]*", each) for each in links)
    assert host not in response.text


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", "/fhir/Patient?name=%00", None, {}),
        ("GET", "/fhir/Patient?name=%ED%A0%80", None, {}),
        ("GET", "/fhir/Patient?_count=9223372036854775808", None, {}),
        ("GET", "/fhir/Patient/ann/_history?_count=99999999999", None, {}),
        ("GET", "/fhir/Patient/ann/_history?_cursor=~99999999999", None, {}),
        ("GET", "/fhir/Patient/a%00b", None, {}),
        ("POST", "/fhir/Patient", b'{"resourceType":"Patient","name":[{"family":"\\u0000"}]}', {}),
        ("POST", "/fhir/Patient", b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}', {}),
        ("POST", "/fhir/Patient", b'{"resourceType":"Patient","multipleBirthInteger":1e400}', {}),
        ("PUT", "/fhir/Patient/ann", b'{"resourceType":"Patient","id":"ann"}',
         {"if-match": 'W/"99999999999999999999"'}),
        ("GET", "/fhir/Patient/ann/_history/99999999999999999999", None, {}),
    ],
)  # fmt: skip
async def test_v21_what_a_database_could_not_hold_is_refused(
    clinic: ASGIApp, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> None:
    media = {"content-type": "application/fhir+json"} if body else {}
    response = await ask(clinic, path, method, content=body, headers=media | headers)
    assert 400 <= response.status_code < 500
