"""Without its database the gateway acknowledges nothing; with it again, all is there once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from fhir_gateway.hl7.framing import encode
from fhir_gateway.storage.opening import open_database
from fhir_gateway.usecases.deps import Deps
from tests.flows.hub import Hub, hub_of
from tests.flows.proxy import Proxy, proxied
from tests.flows.test_robustness import MOVES, codes
from tests.hl7.wire import connected
from tests.usecases.builders import at


@dataclass(frozen=True, slots=True)
class Cut:
    """A gateway whose wire to the database can be cut."""

    hub: Hub
    proxy: Proxy


@pytest.fixture
async def cut(deps: Deps, database_url: str) -> AsyncIterator[Cut]:
    async with proxied(database_url) as (proxy, url):
        database = await open_database(url, size=2)
        async with hub_of(replace(deps, database=database)) as hub:
            yield Cut(hub, proxy)
        await database.close()


async def send_until_acknowledged(hub: Hub, raw: bytes) -> None:
    """As senders do: again, over another connection, where no answer comes."""
    for _ in range(5):
        async with connected(hub.listener) as wire:
            await wire.write(encode(raw))
            if await wire.frame() is not None:
                return
    raise AssertionError("never acknowledged")


async def test_a_message_while_the_database_is_away_is_applied_once_when_it_is_back(
    cut: Cut,
) -> None:
    async with connected(cut.hub.listener) as wire:
        await wire.write(encode(MOVES[0]))
        assert await codes(wire, 1) == [("AA", "1")]
        cut.proxy.away = True
        cut.proxy.cut()
        await wire.write(encode(MOVES[1]))
        answering = asyncio.create_task(codes(wire, 1))
        done, _ = await asyncio.wait({answering}, timeout=0.3)
        assert done == set()
        cut.proxy.away = False
        assert await answering == [("AA", "2")]
    await send_until_acknowledged(cut.hub, MOVES[2])
    appointment = await cut.hub.ehr.appointment()
    assert (appointment["start"], appointment["meta"]["versionId"]) == (at("14:00"), "3")
    assert [each.raw for each in await cut.hub.ehr.inbox()] == MOVES


async def test_a_commit_whose_answer_is_lost_is_not_acknowledged_and_not_done_twice(
    cut: Cut,
) -> None:
    await send_until_acknowledged(cut.hub, MOVES[0])
    cut.proxy.cut_after = b"COMMIT"
    await send_until_acknowledged(cut.hub, MOVES[1])
    assert cut.proxy.cut_after == b""
    appointment = await cut.hub.ehr.appointment()
    assert (appointment["start"], appointment["meta"]["versionId"]) == (at("11:00"), "2")
    assert [each.raw for each in await cut.hub.ehr.inbox()] == MOVES[:2]
