"""Which door opens for which address, and what does it say in every answer?"""

import pytest

from fhir_gateway.core.errors import GatewayError
from tests.api.builders import Shelf, a_slot, an_app, ask, issue_of


async def not_ready() -> bool:
    return False


async def test_a_live_process_says_so_and_what_it_is() -> None:
    response = await ask(an_app(), "/health/live")
    assert response.status_code == 200
    assert response.json() == {"status": "live", "version": "1.2.3"}


async def test_a_process_is_ready_when_it_can_do_its_work() -> None:
    assert (await ask(an_app(), "/health/ready")).status_code == 200
    assert (await ask(an_app(), "/health/ready", "HEAD")).status_code == 200
    assert (await ask(an_app(ready=not_ready), "/health/ready")).status_code == 503


@pytest.mark.parametrize(
    "path",
    ["/", "/fhirx", "/fhirx/Slot", "/t/nowhere/fhir/Slot", "/t/north", "/t//fhir", "/docs"],
)
async def test_where_no_door_is_the_answer_is_an_outcome_as_well(path: str) -> None:
    response = await ask(an_app(), path)
    assert response.status_code == 404
    assert issue_of(response)["code"] == "not-found"


async def test_a_page_takes_its_own_methods_only() -> None:
    response = await ask(an_app(), "/health/live", "DELETE")
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert issue_of(response)["code"] == "not-supported"


@pytest.mark.parametrize("url", ["https://fhir.clinic.example", "https://fhir.clinic.example/"])
async def test_links_bear_the_public_address_and_not_what_the_client_says(url: str) -> None:
    app = an_app(public_base_url=url)
    response = await ask(app, "/fhir/Slot", "POST", json=a_slot(), origin="http://evil.example")
    assert response.headers["location"] == (
        "https://fhir.clinic.example/fhir/Slot/new-1/_history/1"
    )


@pytest.mark.parametrize("host", ["a b", "evil.example/x", 'x"y', "a,b", "", "x" * 300])
async def test_a_host_that_is_none_is_never_repeated(host: str) -> None:
    headers = {"host": host}
    response = await ask(an_app(), "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    assert response.headers["location"] == "http://clinic.example/fhir/Slot/new-1/_history/1"


@pytest.mark.parametrize("host", ["localhost:8080", "10.0.0.1", "[::1]:8080", "a-b.example"])
async def test_a_host_is_repeated_with_its_port(host: str) -> None:
    headers = {"host": host}
    response = await ask(an_app(), "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    assert response.headers["location"].startswith(f"http://{host}/fhir/Slot/")


@pytest.mark.parametrize("url", ["", "fhir.example.org", "ftp://x", "https://x?y", "https://"])
def test_a_public_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(GatewayError, match="public base URL"):
        an_app(public_base_url=url)


async def test_a_request_keeps_the_id_that_its_client_gave_it() -> None:
    response = await ask(an_app(), "/fhir/Slot/x", headers={"X-Request-Id": "trace-42"})
    assert response.headers["x-request-id"] == "trace-42"


@pytest.mark.parametrize("given", [{}, {"X-Request-Id": "a b"}, {"X-Request-Id": "x" * 65}])
async def test_a_request_without_a_usable_id_gets_one(given: dict[str, str]) -> None:
    app = an_app()
    ids = {(await ask(app, "/fhir/Slot/x", headers=given)).headers["x-request-id"] for _ in "ab"}
    assert len(ids) == 2
    assert all(len(each) == 16 for each in ids)


async def test_a_browser_may_ask_what_it_may_do() -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
    response = await ask(an_app(), "/fhir/Slot/s1", "OPTIONS", headers=headers)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert "PUT" in response.headers["access-control-allow-methods"]
    wanted = (
        "Authorization", "Content-Type", "Prefer", "If-Match", "If-None-Match", "If-None-Exist",
        "X-Request-Id",
    )  # fmt: skip
    assert set(wanted) <= set(response.headers["access-control-allow-headers"].split(", "))


async def test_a_browser_asking_at_the_base_address_gets_no_statement() -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    response = await ask(an_app(), "/fhir", "OPTIONS", headers=headers)
    assert response.status_code == 204


@pytest.mark.parametrize("path", ["/fhir/Slot/s1", "/fhir/Slot/none"])
async def test_a_page_of_another_origin_may_read_the_headers_it_needs(path: str) -> None:
    shelf = Shelf()
    shelf.put(a_slot())
    response = await ask(an_app(shelf), path, headers={"Origin": "https://app.example"})
    exposed = response.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "Location", "Content-Location", "Last-Modified"} <= set(exposed)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://app.example", "https://app.example"), ("https://evil.example", None)],
)
async def test_origins_can_be_listed(origin: str, allowed: str | None) -> None:
    app = an_app(origins=("https://app.example",))
    response = await ask(app, "/fhir/metadata", headers={"Origin": origin})
    assert response.headers.get("access-control-allow-origin") == allowed
    assert "Origin" in response.headers["vary"]


async def test_lines_of_one_header_are_read_together() -> None:
    headers = [("Prefer", "handling=lenient"), ("Prefer", "return=minimal")]
    app = an_app()
    written = await ask(app, "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    searched = await ask(app, "/fhir/Slot?colour=red", headers=headers)
    assert written.content == b""
    assert searched.status_code == 200
