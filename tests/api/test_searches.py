"""How does the answer to a search look over HTTP?"""

from urllib.parse import parse_qsl, urlsplit

import pytest

from fhir_gateway.usecases.read import Page
from tests.api.builders import BASE, Shelf, a_slot, a_version, an_app, ask, issue_of, stored

FORM = {"content-type": "application/x-www-form-urlencoded"}
SLOT = stored(a_version(a_slot()))
SCHEDULE = stored(a_version({"resourceType": "Schedule", "id": "d1"}))


def links(bundle: dict[str, object]) -> dict[str, str]:
    listed = bundle["link"]
    assert isinstance(listed, list)
    return {each["relation"]: each["url"] for each in listed}


def query_of(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query)


async def test_hits_come_before_what_came_with_them() -> None:
    shelf = Shelf(found=Page([SLOT], [SCHEDULE], 1, None))
    response = await ask(an_app(shelf), "/fhir/Slot?_include=Slot:schedule")
    bundle = response.json()
    assert response.status_code == 200
    assert (bundle["type"], bundle["total"]) == ("searchset", 1)
    assert [(each["fullUrl"], each["search"]["mode"]) for each in bundle["entry"]] == [
        (f"{BASE}/Slot/s1", "match"),
        (f"{BASE}/Schedule/d1", "include"),
    ]


async def test_no_hits_leave_no_entry_and_no_next_page() -> None:
    bundle = (await ask(an_app(), "/fhir/Slot?status=free")).json()
    assert bundle["total"] == 0
    assert "entry" not in bundle
    assert set(links(bundle)) == {"self"}


async def test_an_uncounted_search_tells_no_total() -> None:
    shelf = Shelf(found=Page([SLOT], [], None, None))
    assert "total" not in (await ask(an_app(shelf), "/fhir/Slot")).json()


async def test_the_self_link_repeats_what_was_understood() -> None:
    query = "status=free&start=ge2026-03-02&_count=5&_totalMethod=count&_format=json&_pretty=true"
    bundle = (await ask(an_app(), f"/fhir/Slot?{query}")).json()
    understood = "status=free&start=ge2026-03-02&_count=5&_format=json&_pretty=true"
    assert links(bundle)["self"] == f"{BASE}/Slot?{understood}"


async def test_an_address_in_a_link_reads_back_as_what_was_asked() -> None:
    asked = [("identifier", "urn:x|a b&c=d"), ("identifier", "é\\,f,g")]
    query = "identifier=urn:x%7Ca+b%26c%3Dd&identifier=%C3%A9%5C%2Cf,g"
    bundle = (await ask(an_app(), f"/fhir/Slot?{query}")).json()
    assert query_of(links(bundle)["self"]) == asked


async def test_the_next_page_is_the_same_search_from_another_place() -> None:
    shelf = Shelf(found=Page([SLOT], [], None, "abc"))
    bundle = (await ask(an_app(shelf), "/fhir/Slot?status=free&_count=1")).json()
    asked = [("status", "free"), ("_count", "1")]
    assert query_of(links(bundle)["next"]) == [*asked, ("_cursor", "abc")]
    assert "first" not in links(bundle)


async def test_a_later_page_names_itself_and_the_first() -> None:
    shelf = Shelf(found=Page([SLOT], [], None, "def"))
    bundle = (await ask(an_app(shelf), "/fhir/Slot?status=free&_cursor=abc")).json()
    found = {relation: query_of(url) for relation, url in links(bundle).items()}
    assert found == {
        "self": [("status", "free"), ("_cursor", "abc")],
        "first": [("status", "free")],
        "next": [("status", "free"), ("_cursor", "def")],
    }
    assert shelf.asked[0].cursor == "abc"


async def test_an_unknown_parameter_is_refused_with_those_that_are_known() -> None:
    response = await ask(an_app(), "/fhir/Slot?colour=red")
    assert response.status_code == 400
    issue = issue_of(response)
    assert issue["expression"] == ["colour"]
    assert "schedule" in issue["diagnostics"]


async def test_a_lenient_search_leaves_it_out_and_says_so() -> None:
    headers = {"Prefer": "handling=lenient"}
    response = await ask(an_app(), "/fhir/Slot?colour=red&status=free", headers=headers)
    bundle = response.json()
    assert response.status_code == 200
    assert links(bundle)["self"] == f"{BASE}/Slot?status=free"
    (entry,) = bundle["entry"]
    assert entry["search"]["mode"] == "outcome"
    assert entry["resource"]["issue"][0]["severity"] == "warning"
    assert "fullUrl" not in entry


async def test_what_the_search_left_out_is_said_after_the_hits() -> None:
    shelf = Shelf(found=Page([SLOT], [], 1, None, ("Not all was included",)))
    entries = (await ask(an_app(shelf), "/fhir/Slot")).json()["entry"]
    assert [each["search"]["mode"] for each in entries] == ["match", "outcome"]
    assert entries[1]["resource"]["issue"][0]["diagnostics"] == "Not all was included"


@pytest.mark.parametrize(
    ("query", "content"),
    [("", b"status=free&_count=5"), ("?status=free", b"_count=5"), ("?status=free&_count=5", b"")],
)
async def test_a_search_by_post_is_the_search_by_get(query: str, content: bytes) -> None:
    shelf = Shelf(found=Page([SLOT], [], 1, None))
    app = an_app(shelf)
    got = await ask(app, "/fhir/Slot?status=free&_count=5")
    posted = await ask(app, f"/fhir/Slot/_search{query}", "POST", content=content, headers=FORM)
    assert posted.status_code == 200
    assert posted.content == got.content
    assert shelf.asked[0] == shelf.asked[1]


async def test_a_form_is_utf_8() -> None:
    shelf = Shelf()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    content = b"name=%D9%85%D9%87%D8%A7"
    await ask(an_app(shelf), "/fhir/Patient/_search", "POST", content=content, headers=headers)
    assert shelf.asked[0].honoured == (("name", "مها"),)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"content-type": "application/json"}, 415), (FORM, 406)],
)
async def test_a_form_is_read_as_a_form_and_may_ask_for_a_format(
    headers: dict[str, str], status: int
) -> None:
    shelf = Shelf()
    content = b"status=free&_format=ttl"
    response = await ask(
        an_app(shelf), "/fhir/Slot/_search", "POST", content=content, headers=headers
    )
    assert response.status_code == status
    assert shelf.asked == []


@pytest.mark.parametrize("query", ["status=%ff", "status=fr%00ee"])
async def test_a_query_that_is_no_text_is_refused(query: str) -> None:
    response = await ask(an_app(), f"/fhir/Slot?{query}")
    assert response.status_code == 400


@pytest.mark.parametrize(("count", "code"), [(101, "too-costly"), (201, "too-costly")])
async def test_a_query_has_so_many_parameters_and_no_more(count: int, code: str) -> None:
    response = await ask(an_app(), "/fhir/Slot?" + "&".join(["status=free"] * count))
    assert response.status_code == 400
    assert issue_of(response)["code"] == code


@pytest.mark.parametrize("value", ["true", "text", "data"])
async def test_a_summary_cuts_hits_and_what_came_with_them(value: str) -> None:
    shelf = Shelf(found=Page([SLOT], [SCHEDULE], 1, None))
    entries = (await ask(an_app(shelf), f"/fhir/Slot?_summary={value}")).json()["entry"]
    tags = [each["resource"]["meta"]["tag"][0]["code"] for each in entries]
    assert tags == ["SUBSETTED", "SUBSETTED"]


async def test_a_day_is_the_day_of_the_tenant_whose_address_it_is() -> None:
    shelf = Shelf()
    app = an_app(shelf)
    here = await ask(app, "/fhir/Slot?start=2026-03-02")
    there = await ask(app, "/t/north/fhir/Slot?start=2026-03-02")
    assert links(here.json())["self"] == f"{BASE}/Slot?start=2026-03-02"
    north = "http://clinic.example/t/north/fhir"
    assert links(there.json())["self"] == f"{north}/Slot?start=2026-03-02"
    assert shelf.asked[0].criteria != shelf.asked[1].criteria
