"""Whatever people write, a message of ours has the structure that the standard prescribes."""

import os
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_gateway.hl7.conformance import report
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.letterhead import CHARSETS, VERSIONS, Letterhead
from fhir_gateway.mapping.siu_out import REQUESTS, write
from tests.mapping.builders import NOW
from tests.mapping.test_siu_out import RIYADH, STATUS, an_appointment, resources

TELLS, ASKS = sorted(STATUS), sorted(REQUESTS)
MARKS = "|^~\\&\r\n\x0b\x1c\x00\x1d\x7f\x85\u2028\ufeff"
#: What has broken a writer before: delimiters, frame ends, escapes of every kind, the null value.
TROUBLE = [
    *MARKS, "\r\n", "\rPID|1||X", "\x1c\r", "\x0bMSH|^~\\&|", '""', "\\F\\", "\\X0D\\", "\\.br\\",
    "\\", "\\\\", "\\E", "\\Zxx\\", "äöü", "المالكي", "山田", "𝔘", "e\u0301", "\u202e", "'", "<b>",
    " ", "\t", "x" * 50,
]  # fmt: skip
Role = Literal["filler", "placer"]
#: What people write, and what nobody does.
TEXTS = (
    st.lists(st.sampled_from(TROUBLE) | st.text(max_size=20), max_size=8).map("".join).filter(bool)
)
#: Messages with such texts; LETTERS=10000 makes ten thousand, in a minute or two.
COUNT = int(os.environ.get("LETTERS", "100"))


def head(**changes: Any) -> Letterhead:
    told: dict[str, Any] = {
        "sender": ("GW", "HUB"), "receiver": ("EHR", "CLINIC"), "control_id": "C-1", "now": NOW,
        "zone": RIYADH,
    }  # fmt: skip
    return Letterhead(**(told | changes))


def letter(event: str = "S12", text: str | None = None, role: Role = "filler", **how: Any) -> bytes:
    """A message about an appointment with everything, all free text the same where it is given."""
    found = resources()
    appointment = full(STATUS[event])
    patient, practitioner = found["patient"], found["practitioners"][0]
    if text is not None:
        appointment |= {"comment": text, "patientInstruction": text}
        appointment["serviceType"] = [{"text": text, "coding": [{"code": text, "display": text}]}]
        appointment["cancelationReason"] = {"text": text}
        names = [{"family": text, "given": [text, text], "prefix": [text]}]
        patient |= {"name": names, "address": [{"line": [text], "city": text}]}
        practitioner |= {"name": names}
        found["locations"][0]["name"] = text
        found["devices"][0]["deviceName"][0]["name"] = text
    others = [practitioner, *found["locations"], *found["devices"]]
    return write(event, appointment, patient, others, head(**how), role)


def full(status: str) -> dict[str, Any]:
    return an_appointment(
        status=status,
        comment="bring\nresults",
        priority=5,
        patientInstruction="come early",
        reasonCode=[{"text": "Cough"}],
        serviceType=[{"coding": [{"system": "http://a.example", "code": "X", "display": "X-ray"}]}],
    )


def errors(raw: bytes) -> list[str]:
    found = report(raw)
    return [f"{e.location} {e.diagnostics}" for e in found if e.severity == "error"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_conforms(version: str) -> None:
    assert errors(letter("S12", version=version)) == []
    assert errors(letter("S12", role="placer", version=version)) == []


@pytest.mark.parametrize("event", TELLS)
def test_every_event_conforms(event: str) -> None:
    assert errors(letter(event)) == []


@pytest.mark.parametrize("event", ASKS)
def test_every_request_conforms(event: str) -> None:
    assert errors(letter(event, role="placer")) == []
    assert Message.parse(letter(event, role="placer")).event == ("SRM", REQUESTS[event], "SRM_S01")


def test_a_bare_appointment_conforms() -> None:
    bare = an_appointment(participant=[])
    patient = {"resourceType": "Patient", "id": "p", "identifier": [{"value": "p"}]}
    assert errors(write("S12", bare, patient, [], head())) == []
    assert errors(write("S12", bare, None, [], head())) == []


@pytest.mark.parametrize("text", TROUBLE)
def test_what_has_broken_a_writer_before_conforms(text: str) -> None:
    assert errors(letter("S15", text)) == []


@pytest.mark.parametrize("version", ["2.3.1", "2.4"])
def test_before_2_5_the_times_stand_in_sch_11(version: str) -> None:
    message = Message.parse(letter(version=version))
    quantity = message.all("SCH")[0].field(11)
    assert (quantity.component(4), quantity.component(5)) == (
        "20260310090000+0300", "20260310093000+0300",
    )  # fmt: skip
    assert message.all("TQ1") == ()


def test_a_request_says_when_and_for_how_long() -> None:
    arq = Message.parse(letter(role="placer")).all("ARQ")[0]
    assert arq.text(1) == "P-1"
    assert arq.text(2) == "F-1"
    assert (arq.text(9), arq.text(10), arq.text(11)) == ("30", "min", "20260310090000+0300")


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("text", ["Ann", "Müller", "المالكي"])
def test_no_character_is_lost_whatever_was_agreed(charset: str, text: str) -> None:
    raw = letter(text=text, charset=charset)
    message = Message.parse(raw)
    assert message.all("AIP")[0].field(3).component(2) == text
    assert message.warnings == ()


def test_the_set_that_was_agreed_is_kept_where_it_has_every_character() -> None:
    plain = letter(text="Müller", charset="8859/1").replace("المالكي".encode(), b"")
    assert Message.parse(plain).msh.text(18) == "8859/1"
    assert "Müller".encode("iso8859-1") in plain
    assert Message.parse(letter(text="山田", charset="8859/1")).msh.text(18) == "UNICODE UTF-8"


def shape(message: Message) -> list[tuple[str, int]]:
    """Names of segments and how many fields each has."""
    return [(each.name, each.raw.count("|")) for each in message.segments]


def plain(text: str) -> str:
    """Text as it is read again: line ends are one character, and NUL is none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


@settings(max_examples=COUNT, deadline=None)
@given(TEXTS, st.sampled_from(["UNICODE UTF-8", "8859/1"]), st.sampled_from(["filler", "placer"]))
def test_names_and_notes_leave_the_structure_as_it_is(text: str, charset: str, role: Role) -> None:
    message = Message.parse(letter(text=text, charset=charset, role=role))
    assert shape(message) == shape(Message.parse(letter(text="x", role=role)))
    heard = message.all("AIP")[0].field(3).component(2)
    note = message.all("NTE")[0].field(3).text
    assert heard.replace("\r", "\n") == plain(text)
    assert note.replace("\r", "\n") == plain(text)


def test_a_very_long_note_arrives_whole() -> None:
    text = "a|b^c~d&e\\f\r\ng" * 20_000
    message = Message.parse(letter(text=text))
    assert message.all("NTE")[0].field(3).text.replace("\r", "\n") == plain(text)


def test_the_header_says_when_by_the_receivers_clock() -> None:
    raw = letter(now=datetime(2026, 3, 1, 12, tzinfo=UTC), processing_id="T")
    message = Message.parse(raw)
    assert message.time_text == "20260301150000+0300"
    assert message.msh.text(11) == "T"
