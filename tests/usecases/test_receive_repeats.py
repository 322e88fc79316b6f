"""Nothing is applied twice, and a repetition hears the same. Decision 20; hl7v2.md section 3.2."""

import asyncio

import pytest

from fhir_gateway.hl7 import batch
from fhir_gateway.hl7.message import Message
from tests.usecases.builders import at
from tests.usecases.ehr import Ehr, known_here, siu


async def test_a_repeated_message_gets_the_same_bytes_again_and_changes_nothing(ehr: Ehr) -> None:
    messages = [siu("S12"), siu("S13", start="11:00"), siu("S15")]
    first = [await ehr.deliver(each) for each in messages]
    counts, rows = await ehr.counts(), await ehr.inbox()
    assert [await ehr.deliver(each) for each in messages] == first
    assert (await ehr.counts(), await ehr.inbox()) == (counts, rows)


@pytest.mark.parametrize(
    "raw",
    [
        siu("S99"),
        siu(msh={9: "ADT^A04"}),
        siu(id_=""),
        siu(start="", tq1={}),
    ],
)
async def test_a_refusal_is_repeated_too(ehr: Ehr, raw: bytes) -> None:
    strict = ehr.under(strict_feeds=True)
    first = await strict.deliver(raw)
    assert await strict.deliver(raw) == first
    assert len(await ehr.inbox()) == 1


async def test_a_control_id_used_again_for_other_content_is_another_message(ehr: Ehr) -> None:
    await ehr.send(siu("S12", control="36996"), siu("S13", start="11:00", control="36996"))
    assert (await ehr.appointment())["start"] == at("11:00")
    first, second = await ehr.inbox()
    assert (first.details, second.details) == ([], ["control-id-reused"])
    assert (second.state, second.ack_code) == ("sent", "AA")


@pytest.mark.parametrize("number", [3, 4])
async def test_a_control_id_belongs_to_its_sender(ehr: Ehr, number: int) -> None:
    await ehr.send(siu("S12", control="7"), siu("S12", control="7", msh={number: "OTHER"}))
    assert (await ehr.last()).details == []
    assert len(await ehr.clinic.all("Appointment")) == 2


async def test_a_message_that_comes_twice_at_once_is_applied_once(ehr: Ehr) -> None:
    answers = await asyncio.gather(*[ehr.deliver(siu("S12")) for _ in range(6)])
    assert len(set(answers)) == 1
    assert len(await ehr.inbox()) == 1
    assert (await ehr.appointment())["meta"]["versionId"] == "1"


async def test_messages_that_make_the_same_people_at_once_make_them_once(ehr: Ehr) -> None:
    messages = [siu("S12", id_=f"F-{n}", start=f"{n + 9:02}:00") for n in range(8)]
    await asyncio.gather(*[ehr.deliver(each) for each in messages])
    assert {each.state for each in await ehr.inbox()} == {"sent"}
    for each in ("Patient", "Practitioner", "Schedule"):
        assert len(await ehr.clinic.all(each)) == 1
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["busy"] * 8


@pytest.mark.parametrize("sch", [{}, {5: "BOOK"}])
async def test_bookings_at_once_of_a_doctor_without_a_schedule_make_one(
    ehr: Ehr, sch: dict[int, str]
) -> None:
    await ehr.clinic.put(known_here())
    messages = [siu("S12", id_=f"F-{n}", start=f"{n + 9:02}:00", sch=sch, patient={3: f"P{n}"})
                for n in range(8)]  # fmt: skip
    await asyncio.gather(*[ehr.deliver(each) for each in messages])
    assert len(await ehr.clinic.all("Schedule")) == 1
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["busy"] * 8


async def test_changes_of_one_appointment_at_once_all_count(ehr: Ehr) -> None:
    await ehr.sends("S12")
    changes = [siu("S14", sch={7: f"R{n}"}) for n in range(6)]
    await asyncio.gather(*[ehr.deliver(each) for each in changes])
    assert (await ehr.appointment())["meta"]["versionId"] == "7"
    assert await ehr.clinic.wrong_slots() == []


async def test_messages_one_after_the_other_in_a_frame_are_each_answered(ehr: Ehr) -> None:
    messages = [siu("S12", control="B-1"), siu("S99", control="B-2"), siu("S15", control="B-3")]
    answer = await ehr.deliver(*messages)
    said = [Message.parse(each).first("MSA") for each in batch.messages(answer)]
    assert [each and each.raw for each in said] == ["MSA|AA|B-1", "MSA|AR|B-2", "MSA|AA|B-3"]
    assert [each.raw for each in await ehr.inbox()] == messages
    assert (await ehr.appointment())["status"] == "cancelled"


async def test_an_envelope_of_a_batch_is_opened(ehr: Ehr) -> None:
    head, tail = b"FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r", b"BTS|2\rFTS|1\r"
    await ehr.deliver(head + siu("S12") + siu("S13", start="11:00") + tail)
    assert [each.raw for each in await ehr.inbox()] == [siu("S12"), siu("S13", start="11:00")]


async def test_a_repeated_frame_of_several_messages_is_answered_alike(ehr: Ehr) -> None:
    frame = (siu("S12"), siu("S13", start="11:00"))
    assert await ehr.deliver(*frame) == await ehr.deliver(*frame)
    assert len(await ehr.inbox()) == 2
