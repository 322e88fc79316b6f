"""What is not as it should be is kept with its bytes, and the feed goes on. Decision 20."""

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.storage.opening import open_database
from fhir_gateway.usecases.receive_v2 import oversize_answer, receive
from tests.usecases.builders import at
from tests.usecases.clinic import TENANT, Clinic, refused_with
from tests.usecases.ehr import Ehr, adt, siu

FAULTS = {
    "no start": (siu(start=""), "101", "SCH^1^11"),
    "no id": (siu(id_=""), "101", "SCH^1^2"),
    "no SCH": (siu().replace(b"SCH||F-1\r", b""), "100", "SCH"),
    "nobody": (siu(patient=None, people=()), "101", "PID"),
    "a start alone in a year": (siu(start="", tq1={7: "2027"}), "102", "TQ1^1^7"),
    "more people than anybody sees": (siu(people=({3: "D1"},) * 500), "104", "AIP^498"),
    "more names than anybody has": (siu(patient={3: "~".join(["P1"] * 500)}), "104", "PID^1"),
    "an id without end": (siu(id_="9" * 600), "104", "SCH^1"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_of_content_is_accepted_and_waits_for_people(ehr: Ehr, name: str) -> None:
    raw, _, _ = FAULTS[name]
    view = await ehr.send(raw)
    assert (view.code, view.errors) == ("AA", ())
    entry = await ehr.last()
    assert (entry.state, entry.ack_code, entry.raw) == ("error", "AA", raw)
    assert entry.issues[0]["text"]
    assert await ehr.counts() == {}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_strict_gateway_says_what_is_wrong_and_where(ehr: Ehr, name: str) -> None:
    raw, condition, location = FAULTS[name]
    view = await ehr.under(strict_feeds=True).send(raw)
    assert view.code == "AE"
    assert (view.errors[0].condition, view.errors[0].severity) == (condition, "E")
    assert view.errors[0].location.startswith(location)
    entry = await ehr.last()
    assert (entry.state, entry.ack_code, entry.raw) == ("error", "AE", raw)


async def test_an_end_before_the_start_gives_way_to_the_usual_length(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", tq1={8: "20200101090000+0000"})
    assert (booked["start"], booked["end"]) == (at("09:00"), at("09:30"))


async def test_a_profile_may_refuse_a_start_without_time_of_day(ehr: Ehr) -> None:
    strict = ehr.called(SenderProfile(date_only="reject")).under(strict_feeds=True)
    view = await strict.send(siu(start="", tq1={7: "20270105"}))
    assert (view.code, view.errors[0].condition) == ("AE", "102")


@pytest.mark.parametrize(
    ("kind", "condition"),
    [("ADT^A99^ADT_A12", "201"), ("ADT^S12", "201"), ("SIU^S25", "201"), ("SIU^S99", "201"),
     ("SIU", "201"), ("ORU^R01", "200"), ("", "200")],
)  # fmt: skip
@pytest.mark.parametrize("strict", [False, True])
async def test_what_is_not_read_here_is_rejected_and_kept(
    ehr: Ehr, kind: str, condition: str, strict: bool
) -> None:
    raw = siu(control="X-1", msh={9: kind})
    view = await ehr.under(strict_feeds=strict).send(raw)
    assert (view.code, view.control_id, view.errors[0].condition) == ("AR", "X-1", condition)
    entry = await ehr.last()
    assert (entry.state, entry.ack_code, entry.raw) == ("filtered", "AR", raw)
    assert await ehr.counts() == {}


@pytest.mark.parametrize("event", ["A02", "A06", "A12", "A60"])
@pytest.mark.parametrize("ack", ["durable", "stored", "strict"])
async def test_what_the_standard_has_and_nobody_needs_is_taken_and_changes_nothing(
    ehr: Ehr, event: str, ack: Any
) -> None:
    known = ehr.called(SenderProfile(ack=ack))
    raw = adt(event, pv1={2: "I"})
    assert [(await known.send(raw)).code, (await known.send(raw)).code] == ["AA", "AA"]
    (entry,) = await known.inbox()
    assert (entry.state, entry.ack_code, entry.details) == ("filtered", "AA", ["not-needed"])
    assert await known.counts() == {}


async def test_a_profile_may_refuse_what_nobody_needs(ehr: Ehr) -> None:
    view = await ehr.called(SenderProfile(unneeded="refuse")).send(adt("A02"))
    assert (view.code, view.errors[0].condition) == ("AR", "201")


@pytest.mark.parametrize("name", ["SIU", "SIU^S12"])
async def test_a_profile_may_name_what_is_not_wanted(ehr: Ehr, name: str) -> None:
    assert (await ehr.called(SenderProfile(filtered=(name,))).send(siu())).code == "AA"
    entry = await ehr.last()
    assert (entry.state, entry.details) == ("filtered", ["not-needed"])
    assert await ehr.counts() == {}


async def test_a_type_that_is_not_read_here_may_be_unwanted_instead(ehr: Ehr) -> None:
    known = ehr.called(SenderProfile(filtered=("ORU",)))
    assert (await known.send(siu(msh={9: "ORU^R01"}))).code == "AA"


async def test_a_sites_own_event_is_read_where_the_profile_knows_it(ehr: Ehr) -> None:
    await ehr.sends("S12")
    checked_out = ehr.called(SenderProfile(events={"Z02": "S14"}))
    await checked_out.send(siu("Z02", sch={25: "CheckedOut"}))
    assert (await ehr.appointment())["status"] == "fulfilled"
    assert (await ehr.last()).event == "SIU^Z02"


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1\r\n\r\n", b"\xff\xfe\x00", b"MSH", b"PID|1\r"])
async def test_what_is_no_message_is_rejected_and_kept_each_time(ehr: Ehr, raw: bytes) -> None:
    for _ in range(2):
        view = await ehr.send(raw)
        assert (view.code, view.control_id, view.errors[0].condition) == ("AR", "", "100")
    kept = [(each.state, each.ack_code, each.raw) for each in await ehr.inbox()]
    assert kept == [("refused", "AR", raw)] * 2


async def test_a_character_set_that_nobody_can_read_is_rejected_and_kept(ehr: Ehr) -> None:
    raw = siu(control="C-1", msh={18: "CNS 11643-1992"}) + b"NTE|1||\xa4\xa4\r"
    view = await ehr.send(raw)
    assert (view.code, view.control_id) == ("AR", "C-1")
    assert (await ehr.last()).raw == raw


async def test_more_segments_than_anybody_needs_are_rejected_and_kept(ehr: Ehr) -> None:
    raw = siu(control="L-1", more=("NTE|1||x",) * 50_000)
    view = await ehr.send(raw)
    assert (view.code, view.control_id, view.errors[0].condition) == ("AR", "L-1", "104")
    assert (await ehr.last()).raw == raw


async def test_an_oversize_message_is_rejected_by_its_beginning(ehr: Ehr) -> None:
    view = read_ack(oversize_answer(ehr.clinic.deps)(siu(control="O-1")[:90]))
    assert (view.code, view.control_id, view.errors[0].condition) == ("AR", "O-1", "104")


@pytest.mark.parametrize(
    ("codec", "declared"),
    [("iso8859-1", "8859/1"), ("utf-8", "UNICODE UTF-8"), ("utf-8", ""), ("utf-8-sig", ""),
     ("cp1252", "")],
)  # fmt: skip
async def test_names_are_read_in_the_character_set_of_the_message(
    ehr: Ehr, codec: str, declared: str
) -> None:
    raw = siu(patient={3: "A1", 5: "Müller^Zoë"}, msh={18: declared}, control="Ü-1")
    view = await ehr.send(raw.decode().encode(codec))
    (patient,) = await ehr.clinic.all("Patient")
    assert patient["name"][0] == {"family": "Müller", "given": ["Zoë"]}
    assert view.code == "AA"
    assert "Ü-1".encode(codec).removeprefix(b"\xef\xbb\xbf") in ehr.answers[-1]
    assert (await ehr.last()).raw == raw.decode().encode(codec)


async def test_a_profile_knows_the_character_set_better_than_the_message(ehr: Ehr) -> None:
    raw = siu(patient={3: "A1", 5: "Müller"}, msh={18: "ASCII"}).decode().encode("cp850")
    await ehr.called(SenderProfile(charset="cp850")).send(raw)
    (patient,) = await ehr.clinic.all("Patient")
    assert patient["name"][0]["family"] == "Müller"


async def test_a_character_set_of_a_profile_that_is_none_is_reported(ehr: Ehr) -> None:
    await ehr.called(SenderProfile(charset="no-such-codec")).send(siu())
    entry = await ehr.last()
    assert entry.state == "sent"
    assert "no-such-codec" in entry.issues[0]["text"]


@pytest.mark.parametrize(
    "oddity",
    [
        {"control": "a\x00b\\X00\\c"}, {"control": "x" * 6000}, {"control": "\\X0D\\"},
        {"msh": {3: "A\x00", 4: "y" * 3000}}, {"msh": {9: "SIU^S\x00^" + "z" * 3000}},
        {"msh": {9: "\x00"}}, {"sch": {2: "F\x00-1"}}, {"sch": {25: "\\X00\\"}},
        {"patient": {3: "A1", 5: "\\X00\\" * 9 + "x" * 20_000}}, {"tq1": {7: "99999999999999"}},
        {"tq1": {7: "99991231235959+1400"}}, {"sch": {9: "9" * 400, 10: "d"}},
        {"people": ({3: "~".join(f"D{n}^P{n}" for n in range(60))},)},
        {"more": ("ZZZ|" + "&^~" * 500,)}, {"msh": {18: "8859/1~UNICODE UTF-16"}},
    ],
)  # fmt: skip
async def test_no_message_is_so_odd_that_it_comes_again_for_ever(
    ehr: Ehr, oddity: dict[str, dict[int, str]]
) -> None:
    raw = siu("S12", **oddity)  # type: ignore[arg-type]
    answer = await ehr.deliver(raw)
    assert await ehr.deliver(raw) == answer
    (entry,) = await ehr.inbox()
    assert entry.raw == raw


async def test_a_message_cut_anywhere_is_answered_and_kept(ehr: Ehr) -> None:
    raw = siu("S12", sch={25: "Booked"}, more=("AIL|||W1^R7",))
    pieces = [raw[:cut] for cut in range(1, len(raw), 3)]
    codes = {read_ack(await ehr.deliver(each)).code for each in pieces}
    assert codes == {"AA", "AR"}
    assert [each.raw for each in await ehr.inbox()] == pieces


async def test_without_a_database_there_is_no_answer_and_a_second_try_counts(
    ehr: Ehr, database_url: str
) -> None:
    deps = ehr.clinic.deps
    await deps.database.close()
    category, _ = await refused_with(receive(deps, TENANT, siu(), "peer"))
    assert category is Category.BUSY
    category, _ = await refused_with(receive(deps, TENANT, b"junk", "peer"))
    assert category is Category.BUSY
    async with AsyncExitStack() as stack:
        database = await open_database(database_url, size=2)
        stack.push_async_callback(database.close)
        again = Ehr(Clinic(replace(deps, database=database)))
        assert await again.inbox() == []
        await again.sends("S12")
        assert [each.state for each in await again.inbox()] == ["sent"]
