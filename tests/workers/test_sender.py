"""Messages leave in order, each until it is answered, and nothing is lost or sent twice."""

import pytest

from fhir_gateway.hl7.ack import AckCode
from fhir_gateway.storage import dispatches
from fhir_gateway.storage.dispatches import ACCEPTED, DEAD, QUEUED, REJECTED, SENT, SKIPPED
from fhir_gateway.usecases import send_v2
from fhir_gateway.usecases.deps import Deps
from tests.usecases.clinic import TENANT
from tests.workers.receiver import (
    Line,
    Receiver,
    Reply,
    a_destination,
    a_line,
    about_another,
    breaks_off,
    hangs_up,
    says,
    silent,
)


async def test_a_booking_and_its_cancellation_arrive_in_order(line: Line) -> None:
    booked = await line.clinic.book()
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    await line.delivered(2)
    assert line.receiver.events == ["SIU^S12", "SIU^S15"]
    assert await line.states() == [ACCEPTED, ACCEPTED]
    assert line.receiver.connections == 1


async def test_what_is_committed_while_nobody_sends_is_sent_later(line: Line) -> None:
    await line.clinic.book()
    assert await line.states() == [QUEUED]
    await line.delivered()
    (message,) = line.receiver.messages
    assert message.sender == ("GATEWAY", "HUB")
    assert (message.msh.text(5), message.msh.text(6)) == ("EHR", "CLINIC")


@pytest.mark.parametrize("reply", [silent, hangs_up, breaks_off])
async def test_a_message_that_is_not_answered_comes_again_as_it_was(
    deps: Deps, receiver: Receiver, reply: Reply
) -> None:
    line = await a_line(deps, receiver, a_destination(receiver.port, ack_timeout=0.1))
    receiver.script = [reply, reply]
    await line.clinic.book()
    await line.delivered()
    first, second, third = receiver.received
    assert first == second == third
    (message,) = await line.sent()
    assert (message.state, message.attempts) == (ACCEPTED, 3)


async def test_nobody_listens_and_then_somebody_does(line: Line) -> None:
    await line.receiver.stop()
    booked = await line.clinic.book()
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    async with line.sending():
        await line.log.until("outbound.unreachable", 6)
        await line.receiver.start()
        await line.log.until("outbound.accepted", 2)
    assert line.receiver.events == ["SIU^S12", "SIU^S15"]
    assert [each.attempts for each in await line.sent()] == [1, 1]
    # Whether it is seen open, before it is half-open, depends on how fast the machine is.
    states = [each["state"] for each in line.log.of("outbound.circuit")]
    assert states[-2:] == ["half-open", "closed"]


async def test_an_answer_to_another_message_is_passed_over(line: Line) -> None:
    line.receiver.script = [about_another]
    await line.clinic.book()
    async with line.sending():
        await line.log.until("outbound.accepted")
        await line.log.until("outbound.ignored", 2)
    assert len(line.receiver.received) == 1


@pytest.mark.parametrize("code", [AckCode.AE, AckCode.AR, AckCode.CE, AckCode.CR])
async def test_a_refusal_is_for_people_and_stops_only_its_own_appointment(
    line: Line, code: AckCode
) -> None:
    line.receiver.script = [says(code)]
    booked = await line.clinic.book("09:00", patient="ann")
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    await line.clinic.book("09:30", patient="bob")
    await line.delivered()
    assert await line.states() == [REJECTED, QUEUED, ACCEPTED]
    refused, behind, _ = await line.sent()
    assert str(code) in str(refused.error)
    assert behind.blocked
    about = "ehr has not taken SIU^S12 about an appointment"
    (task,) = await line.clinic.all("Task", description=about)
    assert task["focus"] == {"reference": f"Appointment/{booked['id']}"}
    assert task["status"] == "requested"


async def test_people_have_a_refused_message_sent_again(line: Line) -> None:
    line.receiver.script = [says(AckCode.AE)]
    booked = await line.clinic.book()
    await line.clinic.change(f"Appointment/{booked['id']}", comment="by the side door")
    async with line.sending():
        await line.log.until("outbound.rejected")
    refused, _ = await line.sent()
    assert await send_v2.again(line.clinic.deps, TENANT, refused.id)
    await line.delivered(2)
    assert line.receiver.events == ["SIU^S12", "SIU^S12", "SIU^S14"]
    assert line.receiver.received[0] == line.receiver.received[1]
    assert [each["status"] for each in await line.clinic.all("Task")] == ["completed"]


async def test_people_skip_a_refused_message(line: Line) -> None:
    line.receiver.script = [says(AckCode.AR)]
    booked = await line.clinic.book()
    await line.clinic.change(f"Appointment/{booked['id']}", comment="by the side door")
    async with line.sending():
        await line.log.until("outbound.rejected")
    refused, _ = await line.sent()
    assert await send_v2.skip(line.clinic.deps, TENANT, refused.id)
    assert not await send_v2.skip(line.clinic.deps, TENANT, refused.id)
    assert not await send_v2.again(line.clinic.deps, TENANT, refused.id)
    await line.delivered()
    assert await line.states() == [SKIPPED, ACCEPTED]
    assert [each["status"] for each in await line.clinic.all("Task")] == ["completed"]


async def test_a_refusal_that_may_pass_is_tried_again(deps: Deps, receiver: Receiver) -> None:
    again = {"first": 0.01, "longest": 0.01, "refusals": ["AR"]}
    line = await a_line(deps, receiver, a_destination(receiver.port, retry=again))
    receiver.script = [says(AckCode.AR), says(AckCode.AR)]
    await line.clinic.book()
    await line.delivered()
    assert len(set(receiver.received)) == 1
    assert await line.states() == [ACCEPTED]


async def test_a_message_that_nobody_ever_answers_is_given_up(
    deps: Deps, receiver: Receiver
) -> None:
    few = {"first": 0.01, "longest": 0.01, "attempts": 3}
    line = await a_line(deps, receiver, a_destination(receiver.port, retry=few))
    receiver.script = [hangs_up] * 3
    await line.clinic.book("09:00")
    async with line.sending():
        await line.log.until("outbound.dead")
    assert await line.states() == [DEAD]
    assert len(await line.clinic.all("Task")) == 1


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        ((AckCode.CA, AckCode.AA), ACCEPTED),
        ((AckCode.AA, AckCode.AA), ACCEPTED),
        ((AckCode.CA, AckCode.AE), REJECTED),
    ],
)
async def test_a_second_answer_to_the_same_message_counts(
    line: Line, codes: tuple[AckCode, ...], state: str
) -> None:
    line.receiver.script = [says(*codes)]
    await line.clinic.book()
    second = "outbound.ignored" if codes[0] is AckCode.AA else "outbound.late"
    async with line.sending():
        await line.log.until(second)
    assert await line.states() == [state]
    (message,) = await line.sent()
    assert message.ack_code == codes[-1].value


async def test_several_are_under_way_where_the_receiver_takes_them(
    deps: Deps, receiver: Receiver
) -> None:
    line = await a_line(deps, receiver, a_destination(receiver.port, in_flight=4))
    booked = await line.clinic.book("09:00", patient="ann")
    await line.clinic.book("09:30", patient="bob")
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    await line.delivered(3)
    assert receiver.most_at_once <= 2
    assert sorted(receiver.events[:2]) == ["SIU^S12", "SIU^S12"]
    assert receiver.events[2] == "SIU^S15"


async def test_two_processes_do_not_send_the_same(line: Line) -> None:
    for start, patient in (("09:00", "ann"), ("09:30", "bob")):
        booked = await line.clinic.book(start, patient=patient)
        await line.clinic.change(f"Appointment/{booked['id']}", comment="bring results")
    async with line.sending(), line.sending():
        await line.log.until("outbound.accepted", 4)
    ids = [each.control_id for each in line.receiver.messages]
    assert len(ids) == len(set(ids)) == 4


async def test_a_process_that_died_while_it_sent_leaves_the_message_to_the_next(
    line: Line,
) -> None:
    await line.clinic.book()
    async with line.clinic.deps.database.transaction(TENANT) as tx:
        (taken,) = await dispatches.claim(tx, "ehr", 1)
    assert await line.states() == [SENT]
    await line.delivered()
    assert line.receiver.received == [taken.raw]


async def test_an_end_while_a_message_is_under_way_waits_for_its_answer(line: Line) -> None:
    await line.clinic.book()
    async with line.sending():
        await line.receiver.until(1)
    assert await line.states() == [ACCEPTED]


async def test_what_a_destination_does_not_want_is_not_written(
    deps: Deps, receiver: Receiver
) -> None:
    line = await a_line(deps, receiver, a_destination(receiver.port, events=["S15"]))
    booked = await line.clinic.book()
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    assert [each.event for each in await line.sent()] == ["SIU^S15"]
