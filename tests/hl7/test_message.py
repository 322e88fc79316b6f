import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.message import MAX_SEGMENTS, Message, Unreadable
from tests.hl7.conftest import message, sample_files


def parse(text: str) -> Message:
    return Message.parse(text.encode())


HEADER = "MSH|^~\\&|EHR^1.2.3^ISO|CLINIC|GW|HUB|20260302093000+0100||SIU^S12^SIU_S12|4711|P|2.5.1\r"


# --- samples ---


@pytest.mark.parametrize("path", sample_files(), ids=lambda path: path.stem.partition("__")[2])
def test_every_public_sample_is_read(path: Path) -> None:
    parsed = Message.parse(path.read_bytes())
    assert parsed.event[0] in {"SIU", "ADT"}
    assert parsed.event[1] in path.stem.replace("ADT04", "A04").replace("SIU_12", "A60")
    assert parsed.control_id
    assert parsed.first("PID") is not None
    assert parsed.warnings == ()
    lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    assert len(parsed.segments) == len(lines)


def test_there_are_samples() -> None:
    assert len(sample_files()) == 35


# --- the header ---


def test_the_header_is_numbered_as_the_standard_does() -> None:
    msh = parse(HEADER).msh
    assert (msh.text(1), msh.text(2), msh.text(3), msh.text(9, 2)) == ("|", "^~\\&", "EHR", "S12")
    assert msh.field(2).raw == "^~\\&"


def test_the_header_has_its_properties() -> None:
    parsed = parse(HEADER)
    assert parsed.control_id == "4711"
    assert parsed.event == ("SIU", "S12", "SIU_S12")
    assert parsed.version == "2.5.1"
    assert parsed.sender == ("EHR", "CLINIC")
    assert parsed.time_text == "20260302093000+0100"


def test_a_sender_without_namespace_goes_by_its_universal_id() -> None:
    assert parse("MSH|^~\\&|^1.2.3^ISO|^9^ISO\r").sender == ("1.2.3", "9")


def test_message_and_peek_agree_about_the_header() -> None:
    parsed = Message.parse(message("x\\T\\y"))
    assert parsed.header.control_id == parsed.control_id == "x&y"
    assert parsed.header.sender == parsed.sender


def test_delimiters_come_from_the_message() -> None:
    parsed = parse("MSH#*!%@#EHR#\rPID#1##a*b@c!d*e%S%f\r")
    pid = parsed.first("PID")
    assert pid is not None
    assert pid.field(3).component(1) == "a"
    assert pid.text(3, 2, 2) == "c"
    assert pid.text(3, 2, repetition=2) == "e*f"


@pytest.mark.parametrize("encoding", ["", "ABCD", "^^^^", "^~\\&#?"])
def test_senseless_encoding_characters_give_way_to_the_usual_ones(encoding: str) -> None:
    parsed = parse(f"MSH|{encoding}|EHR^x\r")
    assert parsed.msh.text(3, 2) == "x"
    assert "MSH-2" in parsed.warnings[0]


def test_a_delimiter_that_is_not_declared_does_not_cut() -> None:
    parsed = parse("MSH|^~|EHR\rNTE|a&b\\F\\c^d~e\r")
    nte = parsed.first("NTE")
    assert nte is not None
    assert [nte.text(1), nte.text(1, 2), nte.text(1, repetition=2)] == ["a&b\\F\\c", "d", "e"]


def test_the_truncation_character_is_known() -> None:
    parsed = parse("MSH|^~\\&#|EHR\rNTE|1||a\\P\\b\r")
    assert parsed.all("NTE")[0].text(3) == "a#b"


# --- what cannot be read ---


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"hello", b"PID|1\r", b"MSH", b"MSHA^~\\&|", b"MSH\r|", b"\xff\xfe\xff"]
)
def test_bytes_without_a_header_are_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        Message.parse(raw)
    assert caught.value.category is Category.INVALID
    assert "MSH" in caught.value.reason or "header" in caught.value.reason


@given(st.binary())
def test_whatever_follows_a_header_is_read(body: bytes) -> None:
    parsed = Message.parse(b"MSH|^~\\&|A\r" + body)
    for segment in parsed.segments:
        for number in range(segment.field_count + 2):
            assert isinstance(segment.text(number), str)
            assert all(isinstance(part, str) for part in segment.field(number).components)


def test_too_many_segments_are_refused() -> None:
    exact = HEADER.encode() + b"NTE|1\r" * (MAX_SEGMENTS - 1)
    assert len(Message.parse(exact).segments) == MAX_SEGMENTS
    with pytest.raises(GatewayError) as caught:
        Message.parse(exact + b"NTE|1\r")
    assert caught.value.category is Category.TOO_LARGE


# --- lines ---


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\n\r"])
def test_any_line_end_closes_a_segment(end: str) -> None:
    parsed = parse(end.join(["MSH|^~\\&|EHR", "SCH||1", "PID|1", ""]))
    assert [segment.name for segment in parsed.segments] == ["MSH", "SCH", "PID"]
    assert parsed.warnings == ()


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n", b"  ", b"FHS|^~\\&|\rBHS|^~\\&|\r"])
def test_what_stands_before_the_header_is_left_out(before: bytes) -> None:
    parsed = Message.parse(before + b"MSH|^~\\&|EHR\rSCH||1\r")
    assert parsed.text.startswith("MSH|")
    assert [segment.name for segment in parsed.segments] == ["MSH", "SCH"]
    assert parsed.raw.startswith(before)


@pytest.mark.parametrize("line", ["second line", "MRI of the knee", "MRI, then PV1", "Mr", "mri|"])
def test_a_line_that_is_no_segment_belongs_to_the_one_before(line: str) -> None:
    parsed = parse(f"MSH|^~\\&|EHR\rNTE|1||first\n{line}|x\rSCH||1\r")
    assert parsed.all("NTE")[0].text(3).rstrip("|") == f"first\n{line.rstrip('|')}"
    assert parsed.first("SCH") is not None
    assert parsed.warnings == ("NTE^1 holds a bare line break",)


def test_unknown_and_local_segments_are_kept() -> None:
    parsed = parse("MSH|^~\\&|EHR\rZXX|1|a^b\rQQ9|2\r")
    assert [segment.name for segment in parsed.segments] == ["MSH", "ZXX", "QQ9"]
    assert parsed.all("ZXX")[0].text(2, 2) == "b"


def test_a_segment_knows_where_it_stands() -> None:
    parsed = parse("MSH|^~\\&|EHR\rAIP|1\rNTE|x\rAIP|2\r")
    second = parsed.all("AIP")[1]
    assert (second.index, second.sequence) == (3, 2)
    assert second.location(3) == "AIP^2^3"
    assert second.location(3, 1, 4) == "AIP^2^3^1^4"
    assert second.location() == "AIP^2"


# --- values ---


def test_what_is_not_there_is_empty() -> None:
    parsed = parse("MSH|^~\\&|EHR\rSCH|1\r")
    sch = parsed.first("SCH")
    assert sch is not None
    assert sch.text(25) == sch.text(1, 9) == sch.text(1, 1, 9) == sch.text(1, repetition=9) == ""
    assert sch.repetitions(25) == ()
    assert sch.field(25).components == ()
    assert sch.field(25).raw == ""
    assert not sch.field(25)
    assert parsed.first("TQ1") is None
    assert parsed.all("TQ1") == ()


def test_repetitions_components_and_subcomponents_are_counted_from_one() -> None:
    pid = parse("MSH|^~\\&|EHR\rPID|||1^^^A&1.2&ISO^MR~2^^^B\r").all("PID")[0]
    assert len(pid.repetitions(3)) == 2
    assert pid.text(3, 4, 2) == "1.2"
    assert pid.text(3, 4, repetition=2) == "B"
    assert pid.field(3).component(4) == "A&1.2&ISO"
    assert pid.field(3).sub(4, 3) == "ISO"
    assert pid.field(3, 2).components == ("2", "", "", "B")
    assert pid.raw_field(3) == "1^^^A&1.2&ISO^MR~2^^^B"


def test_the_null_value_is_not_a_text() -> None:
    sch = parse('MSH|^~\\&|EHR\rSCH|""||""^x\r').all("SCH")[0]
    assert sch.is_null(1)
    assert sch.field(1).is_null
    assert not sch.field(1)
    assert sch.text(1) == ""
    assert not sch.is_null(2)
    assert not sch.is_null(3)
    assert sch.text(3) == ""
    assert sch.text(3, 2) == "x"


def test_a_field_holds_a_value_or_not() -> None:
    sch = parse("MSH|^~\\&|EHR\rSCH|a||\r").all("SCH")[0]
    assert sch.field(1)
    assert not sch.field(2)


def test_escapes_are_decoded_in_values_and_nowhere_else() -> None:
    parsed = parse("MSH|^~\\&|EHR\rNTE|1||a\\S\\b^c\\F\\d\r")
    nte = parsed.all("NTE")[0]
    assert nte.text(3) == "a^b"
    assert nte.field(3).components == ("a^b", "c|d")
    assert nte.field(3).raw == "a\\S\\b^c\\F\\d"


def test_a_control_id_is_one_text_whatever_it_holds() -> None:
    assert parse("MSH|^~\\&|A||||||ADT^A04|a^b&c~d|P\r").control_id == "a^b&c~d"


def test_fields_beyond_all_reason_do_not_multiply() -> None:
    segment = parse("MSH|^~\\&|EHR\rZZZ" + "|" * 100_000 + "\r").all("ZZZ")[0]
    assert segment.field_count == 1000


# --- size ---


def _seconds(raw: bytes) -> float:
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        parsed = Message.parse(raw)
        for segment in parsed.segments:
            segment.text(3)
        best = min(best, time.process_time() - begin)
    return best


def test_sixteen_thousand_segments_take_twice_as_long_as_eight_thousand() -> None:
    line = b"NTE|1||a line of text that is about as long as a comment is, no more and no less\r"
    eight, sixteen = (HEADER.encode() + line * count for count in (8_000, 16_000))
    assert len(sixteen) > 1_000_000
    assert _seconds(sixteen) < 4 * _seconds(eight)


def test_one_field_of_a_megabyte_takes_twice_as_long_as_half_of_it() -> None:
    half, whole = (
        HEADER.encode() + b"NTE|1||" + b"a\\S\\b~c^d&\\X41\\ \\unknown" * count + b"\r"
        for count in (20_000, 40_000)
    )
    assert _seconds(whole) < 4 * _seconds(half)
