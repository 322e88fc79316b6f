"""People queue at one server process and watch at another, and one of them goes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.api.watching import applied, frame, sorted_body, until
from tests.flows.gateway import Gateway, a_gateway
from tests.usecases.queueing import a_service

pytestmark = pytest.mark.slow

_WATCHERS = 5
_PEOPLE = 30


@pytest.fixture
def two(tmp_path: Path, database_url: str) -> Iterator[tuple[Gateway, Gateway]]:
    """Two server processes on one database."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for each in folders:
        each.mkdir()
    with a_gateway(folders[0], DATABASE_URL=database_url) as one:
        with a_gateway(folders[1], DATABASE_URL=database_url) as two:
            yield one, two


async def command(client: httpx.AsyncClient, gateway: Gateway, code: str, **values: str) -> int:
    """Give a command; the number of the change."""
    place = f"{gateway.base}/HealthcareService/desk/${code}"
    answer = await client.post(place, params=values)
    assert answer.status_code == 200, answer.text
    numbers = [each["valueInteger"] for each in answer.json()["parameter"]
               if each["name"] == "sequence"]  # fmt: skip
    return int(numbers[0])


async def test_two_processes_show_the_same_queue(two: tuple[Gateway, Gateway]) -> None:
    one, other = two
    async with httpx.AsyncClient(timeout=120) as client:
        put = await client.put(f"{one.base}/HealthcareService/desk", json=a_service())
        assert put.status_code == 201
        sockets = [
            await connect(f"ws://{each.http}/ws/queues/desk", open_timeout=120)
            for each in two
            for _ in range(_WATCHERS)
        ]
        bodies = [(await frame(each))["body"] for each in sockets]
        joins = [command(client, two[n % 2], "check-in") for n in range(_PEOPLE)]
        last = max(await asyncio.gather(*joins))
        calls = [command(client, two[n % 2], "call-next", desk=f"Room {n}") for n in range(10)]
        last = max(last, *await asyncio.gather(*calls))
        seen = [await until(each, last) for each in sockets]
        shown = [_added_up(*each) for each in zip(bodies, seen, strict=True)]
        assert all(each == shown[0] for each in shown)
        desks = [each["desk"] for each in shown[0]["entries"] if each["status"] == "called"]
        assert sorted(desks) == sorted(f"Room {n}" for n in range(10))
        assert one.stop() == 0
        closed = await asyncio.gather(*(_close_code(each) for each in sockets[:_WATCHERS]))
        assert set(closed) == {1001}
        async with connect(f"ws://{other.http}/ws/queues/desk?since={last}") as again:
            resumed = await frame(again)
        assert (resumed["type"], resumed["since"]) == ("delta", last)
        await command(client, other, "call-next")
        assert {(await until(each, last + 1))[-1]["seq"] for each in sockets[_WATCHERS:]} == {
            last + 1
        }
        for each in sockets:
            await each.close()


def _added_up(body: dict[str, Any], frames: list[dict[str, Any]]) -> dict[str, Any]:
    for each in frames:
        body = applied(body, each["body"])
    entries = [
        {name: value for name, value in each.items() if name not in ("waited", "estimated-wait")}
        for each in body["entries"]
    ]
    return sorted_body(body) | {"entries": entries, "average-wait": 0}


async def _close_code(client: Any) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        await until(client, 10**9)
    return closed.value.rcvd.code if closed.value.rcvd else None
