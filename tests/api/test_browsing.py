"""What does somebody with a browser see, and what can a stored record do there?"""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from tests.api.builders import BASE, Shelf, a_slot, an_app, an_operation, ask
from tests.api.test_negotiation import BROWSER

LOOKING = {"accept": BROWSER}
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</pre><script>",
    "&lt;b&gt; & '\"",
    "javascript:alert(1)",
    f'{BASE}/Patient/"onmouseover=alert(1)',
    f"{BASE}/<b>",
    f"{BASE}.evil.example/Patient/1",
    "//evil.example/Patient/1",
    "\u2028</pre>\u2029",
)  # fmt: skip


class Page(HTMLParser):
    """The elements of a page, its links and its text, as a browser understands it."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str | None] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def _app(**elements: Any) -> ASGIApp:
    shelf = Shelf()
    shelf.put(a_slot(**elements))
    return an_app(shelf, an_operation())


async def test_a_browser_gets_a_page_with_the_resource_and_its_links() -> None:
    response = await ask(_app(), "/fhir/Slot/s1?_elements=schedule", headers=LOOKING)
    page = Page(response)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["etag"] == 'W/"1"'
    assert "Slot/s1" in page.text
    assert f"{BASE}/Slot/s1?_elements=schedule&_format=json" in page.links
    assert f"{BASE}/Slot/s1?_elements=schedule&_format=xml" in page.links
    assert f"{BASE}/{a_slot()['schedule']['reference']}" in page.links


async def test_the_page_may_run_and_fetch_nothing() -> None:
    headers = (await ask(_app(), "/fhir/Slot/s1", headers=LOOKING)).headers
    (policy,) = headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_was_stored_is_text_and_never_markup(text: str) -> None:
    harmless = Page(await ask(_app(comment="x"), "/fhir/Slot/s1", headers=LOOKING))
    app = _app(comment=text, schedule={"reference": text, "display": text})
    page = Page(await ask(app, "/fhir/Slot/s1", headers=LOOKING))
    assert set(page.elements) == set(harmless.elements)
    assert page.attributes == harmless.attributes
    assert [each for each in page.links if not (each or "").startswith(f"{BASE}/")] == []


async def test_what_the_address_says_is_text_too() -> None:
    path = '/fhir/Slot/"><script>alert(1)</script>?_tag=</title><script>'
    response = await ask(_app(), path, headers=LOOKING)
    assert response.status_code == 404
    assert "script" not in Page(response).elements


async def test_a_failure_is_a_page_with_its_status() -> None:
    response = await ask(_app(), "/fhir/Slot/none", headers=LOOKING)
    assert response.status_code == 404
    assert "OperationOutcome" in Page(response).text


async def test_a_search_leads_to_what_it_found_and_to_the_next_page() -> None:
    bundle = await ask(_app(), "/fhir/Slot/s1/_history", headers=LOOKING)
    assert f"{BASE}/Slot/s1" in Page(bundle).links


async def test_format_asks_for_a_page_and_for_none() -> None:
    app = _app()
    page = await ask(app, "/fhir/Slot/s1?_format=html")
    raw = await ask(app, "/fhir/Slot/s1?_format=json", headers=LOOKING)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert raw.headers["content-type"] == "application/fhir+json; charset=utf-8"
    assert "style-src" not in raw.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["Slot/s1?_format=xml", "Slot/s1", "Slot/none", "metadata"])
async def test_what_is_no_page_may_run_and_fetch_nothing_at_all(path: str) -> None:
    headers = (await ask(_app(), f"/fhir/{path}")).headers
    assert headers.get_list("content-security-policy") == [
        "default-src 'none'; frame-ancestors 'none'"
    ]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("accept", "status"), [(BROWSER, 201), ("text/html", 406)])
async def test_a_write_is_never_answered_with_a_page(accept: str, status: int) -> None:
    response = await ask(_app(), "/fhir/Slot", "POST", json=a_slot(), headers={"accept": accept})
    assert response.status_code == status
    assert re.match("application/fhir", response.headers["content-type"])


async def test_an_entry_of_a_batch_is_json_whatever_it_asks_for() -> None:
    entries = [
        {"request": {"method": "GET", "url": f"Slot/s1?_format={each}"}}
        for each in ("html", "xml", "json")
    ]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answer = (await ask(_app(), "/fhir", "POST", json=batch)).json()
    assert [each["resource"]["id"] for each in answer["entry"]] == ["s1"] * 3
