import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import hl7
import hl7.mllp
import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.framing import encode
from fhir_gateway.hl7.server import Peer
from tests.hl7.conftest import Listen, accept, message
from tests.hl7.wire import until

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[int]:
    """A peer that does what the script says with each connection; gives its port."""
    async with AsyncExitStack() as stack:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError, asyncio.CancelledError):
                await script(reader, writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)
        yield int(server.sockets[0].getsockname()[1])


def replies(*answers: bytes) -> Script:
    """Answer each read with the next of these; then wait for the peer to leave."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\x1c\r")
            writer.write(answer)
        await reader.read()

    return script


def ack(control_id: str) -> bytes:
    return encode(f"MSH|^~\\&|||||||ACK|9|P|2.5\rMSA|AA|{control_id}\r".encode())


async def test_a_message_gets_its_acknowledgement(listen: Listen) -> None:
    listener = await listen()
    async with MllpClient("127.0.0.1", listener.port) as client:
        assert read_ack(await client.send(message("1"))).control_id == "1"


async def test_several_messages_go_over_one_connection(listen: Listen) -> None:
    ports: set[int] = set()

    async def remember(payload: bytes, peer: Peer) -> bytes | None:
        ports.add(peer.port)
        return await accept(payload, peer)

    listener = await listen(remember)
    async with MllpClient("127.0.0.1", listener.port) as client:
        sent = await asyncio.gather(*[client.send(message(str(n))) for n in range(20)])
        assert [read_ack(each).control_id for each in sent] == [str(n) for n in range(20)]
    assert len(ports) == 1


async def test_the_server_of_the_hl7_package_can_be_talked_to() -> None:
    async def serve(reader: object, writer: object) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                received = await reader.readmessage()  # type: ignore[attr-defined]
                writer.writemessage(received.create_ack())  # type: ignore[attr-defined]
                await writer.drain()  # type: ignore[attr-defined]
        writer.close()  # type: ignore[attr-defined]

    server = await hl7.mllp.start_hl7_server(serve, "127.0.0.1", 0)
    async with server, MllpClient("127.0.0.1", server.sockets[0].getsockname()[1]) as client:
        for control_id in ("1", "2"):
            view = read_ack(await client.send(message(control_id)))
            assert (view.code, view.control_id) == ("AA", control_id)


async def test_an_answer_may_come_in_pieces() -> None:
    async def pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\x1c\r")
        for byte in ack("1"):
            writer.write(bytes([byte]))
            await writer.drain()
        await reader.read()

    async with scripted(pieces) as port, MllpClient("127.0.0.1", port) as client:
        assert read_ack(await client.send(message("1"))).positive


async def test_a_control_id_with_escapes_finds_its_answer() -> None:
    async with (
        scripted(replies(ack("a\\T\\b"))) as port,
        MllpClient("127.0.0.1", port) as client,
    ):
        assert read_ack(await client.send(message("a\\T\\b"))).control_id == "a&b"


@pytest.mark.parametrize(
    ("answer", "patience", "category"),
    [
        (ack("other"), 60, Category.CONFLICT),
        (encode(b"PID|1\r"), 60, Category.CONFLICT),
        (encode(b"MSH|^~\\&|||||||ADT^A04|1\r"), 60, Category.CONFLICT),
        (b"", 0.05, Category.TIMEOUT),
        (b"\x0bMSH|half", 0.05, Category.TIMEOUT),
    ],
)
async def test_without_its_own_acknowledgement_a_message_fails_and_the_connection_ends(
    answer: bytes, patience: float, category: Category
) -> None:
    async with scripted(replies(answer)) as port, MllpClient("127.0.0.1", port) as client:
        with pytest.raises(GatewayError) as caught:
            await client.send(message("1"), timeout=patience)
        assert caught.value.category is category
        assert not client.connected


async def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    opened, given_up = 0, asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await reader.readuntil(b"\x1c\r")
        if opened == 1:
            await given_up.wait()
            writer.write(ack("1"))
        else:
            writer.write(ack("2"))
        await reader.read()

    async with scripted(late) as port, MllpClient("127.0.0.1", port) as client:
        with pytest.raises(GatewayError):
            await client.send(message("1"), timeout=0.05)
        given_up.set()
        assert read_ack(await client.send(message("2"))).control_id == "2"


async def test_a_receiver_that_hangs_up_is_told_from_one_that_is_silent() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\x1c\r")

    async with scripted(hang_up) as port, MllpClient("127.0.0.1", port) as client:
        with pytest.raises(GatewayError) as caught:
            await client.send(message("1"))
        assert caught.value.category is Category.BUSY


async def test_a_connection_the_receiver_has_closed_is_opened_anew() -> None:
    async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = await reader.readuntil(b"\x1c\r")
        writer.write(ack("1" if b"|1|P" in raw else "2"))

    async with scripted(one_each) as port, MllpClient("127.0.0.1", port) as client:
        await client.send(message("1"))
        await until(lambda: not client.connected)
        assert read_ack(await client.send(message("2"))).control_id == "2"


async def test_nobody_listening_is_a_reason_to_try_later() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        client = MllpClient("127.0.0.1", deaf.getsockname()[1])
        with pytest.raises(GatewayError) as caught:
            await client.send(message("1"))
        assert caught.value.category is Category.BUSY


async def test_a_cancelled_send_leaves_no_connection_behind() -> None:
    async with scripted(replies(b"")) as port, MllpClient("127.0.0.1", port) as client:
        sending = asyncio.create_task(client.send(message("1")))
        await until(lambda: client.connected)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert not client.connected


async def test_what_has_no_header_is_not_sent() -> None:
    async with MllpClient("127.0.0.1", 1) as client:
        with pytest.raises(Unreadable):
            await client.send(b"PID|1\r")
