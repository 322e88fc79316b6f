"""Whatever arrives is answered or skipped, the next message is read, and nothing else happens."""

import random

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7 import batch
from fhir_gateway.hl7.ack import AckCode, acknowledge, frames, refuse
from fhir_gateway.hl7.framing import Decoder, Event, Frame, encode
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import peek
from tests.hl7.conftest import NOW, message, sample_files

SEED = 20260301
GOOD = message("good")
#: What streams are spoilt with: the bytes that mean something to somebody.
SPICES = [
    b"\x0b", b"\x1c", b"\r", b"\n", b"\x1c\r", b"\x0bMSH", b"MSH|", b"|", b"^", b"~", b"\\", b"&",
    b"\0", b'""', b"\xef\xbb\xbf", b"\xff\xfe", b"\x1b$B", b"\xa4|", b"\x83\\", b"\\X", b"BHS|",
    b"FTS|", b"\x06", b"\x15", b"\x85", b"UNICODE UTF-16", b"CNS 11643-1992", b"ACK",
]  # fmt: skip


def spoilt(chance: random.Random, raw: bytes) -> bytes:
    """A message of which some bytes have been changed, left out, doubled or put in."""
    content = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        place = chance.randint(0, len(content))
        end = min(len(content), place + chance.choice((0, 1, 1, 2, 40)))
        doubled, byte = bytes(content[place:end]) * 2, bytes([chance.randrange(256)])
        content[place:end] = chance.choice((chance.choice(SPICES), byte, b"", doubled))
    return bytes(content)


def stream_of(chance: random.Random, raws: list[bytes]) -> bytes:
    """A few spoilt messages, framed or as good as."""
    parts = [spoilt(chance, chance.choice(raws)) for _ in range(chance.randint(1, 3))]
    return b"".join(chance.choice((b"\x0b", b"", b"x\x0b")) + each + b"\x1c\r" for each in parts)


def events_of(chance: random.Random, stream: bytes) -> list[Event]:
    """What a decoder finds, the stream being cut anywhere."""
    decoder, found, place = Decoder(), list[Event](), 0
    while place < len(stream):
        step = chance.choice((1, 3, 100, 5000))
        found += decoder.feed(stream[place : place + step])
        place += step
    return found


def answer_to(raw: bytes) -> bytes:
    """The answer of a gateway to which every readable message is right."""
    header = peek(raw)
    try:
        read = Message.parse(raw)
        for segment in read.segments[:20]:
            for number in range(1, min(segment.field_count, 30) + 1):
                segment.text(number, 2)
    except GatewayError as error:
        return refuse(header, error, control_id="1", now=NOW)
    return acknowledge(read, AckCode.AA, control_id="1", now=NOW)


def survive(rounds: int, seed: int = SEED) -> int:
    """Send spoilt streams, each followed by a good message; returns how many frames came of it."""
    chance = random.Random(seed)
    raws = [GOOD, *(raw[:1500] for path in sample_files() for raw in [path.read_bytes()])]
    count = 0
    for _ in range(rounds):
        stream = stream_of(chance, raws) + b"\r" + encode(GOOD)
        events = events_of(chance, stream)
        assert events == Decoder().feed(stream)
        assert events[-1] == Frame(GOOD)
        for event in events:
            if isinstance(event, Frame):
                count += 1
                for raw in batch.messages(event.payload):
                    for frame in frames(answer_to(raw)):
                        assert encode(frame)
                        # Byte by byte: it may be in a set that we can write on but not read.
                        msa = Message.parse(frame, encoding="latin-1").segments[1]
                        assert (msa.name, msa.text(1) in {"AA", "AE", "AR"}) == ("MSA", True)
    return count


def test_some_random_frames_are_survived() -> None:
    assert survive(400) > 800


@pytest.mark.fuzz
@pytest.mark.timeout(7200)
def test_a_million_random_frames_are_survived() -> None:
    assert survive(420_000) > 1_000_000
