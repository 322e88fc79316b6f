"""What a peer may not do to the server, and how the server stops."""

import asyncio
import ssl

import pytest

from fhir_gateway.hl7.framing import encode
from fhir_gateway.hl7.server import Closed, Limits, Peer
from tests.hl7.conftest import Listen, accept, message
from tests.hl7.wire import connected, until

# --- limits ---


async def test_a_peer_with_frames_waiting_is_not_read_any_further(listen: Listen) -> None:
    gate = asyncio.Event()

    async def slow(payload: bytes, peer: Peer) -> bytes | None:
        await gate.wait()
        return await accept(payload, peer)

    listener = await listen(slow)
    async with connected(listener) as wire:
        frame = encode(message("1", "NTE|1||" + "x" * 100_000 + "\r"))
        sent = 0

        async def flood() -> None:
            nonlocal sent
            for _ in range(400):
                await wire.write(frame)
                sent += 1

        flooding = asyncio.create_task(flood())
        await asyncio.wait([flooding], timeout=0.5)
        assert sent < 300
        gate.set()
        assert await wire.control_ids(400) == ["1"] * 400
        await flooding


async def test_connections_beyond_the_limit_are_closed_and_reported(listen: Listen) -> None:
    listener = await listen(limits=Limits(max_connections=1))
    async with connected(listener) as first:
        await first.write(encode(message("1")))
        assert await first.control_ids(1) == ["1"]
        async with connected(listener) as second:
            assert await second.frame() is None
        assert listener.notices == [Closed("too many connections")]
        await first.write(encode(message("2")))
        assert await first.control_ids(1) == ["2"]


async def test_a_peer_that_is_not_admitted_is_closed(listen: Listen) -> None:
    listener = await listen(admit=lambda peer: peer.host != "127.0.0.1")
    async with connected(listener) as wire:
        assert await wire.frame() is None
    assert listener.notices == [Closed("not admitted")]


@pytest.mark.parametrize(
    ("limits", "begun", "reason"),
    [
        (Limits(idle_timeout=0.05), b"", "silent between messages"),
        (Limits(frame_timeout=0.05), b"\x0bMSH|", "a message took too long"),
    ],
)
async def test_a_silent_peer_is_closed_where_there_is_a_limit(
    listen: Listen, limits: Limits, begun: bytes, reason: str
) -> None:
    listener = await listen(limits=limits)
    async with connected(listener) as wire:
        await wire.write(begun)
        assert await wire.frame() is None
    assert listener.notices[0] == Closed(reason)


async def test_idle_has_no_limit_unless_it_is_set() -> None:
    assert Limits().idle_timeout is None


async def test_a_peer_that_does_not_take_its_answers_is_cut_off(listen: Listen) -> None:
    async def verbose(_payload: bytes, _peer: Peer) -> bytes | None:
        return b"MSH|" + b"x" * 8_000_000

    listener = await listen(verbose, limits=Limits(write_timeout=0.1))
    async with connected(listener) as wire:
        await wire.write(encode(message("1")))
        await until(lambda: listener.notices == [Closed("the peer does not take its answers")])
        await until(lambda: listener.server.connections == 0)


# --- stopping ---


async def test_stopping_answers_the_frame_in_work_and_closes(listen: Listen) -> None:
    gate, entered = asyncio.Event(), asyncio.Event()

    async def slow(payload: bytes, peer: Peer) -> bytes | None:
        entered.set()
        await gate.wait()
        return await accept(payload, peer)

    listener = await listen(slow)
    async with connected(listener) as wire, connected(listener) as idle:
        await wire.write(encode(message("1")))
        await entered.wait()
        stopping = asyncio.create_task(listener.server.stop(60.0))
        assert await idle.frame() is None
        gate.set()
        assert await wire.control_ids(1) == ["1"]
        assert await wire.frame() is None
        await stopping


async def test_stopping_lets_a_frame_begun_be_finished(listen: Listen) -> None:
    listener = await listen()
    async with connected(listener) as wire:
        frame = encode(message("1"))
        await wire.write(encode(message("0")) + frame[:20])
        assert await wire.control_ids(1) == ["0"]
        stopping = asyncio.create_task(listener.server.stop(60.0))
        await asyncio.sleep(0.05)
        assert not stopping.done()
        await wire.write(frame[20:])
        assert await wire.control_ids(1) == ["1"]
        await stopping


async def test_stopping_does_not_wait_longer_than_its_grace(listen: Listen) -> None:
    async def forever(_payload: bytes, _peer: Peer) -> bytes | None:
        await asyncio.Event().wait()
        return None

    listener = await listen(forever)
    async with connected(listener) as wire:
        await wire.write(encode(message("1")))
        await until(lambda: listener.server.connections == 1)
        async with asyncio.timeout(30):
            await listener.server.stop(0.05)
        assert await wire.frame() is None


async def test_a_stopped_server_accepts_nobody(listen: Listen) -> None:
    listener = await listen()
    port = listener.port
    await listener.server.stop()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_tls_is_a_matter_of_the_context(listen: Listen) -> None:
    listener = await listen(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    async with connected(listener) as wire:
        await wire.write(encode(message("in the clear")))
        assert await wire.frame() is None
