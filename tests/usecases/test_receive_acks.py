"""Which acknowledgements a sender gets: table 0155 row by row, by message, sender and listener."""

from dataclasses import replace

import pytest

from fhir_gateway.hl7.ack import AckView, frames, read_ack
from fhir_gateway.hl7.ack_codes import AckMode
from fhir_gateway.hl7.batch import messages
from fhir_gateway.hl7.conformance import report
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.usecases.receive_v2 import Line, oversize_answer, receive
from tests.usecases.clinic import TENANT
from tests.usecases.ehr import SENDER, Ehr, siu

GOOD = siu()
FAULTY = siu(start="")
FOREIGN = siu(msh={9: "ORU^R01"})
UNREADABLE = siu(msh={18: "CNS 11643-1992"}) + b"NTE|1||\xa4\xa4\r"


def wishing(raw: bytes, accept: str, application: str) -> bytes:
    """The message with MSH-15 and MSH-16, and MSH-18 where it was."""
    header, _, body = raw.partition(b"\r")
    fields = (header.split(b"|") + [b""] * 20)[:20]
    fields[14:16] = [accept.encode(), application.encode()]
    return b"|".join(fields).rstrip(b"|") + b"\r" + body


async def answered(ehr: Ehr, raw: bytes, line: Line | None = None) -> list[AckView]:
    deps = ehr.clinic.deps
    answer = await receive(deps, TENANT, raw, "198.51.100.7:4711", line or Line())
    return [read_ack(each) for each in frames(answer or b"")]


async def codes(ehr: Ehr, raw: bytes, line: Line | None = None) -> list[str]:
    return [each.code for each in await answered(ehr, raw, line)]


@pytest.mark.parametrize(
    ("accept", "application", "good", "faulty", "foreign"),
    [
        ("", "", ["AA"], ["AE"], ["AR"]),
        ("AL", "AL", ["CA", "AA"], ["CA", "AE"], ["CR"]),
        ("AL", "NE", ["CA"], ["CA"], ["CR"]),
        ("AL", "ER", ["CA"], ["CA", "AE"], ["CR"]),
        ("AL", "SU", ["CA", "AA"], ["CA"], ["CR"]),
        ("AL", "", ["CA"], ["CA"], ["CR"]),
        ("NE", "AL", ["AA"], ["AE"], ["AR"]),
        ("NE", "NE", [], [], []),
        ("NE", "ER", [], ["AE"], ["AR"]),
        ("NE", "SU", ["AA"], [], []),
        ("ER", "AL", ["AA"], ["AE"], ["CR"]),
        ("ER", "NE", [], [], ["CR"]),
        ("SU", "AL", ["CA", "AA"], ["CA", "AE"], ["AR"]),
        ("SU", "NE", ["CA"], ["CA"], []),
        ("SU", "ER", ["CA"], ["CA", "AE"], ["AR"]),
        ("", "AL", ["AA"], ["AE"], ["AR"]),
        ("al", " ne", ["CA"], ["CA"], ["CR"]),
        ("??", "NE", ["CA"], ["CA"], ["CR"]),
    ],
)
async def test_msh_15_and_16_say_which_acknowledgements_are_sent(
    ehr: Ehr, accept: str, application: str, good: list[str], faulty: list[str], foreign: list[str]
) -> None:
    strict = ehr.under(strict_feeds=True)
    for raw, expected in ((GOOD, good), (FAULTY, faulty), (FOREIGN, foreign)):
        assert await codes(strict, wishing(raw, accept, application)) == expected
    assert [each.state for each in await ehr.inbox()] == ["sent", "error", "filtered"]


async def test_a_fault_of_content_is_accepted_where_the_gateway_is_not_strict(ehr: Ehr) -> None:
    assert await codes(ehr, wishing(FAULTY, "AL", "AL")) == ["CA", "AA"]


async def test_what_nobody_can_read_has_a_commit_error_and_says_why(ehr: Ehr) -> None:
    (view,) = await answered(ehr, wishing(UNREADABLE, "AL", "AL"))
    assert view.code == "CE"
    assert "CNS 11643-1992" in view.errors[0].text


async def test_each_acknowledgement_is_a_message_of_its_own(ehr: Ehr) -> None:
    raw = wishing(siu(control="C-1"), "AL", "AL")
    answer = await receive(ehr.clinic.deps, TENANT, raw, "x")
    accept, application = map(Message.parse, messages(answer or b""))
    assert accept.control_id != application.control_id
    for each in (accept, application):
        assert (each.msh.text(9, 1), each.msh.text(9, 2)) == ("ACK", "S12")
        assert (each.msh.text(3), each.msh.text(5)) == ("", "EHR")
        assert (each.msh.text(15), each.msh.text(16)) == ("NE", "NE")
        assert each.segments[1].text(2) == "C-1"
        assert report(each.raw) == ()


@pytest.mark.parametrize(("accept", "application"), [("AL", "AL"), ("AL", "NE"), ("NE", "NE")])
async def test_a_repeated_message_gets_all_its_acknowledgements_again(
    ehr: Ehr, accept: str, application: str
) -> None:
    raw = wishing(GOOD, accept, application)
    first = await receive(ehr.clinic.deps, TENANT, raw, "x")
    assert await receive(ehr.clinic.deps, TENANT, raw, "x") == first
    assert len(await ehr.inbox()) == 1


@pytest.mark.parametrize(
    ("of_listener", "of_sender", "expected"),
    [
        ("message", "message", ["CA", "AA"]),
        ("original", "message", ["AA"]),
        ("message", "original", ["AA"]),
        ("enhanced", "original", ["CA", "AA"]),
    ],
)
async def test_the_listener_and_then_the_sender_know_better_than_the_message(
    ehr: Ehr, of_listener: AckMode, of_sender: AckMode, expected: list[str]
) -> None:
    known = ehr.called(SenderProfile(ack_mode=of_sender))
    assert await codes(known, wishing(GOOD, "AL", "AL"), Line(None, of_listener)) == expected


async def test_enhanced_mode_without_wishes_has_an_accept_acknowledgement_only(ehr: Ehr) -> None:
    assert await codes(ehr, GOOD, Line(ack_mode="enhanced")) == ["CA"]


async def test_one_wish_alone_is_noted(ehr: Ehr) -> None:
    await codes(ehr, wishing(GOOD, "AL", ""))
    assert "taken for NE" in (await ehr.last()).issues[0]["text"]


async def test_the_acknowledgements_of_a_batch_go_out_in_two_frames(ehr: Ehr) -> None:
    batch = wishing(siu(control="1"), "AL", "AL") + wishing(siu("S14", control="2"), "AL", "AL")
    answer = await receive(ehr.clinic.deps, TENANT, batch, "x")
    read = [[read_ack(one) for one in messages(frame)] for frame in frames(answer or b"")]
    assert [[(each.code, each.control_id) for each in one] for one in read] == [
        [("CA", "1"), ("CA", "2")], [("AA", "1"), ("AA", "2")]
    ]  # fmt: skip


async def test_an_answer_to_one_of_our_messages_is_kept_and_not_answered(ehr: Ehr) -> None:
    raw = b"MSH|^~\\&|EHR|CLINIC|GW|HUB|20260301||ACK^S12^ACK|7|P|2.5.1\rMSA|AA|ours\r"
    for _ in range(2):
        assert await codes(ehr, raw) == []
    assert [(each.state, each.ack_code) for each in await ehr.inbox()] == [("filtered", "")]


@pytest.mark.parametrize(("accept", "code"), [("", "AR"), ("AL", "CE")])
async def test_an_oversize_message_is_answered_in_its_mode(
    ehr: Ehr, accept: str, code: str
) -> None:
    head = wishing(GOOD, accept, accept)[:120]
    assert read_ack(oversize_answer(ehr.clinic.deps)(head)).code == code


async def test_a_message_in_utf_16_is_answered_in_utf_8_and_says_so(ehr: Ehr) -> None:
    raw = siu(control="Ü-1", msh={18: "UNICODE UTF-16"}).decode().encode("utf-16")
    answer = await receive(ehr.clinic.deps, TENANT, raw, "x")
    read = Message.parse(answer or b"")
    assert (read.msh.text(18), read.segments[1].text(2)) == ("UNICODE UTF-8", "Ü-1")


async def test_our_control_ids_fit_every_version_and_differ(ehr: Ehr) -> None:
    answers = [await receive(ehr.clinic.deps, TENANT, siu(control=str(n)), "x") for n in range(5)]
    ids = {Message.parse(each or b"").control_id for each in answers}
    assert len(ids) == 5
    assert max(map(len, ids)) <= 20


async def test_a_profile_that_a_listener_names_wins_over_the_sender_of_the_message(
    ehr: Ehr,
) -> None:
    class Described(dict[tuple[str, str], SenderProfile]):
        def named(self, name: str) -> object:
            return type("One", (), {"profile": SenderProfile(events={"Z02": "S12"}, zone="UTC")})()

    known = replace(ehr, clinic=replace(ehr.clinic, deps=replace(
        ehr.clinic.deps, profiles=Described({SENDER: SenderProfile()}))))  # fmt: skip
    assert await codes(known, siu("Z02")) == ["AR"]
    assert await codes(known, siu("Z02", control="2"), Line(sender="lab")) == ["AA"]
