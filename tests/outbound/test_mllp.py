"""Each answer finds the message that it names, in whatever order and company it comes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.ack import AckCode, acknowledge, read_ack
from fhir_gateway.hl7.framing import Decoder, Frame, encode
from fhir_gateway.hl7.peek import peek
from fhir_gateway.outbound.mllp import UNREACHABLE, MllpLink
from tests.hl7.conftest import NOW, message


def answer(raw: bytes) -> bytes:
    return acknowledge(peek(raw), AckCode.AA, control_id="r", now=NOW)


class Peer:
    """A receiver whose answers the test writes itself."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.writers: list[asyncio.StreamWriter] = []
        self.others: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        decoder = Decoder()
        while data := await reader.read(65536):
            for event in decoder.feed(data):
                if isinstance(event, Frame):
                    self.frames.put_nowait(event.payload)
        writer.close()

    def write(self, *pieces: bytes) -> None:
        self.writers[-1].writelines(pieces)


@pytest.fixture
async def peer() -> Peer:
    return Peer()


@pytest.fixture
async def link(peer: Peer) -> AsyncIterator[MllpLink]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = MllpLink("127.0.0.1", port, on_other=peer.others.append)
    yield made
    await made.close()
    for each in peer.writers:
        each.close()
    server.close()
    await server.wait_closed()


def send(link: MllpLink, control_id: str, patience: float = 10.0) -> asyncio.Task[bytes]:
    return asyncio.create_task(link.send(control_id, message(control_id), patience))


async def test_answers_may_come_in_another_order(link: MllpLink, peer: Peer) -> None:
    first, second = send(link, "A"), send(link, "B")
    sent = [await peer.frames.get(), await peer.frames.get()]
    peer.write(*(encode(answer(raw)) for raw in reversed(sent)))
    assert read_ack(await first).control_id == "A"
    assert read_ack(await second).control_id == "B"
    assert len(peer.writers) == 1


async def test_an_answer_in_single_bytes_is_one(link: MllpLink, peer: Peer) -> None:
    sending = send(link, "A")
    for byte in encode(answer(await peer.frames.get())):
        peer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert read_ack(await sending).code == "AA"


async def test_an_answer_without_the_last_cr_is_one(link: MllpLink, peer: Peer) -> None:
    sending = send(link, "A")
    peer.write(encode(answer(await peer.frames.get()))[:-1])
    assert read_ack(await sending).code == "AA"


async def test_what_names_no_message_under_way_is_handed_over(link: MllpLink, peer: Peer) -> None:
    sending = send(link, "A")
    right = answer(await peer.frames.get())
    strange = [answer(message("Z")), b"MSH|^~\\&|x\r", b"hello"]
    peer.write(*(encode(each) for each in [*strange, right]))
    assert await sending == right
    assert peer.others == strange


async def test_a_second_answer_is_handed_over(link: MllpLink, peer: Peer) -> None:
    sending = send(link, "A")
    right = answer(await peer.frames.get())
    peer.write(encode(right))
    await sending
    following = send(link, "B")
    peer.write(encode(right), encode(answer(await peer.frames.get())))
    await following
    assert peer.others == [right]


async def test_silence_ends_the_connection_and_the_next_message_gets_another(
    link: MllpLink, peer: Peer
) -> None:
    with pytest.raises(GatewayError) as caught:
        await link.send("A", message("A"), 0.05)
    assert caught.value.category is Category.TIMEOUT
    await peer.frames.get()
    sending = send(link, "B")
    peer.frames.put_nowait(await peer.frames.get())
    peer.write(encode(answer(await peer.frames.get())))
    assert read_ack(await sending).control_id == "B"
    assert len(peer.writers) == 2


async def test_all_who_wait_are_told_that_the_peer_has_gone(link: MllpLink, peer: Peer) -> None:
    sending = [send(link, "A"), send(link, "B")]
    await peer.frames.get()
    await peer.frames.get()
    peer.writers[-1].close()
    found = await asyncio.gather(*sending, return_exceptions=True)
    assert [each.category for each in found if isinstance(each, GatewayError)] == [
        Category.BUSY, Category.BUSY,
    ]  # fmt: skip


async def test_nobody_at_home_is_told_apart_from_no_answer(link: MllpLink, peer: Peer) -> None:
    del peer, link
    nobody = MllpLink("127.0.0.1", 1, on_other=lambda _: None)
    with pytest.raises(GatewayError) as caught:
        await nobody.send("A", message("A"), 1.0)
    assert caught.value.issues[0].details == UNREACHABLE
