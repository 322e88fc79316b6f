import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import peek
from tests.hl7.conftest import message, sample_files


@pytest.mark.parametrize("path", sample_files(), ids=lambda path: path.stem.partition("__")[2])
def test_peeking_at_a_sample_says_what_parsing_it_says(path: object) -> None:
    raw = path.read_bytes()  # type: ignore[attr-defined]
    found, parsed = peek(raw), Message.parse(raw)
    assert found is not None
    assert found.control_id == parsed.control_id
    assert found.event == parsed.event
    assert found.sender == parsed.sender
    assert found.version == parsed.version


@pytest.mark.parametrize(
    "before", [b"", b"\xef\xbb\xbf", b"\r\n  ", b"BHS|^~\\&|\r", b"noise\n", b"\x0b"]
)
def test_the_header_is_found_behind_other_things(before: bytes) -> None:
    found = peek(before + message("7"))
    assert found is not None
    assert found.octets(10) == b"7"


@pytest.mark.parametrize("raw", [b"", b"PID|1", b"MSH", b"MSHX|", b"a MSH|^~\\&|", b"MSH\x00x"])
def test_where_there_is_no_header_nothing_is_found(raw: bytes) -> None:
    assert peek(raw) is None


def test_half_a_header_is_enough() -> None:
    found = peek(b"MSH|^~\\&|EHR|CLINIC|GW|HUB|2026||SIU^S1")
    assert found is not None
    assert (found.sender, found.event, found.control_id) == (
        ("EHR", "CLINIC"),
        ("SIU", "S1", ""),
        "",
    )


def test_a_header_of_any_length_is_cut_off() -> None:
    found = peek(b"MSH|^~\\&|" + b"x" * 1_000_000)
    assert found is not None
    assert len(found.field(3)) < 10_000


def test_bytes_outside_ascii_can_be_read_and_given_back() -> None:
    found = peek(b"MSH|^~\\&|M\xfcller||||||SIU^S12|\xc3\xa4\r")
    assert found is not None
    assert found.component(3) == "M\ufffdller"
    assert found.octets(10) == b"\xc3\xa4"


@given(st.binary())
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    for each in (raw, b"MSH" + raw, b"MSH|^~\\&|" + raw):
        found = peek(each)
        if found is not None:
            found.control_id.encode()
            " ".join([*found.event, *found.sender, found.version]).encode()


# --- batches ---


def test_a_single_message_stays_as_it_came() -> None:
    raw = b"\xef\xbb\xbf" + message("1") + b"\r\n"
    assert messages(raw) == (raw,)


def test_messages_in_a_row_are_separated() -> None:
    assert messages(message("1") + message("2")) == (message("1"), message("2"))


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_batch_loses_its_envelope(end: bytes) -> None:
    lines = [
        b"FHS|^~\\&|A",
        b"BHS|^~\\&|A",
        b"MSH|^~\\&|A",
        b"PID|1",
        b"MSH|^~\\&|B",
        b"BTS|2",
        b"FTS|1",
    ]
    found = messages(end.join(lines) + end)
    assert [Message.parse(each).sender[0] for each in found] == ["A", "B"]
    assert [len(Message.parse(each).segments) for each in found] == [2, 1]


def test_an_empty_batch_holds_no_message() -> None:
    assert messages(b"BHS|^~\\&|A\rBTS|0\r") == ()


def test_what_is_no_message_is_handed_on_to_be_refused() -> None:
    assert messages(b"hello") == (b"hello",)


def test_the_name_of_a_header_inside_a_value_separates_nothing() -> None:
    raw = message("1", "NTE|1||see MSH|^~\\&\rZMS|MSH|\rMSHX|1\r")
    assert messages(raw) == (raw,)
