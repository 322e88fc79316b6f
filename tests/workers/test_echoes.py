"""What an EHR says about our own bookings changes no more than it says, and goes nowhere."""

from collections.abc import Sequence

import pytest

from fhir_gateway.core.clock import SystemClock
from fhir_gateway.demo.echo import echo_of, filler_id
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.message import Message
from fhir_gateway.storage.dispatches import ACCEPTED
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.receive_v2 import receive
from tests.usecases.builders import Resource, a_location, at, later
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.ehr import ANN, DOE, adt, siu
from tests.usecases.waiting_room import free_up, the_offer, waiting
from tests.workers.receiver import Line, Receiver, a_destination, a_line


def echoes(messages: Sequence[bytes]) -> list[bytes]:
    """What the EHR tells of messages that it has taken."""
    now = SystemClock().now()
    return [echo_of(raw, control_id=f"E{n}", now=now) for n, raw in enumerate(messages)]


async def hear(clinic: Clinic, *messages: bytes) -> None:
    """Let the EHR say something that is accepted."""
    for raw in messages:
        answer = await receive(clinic.deps, TENANT, raw, "ehr:1")
        assert answer is not None
        assert read_ack(answer).code == "AA"
    rows = await clinic.sql("SELECT state, issues FROM inbox WHERE state <> 'sent'")
    assert rows == []


async def without_version(clinic: Clinic, reference: str) -> Resource:
    found = await clinic.get(reference)
    return {name: each for name, each in found.items() if name not in ("meta", "identifier")}


async def test_an_echo_gives_the_appointment_a_number_and_goes_nowhere(line: Line) -> None:
    booked = await line.clinic.book()
    await line.delivered()
    before = await without_version(line.clinic, f"Appointment/{booked['id']}")
    people = [await line.clinic.all(each) for each in ("Patient", "Practitioner")]
    await hear(line.clinic, *echoes(line.receiver.received))
    (appointment,) = await line.clinic.all("Appointment")
    (number,) = appointment["identifier"]
    placer = line.receiver.messages[0].all("SCH")[0].raw_field(1)
    assert number["value"] == filler_id(placer)
    assert [await line.clinic.all(each) for each in ("Patient", "Practitioner")] == people
    after = await without_version(line.clinic, f"Appointment/{booked['id']}")
    assert {name: after[name] for name in ("slot", "start", "end", "status")} == {
        name: before[name] for name in ("slot", "start", "end", "status")
    }
    assert await line.states() == [ACCEPTED]


async def test_the_number_learned_goes_out_with_the_next_message(line: Line) -> None:
    booked = await line.clinic.book()
    await line.delivered()
    await hear(line.clinic, *echoes(line.receiver.received))
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    await line.delivered()
    first, second = (each.all("SCH")[0] for each in line.receiver.messages)
    assert second.text(1) == first.text(1) == booked["id"]
    assert second.raw_field(2) == filler_id(first.raw_field(1))
    await hear(line.clinic, *echoes(line.receiver.received[1:]))
    (appointment,) = await line.clinic.all("Appointment")
    assert appointment["status"] == "cancelled"
    assert await line.states() == [ACCEPTED, ACCEPTED]


@pytest.mark.parametrize("lost", ["authority", "authority but our name"])
async def test_an_echo_without_our_authority_is_still_ours(line: Line, lost: str) -> None:
    await line.clinic.book()
    await line.delivered()
    (echo,) = echoes(line.receiver.received)
    placer = Message.parse(echo).all("SCH")[0].raw_field(1)
    bare = placer.partition("^")[0] + ("^GATEWAY" if "name" in lost else "")
    await hear(line.clinic, echo.replace(placer.encode(), bare.encode()))
    assert len(await line.clinic.all("Appointment")) == 1


async def test_an_echo_of_a_time_that_has_changed_since_puts_nothing_back(line: Line) -> None:
    booked = await line.clinic.book("09:00")
    await line.delivered()
    slots = [{"reference": "Slot/s1-0930"}]
    moved = {"start": at("09:30"), "end": later(at("09:30"), 30), "slot": slots}
    await line.clinic.change(f"Appointment/{booked['id']}", **moved)
    await hear(line.clinic, *echoes(line.receiver.received))
    (appointment,) = await line.clinic.all("Appointment")
    assert appointment["start"] == at("09:30")
    assert len(appointment["identifier"]) == 1
    await line.delivered()
    await hear(line.clinic, *echoes(line.receiver.received[1:]))
    (appointment,) = await line.clinic.all("Appointment")
    assert appointment["start"] == at("09:30")
    assert line.receiver.events == ["SIU^S12", "SIU^S13"]


async def test_an_echo_of_a_booking_that_was_cancelled_since_does_not_book_it(line: Line) -> None:
    booked = await line.clinic.book()
    await line.delivered()
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    await hear(line.clinic, *echoes(line.receiver.received))
    assert await line.clinic.status(f"Appointment/{booked['id']}") == ["cancelled"]


async def test_what_the_ehr_itself_changes_is_no_echo(line: Line) -> None:
    booked = await line.clinic.book()
    await line.delivered()
    (echo,) = echoes(line.receiver.received)
    await hear(line.clinic, echo)
    await hear(line.clinic, echo.replace(b"SIU^S12", b"SIU^S15").replace(b"|E0|", b"|X9|"))
    assert await line.clinic.status(f"Appointment/{booked['id']}") == ["cancelled"]
    assert await line.states() == [ACCEPTED]


async def test_what_one_ehr_says_goes_to_the_others(deps: Deps, receiver: Receiver) -> None:
    other = a_destination(
        receiver.port, name="lab", receiver={"application": "LAB", "facility": "CLINIC"}
    )
    line = await a_line(deps, receiver, a_destination(receiver.port), other)
    await hear(line.clinic, siu("S12", people=(DOE,), patient=ANN))
    await hear(line.clinic, siu("S15", people=(DOE,), patient=ANN))
    told = [(each.destination, each.event) for each in await line.sent()]
    assert told == [("lab", "SIU^S12"), ("lab", "SIU^S15")]
    sch = Message.parse((await line.sent())[0].raw).all("SCH")[0]
    assert sch.text(2) == "F-1"


async def test_a_merge_goes_to_those_who_have_not_said_it(deps: Deps, receiver: Receiver) -> None:
    other = a_destination(receiver.port, name="lab", receiver={"application": "LAB"})
    line = await a_line(deps, receiver, a_destination(receiver.port), other)
    await hear(line.clinic, siu("S12", people=(DOE,), patient=ANN))
    await hear(line.clinic, adt("A40", patient={3: "A9", 5: "Ash^Ann"}, mrg={1: "A1"}))
    told = await line.sent()
    assert [(each.destination, each.event) for each in told] == [
        ("lab", "SIU^S12"), ("lab", "SIU^S14"),
    ]  # fmt: skip
    numbers = [Message.parse(each.raw).all("PID")[0].field(3).component(1) for each in told]
    assert numbers == ["A1", "A9"]


async def test_a_sender_of_several_names_is_told_nothing_of_its_own(
    deps: Deps, receiver: Receiver
) -> None:
    names = [{"application": "EHR", "facility": "CLINIC"}]
    told = a_destination(receiver.port, receiver={"application": "IN"}, also_sends_as=names)
    line = await a_line(deps, receiver, told)
    await hear(line.clinic, siu("S12"))
    assert await line.sent() == []


async def test_an_offer_is_told_when_it_is_accepted(line: Line) -> None:
    await waiting(line.clinic, "bob")
    assert await line.sent() == []
    await free_up(line.clinic)
    offer = await the_offer(line.clinic)
    assert [each.event for each in await line.sent()] == ["SIU^S12", "SIU^S15"]
    answer = {
        "resourceType": "AppointmentResponse",
        "appointment": {"reference": f"Appointment/{offer['id']}"},
        "actor": {"reference": "Patient/bob"},
        "participantStatus": "accepted",
    }
    await line.clinic.post(answer)
    await line.clinic.work()
    assert [each.event for each in await line.sent()] == ["SIU^S12", "SIU^S15", "SIU^S12"]
    await line.delivered(3)
    assert line.receiver.messages[-1].all("SCH")[0].text(1) == offer["id"]


async def test_the_ehrs_own_numbers_come_back_to_it_as_it_writes_them(line: Line) -> None:
    await hear(line.clinic, siu("S12", "11:00"))
    (appointment,) = [e for e in await line.clinic.all("Appointment") if "identifier" in e]
    await line.clinic.put(a_location())
    await line.clinic.cancel(f"Appointment/{appointment['id']}")
    (message,) = await line.sent()
    told = Message.parse(message.raw)
    assert told.all("SCH")[0].raw_field(2) == "F-1"
    assert told.all("PID")[0].raw_field(3).partition("^")[0] == "A1"
    assert "urn:fhir-gateway:v2" not in message.raw.decode()


async def test_a_placer_asks_and_learns_the_number(deps: Deps, receiver: Receiver) -> None:
    told = {"as": "placer"}
    line = await a_line(deps, receiver, a_destination(receiver.port, **told))
    booked = await line.clinic.book()
    await line.clinic.change(f"Appointment/{booked['id']}", status="arrived")
    await line.clinic.change(f"Appointment/{booked['id']}", status="noshow")
    await line.delivered(2)
    assert receiver.events == ["SRM^S01", "SRM^S03"]
    await hear(line.clinic, *echoes(receiver.received[:1]))
    (appointment,) = await line.clinic.all("Appointment")
    assert len(appointment["identifier"]) == 1
    assert appointment["status"] == "noshow"
