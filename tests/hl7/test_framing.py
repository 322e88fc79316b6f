import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_gateway.hl7.framing import (
    HEAD,
    JUNK_REPORT,
    Decoder,
    Event,
    Frame,
    Junk,
    Oversize,
    Unfinished,
    encode,
)


def decoded(*reads: bytes, max_frame: int = 1024 * 1024) -> list[Event]:
    decoder = Decoder(max_frame)
    events = [event for read in reads for event in decoder.feed(read)]
    return events + decoder.close()


ROUGH_STREAM = (
    b"\xff\xfejunk\r\n\x0bMSH|a\rPID|1\x1c\r"
    b"\x0bMSH|b\r\x1c\x0bMSH|c\x1c\x0b\x1c\r"
    b"\x0bMSH|lost its end\r\x0bMSH|d \x1c and \x0b inside\r\x0bMS\r\x1c\r"
    b"\x0b\x0bMSH|e\x1c\n\r\n\0 \x0b\xef\xbb\xbfMSH|f\r\n\x1c\r\n"
    b"?\x0b" + b"Q" * 90 + b"\r\x1c\r\x0bMSH|g\r\x1c\0\0"
    b"\x0b" + b"R" * 90 + b"\r\x0bMSH|h\x1c"
)


def test_a_frame_is_what_lies_between_its_marks() -> None:
    assert decoded(b"\x0bMSH|^~\\&|A\r\x1c\r") == [Frame(b"MSH|^~\\&|A\r")]


def test_what_encode_writes_the_decoder_reads() -> None:
    assert encode(b"MSH|x\r") == b"\x0bMSH|x\r\x1c\r"
    assert decoded(encode(b"MSH|x\r")) == [Frame(b"MSH|x\r")]


@pytest.mark.parametrize("payload", [b"MSH|a\x1c\rMSH|b\r", b"MSH|a\x1c"])
def test_a_payload_that_would_end_its_frame_early_is_not_written(payload: bytes) -> None:
    with pytest.raises(ValueError, match="end of frame"):
        encode(payload)


def test_several_frames_may_come_in_one_read() -> None:
    assert decoded(encode(b"a\r") + encode(b"b\r")) == [Frame(b"a\r"), Frame(b"b\r")]


def test_a_stream_cut_at_any_byte_gives_the_same_events() -> None:
    whole = decoded(ROUGH_STREAM, max_frame=80)
    assert len(whole) == 13
    for cut in range(len(ROUGH_STREAM) + 1):
        assert decoded(ROUGH_STREAM[:cut], ROUGH_STREAM[cut:], max_frame=80) == whole


def test_a_stream_in_single_bytes_gives_the_same_events() -> None:
    single = [ROUGH_STREAM[i : i + 1] for i in range(len(ROUGH_STREAM))]
    assert decoded(*single, max_frame=80) == decoded(ROUGH_STREAM, max_frame=80)


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n", b"MSH", b"M", b"a", b"\0"])),
    st.data(),
)
def test_any_stream_however_cut_gives_the_same_events(
    parts: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    edges = [0, *cuts, len(stream)]
    reads = [stream[low:high] for low, high in pairwise(edges)]
    assert decoded(*reads, max_frame=9) == decoded(stream, max_frame=9)


#: What begins as UTF-16 has rules of its own, below.
_CONTENT = (
    st.binary(min_size=1)
    .map(lambda raw: raw.replace(b"\x0b", b"").replace(b"\x1c", b"") + b"\r")
    .filter(lambda raw: not raw.startswith((b"\xff\xfe", b"\xfe\xff")))
)


@given(st.lists(_CONTENT), st.integers(1, 7))
def test_any_payloads_come_back_in_order(payloads: list[bytes], step: int) -> None:
    stream = b"".join(encode(each) for each in payloads)
    reads = [stream[i : i + step] for i in range(0, len(stream), step)]
    assert decoded(*reads) == [Frame(each) for each in payloads]


def test_bytes_before_a_frame_are_skipped_and_reported() -> None:
    assert decoded(b"x", b"yz", b"\x0bMSH|a\r\x1c\r") == [Junk(3), Frame(b"MSH|a\r")]


def test_line_breaks_and_nul_between_frames_are_not_worth_a_report() -> None:
    assert decoded(b"\r\n\0 \x0bMSH|a\r\x1c\r\n\x0bMSH|b\r\x1c\r") == [
        Frame(b"MSH|a\r"),
        Frame(b"MSH|b\r"),
    ]


def test_endless_junk_is_reported_without_waiting_for_a_frame() -> None:
    assert Decoder().feed(b"j" * (2 * JUNK_REPORT + 5)) == [Junk(JUNK_REPORT), Junk(JUNK_REPORT)]


def test_an_empty_frame_is_ignored() -> None:
    assert decoded(b"\x0b\x1c\r\x0bMSH|a\r\x1c\r") == [Frame(b"MSH|a\r")]


@pytest.mark.parametrize("following", [b"\x0b", b"\n"])
def test_a_missing_cr_after_fs_is_forgiven(following: bytes) -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x0bMSH|a\x1c" + following) == [Frame(b"MSH|a")]


def test_fs_after_a_segment_end_closes_the_frame_at_once() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x0bMSH|a\r\x1c") == [Frame(b"MSH|a\r")]
    assert decoder.feed(b"\r") == []
    assert decoder.idle


def test_fs_in_the_middle_of_a_segment_is_content() -> None:
    assert decoded(b"\x0bNTE|a\x1cb\r\x1c\r") == [Frame(b"NTE|a\x1cb\r")]


def test_a_last_fs_without_cr_can_be_settled() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x0bMSH|a\x1c") == []
    assert decoder.awaits_end
    assert decoder.settle() == [Frame(b"MSH|a")]
    assert decoder.idle
    assert decoder.settle() == []


def test_vt_in_a_segment_is_content() -> None:
    assert decoded(b"\x0bNTE|a\x0bMSH|b\r\x0bNTE\r\x1c\r") == [Frame(b"NTE|a\x0bMSH|b\r\x0bNTE\r")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_vt_and_msh_after_a_segment_end_begin_a_new_frame(mark: bytes) -> None:
    assert decoded(b"\x0bMSH|a\r\x0b" + mark + b"MSH|b\r\x1c\r") == [
        Unfinished(6),
        Frame(mark + b"MSH|b\r"),
    ]


def test_a_doubled_vt_is_one() -> None:
    assert decoded(b"\x0b\x0bMSH|a\r\x1c\r") == [Frame(b"MSH|a\r")]


def test_a_frame_of_just_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert decoded(encode(b"a" * 50), max_frame=50) == [Frame(b"a" * 50)]
    assert decoded(encode(b"a" * 51), max_frame=50) == [Oversize(b"a" * 50)]


def test_an_oversize_frame_is_reported_once_with_its_beginning_and_the_next_one_is_read() -> None:
    reads = [b"\x0bMSH|big\r", *[b"x" * 1000] * 30, b"\r\x1c\r", encode(b"MSH|b\r")]
    found = decoded(*reads, max_frame=10_000)
    assert found == [Oversize((b"MSH|big\r" + b"x" * HEAD)[:HEAD]), Frame(b"MSH|b\r")]


def test_an_oversize_frame_is_not_kept_in_memory() -> None:
    decoder = Decoder(1000)
    decoder.feed(b"\x0b")
    for _ in range(100):
        decoder.feed(b"x" * 1000)
    assert len(decoder._buffer) < 2000


def test_a_stream_that_ends_in_a_frame_is_reported() -> None:
    assert decoded(b"\x0bMSH|a\rPI") == [Unfinished(8)]
    assert decoded(b"\x0bMSH|a\r\x1c\rxy") == [Frame(b"MSH|a\r"), Junk(3)]


def _seconds(reads: Sequence[bytes]) -> float:
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        decoded(*reads, max_frame=64 * 1024 * 1024)
        best = min(best, time.process_time() - begin)
    return best


@pytest.mark.parametrize(
    "unit", [b"\x0bNTE|1\r", b"x\x0b\x1cy", b"\x0ba\x1c\r", b"PID|1||text of some length\r"]
)
def test_time_grows_with_length_and_no_faster(unit: bytes) -> None:
    def reads(count: int) -> list[bytes]:
        stream = b"\x0b" + unit * count + b"\x1c\r"
        return [stream[i : i + 1024] for i in range(0, len(stream), 1024)]

    assert _seconds(reads(40_000)) < 5 * _seconds(reads(20_000))


WIDE = "MSH|^~\\&|\u0d1c\u0d0b|\u1c0d\u0b0d\rNTE|1||\u0d1c\u0d1c|\u0d1c\r"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\r", "", "\u0d1c"])
def test_a_character_of_utf_16_does_not_end_a_frame(codec: str, end: str) -> None:
    mark = "\ufeff"
    payload = (mark + WIDE.rstrip() + end).encode(codec)
    stream = (b"\x0b" + payload + b"\x1c\r") * 2
    for cut in range(len(stream) + 1):
        assert decoded(stream[:cut], stream[cut:]) == [Frame(payload)] * 2


def test_silence_ends_a_frame_of_utf_16_without_a_last_segment_end() -> None:
    payload = "\ufeffMSH|a".encode("utf-16-le")
    decoder = Decoder()
    assert decoder.feed(b"\x0b" + payload + b"\x1c\r") == []
    assert decoder.awaits_end
    assert decoder.settle() == [Frame(payload)]
    assert decoder.feed(encode(b"MSH|b\r")) == [Frame(b"MSH|b\r")]


def test_a_frame_of_utf_16_that_is_too_long_is_skipped_as_a_whole() -> None:
    payload = ("\ufeff" + WIDE * 9).encode("utf-16-le")
    events = decoded(
        b"\x0b" + payload[:90], payload[90:] + b"\x1c\r" + encode(b"MSH|b\r"), max_frame=80
    )
    assert events == [Oversize(payload[:80]), Frame(b"MSH|b\r")]
