"""A booking that the EHR's application has to confirm. Decision 19; hl7v2.md section 3.2."""

import pytest

from fhir_gateway.hl7.ack_codes import AckCode
from fhir_gateway.storage.dispatches import ACCEPTED, COMMITTED, DEAD, SKIPPED
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.receive_v2 import receive
from tests.usecases.builders import Resource
from tests.usecases.clinic import TENANT
from tests.workers.receiver import Line, Receiver, Reply, a_destination, a_line, says, word

COMMITS = says(AckCode.CA)


@pytest.fixture
async def line(deps: Deps, receiver: Receiver) -> Line:
    """A clinic whose bookings the EHR's application confirms."""
    return await a_line(deps, receiver, a_destination(receiver.port, confirm="application"))


async def the_appointment(line: Line) -> Resource:
    (found,) = await line.clinic.all("Appointment")
    return found


async def slots(line: Line) -> list[str]:
    return [each["status"] for each in await line.clinic.all("Slot")]


async def settled(line: Line, action: str, count: int = 1) -> None:
    async with line.sending():
        await line.log.until(f"outbound.{action}", count)


async def test_a_booking_is_pending_and_its_time_held_until_the_application_has_said_yes(
    line: Line,
) -> None:
    line.receiver.script = [COMMITS]
    booked = await line.clinic.book()
    assert booked["status"] == "pending"
    assert await slots(line) == ["busy-tentative", "free"]
    await settled(line, "committed")
    (sent,) = line.receiver.messages
    assert (sent.msh.text(15), sent.msh.text(16)) == ("AL", "AL")
    assert sent.segments[1].text(25) == "Pending"
    assert ((await the_appointment(line))["status"], await line.states()) == (
        "pending",
        [COMMITTED],
    )
    answer = await receive(line.clinic.deps, TENANT, word(sent, AckCode.AA), "198.51.100.7:1")
    assert answer is not None
    assert b"MSA|CA|E-1" in answer
    assert ((await the_appointment(line))["status"], await line.states()) == ("booked", [ACCEPTED])
    assert await slots(line) == ["busy", "free"]
    assert await line.clinic.wrong_slots() == []


@pytest.mark.parametrize(
    ("reply", "action"),
    [(says(AckCode.CA, AckCode.AA), "outbound.late"), (says(AckCode.AA), "outbound.accepted")],
)
async def test_the_word_may_come_on_the_same_connection_or_at_once(
    line: Line, reply: Reply, action: str
) -> None:
    line.receiver.script = [reply]
    await line.clinic.book()
    async with line.sending():
        await line.log.until(action)
    assert (await the_appointment(line))["status"] == "booked"
    assert len(line.receiver.received) == 1


@pytest.mark.parametrize("code", [AckCode.AE, AckCode.AR])
async def test_a_no_cancels_it_and_gives_the_time_back(line: Line, code: AckCode) -> None:
    line.receiver.script = [COMMITS]
    await line.clinic.book()
    await settled(line, "committed")
    (sent,) = line.receiver.messages
    await receive(line.clinic.deps, TENANT, word(sent, code, ""), "198.51.100.7:1")
    made = await the_appointment(line)
    assert (made["status"], await slots(line)) == ("cancelled", ["free", "free"])
    assert made["cancelationReason"]["coding"][0]["code"] == "not-confirmed"
    assert await line.states() == [SKIPPED]
    async with line.sending():
        pass
    assert len(line.receiver.received) == 1


async def test_silence_is_for_people_and_a_late_yes_still_counts(
    deps: Deps, receiver: Receiver
) -> None:
    told = a_destination(receiver.port, confirm="application", confirm_timeout=0.01)
    line = await a_line(deps, receiver, told)
    receiver.script = [COMMITS]
    await line.clinic.book()
    async with line.sending():
        await line.log.until("outbound.committed")
        await line.log.until("outbound.silent")
    assert await line.states() == [DEAD]
    (task,) = await line.clinic.all("Task")
    assert "no word of the application" in task["statusReason"]["text"]
    (sent,) = receiver.messages
    await receive(line.clinic.deps, TENANT, word(sent, AckCode.AA), "198.51.100.7:1")
    assert ((await the_appointment(line))["status"], await line.states()) == ("booked", [ACCEPTED])
    assert (await line.clinic.all("Task"))[0]["status"] == "completed"


async def test_what_happens_meanwhile_waits_for_the_word(line: Line) -> None:
    line.receiver.script = [COMMITS]
    booked = await line.clinic.book()
    await settled(line, "committed")
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    (sent,) = line.receiver.messages
    await receive(line.clinic.deps, TENANT, word(sent, AckCode.AA), "198.51.100.7:1")
    assert (await the_appointment(line))["status"] == "cancelled"
    await settled(line, "accepted")
    assert line.receiver.events == ["SIU^S12", "SIU^S15"]


async def test_the_word_of_somebody_else_changes_nothing(line: Line) -> None:
    line.receiver.script = [COMMITS]
    await line.clinic.book()
    await settled(line, "committed")
    (sent,) = line.receiver.messages
    foreign = word(sent, AckCode.AA).replace(b"|EHR|CLINIC|", b"|LAB|CLINIC|")
    assert await receive(line.clinic.deps, TENANT, foreign, "198.51.100.7:1") is not None
    assert await line.states() == [COMMITTED]
