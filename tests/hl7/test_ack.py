from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.hl7.ack import (
    AckCode,
    AckError,
    ack_modes,
    acknowledge,
    commit_code,
    read_ack,
    refuse,
)
from fhir_gateway.hl7.ack_codes import (
    ANSWERS,
    CONDITION_OF_ISSUE,
    CONDITION_OF_PLACE,
    CONDITIONS,
    condition,
)
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.framing import Decoder, Frame, encode
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header, peek
from tests.hl7.conftest import NOW, message

HEADER = "MSH|^~\\&|EHR^1^ISO|CLINIC|GW|HUB|20260302||SIU^S12^SIU_S12|{id}|P^T|{version}||||||{set}"


def header(control_id: str = "4711", version: str = "2.5.1", charset: str = "") -> Header:
    found = peek(HEADER.format(id=control_id, version=version, set=charset).encode())
    assert found is not None
    return found


def answer(to: Header | Message | None, code: AckCode = AckCode.AA, *issues: Issue) -> bytes:
    return acknowledge(to, code, control_id="gw-1", now=NOW, issues=issues)


# --- tables ---


def test_every_category_of_failure_has_an_answer() -> None:
    assert set(ANSWERS) == set(Category)
    assert {code for code, _ in ANSWERS.values()} == {AckCode.AE, AckCode.AR}


def test_every_condition_used_is_in_table_0357() -> None:
    used = {code for _, code in ANSWERS.values()}
    used |= set(CONDITION_OF_ISSUE.values()) | set(CONDITION_OF_PLACE.values())
    assert used <= set(CONDITIONS)


@pytest.mark.parametrize("category", list(Category))
def test_every_failure_becomes_a_readable_acknowledgement(category: Category) -> None:
    view = read_ack(refuse(header(), fail(category, "no"), control_id="gw-1", now=NOW))
    assert view.code == ANSWERS[category][0]
    assert not view.positive
    assert view.errors == (AckError("", ANSWERS[category][1], "E", "no"),)


@pytest.mark.parametrize(
    ("place", "expected"),
    [("MSH^1^9", "200"), ("MSH^1^9^1^2", "201"), ("MSH^1^11", "202"), ("MSH^1^12", "203")],
)
def test_what_is_unsupported_is_told_by_its_place(place: str, expected: str) -> None:
    assert condition(Category.UNSUPPORTED, Issue("no", (place,))) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("required", "101"), ("code-invalid", "103"), (None, "102"), ("x", "102")],
)
def test_an_issue_may_say_more_than_its_category(code: str | None, expected: str) -> None:
    assert condition(Category.UNPROCESSABLE, Issue("no", code=code)) == expected


def test_commit_codes_stand_beside_application_codes() -> None:
    assert [commit_code(code) for code in AckCode] == ["CA", "CE", "CR", "CA", "CE", "CR"]


# --- acknowledge ---


def test_an_accept_is_exactly_this() -> None:
    assert answer(header(charset="UNICODE UTF-8")) == (
        b"MSH|^~\\&|GW|HUB|EHR^1^ISO|CLINIC|20260302093000+0000||ACK^S12^ACK|gw-1|P^T|2.5.1"
        b"||||||UNICODE UTF-8\r"
        b"MSA|AA|4711\r"
    )


def test_a_message_can_be_answered_as_well_as_its_header() -> None:
    assert answer(Message.parse(message("9"))) == answer(peek(message("9")))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.1", "ACK"),
        ("2.3", "ACK"),
        ("2.3.1", "ACK^S12^ACK"),
        ("2.9.1", "ACK^S12^ACK"),
        ("", "ACK^S12^ACK"),
        ("two", "ACK^S12^ACK"),
        ("2." + "9" * 5000, "ACK^S12^ACK"),
    ],
)
def test_the_structure_of_an_ack_is_named_from_2_3_1_on(version: str, expected: str) -> None:
    assert Message.parse(answer(header(version=version))).msh.raw_field(9) == expected


def test_without_a_trigger_it_is_a_plain_ack() -> None:
    found = peek(b"MSH|^~\\&|A|B|C|D|||ADT|1|P|2.5\r")
    assert Message.parse(answer(found)).msh.raw_field(9) == "ACK"


@pytest.mark.parametrize(
    "control_id",
    [b"a^b&c~d", b"\\X41\\", b"  padded ", b"M\xfcller", b'""', b"\xff\x00\xfe", b"x" * 300],
)
def test_msa_2_is_msh_10_byte_by_byte(control_id: bytes) -> None:
    raw = message("@").replace(b"@", control_id)
    assert b"MSA|AA|" + control_id + b"\r" in answer(peek(raw))
    assert b"MSA|AA|" + control_id + b"\r" in answer(Message.parse(raw))


def test_a_multi_byte_header_is_answered_byte_by_byte() -> None:
    raw = message("1", charset="BIG-5").replace(b"EHR", "許功".encode("big5hkscs"))
    assert "許功".encode("big5hkscs") in answer(Message.parse(raw)).split(b"\r")[0]


def test_the_delimiters_of_the_sender_are_kept() -> None:
    found = peek(b"MSH#*!%@#EHR*1#B#C#D###SIU*S12#7#P#2.5\r")
    raw = answer(found, AckCode.AE, Issue("a#b", ("SCH^1^25",)))
    assert raw.startswith(b"MSH#*!%@#C#D#EHR*1#B#")
    assert b"MSA#AE#7\r" in raw
    assert b"SCH*1*25#207*Application internal error*HL70357#E####a%F%b\r" in raw


def test_a_sender_without_all_delimiters_gets_the_usual_ones() -> None:
    found = peek(b"MSH|^|EHR|B|C|D|||SIU^S12|7~8|P|2.5\r")
    assert b"MSH|^~\\&|C|D|EHR|B|" in answer(found)
    assert read_ack(answer(found)).control_id == "7~8"


@given(st.binary(max_size=60))
def test_whatever_the_header_holds_the_answer_is_one_frame(content: bytes) -> None:
    for found in (peek(message("@").replace(b"@", content)), peek(b"MSH|^~\\&|" + content)):
        raw = answer(found, AckCode.AE)
        assert Decoder().feed(encode(raw)) == [Frame(raw)]
        assert [each.name for each in Message.parse(raw).segments] == ["MSH", "MSA", "ERR"]


def test_without_a_header_the_answer_is_made_from_nothing() -> None:
    assert answer(None, AckCode.AR) == (
        b"MSH|^~\\&|||||20260302093000+0000||ACK|gw-1|P|2.5.1\r"
        b"MSA|AR\r"
        b"ERR|||100^Segment sequence error^HL70357|E||||Segment sequence error\r"
    )


def test_answers_to_one_feed_differ_in_what_is_of_one_message() -> None:
    moments = [NOW, NOW + timedelta(seconds=1), NOW.astimezone(timezone(timedelta(hours=2)))]
    answers = [
        acknowledge(header(f"M{n}"), AckCode.AA, control_id=f"gw-{n}", now=now).decode()
        for n, now in enumerate(moments)
    ]
    times = ["20260302093000+0000", "20260302093001+0000", "20260302113000+0200"]
    assert [each.split("|")[6] for each in answers] == times
    assert [each.split("|")[9] for each in answers] == ["gw-0", "gw-1", "gw-2"]
    assert [read_ack(each.encode()).control_id for each in answers] == ["M0", "M1", "M2"]


def test_the_time_carries_the_offset_of_the_clock_given() -> None:
    now = datetime(2026, 7, 1, 8, 0, tzinfo=timezone(timedelta(hours=-5)))
    raw = acknowledge(header(), AckCode.AA, control_id="1", now=now)
    assert Message.parse(raw).time_text == "20260701080000-0500"


# --- ERR ---


def test_errors_are_located_from_2_5_on_in_err_2() -> None:
    issues = (
        Issue("unknown", ("SCH^1^25", "SCH^1^25^1^2"), "code-invalid", "st"),
        Issue("a|b", ("Appointment.status",)),
    )
    error = GatewayError(Category.UNPROCESSABLE, *issues)
    raw = refuse(header(), error, control_id="gw-1", now=NOW)
    assert raw.split(b"\r")[1:] == [
        b"MSA|AE|4711",
        b"ERR||SCH^1^25~SCH^1^25^1^2|103^Table value not found^HL70357|E|st^^HL70533|||unknown",
        b"ERR|||102^Data type error^HL70357|E||||a\\F\\b",
        b"",
    ]


def test_errors_are_located_before_2_5_in_err_1_with_the_text_in_msa_3() -> None:
    issues = (Issue("bad time", ("SCH^1^11",)), Issue("bad id", ("PID^2^3^1^4",), "required"))
    error = GatewayError(Category.UNPROCESSABLE, *issues)
    raw = refuse(header(version="2.4"), error, control_id="gw-1", now=NOW)
    assert raw.split(b"\r")[1:] == [
        b"MSA|AE|4711|bad time",
        b"ERR|SCH^1^11^102&Data type error&HL70357~PID^2^3^101&Required field missing&HL70357",
        b"",
    ]


def test_an_accept_may_carry_warnings() -> None:
    raw = answer(header(), AckCode.AA, Issue("status kept as sent", ("SCH^1^25",)))
    assert read_ack(raw).positive
    assert read_ack(raw).errors == (AckError("SCH^1^25", "0", "W", "status kept as sent"),)


def test_a_refusal_in_enhanced_mode_uses_commit_codes() -> None:
    error = fail(Category.UNSUPPORTED, "no such event", "MSH^1^9^1^2")
    raw = refuse(header(), error, control_id="gw-1", now=NOW, commit=True)
    assert (read_ack(raw).code, read_ack(raw).errors[0].condition) == ("CR", "201")


def test_text_is_written_in_the_character_set_of_the_sender() -> None:
    issue = Issue("Größe unbekannt")
    assert "Größe".encode() in answer(header(charset="UNICODE UTF-8"), AckCode.AE, issue)
    assert "Größe".encode("latin-1") in answer(header(charset="8859/1"), AckCode.AE, issue)
    assert b"Gr??e" in answer(header(), AckCode.AE, issue)


def test_text_is_never_longer_than_a_user_message_may_be() -> None:
    raw = answer(header(charset="UNICODE UTF-8"), AckCode.AE, Issue("x" * 1000))
    assert len(read_ack(raw).errors[0].text) == 250


# --- modes ---


@pytest.mark.parametrize(
    ("modes", "enhanced", "accept", "application"),
    [
        ("|", False, (False, False), (True, True)),
        ("AL|AL", True, (True, True), (True, True)),
        ("AL|NE", True, (True, True), (False, False)),
        ("NE|AL", True, (False, False), (True, True)),
        ("ER|SU", True, (False, True), (True, False)),
        ("AL|", True, (True, True), (False, False)),
        ("|er", True, (False, False), (False, True)),
    ],
)
def test_msh_15_and_16_say_which_answers_are_due(
    modes: str, enhanced: bool, accept: tuple[bool, bool], application: tuple[bool, bool]
) -> None:
    found = peek(f"MSH|^~\\&|A|B|C|D|||SIU^S12|1|P|2.5|||{modes}".encode())
    assert found is not None
    read = ack_modes(found)
    assert read.enhanced is enhanced
    assert (read.wants_accept(True), read.wants_accept(False)) == accept
    assert (read.wants_application(True), read.wants_application(False)) == application


# --- read_ack ---


def test_an_acknowledgement_in_the_old_form_is_read() -> None:
    raw = (
        b"MSH|^~\\&|A|B|C|D|||ACK|9|P|2.3\nMSA|ae | 7|gone wrong\nERR|PID^1^5^103&No such&HL70357\n"
    )
    view = read_ack(raw)
    assert (view.code, view.control_id, view.text) == ("AE", " 7", "gone wrong")
    assert view.errors == (AckError("PID^1^5", "103", "E", "No such"),)


def test_an_acknowledgement_without_msa_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="MSA"):
        read_ack(b"MSH|^~\\&|A|B|C|D|||ACK|9|P|2.3\r")
