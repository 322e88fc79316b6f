"""Queues are watched: snapshot, deltas, resumption, and what clients do wrong. Decision 24."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fhir_gateway.api.live import FORBIDDEN, NO_QUEUE, LiveDoor
from fhir_gateway.core.clock import FixedClock
from fhir_gateway.storage.opening import open_database
from fhir_gateway.usecases.deps import Deps
from tests.api.watching import Shown, applied, frame, serving, showing, sorted_body, until
from tests.conftest import BUSY_MACHINE, deps_on
from tests.usecases.builders import a_patient
from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.queueing import Desk, a_service

_PEOPLE = [f"p{number}" for number in range(14)]


@pytest.fixture
async def desk(deps: Deps) -> Desk:
    """A desk whose commands are given in the first gateway."""
    return await Desk.opened(Clinic(deps), *_PEOPLE)


@pytest.fixture
async def shown(desk: Desk, database_url: str) -> AsyncIterator[Shown]:
    """A second gateway on the same database, with connections of its own, that tells and hears."""
    other = await open_database(database_url, size=4, patience=BUSY_MACHINE)
    deps = replace(await deps_on(other), clock=desk.clinic.deps.clock)
    async with showing(deps) as running, showing(desk.clinic.deps):
        yield running
    await other.close()


async def test_the_first_frame_is_a_snapshot(desk: Desk, shown: Shown) -> None:
    await desk.joins("p0")
    async with shown.socket() as client:
        first = await frame(client)
    body = first["body"]
    assert (first["type"], first["queue"], first["seq"]) == (
        "snapshot", "HealthcareService/desk", 1,
    )  # fmt: skip
    assert (body["name"], body["size"], body["accepting"]) == ("Desk", 1, True)
    (entry,) = body["entries"]
    assert (entry["ticket"], entry["position"], entry["waited"]) == ("001", 1, 0)
    assert set(entry["estimated-wait"]) == {"low", "high"}


async def test_what_is_done_elsewhere_is_shown_here(desk: Desk, shown: Shown) -> None:
    async with shown.socket() as client:
        await frame(client)
        assert (await desk.joins("p0"))["sequence"] == 1
        joined = await frame(client)
        await desk.does("call-next", desk="Room 3")
        called = await frame(client)
    assert [(each["type"], each["since"], each["seq"]) for each in (joined, called)] == [
        ("delta", 0, 1), ("delta", 1, 2),
    ]  # fmt: skip
    assert called["body"]["entries"] == [{"ticket": "001", "status": "called", "desk": "Room 3"}]
    assert called["body"]["size"] == 0


async def test_q10_what_is_not_committed_is_not_shown(desk: Desk, shown: Shown) -> None:
    async with shown.socket() as client:
        await frame(client)
        await refused_with(desk.does("call-next"))
        await refused_with(desk.joins("nobody"))
        await desk.joins("p0")
        assert (await frame(client))["seq"] == 1


async def test_deltas_add_up_to_the_snapshot(desk: Desk, shown: Shown) -> None:
    async with shown.socket() as client:
        body = (await frame(client))["body"]
        for each in _PEOPLE:
            await desk.joins(each)
        for _ in range(4):
            ticket = (await desk.does("call-next"))["ticket"]
            await desk.does("start", ticket=ticket)
        await desk.does("finish", ticket="001")
        await desk.does("leave", ticket="007")
        for each in await until(client, await desk.sequence()):
            body = applied(body, each["body"])
        await client.send('{"type": "get_status"}')
        status = await frame(client)
    assert status["type"] == "snapshot"
    assert body == sorted_body(status["body"])
    assert [each.get("position") for each in status["body"]["entries"]] == [
        *range(1, 10), None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    ["", "nonsense", "[]", "null", "7", '{"type": 7}', '{"type": "nonsense"}', "{}", b"\x00\xff",
     '{"type": "resume"}', '{"type": "resume", "since": "x"}', "[" * 9000],
)  # fmt: skip
async def test_q11_a_bad_frame_gets_an_error_and_the_socket_stays(
    desk: Desk, shown: Shown, bad: str | bytes
) -> None:
    async with shown.socket() as client:
        await frame(client)
        await client.send(bad)
        error = await frame(client)
        await client.send('{"type": "get_status"}')
        assert (await frame(client))["type"] == "snapshot"
    assert (error["type"], error["body"]["code"]) == ("error", "bad-frame")


async def test_q12_nobodys_name_is_shown(deps: Deps, desk: Desk, shown: Shown) -> None:
    await desk.clinic.put(a_patient("ann", name=[{"family": "Ashcroft"}]))
    await desk.joins("ann")
    async with shown.socket() as client:
        text = json.dumps(await frame(client))
    assert "Ashcroft" not in text
    assert "Patient" not in text
    assert "Encounter" not in text


async def test_q12_permission_is_asked_before_each_frame(desk: Desk, shown: Shown) -> None:
    allowed = [True]
    tenants = {each.slug: each for each in desk.clinic.deps.tenants.values()}
    door = LiveDoor(shown.watch, tenants, ["*"], lambda *_: allowed[0])
    async with serving(door) as place, Shown(place, shown.watch).socket() as client:
        await frame(client)
        allowed[0] = False
        await desk.joins("p0")
        with pytest.raises(ConnectionClosed) as closed:
            await frame(client)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == FORBIDDEN


async def test_whoever_comes_back_goes_on(desk: Desk, shown: Shown) -> None:
    async with shown.socket() as other, shown.socket() as client:
        await frame(other)
        body = (await frame(client))["body"]
        await desk.joins("p0")
        body = applied(body, (await frame(client))["body"])
        await client.close()
        await desk.joins("p1")
        await desk.does("leave", ticket="001")
        await until(other, 3)
        async with shown.socket("/ws/queues/HealthcareService/desk?since=1") as again:
            resumed = await frame(again)
        await other.send('{"type": "get_status"}')
        now = await frame(other)
    assert (resumed["type"], resumed["since"], resumed["seq"]) == ("delta", 1, 3)
    assert resumed["body"]["gone"] == ["001"]
    assert applied(body, resumed["body"]) == sorted_body(now["body"])


@pytest.mark.parametrize("since", [0, 77, 10**17])
async def test_whoever_was_away_too_long_gets_a_snapshot(
    desk: Desk, shown: Shown, since: int
) -> None:
    await desk.joins("p0")
    async with shown.socket(f"/ws/queues/desk?since={since}") as client:
        assert (await frame(client))["type"] == "snapshot"
        await client.send(json.dumps({"type": "resume", "since": 1}))
        assert (await frame(client))["type"] == "delta"


@pytest.mark.parametrize(
    "path",
    ["/ws/queues/desk", "/t/default/ws/queues/HealthcareService/desk", "/fhir/ws/queues/desk",
     "/t/default/fhir/ws/queues/desk/"],
)  # fmt: skip
async def test_a_queue_has_these_addresses(desk: Desk, shown: Shown, path: str) -> None:
    async with shown.socket(path) as client:
        assert (await frame(client))["queue"] == "HealthcareService/desk"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ws/queues/none", 404),
        ("/ws/queues/Location/desk", 404),
        ("/ws/queues/a/b/c", 404),
        ("/ws/queues/a%00b", 404),
        ("/ws/queues/Patient/desk", 404),
        ("/ws/nonsense", 404),
        ("/sse/queues/desk", 404),
        ("/t/other/ws/queues/desk", 404),
        ("/ws/queues/desk?since=x", 400),
    ],
)
async def test_an_unknown_queue_is_refused(
    desk: Desk, shown: Shown, path: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with shown.socket(path):
            pass
    assert refused.value.response.status_code == status
    assert b"OperationOutcome" in refused.value.response.body


async def test_pages_of_another_origin_do_not_watch(desk: Desk) -> None:
    async with showing(desk.clinic.deps, origins=("https://wall.example",)) as shown:
        async with shown.socket(origin="https://wall.example") as client:
            assert (await frame(client))["type"] == "snapshot"
        with pytest.raises(InvalidStatus) as refused:
            async with shown.socket(origin="https://other.example"):
                pass
    assert refused.value.response.status_code == 403


async def test_a_frame_that_is_too_large_ends_the_socket(desk: Desk, shown: Shown) -> None:
    async with shown.socket() as client:
        await frame(client)
        await client.send("x" * 17 * 1024)
        with pytest.raises(ConnectionClosed) as closed:
            await frame(client)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_the_clock_alone_changes_what_is_shown(deps: Deps) -> None:
    desk = await Desk.opened(Clinic(deps), updateSeconds=1)
    await desk.joins()
    clock = desk.clinic.deps.clock
    assert isinstance(clock, FixedClock)
    async with showing(desk.clinic.deps) as shown, shown.socket() as client:
        await frame(client)
        clock.at = desk.later(7).clinic.deps.clock.now()
        later = await frame(client)
    assert (later["seq"], later["since"]) == (1, 1)
    assert later["body"]["entries"][0]["waited"] == 7


async def test_without_live_updates_only_who_asks_is_told(deps: Deps) -> None:
    desk = await Desk.opened(Clinic(deps), liveUpdates=False)
    async with showing(desk.clinic.deps) as shown, shown.socket() as client:
        assert (await frame(client))["seq"] == 0
        await desk.joins()
        await client.send('{"type": "get_status"}')
        assert ((await frame(client))["type"], await desk.sequence()) == ("snapshot", 1)


async def test_a_queue_that_goes_lets_everybody_go(desk: Desk, shown: Shown) -> None:
    async with shown.socket() as client:
        await frame(client)
        await desk.clinic.put({"resourceType": "HealthcareService", "id": "desk"})
        with pytest.raises(ConnectionClosed) as closed:
            await frame(client)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == NO_QUEUE


async def test_pausing_is_shown(desk: Desk, shown: Shown) -> None:
    async with shown.socket() as client:
        await frame(client)
        await desk.does("pause")
        assert (await frame(client))["body"] == {"accepting": False}
        await desk.clinic.put(a_service(maximumSize=3))
        assert (await frame(client))["body"] == {"accepting": True, "maximum": 3}


async def events(stream: AsyncIterator[str], count: int) -> list[dict[str, Any]]:
    """So many events of a stream, each with its fields."""
    found: list[dict[str, Any]] = [{}]
    async for line in stream:
        name, _, value = line.partition(": ")
        if line:
            found[-1][name] = value
        elif len(found) == count:
            return found
        else:
            found.append({})
    return found


async def test_events_are_sent_too(desk: Desk, shown: Shown) -> None:
    address = f"http://{shown.place}/sse/queues/HealthcareService/desk"
    async with httpx.AsyncClient(timeout=60) as client:
        async with client.stream("GET", address, headers={"Origin": "http://x"}) as answer:
            lines = answer.aiter_lines()
            (first,) = await events(lines, 1)
            await desk.joins("p0")
            (second,) = await events(lines, 1)
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert (first["event"], second["event"], second["id"]) == ("snapshot", "delta", "1")
        assert json.loads(second["data"])["body"]["size"] == 1
        async with (
            shown.socket(),
            client.stream("GET", address, headers={"Last-Event-ID": "1"}) as answer,
        ):
            (again,) = await events(answer.aiter_lines(), 1)
        assert again["event"] in ("delta", "snapshot")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/sse/queues/none", 404), ("POST", "/sse/queues/desk", 405),
     ("GET", "/sse/nonsense", 404), ("GET", "/sse/queues/desk?since=-1", 400)],
)  # fmt: skip
async def test_an_event_stream_is_refused_like_anything_else(
    desk: Desk, shown: Shown, method: str, path: str, status: int
) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.request(method, f"http://{shown.place}{path}")
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_many_changes_at_once_reach_many(desk: Desk, shown: Shown) -> None:
    clients = [await shown.socket() for _ in range(20)]
    for each in clients:
        await frame(each)
    await asyncio.gather(*(desk.joins(each) for each in _PEOPLE))
    seen = await asyncio.gather(*(until(each, len(_PEOPLE)) for each in clients))
    assert {each[-1]["seq"] for each in seen} == {len(_PEOPLE)}
    assert {each[-1]["body"]["size"] for each in seen} == {len(_PEOPLE)}
    for each in clients:
        await each.close()
