"""Messages that are answered as soon as they are kept, and applied after that. Decision 20."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.storage import inbox_lanes
from fhir_gateway.storage.inbox import lock_keys
from fhir_gateway.storage.inbox_lanes import Lane
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.postgres import Patience
from fhir_gateway.usecases import lanes_v2
from tests.conftest import deps_on
from tests.usecases.builders import at
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.ehr import BASE, CEM, SENDER, Ehr, adt, siu, srm

STORED = SenderProfile(ack="stored")
LANE = Lane(TENANT, *SENDER)
KEY = (f"{BASE}:appointment-filler", "F-1")


@pytest.fixture
def stored(ehr: Ehr) -> Ehr:
    """The hospital, described as one that is answered before anything is applied."""
    return ehr.called(STORED)


async def states(ehr: Ehr) -> list[str]:
    return [row[0] for row in await ehr.clinic.sql("SELECT state FROM inbox ORDER BY id")]


async def apply(ehr: Ehr) -> int:
    return sum([await lanes_v2.drain(ehr.clinic.deps, each) for each in await due(ehr)])


async def due(ehr: Ehr) -> list[Lane]:
    return await lanes_v2.due(ehr.clinic.deps)


async def test_it_is_answered_first_and_applied_then(stored: Ehr) -> None:
    assert (await stored.send(siu())).code == "AA"
    assert await stored.clinic.all("Appointment") == []
    assert await states(stored) == ["received"]
    assert await due(stored) == [LANE]
    assert await apply(stored) == 1
    (appointment,) = await stored.clinic.all("Appointment")
    assert appointment["status"] == "booked"
    assert await states(stored) == ["sent"]
    assert await due(stored) == []
    found = await stored.clinic.sql("SELECT appointment FROM inbox")
    assert found == [(appointment["id"],)]


async def test_messages_of_a_sender_are_applied_in_the_order_of_receipt(stored: Ehr) -> None:
    for start in ("09:00", "10:00", "11:00"):
        await stored.send(siu("S13" if start > "09:00" else "S12", start, control=start))
    assert await apply(stored) == 3
    (appointment,) = await stored.clinic.all("Appointment")
    assert appointment["start"] == at("11:00")
    assert appointment["meta"]["versionId"] == "3"


async def test_a_repeated_message_gets_the_same_answer_and_is_applied_once(stored: Ehr) -> None:
    answers = {await stored.deliver(siu()) for _ in range(2)}
    assert await apply(stored) == 1
    answers.add(await stored.deliver(siu()))
    assert len(answers) == 1
    assert await apply(stored) == 0
    assert await states(stored) == ["sent"]


async def test_many_at_once_are_each_kept_once(stored: Ehr) -> None:
    messages = [siu(id_=f"F-{n}", start=f"{8 + n // 2:02}:{n % 2 * 30:02}") for n in range(10)]
    answers = await asyncio.gather(*(stored.deliver(each) for each in [*messages, *messages]))
    assert {read_ack(each).code for each in answers} == {"AA"}
    assert answers[:10] == answers[10:]
    assert await states(stored) == ["received"] * 10
    assert await apply(stored) == 10


async def test_of_several_that_wait_together_some_may_be_known(stored: Ehr) -> None:
    known = await stored.deliver(siu())
    others = [siu(id_=f"F-{n}") for n in range(2, 5)]
    answers = await asyncio.gather(*(stored.deliver(each) for each in [*others, siu()]))
    assert answers[-1] == known
    assert len({read_ack(each).control_id for each in answers}) == 4
    assert await states(stored) == ["received"] * 4


async def test_who_applies_is_told_in_which_lanes_something_was_left(stored: Ehr) -> None:
    await asyncio.gather(*(stored.deliver(siu(id_=f"F-{n}")) for n in range(3)))
    assert stored.clinic.deps.intake.arrived.is_set()
    assert stored.clinic.deps.intake.take_lanes() == {LANE}
    assert stored.clinic.deps.intake.take_lanes() == set()


async def test_every_lane_is_found_in_which_something_is_due(ehr: Ehr) -> None:
    senders = ["A|X", "A|Y", "B|X"]
    for n, sender in enumerate([*senders, *senders]):
        told = siu(id_=f"F-{n}").replace(b"|EHR|CLINIC|", f"|{sender}|".encode())
        await ehr.whatever(STORED).deliver(told)
    assert await due(ehr) == [Lane(TENANT, *each.split("|")) for each in senders]
    async with ehr.clinic.deps.database.transaction(TENANT) as tx:
        await tx.execute(
            "UPDATE inbox SET retry_at = clock_timestamp() + interval '1 hour' WHERE facility = 'Y'"
        )
    assert [each.facility for each in await due(ehr)] == ["X", "X"]


async def test_a_fault_of_content_waits_for_people(stored: Ehr) -> None:
    assert (await stored.send(siu(people=(), patient=None))).code == "AA"
    await apply(stored)
    assert await states(stored) == ["error"]
    ((issues,),) = await stored.clinic.sql("SELECT issues FROM inbox")
    assert issues[0]["code"] == "required"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (siu("S99"), "AR"),
        (siu().replace(b"SIU^S12^SIU_S12", b"ORU^R01"), "AR"),
        (srm(), "AE"),
    ],
)
async def test_what_is_not_for_us_or_asks_for_something_is_answered_at_once(
    stored: Ehr, message: bytes, code: str
) -> None:
    assert (await stored.send(message)).code == code
    assert "received" not in await states(stored)


async def test_an_application_acknowledgement_is_not_given_before(stored: Ehr) -> None:
    asks = siu(msh={15: "AL", 16: "AL"})
    await stored.deliver(asks)
    assert await states(stored) == ["sent"]
    assert len(await stored.clinic.all("Appointment")) == 1


async def test_a_commit_acknowledgement_is(stored: Ehr) -> None:
    assert read_ack(await stored.deliver(siu(msh={15: "AL", 16: "NE"}))).code == "CA"
    assert await states(stored) == ["received"]


async def test_several_records_open_a_task_for_people(stored: Ehr) -> None:
    await stored.send(adt("A28", patient={3: "X1", 5: "Ash^Ann"}))
    await stored.send(adt("A28", patient={3: "X2", 5: "Ash^Ann"}))
    await stored.send(siu(patient={3: "X1~X2", 5: "Ash^Ann"}))
    await apply(stored)
    assert await states(stored) == ["sent", "sent", "error"]
    assert len(await stored.clinic.all("Task")) == 1


@pytest.fixture
async def impatient(database_url: str, stored: Ehr) -> AsyncIterator[Ehr]:
    """The same hospital where nobody waits for a record that another transaction has."""
    opened = await open_database(database_url, size=4, patience=Patience(lock=0.05))
    yield replace(stored, clinic=Clinic(await deps_on(opened))).called(STORED)
    await opened.close()


async def time_passes(ehr: Ehr) -> None:
    """Let what waits for another try be due."""
    async with ehr.clinic.deps.database.transaction(TENANT) as tx:
        await tx.execute("UPDATE inbox SET retry_at = clock_timestamp()")


async def test_what_cannot_be_applied_now_blocks_only_its_own_appointment(
    stored: Ehr, impatient: Ehr
) -> None:
    await stored.send(siu())
    await stored.send(siu("S13", "10:00"))
    await stored.send(siu(start="11:00", id_="F-2", patient=CEM))
    async with stored.clinic.deps.database.transaction(TENANT) as tx:
        await lock_keys(tx, [KEY])
        await apply(impatient)
        assert await states(impatient) == ["received", "received", "sent"]
    await time_passes(stored)
    await apply(impatient)
    assert await states(impatient) == ["sent", "sent", "sent"]
    moved = await stored.appointment("F-1")
    assert moved["start"] == at("10:00")


async def test_what_can_never_be_applied_is_left_to_people_in_the_end(
    stored: Ehr, impatient: Ehr
) -> None:
    await stored.send(siu())
    async with stored.clinic.deps.database.transaction(TENANT) as tx:
        await lock_keys(tx, [KEY])
        for _ in lanes_v2.PATIENCE:
            await apply(impatient)
            assert await states(impatient) == ["received"]
            await time_passes(impatient)
        await apply(impatient)
    assert await states(impatient) == ["error"]


async def test_somebody_who_has_a_lane_is_left_alone(stored: Ehr) -> None:
    await stored.send(siu())
    deps = stored.clinic.deps
    async with deps.database.transaction(TENANT) as tx:
        assert await inbox_lanes.claim(tx, LANE)
        assert not await lanes_v2.advance(deps, LANE)
    assert await lanes_v2.advance(deps, LANE)


async def test_a_control_id_used_again_is_noted(stored: Ehr) -> None:
    await stored.send(siu(control="1"))
    await stored.send(siu("S13", "10:00", control="1"))
    await apply(stored)
    found = await stored.clinic.sql("SELECT issues FROM inbox ORDER BY id")
    assert [[each["details"] for each in issues] for (issues,) in found] == [
        [],
        ["control-id-reused"],
    ]


async def test_of_a_placer_nothing_is_taken_for_granted(ehr: Ehr) -> None:
    asking = ehr.called(replace(STORED, authority="placer"))
    await asking.send(siu())
    assert "received" not in await states(asking)
