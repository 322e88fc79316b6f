"""A placer asks for appointments and is answered. SRM, SRR; decisions 8, 14 and 18."""

import asyncio

import pytest

from fhir_gateway.core.codes import SYSTEM_FILLER
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.message import Message
from tests.usecases.builders import Resource, a_schedule, a_slot, at, later, ref
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import CEM, DOE, ROE, Ehr, known_here, known_patient, srm, ts

STARTS = ("09:00", "09:30", "10:00")
CHECKUP = "AIS|1||checkup^Check-up^http://clinic.example/services"


@pytest.fixture
async def filler(bare: Clinic) -> Ehr:
    """A placer before a clinic: Doctor Doe with three free Slots of half an hour."""
    await bare.put(known_here(), a_schedule(), *(a_slot(each) for each in STARTS))
    return Ehr(bare).watched()


async def ask(ehr: Ehr, *messages: bytes) -> Message:
    for each in messages:
        answer = Message.parse(await ehr.deliver(each))
    return answer


def msa(answer: Message) -> str:
    segment = answer.first("MSA")
    assert segment is not None
    return segment.text(1)


def value(answer: Message, name: str, number: int) -> str:
    segment = answer.first(name)
    assert segment is not None
    return segment.text(number)


def starts(answer: Message) -> list[str]:
    """TQ1-7 as FHIR instants in UTC."""
    return [_instant(each.text(7)) for each in answer.all("TQ1")]


def _instant(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:00Z"


async def booked(ehr: Ehr) -> Resource:
    (found,) = await ehr.clinic.all("Appointment")
    return found


async def slots(ehr: Ehr) -> list[str]:
    return await ehr.clinic.status(*(f"Slot/s1-{each.replace(':', '')}" for each in STARTS))


async def test_a_free_time_is_booked_and_the_answer_says_so(filler: Ehr) -> None:
    answer = await ask(filler, srm(more=(CHECKUP,), arq={7: "KNEE", 12: "S"}))
    made = await booked(filler)
    assert (made["status"], made["start"]) == ("booked", at("09:00"))
    assert (made["slot"], made["priority"]) == ([ref("Slot/s1-0900")], 1)
    assert made["reasonCode"][0]["coding"][0]["code"] == "KNEE"
    assert await slots(filler) == ["busy", "free", "free"]
    assert answer.event == ("SRR", "S01", "SRR_S01")
    assert (msa(answer), value(answer, "SCH", 1)) == ("AA", "P-1")
    assert (value(answer, "SCH", 2), value(answer, "SCH", 25)) == (made["id"], "Booked")
    assert starts(answer) == [at("09:00")]
    assert (value(answer, "PID", 3), value(answer, "AIP", 3)) == ("A1", "D1")
    known = {"system": SYSTEM_FILLER, "value": made["id"]}
    assert any(known.items() <= each.items() for each in made["identifier"])
    assert await filler.clinic.wrong_slots() == []


async def test_a_taken_time_is_refused_with_others(filler: Ehr) -> None:
    await ask(filler, srm())
    answer = await ask(filler, srm(id_="P-2", patient=CEM))
    assert (msa(answer), answer.event[0]) == ("AE", "SRR")
    (error,) = read_ack(filler.answers[-1]).errors
    assert (error.condition, error.location) == ("207", "ARQ^1^11")
    assert f"free instead: {at('09:30')}" in error.text
    assert (value(answer, "ERR", 5), value(answer, "ERR", 6)) == ("slot-taken", ts(at("09:30")))
    assert len(await filler.clinic.all("Appointment")) == 1
    assert (await filler.last()).state == "error"


async def test_a_request_sent_again_gets_the_same_answer(filler: Ehr) -> None:
    answers = [await filler.deliver(srm()) for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(await filler.clinic.all("Appointment")) == 1


async def test_the_same_request_in_another_message_is_answered_with_what_is_booked(
    filler: Ehr,
) -> None:
    answers = [await ask(filler, srm(control=each)) for each in ("1", "2")]
    assert [value(each, "SCH", 2) for each in answers] == [(await booked(filler))["id"]] * 2
    other = await ask(filler, srm(start="10:00"))
    assert msa(other) == "AE"
    assert read_ack(filler.answers[-1]).errors[0].condition == "205"


@pytest.mark.parametrize(
    ("arq", "apr", "expected"),
    [
        ({}, "", "09:00"),
        ({11: f"{ts(at('09:10'))}^{ts(at('12:00'))}"}, "", "09:30"),
        ({11: f"{ts(at('09:30'))}^"}, "", "09:30"),
        ({11: f"^{ts(at('12:00'))}"}, "", "09:00"),
        ({11: f"{ts(at('05:00'))}^{ts(at('06:00'))}~{ts(at('10:00'))}^"}, "", "10:00"),
        ({11: f"{ts(at('10:00'))}^{ts(at('10:00'))}"}, "", "10:00"),
        ({11: f"{ts(at('09:30'))[:8]}&D^{ts(at('09:30'))[:8]}&D"}, "", "09:00"),
        ({9: "60", 10: "min"}, "", "09:00"),
        ({}, "APR|PREFSTART^0930", "09:30"),
        ({}, "APR|PREFSTART^0915~PREFEND^1000", "09:30"),
    ],
)
async def test_a_range_gets_the_first_time_that_fits(
    filler: Ehr, arq: dict[int, str], apr: str, expected: str
) -> None:
    more = (apr,) if apr else ()
    assert starts(await ask(filler, srm(start="", arq=arq, more=more))) == [at(expected)]


async def test_the_length_that_is_wanted_counts(filler: Ehr) -> None:
    await ask(filler, srm(start="", arq={9: "60", 10: "min"}))
    made = await booked(filler)
    assert made["end"] == later(made["start"], 60)
    assert await slots(filler) == ["busy", "busy", "free"]


async def test_a_service_is_enough(filler: Ehr) -> None:
    answer = await ask(filler, srm(start="", people=(), more=(CHECKUP,)))
    assert (msa(answer), value(answer, "AIP", 3)) == ("AA", "D1")
    actors = [each["actor"]["reference"] for each in (await booked(filler))["participant"]]
    assert actors[1] == "Practitioner/p1"


async def test_who_else_is_needed_has_to_be_free(filler: Ehr) -> None:
    await filler.clinic.put(known_here("p2", "D2"))
    await ask(filler, srm(id_="P-9", people=(DOE,), patient=CEM))
    answer = await ask(filler, srm(start="", people=(DOE, ROE)))
    assert starts(answer) == [at("09:30")]


@pytest.mark.parametrize(
    ("options", "condition", "place"),
    [
        ({"people": ({3: "D9^Nine"},)}, "204", "AIP^1^3"),
        ({"patient": None}, "101", "PID^1^3"),
        ({"id_": ""}, "101", "ARQ^1^2"),
    ],
)
async def test_what_cannot_be_booked_is_refused_with_the_place(
    filler: Ehr, options: dict[str, object], condition: str, place: str
) -> None:
    assert msa(await ask(filler, srm(**options))) == "AE"  # type: ignore[arg-type]
    (error,) = read_ack(filler.answers[-1]).errors
    assert (error.condition, error.location) == (condition, place)
    assert await filler.clinic.all("Appointment") == []


async def test_of_many_who_ask_at_once_one_gets_the_time(filler: Ehr) -> None:
    requests = [srm(id_=f"P-{n}", patient={3: f"X{n}"}) for n in range(6)]
    answers = [Message.parse(each) for each in await asyncio.gather(*map(filler.deliver, requests))]
    assert sorted(map(msa, answers)) == ["AA"] + ["AE"] * 5
    assert len(await filler.clinic.all("Appointment")) == 1


@pytest.mark.parametrize(
    ("event", "status"),
    [("S04", "cancelled"), ("S05", "cancelled"), ("S06", "entered-in-error")],
)
async def test_what_is_given_up_frees_the_time(filler: Ehr, event: str, status: str) -> None:
    answer = await ask(filler, srm(), srm(event, start="", arq={6: "ILL"}))
    assert (answer.event[:2], msa(answer)) == (("SRR", event), "AA")
    assert (await booked(filler))["status"] == status
    assert await slots(filler) == ["free"] * 3
    assert len(await filler.clinic.all("Task")) == 1


async def test_our_own_id_names_the_appointment(filler: Ehr) -> None:
    await ask(filler, srm())
    own = f"{(await booked(filler))['id']}^^{SYSTEM_FILLER}^URI"
    answer = await ask(filler, srm("S04", start="", id_="", arq={2: own}))
    assert (msa(answer), value(answer, "SCH", 25)) == ("AA", "Cancelled")


async def test_a_move_goes_to_a_free_time_only(filler: Ehr) -> None:
    await ask(filler, srm(), srm(id_="P-2", start="09:30", patient=CEM))
    refused = await ask(filler, srm("S02", start="09:30"))
    assert (msa(refused), (await filler.clinic.all("Appointment"))[0]["start"]) == (
        "AE", at("09:00"),
    )  # fmt: skip
    assert "free instead" in read_ack(filler.answers[-1]).errors[0].text
    moved = await ask(filler, srm("S02", start="10:00"))
    assert (msa(moved), starts(moved)) == ("AA", [at("10:00")])
    assert await slots(filler) == ["free", "busy", "busy"]


async def test_services_and_resources_come_and_go(filler: Ehr) -> None:
    await filler.clinic.put(known_here("p2", "D2"))
    await ask(filler, srm())
    for event, count in (("S07", 2), ("S08", 2), ("S11", 1)):
        await ask(filler, srm(event, people=(ROE,), start=""))
        assert len((await booked(filler))["participant"]) == count + 1
    assert await filler.clinic.wrong_slots() == []


@pytest.mark.parametrize("event", [f"S{n:02}" for n in range(2, 12)])
async def test_a_change_of_what_nobody_knows_is_refused(filler: Ehr, event: str) -> None:
    assert msa(await ask(filler, srm(event))) == "AE"
    (error,) = read_ack(filler.answers[-1]).errors
    assert (error.condition, error.location) == ("204", "ARQ^1^2")
    assert await filler.clinic.all("Appointment") == []


async def test_what_is_over_is_not_cancelled(filler: Ehr) -> None:
    await ask(filler, srm())
    made = await booked(filler)
    await filler.clinic.change(f"Appointment/{made['id']}", status="fulfilled")
    assert msa(await ask(filler, srm("S04", start=""))) == "AE"
    assert (await booked(filler))["status"] == "fulfilled"


async def test_names_arrive_whole_where_no_character_set_was_declared(filler: Ehr) -> None:
    answer = await ask(filler, srm(patient={3: "A1", 5: "Müller^Zoë"}))
    assert (answer.msh.text(18), value(answer, "PID", 5)) == ("UNICODE UTF-8", "Müller")


async def test_who_may_be_two_people_is_not_booked(filler: Ehr) -> None:
    await filler.clinic.put(known_patient("ann", "A1"), known_patient("bob", "B1"))
    answer = await ask(filler, srm(patient={3: "A1~B1"}))
    assert (answer.event[0], msa(answer)) == ("SRR", "AE")
    (task,) = await filler.clinic.all("Task")
    assert task["code"]["coding"][0]["code"] == "match-identity"


async def test_an_id_that_cannot_be_looked_up_is_refused(filler: Ehr) -> None:
    assert msa(await ask(filler, srm(id_="X" * 600))) == "AE"
    assert read_ack(filler.answers[-1]).errors[0].condition == "104"


async def test_times_are_told_in_the_zone_of_the_house(filler: Ehr) -> None:
    riyadh = Ehr(filler.clinic.seen("2026-03-01T09:00:00Z", "Asia/Riyadh"))
    answer = await ask(riyadh, srm())
    assert value(answer, "TQ1", 7).endswith("120000+0300")


# -- SQM


async def query(ehr: Ehr, **options: object) -> Message:
    told = {"kind": "SQM", "start": "", "patient": None, "id_": ""} | options
    return await ask(ehr, srm("S25", **told))  # type: ignore[arg-type]


async def test_free_times_are_told(filler: Ehr) -> None:
    await ask(filler, srm())
    answer = await query(filler, qrd={4: "Q1"}, arq={11: f"{ts(at('00:00'))}^{ts(at('23:00'))}"})
    assert (answer.event, msa(answer)) == (("SQR", "S25", "SQR_S25"), "AA")
    assert (value(answer, "QAK", 1), value(answer, "QAK", 2)) == ("Q1", "OK")
    assert starts(answer) == [at("09:30"), at("10:00")]
    assert [each.text(3) for each in answer.all("AIP")] == ["D1", "D1"]
    assert len(await filler.clinic.all("Appointment")) == 1


async def test_as_many_are_told_as_are_wanted(filler: Ehr) -> None:
    window = {11: f"{ts(at('00:00'))}^{ts(at('23:00'))}"}
    assert len(starts(await query(filler, qrd={7: "2^RD"}, arq=window))) == 2


async def test_the_days_of_the_query_count(filler: Ehr) -> None:
    early = {2: ts(at("09:30")), 3: ts(at("10:00"))}
    qrf = "QRF|" + "|".join(["X", *early.values()])
    assert starts(await query(filler, more=(qrf,), people=(DOE,))) == [at("09:30")]


async def test_no_free_time_is_an_answer_too(filler: Ehr) -> None:
    answer = await query(filler, arq={11: f"{ts(at('01:00'))}^{ts(at('02:00'))}"})
    assert (msa(answer), value(answer, "QAK", 2)) == ("AA", "NF")
    assert answer.all("SCH") == ()


async def test_a_query_about_somebody_unknown_is_refused(filler: Ehr) -> None:
    answer = await query(filler, people=({3: "D9"},))
    assert (answer.event[0], msa(answer)) == ("SQR", "AE")
