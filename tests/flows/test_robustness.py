"""The robustness matrix of hl7v2.md section 5, over a socket with the database behind it."""

import asyncio
from collections.abc import Sequence

import pytest

from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.framing import Junk, Oversize, Unfinished, encode
from fhir_gateway.hl7.peer import Limits
from fhir_gateway.usecases.deps import Deps
from tests.flows.hub import Hub, hub_of
from tests.hl7.wire import Wire, connected, until
from tests.usecases.builders import at
from tests.usecases.ehr import siu

MOVES = [siu("S12", control="1"), siu("S13", start="11:00", control="2"),
         siu("S13", start="14:00", control="3")]  # fmt: skip


async def codes(wire: Wire, count: int) -> list[tuple[str, str]]:
    """MSA-1 and MSA-2 of the next answers."""
    frames = [await wire.frame() for _ in range(count)]
    views = [read_ack(each) for each in frames if each is not None]
    return [(each.code, each.control_id) for each in views]


async def kept(hub: Hub) -> list[tuple[str, bytes]]:
    return [(each.state, each.raw) for each in await hub.ehr.inbox()]


async def test_messages_in_one_write_are_applied_and_answered_in_order(hub: Hub) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(b"".join(map(encode, MOVES)))
        assert await codes(wire, 3) == [("AA", "1"), ("AA", "2"), ("AA", "3")]
    assert (await hub.ehr.appointment())["start"] == at("14:00")


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_stream_may_be_cut_anywhere(hub: Hub, size: int) -> None:
    stream = b"".join(map(encode, MOVES))
    parts = [stream[first : first + size] for first in range(0, len(stream), size)]
    async with connected(hub.listener) as wire:
        await wire.write(*parts)
        assert await codes(wire, 3) == [("AA", "1"), ("AA", "2"), ("AA", "3")]
    assert await kept(hub) == [("sent", each) for each in MOVES]


@pytest.mark.parametrize("junk", [b"\x00", b"x", b"\xff\xfe", b"MSH|^~\\&|lost\r"])
async def test_bytes_before_a_frame_are_skipped_and_the_message_counts(
    hub: Hub, junk: bytes
) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(junk + encode(MOVES[0]), junk + encode(MOVES[1]))
        assert await codes(wire, 2) == [("AA", "1"), ("AA", "2")]
    assert await kept(hub) == [("sent", each) for each in MOVES[:2]]
    assert {type(each) for each in hub.listener.notices} <= {Junk}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
async def test_segments_may_end_as_editors_end_lines(hub: Hub, end: bytes) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(encode(MOVES[0].replace(b"\r", end)))
        assert await codes(wire, 1) == [("AA", "1")]
    assert (await hub.ehr.appointment())["status"] == "booked"


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 300, b"MSH", b"PID|1\r"])
async def test_what_is_no_message_is_rejected_kept_and_the_next_one_counts(
    hub: Hub, junk: bytes
) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(encode(junk) + encode(MOVES[0]))
        assert await codes(wire, 2) == [("AR", ""), ("AA", "1")]
    assert await kept(hub) == [("refused", junk), ("sent", MOVES[0])]


async def test_an_empty_frame_is_nothing(hub: Hub) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(b"\x0b\x1c\r" + encode(MOVES[0]))
        assert await codes(wire, 1) == [("AA", "1")]
    assert await kept(hub) == [("sent", MOVES[0])]


async def test_bytes_outside_ascii_are_read_as_declared(hub: Hub) -> None:
    patient = {3: "A1", 5: "Müller"}
    latin = siu(patient=patient, control="L", msh={18: "8859/1"}).decode().encode("latin-1")
    utf_8 = siu("S14", patient={3: "A1", 5: "Çelik"}, control="U", msh={18: "UNICODE UTF-8"})
    async with connected(hub.listener) as wire:
        await wire.write(encode(latin))
        assert await codes(wire, 1) == [("AA", "L")]
        (stored,) = await hub.clinic.all("Patient")
        assert stored["name"][0]["family"] == "Müller"
        await wire.write(encode(utf_8))
        assert await codes(wire, 1) == [("AA", "U")]
    (stored,) = await hub.clinic.all("Patient")
    assert stored["name"][0]["family"] == "Çelik"


async def test_a_message_of_a_megabyte_counts(hub: Hub) -> None:
    note = "NTE|1||" + "sixty-four characters of text that a clerk has typed very slowly" * 8
    raw = siu(control="BIG", more=(note,) * 2000)
    assert len(raw) > 1_000_000
    async with connected(hub.listener) as wire:
        await wire.write(encode(raw))
        assert await codes(wire, 1) == [("AA", "BIG")]
    assert await kept(hub) == [("sent", raw)]


async def test_an_unknown_event_is_rejected_and_the_next_message_counts(hub: Hub) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(encode(siu("S99", control="9")) + encode(MOVES[0]))
        assert await codes(wire, 2) == [("AR", "9"), ("AA", "1")]


async def test_an_oversize_message_is_rejected_and_the_next_one_counts(deps: Deps) -> None:
    async with hub_of(deps, Limits(max_frame=2000)) as hub:
        async with connected(hub.listener) as wire:
            big = siu(control="BIG", more=("NTE|1||" + "x" * 5000,))
            await wire.write(encode(big) + encode(MOVES[0]))
            assert await codes(wire, 2) == [("AR", "BIG"), ("AA", "1")]
        assert [type(each) for each in hub.listener.notices] == [Oversize]
        assert await kept(hub) == [("sent", MOVES[0])]


async def test_a_frame_that_lost_its_end_is_not_applied(hub: Hub) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(b"\x0b" + MOVES[0] + encode(MOVES[1]))
        assert await codes(wire, 1) == [("AA", "2")]
    assert hub.listener.notices == [Unfinished(len(MOVES[0]))]
    assert await kept(hub) == [("sent", MOVES[1])]


@pytest.mark.parametrize("part", [1, 40, -2, -1])
async def test_a_sender_that_goes_away_in_a_message_has_not_sent_it(hub: Hub, part: int) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(encode(MOVES[0])[:-1][:part])
    await until(lambda: hub.listener.server.connections == 0)
    assert await kept(hub) == []


async def test_a_sender_that_goes_away_without_its_answer_is_answered_the_next_time(
    hub: Hub,
) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(encode(MOVES[0]))
    await until(lambda: hub.listener.server.connections == 0)
    async with connected(hub.listener) as wire:
        await wire.write(encode(MOVES[0]))
        assert await codes(wire, 1) == [("AA", "1")]
    assert (await hub.ehr.appointment())["meta"]["versionId"] == "1"


async def test_many_senders_at_once_are_each_answered_in_order(hub: Hub) -> None:
    async def talk(name: str) -> list[tuple[str, str]]:
        doctor = ({3: f"D{name}^Doctor"},)
        moves = [
            siu(event, start=start, id_=name, control=f"{name}-{start}", people=doctor,
                patient={3: f"P{name}", 5: "Patient"})
            for event, start in (("S12", "09:00"), ("S13", "11:00"), ("S15", "11:00"))
        ]  # fmt: skip
        async with connected(hub.listener) as wire:
            await wire.write(*map(encode, moves))
            return await codes(wire, len(moves))

    names = [str(n) for n in range(12)]
    answers: Sequence[list[tuple[str, str]]] = await asyncio.gather(*map(talk, names))
    assert list(answers) == [
        [("AA", f"{name}-{start}") for start in ("09:00", "11:00", "11:00")] for name in names
    ]
    statuses = [each["status"] for each in await hub.clinic.all("Appointment")]
    assert statuses == ["cancelled"] * len(names)
    assert await hub.clinic.wrong_slots() == []


async def test_a_gateway_that_loses_its_database_answers_nothing_and_hangs_up(hub: Hub) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(encode(MOVES[0]))
        assert await codes(wire, 1) == [("AA", "1")]
        await hub.clinic.deps.database.close()
        await wire.write(encode(MOVES[1]))
        assert await wire.frame() is None
    assert [type(each).__name__ for each in hub.listener.errors] == ["GatewayError"]
