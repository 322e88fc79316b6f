"""Looking at a one-time link changes nothing; its form decides. Row W12."""

import re

import httpx
import pytest
from starlette.types import ASGIApp

from fhir_gateway.api.app import make_app
from fhir_gateway.api.offer_page_texts import TEXTS
from fhir_gateway.api.tries import Tries
from fhir_gateway.usecases import react
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import Log, always_ready, ask
from tests.usecases.builders import (
    Resource,
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
)

FORM = {"content-type": "application/x-www-form-urlencoded"}
_FIELD = re.compile(r'name="form" value="([0-9a-f]+)"')


class House:
    """The whole house, in which Bob has an offer."""

    def __init__(self, app: ASGIApp, deps: Deps) -> None:
        self.app = app
        self.deps = deps
        self.offer = ""

    async def get(self, path: str) -> Resource:
        body: Resource = (await ask(self.app, f"/fhir/{path}")).json()
        return body

    async def link(self) -> str:
        """The path of a new link."""
        path = f"/fhir/Appointment/{self.offer}/$offer-link"
        response = await ask(self.app, path, "POST")
        assert response.status_code == 200, response.text
        url, expires = response.json()["parameter"]
        assert (url["name"], expires["name"]) == ("url", "expires")
        assert url["valueUrl"].startswith("http://clinic.example/o/")
        return str(url["valueUrl"]).removeprefix("http://clinic.example")

    async def send(self, path: str, said: str, form: str | None = None) -> httpx.Response:
        """Open the page and send its form."""
        if form is None:
            found = _FIELD.search((await ask(self.app, path)).text)
            form = found[1] if found else ""
        content = f"form={form}&answer={said}".encode()
        return await ask(self.app, path, "POST", content=content, headers=FORM)

    async def state(self) -> list[tuple[object, ...]]:
        """Everything that could change."""
        async with self.deps.database.transaction(1) as tx:
            rows = await tx.rows(
                "SELECT 'h', count(*)::text, '' FROM history UNION ALL"
                " SELECT 'l', count(*)::text, count(used_at)::text FROM offer_link UNION ALL"
                " SELECT 'o', string_agg(outcome, ','), '' FROM offer UNION ALL"
                " SELECT 'x', count(*)::text, '' FROM outbox UNION ALL"
                " SELECT 'b', count(*)::text, max(expires_at)::text FROM busy"
            )
        return sorted(tuple(row) for row in rows)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def house(deps: Deps, log: Log) -> House:
    app = make_app(deps, ready=always_ready, software_version="1")
    people = (a_practitioner(), a_patient("ann"), a_patient("bob", name=[{"family": "Secret"}]))
    for each in (*people, a_schedule(), a_slot(), a_waitlist_entry("bob")):
        await ask(app, f"/fhir/{each['resourceType']}/{each['id']}", "PUT", json=each)
    booked = (await ask(app, "/fhir/Appointment", "POST", json=an_appointment())).json()
    path = f"/fhir/Appointment/{booked['id']}"
    await ask(app, path, "PUT", json=booked | {"status": "cancelled"})
    while await react.due(deps):
        pass
    found = House(app, deps)
    (entry,) = (await found.get("Appointment?status=proposed"))["entry"]
    found.offer = entry["resource"]["id"]
    return found


async def test_a_link_shows_a_page_that_tells_nobody_anything(house: House) -> None:
    response = await ask(house.app, await house.link())
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in response.headers["x-robots-tag"]
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert '<html lang="en" dir="ltr">' in response.text
    for secret in ("Secret", "checkup", "p1", "bob", "<script", "http://", "https://"):
        assert secret not in response.text


async def test_nothing_is_chosen_beforehand(house: House) -> None:
    text = (await ask(house.app, await house.link())).text
    assert text.count('type="radio"') == 2
    assert "checked" not in text


@pytest.mark.parametrize("times", [20, pytest.param(1000, marks=pytest.mark.slow)])
async def test_however_often_a_link_is_followed_nothing_changes(house: House, times: int) -> None:
    path = await house.link()
    before = await house.state()
    for method in ("GET", "HEAD", "OPTIONS"):
        for _ in range(times):
            response = await ask(house.app, path, method)
            assert response.status_code in (200, 204)
    assert await house.state() == before


@pytest.mark.parametrize(("said", "status"), [("accepted", "booked"), ("declined", "cancelled")])
async def test_the_form_decides_once(house: House, said: str, status: str) -> None:
    path = await house.link()
    response = await house.send(path, said)
    assert response.status_code == 200
    assert TEXTS["en"][said][0] in response.text
    assert (await house.get(f"Appointment/{house.offer}"))["status"] == status
    for attempt in (ask(house.app, path), house.send(path, "accepted", "0" * 32)):
        late = await attempt
        assert late.status_code == 410
        assert "waitlist" in late.text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"answer=accepted", "application/x-www-form-urlencoded", 400),
        (b"form=00&answer=accepted", "application/x-www-form-urlencoded", 400),
        (b"form=\xff&answer=accepted", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 20, "application/x-www-form-urlencoded", 400),
        (b"", "", 415),
        (b'{"answer": "accepted"}', "application/json", 415),
        (b"x" * 3000, "application/x-www-form-urlencoded", 413),
    ],
)
async def test_what_is_no_answer_changes_nothing(
    house: House, content: bytes, kind: str, status: int
) -> None:
    path = await house.link()
    before = await house.state()
    headers = {"content-type": kind}
    response = await ask(house.app, path, "POST", content=content, headers=headers)
    assert response.status_code == status
    assert await house.state() == before


async def test_a_page_without_a_choice_is_asked_again(house: House) -> None:
    path = await house.link()
    assert (await house.send(path, "")).status_code == 400
    assert (await house.send(path, "perhaps")).status_code == 400
    assert (await house.send(path, "accepted")).status_code == 200


async def test_an_unknown_link_is_not_found_and_guessing_ends_after_ten(house: House) -> None:
    path = await house.link()
    headers = {"accept-language": "ar"}
    for _ in range(10):
        response = await ask(house.app, f"/o/{'x' * 43}", headers=headers)
        assert response.status_code == 404
        assert 'dir="rtl"' in response.text
    for guess in (f"/o/{'y' * 43}", path):
        blocked = await ask(house.app, guess)
        assert blocked.status_code == 429
        assert 1 <= int(blocked.headers["retry-after"]) <= 60


async def test_links_of_another_tenant_have_its_path(house: House) -> None:
    assert (await ask(house.app, "/t/nowhere" + await house.link())).status_code == 404
    assert (await ask(house.app, "/t/default" + await house.link())).status_code == 200


async def test_a_link_cannot_be_deleted_or_replaced(house: House) -> None:
    path = await house.link()
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await ask(house.app, path, method)).status_code == 405


async def test_a_defect_shows_no_token(house: House, log: Log) -> None:
    path = await house.link()
    await house.deps.database.close()
    response = await ask(house.app, path)
    assert response.status_code >= 500
    assert path.removeprefix("/o/") not in response.text + str(log.lines)


def test_guesses_are_counted_by_the_minute_and_the_network() -> None:
    now = [0.0]
    tries = Tries(lambda: now[0], most=2)
    for address in ("10.0.0.1", "2001:db8::1"):
        tries.wrong(address)
        assert tries.wait(address) == 0
        tries.wrong(address)
        assert tries.wait(address) == 60
    assert tries.wait("10.0.0.2") == 0
    assert tries.wait("2001:db8::ffff") == 60
    now[0] = 59.5
    assert tries.wait("10.0.0.1") == 1
    now[0] = 60.0
    assert tries.wait("10.0.0.1") == 0
    tries.wrong("10.0.0.1")
    assert tries.wait("10.0.0.1") == 0


@pytest.mark.parametrize("name", ["yes", "no", "send", "question"])
def test_every_language_has_every_text(name: str) -> None:
    assert all(texts[name] for texts in TEXTS.values())
    assert len({frozenset(texts) for texts in TEXTS.values()}) == 1
