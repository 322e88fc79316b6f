import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.hl7.delimiters import DEFAULT_DELIMITERS, Delimiters
from fhir_gateway.hl7.escapes import escape_text, unescape
from fhir_gateway.hl7.framing import Decoder, Frame, encode
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.writer import NULL, Row, build

OTHER = Delimiters("#", "*", "!", "%", "@", "")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NASTY = st.text(st.sampled_from('|^~\\&#*!%@"\r\n\x0b\x1c\0XFSTRE.brMSH41 ä\x85\u2028'))


# --- reading escapes ---


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\\F\\b", "a|b"),
        ("\\S\\\\T\\\\R\\\\E\\", "^&~\\"),
        ("\\P\\", "#"),
        ("\\H\\bold\\N\\", "bold"),
        ("\\X41\\", "A"),
        ("\\XC3A9\\", "é"),
        ("\\X0D0A\\", "\r\n"),
        ("one\\.br\\two", "one\ntwo"),
        ("one\\.sp 2\\two", "one\n\ntwo"),
        ("one\\.sp\\two", "one\ntwo"),
        ("one\\.sk3\\two", "one   two"),
        ("\\.in+4\\\\.ti-2\\\\.fi\\\\.nf\\x\\.ce\\y", "x\ny"),
        ("\\E\\F\\E\\", "\\F\\"),
    ],
)
def test_known_escape_sequences_are_replaced(written: str, read: str) -> None:
    assert unescape(written, DEFAULT_DELIMITERS) == read


@pytest.mark.parametrize(
    "text",
    [
        "\\Zab\\",
        "\\C2842\\",
        "\\M123456\\",
        "C:\\temp\\new",
        "\\",
        "a\\b",
        "\\X4\\",
        "\\XFF\\",
        "\\.xy\\",
    ],
)
def test_other_escape_sequences_stay_as_they_are(text: str) -> None:
    assert unescape(text, DEFAULT_DELIMITERS) == text


def test_a_known_sequence_after_a_stray_escape_character_is_still_read() -> None:
    assert unescape("C:\\temp\\F\\x", DEFAULT_DELIMITERS) == "C:\\temp|x"


def test_hexadecimal_is_in_the_character_set_of_the_message() -> None:
    assert unescape("\\XE9\\", DEFAULT_DELIMITERS, "iso8859-1") == "é"


def test_nul_never_gets_in() -> None:
    assert unescape("a\0b\\X00\\", DEFAULT_DELIMITERS) == "a\ufffdb\ufffd"


def test_repeated_blanks_have_a_limit() -> None:
    assert len(unescape("\\.sk9999\\", DEFAULT_DELIMITERS)) == 200


# --- writing ---


def test_a_message_is_written_by_field_number() -> None:
    rows: list[Row] = [
        ("MSH", {3: "GW", 9: ("SIU", "S12", "SIU_S12"), 10: "1"}),
        (
            "SCH",
            {2: ("4711", "GW"), 6: [("a", "b"), "c"], 7: ("x", ("y", "z")), 11: None, 25: NULL},
        ),
    ]
    assert build(rows) == (
        b'MSH|^~\\&|GW||||||SIU^S12^SIU_S12|1\rSCH||4711^GW||||a^b~c|x^y&z||||||||||||||||||""\r'
    )


def test_empty_ends_are_not_written() -> None:
    assert build([("PID", {3: ("1", None, ""), 5: None, 9: [None, ""]})]) == b"PID|||1\r"
    assert build([("MSH", {})]) == b"MSH|^~\\&|\r"


@pytest.mark.parametrize("name", ["sch", "SC", "SCH|", "S\rH", "ΣΣΣ"])
def test_a_segment_needs_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="segment name"):
        build([(name, {1: "x"})])


def test_writing_needs_all_delimiters() -> None:
    with pytest.raises(ValueError, match="five delimiters"):
        build([("MSH", {})], Delimiters(escape=""))


def test_characters_outside_the_set_become_question_marks() -> None:
    assert build([("NTE", {3: "Zoë"})], encoding="ascii") == b"NTE|||Zo?\r"


def test_two_quotes_as_text_are_not_the_null_value() -> None:
    parsed = Message.parse(build([("MSH", {}), ("SCH", {1: '""', 2: NULL})]))
    sch = parsed.all("SCH")[0]
    assert (sch.text(1), sch.is_null(1), sch.is_null(2)) == ('""', False, True)


# --- there and back ---


def meant(text: str) -> str:
    """What of a text arrives: one kind of line break, no NUL."""
    return text.replace("\r\n", "\n").replace("\0", "\ufffd")


@given(st.one_of(TEXT, NASTY), st.sampled_from([DEFAULT_DELIMITERS, OTHER]))
def test_any_text_survives_escaping(text: str, delimiters: Delimiters) -> None:
    written = escape_text(text, delimiters)
    assert unescape(written, delimiters) == meant(text)


@given(
    st.lists(st.lists(st.one_of(TEXT, NASTY), min_size=1, max_size=4), min_size=1, max_size=4),
    st.sampled_from([DEFAULT_DELIMITERS, OTHER]),
)
def test_no_text_can_change_the_structure(texts: list[list[str]], delimiters: Delimiters) -> None:
    rows: list[Row] = [("MSH", {10: "1"})]
    rows += [("NTE", {3: [tuple(parts), "end"], 4: "last"}) for parts in texts]
    raw = build(rows, delimiters)
    assert Decoder().feed(encode(raw)) == [Frame(raw)]
    parsed = Message.parse(raw)
    assert [segment.name for segment in parsed.segments] == ["MSH", *["NTE"] * len(texts)]
    assert parsed.warnings == ()
    for segment, parts in zip(parsed.all("NTE"), texts, strict=True):
        assert segment.field_count == 4
        assert len(segment.repetitions(3)) == 2
        assert segment.text(3, repetition=2) == "end"
        assert [segment.text(3, n) for n in range(1, len(parts) + 1)] == [meant(p) for p in parts]
        assert segment.text(3, len(parts) + 1) == ""
