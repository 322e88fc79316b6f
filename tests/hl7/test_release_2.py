"""MLLP release 2: each message is committed or refused by a block of its own before its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.hl7.framing import COMMITTED, NOT_COMMITTED, Junk, encode
from fhir_gateway.hl7.peer import Peer, Release
from fhir_gateway.hl7.server import Closed
from tests.hl7.conftest import Listen, accept, message
from tests.hl7.test_client import ack, scripted
from tests.hl7.wire import connected, until

ACK, NAK = encode(COMMITTED), encode(NOT_COMMITTED)


async def broken(_payload: bytes, _peer: Peer) -> bytes | None:
    raise RuntimeError("the database is gone")


def ack_of(frame: bytes | None) -> str:
    assert frame is not None
    return read_ack(frame).control_id


async def test_a_message_is_committed_before_it_is_answered(listen: Listen) -> None:
    async with connected(await listen(release="2")) as wire:
        for control_id in ("1", "2"):
            await wire.write(encode(message(control_id)))
            assert await wire.frame() == COMMITTED
            assert ack_of(await wire.frame()) == control_id
            await wire.write(ACK)


async def test_what_could_not_be_kept_is_refused_and_may_be_sent_again(listen: Listen) -> None:
    listener = await listen(broken, release="2")
    async with connected(listener) as wire:
        for _ in range(2):
            await wire.write(encode(message("1")))
            assert await wire.frame() == NOT_COMMITTED
    assert [str(each) for each in listener.errors] == ["the database is gone"] * 2


async def test_an_answer_that_is_not_committed_is_sent_again_twice(listen: Listen) -> None:
    listener = await listen(release="2")
    async with connected(listener) as wire:
        await wire.write(encode(message("1")))
        assert await wire.frame() == COMMITTED
        for _ in range(3):
            assert ack_of(await wire.frame()) == "1"
            await wire.write(NAK)
        assert await wire.frame() is None
    assert listener.notices == [Closed("the peer does not commit our answer")]


async def test_answers_are_committed_in_order(listen: Listen) -> None:
    async with connected(await listen(release="2")) as wire:
        await wire.write(encode(message("1")) + encode(message("2")))
        frames = [await wire.frame() for _ in range(4)]
        assert [frames[0], frames[2]] == [COMMITTED, COMMITTED]
        await wire.write(ACK + NAK)
        assert ack_of(await wire.frame()) == "2"


async def test_a_peer_that_commits_makes_the_connection_one_of_release_2(listen: Listen) -> None:
    async with connected(await listen(release="auto")) as wire:
        await wire.write(encode(message("1")))
        assert ack_of(await wire.frame()) == "1"
        await wire.write(ACK + encode(message("2")))
        assert await wire.frame() == COMMITTED
        assert ack_of(await wire.frame()) == "2"


async def test_in_release_1_a_commit_block_is_junk(listen: Listen) -> None:
    listener = await listen(release="1")
    async with connected(listener) as wire:
        await wire.write(ACK + encode(message("1")))
        assert await wire.control_ids(1) == ["1"]
    assert listener.notices == [Junk(1)]


@pytest.mark.parametrize("of_server", ["1", "2", "auto"])
@pytest.mark.parametrize("of_client", ["1", "2", "auto"])
async def test_our_client_and_our_server_understand_each_other(
    listen: Listen, of_server: Release, of_client: Release
) -> None:
    listener = await listen(release=of_server)
    async with MllpClient("127.0.0.1", listener.port, release=of_client) as client:
        for control_id in ("1", "2", "3"):
            assert read_ack(await client.send(message(control_id))).control_id == control_id
    assert listener.errors == []


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def refuses(times: int, received: list[bytes]) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            for _ in range(times):
                received.append(await reader.readuntil(b"\x1c\r"))
                writer.write(NAK)
            received.append(await reader.readuntil(b"\x1c\r"))
            writer.write(ACK + ack("1"))
            received.append(await reader.readuntil(b"\x1c\r"))

    return script


async def test_the_client_sends_again_what_is_refused_and_commits_the_answer() -> None:
    received: list[bytes] = []
    async with (
        scripted(refuses(2, received)) as port,
        MllpClient("127.0.0.1", port, release="2") as client,
    ):
        assert read_ack(await client.send(message("1"))).positive
        await until(lambda: len(received) == 4)
    assert received == [encode(message("1"))] * 3 + [ACK]


async def test_the_client_gives_up_what_is_refused_three_times() -> None:
    async with scripted(refuses(3, [])) as port, MllpClient("127.0.0.1", port) as client:
        with pytest.raises(GatewayError) as caught:
            await client.send(message("1"))
    assert caught.value.category is Category.BUSY
    assert not client.connected


async def test_a_late_application_acknowledgement_is_not_taken_for_another_answer(
    listen: Listen,
) -> None:
    async def accept_then_tell(payload: bytes, peer: Peer) -> tuple[bytes, ...]:
        application = await accept(payload, peer) or b""
        return application.replace(b"MSA|AA", b"MSA|CA"), application

    listener = await listen(accept_then_tell)
    async with MllpClient("127.0.0.1", listener.port) as client:
        for control_id in ("1", "2", "3"):
            enhanced = message(control_id).replace(b"||||||\r", b"|||AL|AL||\r")
            view = read_ack(await client.send(enhanced))
            assert (view.code, view.control_id) == ("CA", control_id)
