"""Each row of the robustness matrix on a real socket, other peers, and the handler's part."""

import asyncio

import hl7
import hl7.mllp
import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.ack import AckCode, acknowledge, read_ack, refuse
from fhir_gateway.hl7.framing import Junk, Oversize, Unfinished, encode
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import peek
from fhir_gateway.hl7.server import Limits, Peer
from tests.hl7.conftest import NOW, Listen, accept, message
from tests.hl7.wire import connected, until


async def judge(payload: bytes, _peer: Peer) -> bytes | None:
    """A handler that parses, and answers what cannot be parsed."""
    try:
        parsed = Message.parse(payload)
    except GatewayError as error:
        return refuse(peek(payload), error, control_id="gw-1", now=NOW)
    return acknowledge(parsed, AckCode.AA, control_id="gw-1", now=NOW)


# --- the robustness matrix ---


async def test_two_frames_in_one_write_are_both_answered_in_order(listen: Listen) -> None:
    async with connected(await listen()) as wire:
        await wire.write(encode(message("1")) + encode(message("2")))
        assert await wire.control_ids(2) == ["1", "2"]


async def test_a_connection_carries_one_message_after_the_other(listen: Listen) -> None:
    async with connected(await listen()) as wire:
        for control_id in ("1", "2", "3"):
            await wire.write(encode(message(control_id)))
            assert await wire.control_ids(1) == [control_id]


async def test_a_frame_may_come_byte_by_byte(listen: Listen) -> None:
    async with connected(await listen()) as wire:
        frame = encode(message("slow"))
        await wire.write(*[frame[i : i + 1] for i in range(len(frame))])
        assert await wire.control_ids(1) == ["slow"]


async def test_bytes_outside_ascii_are_read_by_msh_18(listen: Listen) -> None:
    read: list[str] = []

    async def keep(payload: bytes, peer: Peer) -> bytes | None:
        parsed = Message.parse(payload)
        read.extend(segment.text(5) for segment in parsed.all("PID"))
        return await accept(payload, peer)

    async with connected(await listen(keep)) as wire:
        latin = message("1", charset="8859/1") + "PID|||||Müller\r".encode("latin-1")
        await wire.write(encode(latin), encode(message("2", "PID|||||Jürgen\r", "UNICODE UTF-8")))
        assert await wire.control_ids(2) == ["1", "2"]
    assert read == ["Müller", "Jürgen"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
async def test_segments_may_end_in_lf_or_crlf(listen: Listen, end: bytes) -> None:
    async with connected(await listen(judge)) as wire:
        await wire.write(encode(message("lf").replace(b"\r", end)))
        assert await wire.control_ids(1) == ["lf"]


async def test_garbage_before_a_frame_is_skipped_and_reported(listen: Listen) -> None:
    listener = await listen()
    async with connected(listener) as wire:
        await wire.write(b"\x00\xffgarbage" + encode(message("1")))
        assert await wire.control_ids(1) == ["1"]
    assert listener.notices == [Junk(9)]


@pytest.mark.parametrize("payload", [b"GET / HTTP/1.1\r\n", b"\xff\xfe\x00", b"MSH"])
async def test_what_is_no_message_is_answered_with_ar_and_the_connection_lives(
    listen: Listen, payload: bytes
) -> None:
    async with connected(await listen(judge)) as wire:
        await wire.write(encode(payload + b"\r"), encode(message("next")))
        refused = await wire.frame()
        assert refused is not None
        view = read_ack(refused)
        assert (view.code, view.control_id, view.errors[0].condition) == ("AR", "", "100")
        assert await wire.control_ids(1) == ["next"]


async def test_a_message_of_one_megabyte_is_answered(listen: Listen) -> None:
    async with connected(await listen(judge)) as wire:
        await wire.write(encode(message("big", "NTE|1||sixty-four characters of text\r" * 30_000)))
        assert await wire.control_ids(1) == ["big"]


async def test_an_empty_frame_is_ignored(listen: Listen) -> None:
    listener = await listen()
    async with connected(listener) as wire:
        await wire.write(b"\x0b\x1c\r" + encode(message("1")))
        assert await wire.control_ids(1) == ["1"]
    assert listener.notices == []


# --- other peers and other streams ---


async def test_the_hl7_package_can_talk_to_us(listen: Listen) -> None:
    listener = await listen(judge)
    reader, writer = await hl7.mllp.open_hl7_connection("127.0.0.1", listener.port)
    try:
        for control_id in ("1", "2"):
            writer.writemessage(hl7.parse(message(control_id).decode()))
            await writer.drain()
            answer = await asyncio.wait_for(reader.readmessage(), 60)
            assert str(answer.segment("MSA")) == f"MSA|AA|{control_id}"
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_lone_fs_is_taken_for_the_end_after_a_while(listen: Listen) -> None:
    listener = await listen(limits=Limits(end_timeout=0.02))
    async with connected(listener) as wire:
        await wire.write(b"\x0b" + message("1")[:-1] + b"\x1c")
        assert await wire.control_ids(1) == ["1"]
        await wire.write(encode(message("2")))
        assert await wire.control_ids(1) == ["2"]


async def test_a_frame_that_lost_its_end_is_reported_and_not_handled(listen: Listen) -> None:
    listener = await listen()
    async with connected(listener) as wire:
        await wire.write(b"\x0b" + message("lost") + encode(message("1")))
        assert await wire.control_ids(1) == ["1"]
    assert listener.notices == [Unfinished(len(message("lost")))]


async def test_an_oversize_frame_is_rejected_with_its_control_id_and_the_next_one_read(
    listen: Listen,
) -> None:
    listener = await listen(limits=Limits(max_frame=1000))
    async with connected(listener) as wire:
        await wire.write(encode(message("big", "NTE|" + "x" * 2000)), encode(message("next")))
        refused = await wire.frame()
        assert refused is not None
        assert (read_ack(refused).code, read_ack(refused).control_id) == ("AR", "big")
        assert await wire.control_ids(1) == ["next"]
    assert [type(each) for each in listener.notices] == [Oversize]


async def test_a_peer_that_stops_writing_still_gets_its_answers(listen: Listen) -> None:
    async with connected(await listen()) as wire:
        await wire.write(encode(message("1")) + encode(message("2")))
        wire.writer.write_eof()
        assert await wire.control_ids(2) == ["1", "2"]
        assert await wire.frame() is None


async def test_many_connections_are_served_side_by_side(listen: Listen) -> None:
    listener = await listen()

    async def talk(name: int) -> list[str]:
        async with connected(listener) as wire:
            await wire.write(*[encode(message(f"{name}-{n}")) for n in range(20)])
            return await wire.control_ids(20)

    answers = await asyncio.gather(*[talk(name) for name in range(30)])
    assert answers == [[f"{name}-{n}" for n in range(20)] for name in range(30)]
    await until(lambda: listener.server.connections == 0)


# --- the handler ---


async def test_a_handler_that_returns_none_sends_nothing(listen: Listen) -> None:
    async def silent(payload: bytes, peer: Peer) -> bytes | None:
        return None if b"|quiet|" in payload else await accept(payload, peer)

    async with connected(await listen(silent)) as wire:
        await wire.write(encode(message("quiet")) + encode(message("loud")))
        assert await wire.control_ids(1) == ["loud"]


async def test_a_handler_that_fails_closes_the_connection_without_an_answer(
    listen: Listen,
) -> None:
    handled: list[bytes] = []

    async def broken(payload: bytes, peer: Peer) -> bytes | None:
        handled.append(payload)
        if b"|bad|" in payload:
            raise RuntimeError("the database is gone")
        return await accept(payload, peer)

    listener = await listen(broken)
    async with connected(listener) as wire:
        await wire.write(encode(message("good")) + encode(message("bad")) + encode(message("z")))
        assert await wire.control_ids(1) == ["good"]
        assert await wire.frame() is None
    assert [str(error) for error in listener.errors] == ["the database is gone"]
    assert len(handled) == 2
    async with connected(listener) as wire:
        await wire.write(encode(message("again")))
        assert await wire.control_ids(1) == ["again"]


async def test_an_answer_that_cannot_be_framed_closes_the_connection(listen: Listen) -> None:
    async def hostile(_payload: bytes, _peer: Peer) -> bytes | None:
        return b"MSH|\x1c\rMSA"

    listener = await listen(hostile)
    async with connected(listener) as wire:
        await wire.write(encode(message("1")))
        assert await wire.frame() is None
    assert len(listener.errors) == 1


async def test_the_handler_learns_who_sent_it(listen: Listen) -> None:
    peers: list[Peer] = []

    async def remember(payload: bytes, peer: Peer) -> bytes | None:
        peers.append(peer)
        return await accept(payload, peer)

    listener = await listen(remember)
    async with connected(listener) as wire:
        port = wire.writer.get_extra_info("sockname")[1]
        await wire.write(encode(message("1")))
        await wire.frame()
    assert peers == [Peer("127.0.0.1", port, listener.port)]
