"""What comes between a booking and its confirmation, and answers that cannot be carried out.

Decision 19; decision record 0025.
"""

from dataclasses import replace

import pytest

from fhir_gateway.core.refs import Ref
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.ack_codes import AckCode
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header
from fhir_gateway.storage import resources
from fhir_gateway.storage.dispatches import ACCEPTED, COMMITTED, DEAD, QUEUED, SKIPPED
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.postgres import Patience
from fhir_gateway.usecases import send_v2
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.receive_v2 import receive
from tests.usecases.builders import Resource, a_patient, a_response
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.ehr import BASE, siu
from tests.workers.receiver import Line, Receiver, Reply, a_destination, a_line, ack, says, word

COMMITS = says(AckCode.CA)


@pytest.fixture
async def line(deps: Deps, receiver: Receiver) -> Line:
    """A clinic whose bookings the EHR's application confirms, and that knows Ann as A1."""
    line = await a_line(deps, receiver, a_destination(receiver.port, confirm="application"))
    known = {"identifier": [{"system": f"{BASE}:patient", "value": "A1"}]}
    await line.clinic.put(a_patient("ann") | known)
    receiver.script = [COMMITS]
    return line


async def committed(line: Line) -> tuple[Resource, Message]:
    """A booking that the EHR has in safe hands, and what it was told."""
    booked = await line.clinic.book()
    async with line.sending():
        await line.log.until("outbound.committed")
    return booked, line.receiver.messages[-1]


async def hear(line: Line, raw: bytes) -> str:
    """Let the EHR say something by a port of ours; how it is answered."""
    answer = await receive(line.clinic.deps, TENANT, raw, "198.51.100.7:1")
    assert answer is not None
    return read_ack(answer).code


async def asked(line: Line) -> list[Resource]:
    """What people are asked about messages."""
    about = "ehr has not taken SIU^S12 about an appointment"
    return await line.clinic.all("Task", description=about)


def answers_with(filler: str) -> Reply:
    """Says yes, and which number the EHR has given to the appointment."""

    def answer(header: Header) -> list[bytes]:
        return [ack(header, AckCode.AA) + f"SCH||{filler}\r".encode()]

    return answer


async def test_a_yes_counts_though_the_patient_has_got_another_appointment_meanwhile(
    line: Line,
) -> None:
    booked, sent = await committed(line)
    before = await line.clinic.held(booked["id"])
    assert await hear(line, siu("S12", "09:15")) == "AA"
    assert await hear(line, word(sent, AckCode.AA)) == "CA"
    assert await line.clinic.status(f"Appointment/{booked['id']}") == ["booked"]
    held = await line.clinic.held(booked["id"])
    assert [(e.id, e.tentative) for e in held] == [(e.id, False) for e in before]
    assert await line.clinic.wrong_slots() == []


async def test_an_answer_that_cannot_be_carried_out_is_for_people_and_stops_no_other(
    line: Line,
) -> None:
    assert await hear(line, siu("S12", "11:00", id_="F-1")) == "AA"
    line.receiver.script = [answers_with("F-1")]
    await line.clinic.book("09:00", patient="bob")
    await line.clinic.book("09:30", patient="cem")
    await line.delivered()
    assert await line.states() == [DEAD, ACCEPTED]
    assert line.log.of("outbound.failed") == []
    (task,) = await asked(line)
    assert "AA, which could not be carried out" in task["statusReason"]["text"]


@pytest.mark.parametrize(
    ("reply", "settled"),
    [
        (says(AckCode.AA), ("outbound.accepted", 2)),
        (says(AckCode.CA, AckCode.AA), ("outbound.late", 1)),
    ],
)
async def test_an_answer_that_cannot_be_kept_now_is_kept_later_and_stops_no_other(
    line: Line, database_url: str, reply: Reply, settled: tuple[str, int]
) -> None:
    booked = await line.clinic.book("09:00", patient="bob")
    await line.clinic.book("09:30", patient="cem")
    line.receiver.script = [reply]
    own = Ref("Appointment", booked["id"])
    opened = await open_database(database_url, size=4, patience=Patience(lock=0.2))
    hasty = replace(line, clinic=Clinic(replace(line.clinic.deps, database=opened)))
    async with hasty.sending():
        async with line.clinic.deps.database.transaction(TENANT) as tx:
            await resources.read(tx, own, lock=True)
            await line.log.until("outbound.unsettled")
            await line.log.until("outbound.accepted")
        await line.log.until(*settled)
    await opened.close()
    assert line.log.of("outbound.failed") == []
    assert await line.clinic.status(str(own)) == ["booked"]
    assert await line.states() == [ACCEPTED, ACCEPTED]


async def test_an_answer_by_another_port_that_cannot_be_carried_out_is_for_people_too(
    line: Line,
) -> None:
    assert await hear(line, siu("S12", "11:00", id_="F-1")) == "AA"
    booked, sent = await committed(line)
    assert await hear(line, word(sent, AckCode.AA) + b"SCH||F-1\r") == "CA"
    assert (await line.states(), len(await asked(line))) == ([DEAD], 1)
    assert await hear(line, word(sent, AckCode.AA).replace(b"E-1", b"E-2")) == "CA"
    assert await line.clinic.status(f"Appointment/{booked['id']}") == ["booked"]
    assert (await asked(line))[0]["status"] == "completed"


async def test_a_client_does_not_say_yes_in_the_place_of_the_ehr(line: Line) -> None:
    booked, sent = await committed(line)
    own = f"Appointment/{booked['id']}"
    assert (await line.clinic.change(own, status="booked"))["status"] == "pending"
    await hear(line, word(sent, AckCode.AA))
    assert await line.clinic.status(own) == ["booked"]
    assert (await line.clinic.change(own, comment="by the side door"))["status"] == "booked"


async def test_neither_do_those_who_take_part(line: Line) -> None:
    booked, sent = await committed(line)
    own = f"Appointment/{booked['id']}"
    for each in booked["participant"]:
        await line.clinic.post(a_response(own, "accepted", each["actor"]["reference"]))
    assert await line.clinic.status(own) == ["pending"]
    await hear(line, word(sent, AckCode.AA))
    assert await line.clinic.status(own) == ["booked"]


async def test_people_who_skip_the_message_say_yes(line: Line) -> None:
    booked, _ = await committed(line)
    (message,) = await line.sent()
    assert await send_v2.skip(line.clinic.deps, TENANT, message.id)
    assert await line.clinic.status(f"Appointment/{booked['id']}") == ["booked"]
    assert await line.states() == [SKIPPED]
    assert await line.clinic.wrong_slots() == []


async def test_a_late_no_settles_what_people_were_asked(deps: Deps, receiver: Receiver) -> None:
    told = a_destination(receiver.port, confirm="application", confirm_timeout=0.01)
    line = await a_line(deps, receiver, told)
    receiver.script = [COMMITS]
    booked, sent = await committed(line)
    async with line.sending():
        await line.log.until("outbound.silent")
    await hear(line, word(sent, AckCode.AE))
    assert await line.clinic.status(f"Appointment/{booked['id']}") == ["cancelled"]
    assert await line.states() == [SKIPPED]
    assert [each["status"] for each in await asked(line)] == ["completed"]


async def test_a_no_to_what_is_over_is_for_nobody_and_neither_is_its_end(line: Line) -> None:
    booked, sent = await committed(line)
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    assert await line.states() == [COMMITTED, QUEUED]
    await hear(line, word(sent, AckCode.AE))
    assert await line.states() == [SKIPPED, SKIPPED]
    assert await asked(line) == []
