"""What follows from a change happens once, whoever does it and whatever fails. Decision 11."""

import asyncio

import pytest

from fhir_gateway.core.codes import SYSTEM_TASK
from fhir_gateway.storage import outbox
from fhir_gateway.usecases import react
from tests.usecases.builders import Resource, a_response, ref
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.waiting_room import asked, free_up, offers, the_offer, the_task, waiting


@pytest.fixture
async def cancelled(clinic: Clinic) -> Clinic:
    """Ann has given 09:00 up, Bob and Cem wait, and no worker has seen it yet."""
    await waiting(clinic, "bob", "cem")
    booked = await clinic.book("09:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    return clinic


async def test_nobody_is_asked_before_a_worker_comes(cancelled: Clinic) -> None:
    assert await offers(cancelled) == []
    assert (await the_task(cancelled))["status"] == "requested"
    assert await cancelled.status("Slot/s1-0900") == ["free"]


async def test_several_workers_ask_once(cancelled: Clinic) -> None:
    done = await asyncio.gather(*(react.due(cancelled.deps) for _ in range(4)))
    await cancelled.work()
    assert sum(done) == 1
    assert asked(await offers(cancelled)) == ["bob"]


async def test_what_is_done_is_done(cancelled: Clinic) -> None:
    await cancelled.work()
    assert await react.due(cancelled.deps) == 0
    assert await cancelled.sql("SELECT count(*) FROM outbox") == [(0,)]


async def test_what_fails_waits_and_does_not_stop_the_others(clinic: Clinic) -> None:
    broken: Resource = {
        "resourceType": "Task",
        "id": "broken",
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": SYSTEM_TASK, "code": "fill-slot"}]},
    }
    await clinic.put(broken)
    async with clinic.deps.database.transaction(TENANT) as tx:
        await outbox.publish(tx, "time-freed", {"task": "broken"})
    await waiting(clinic, "bob")
    booked = await clinic.book("09:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert await react.due(clinic.deps) == 1
    assert asked(await offers(clinic)) == ["bob"]
    ((attempts, error),) = await clinic.sql("SELECT attempts, error FROM outbox")
    assert (attempts, error) == (1, "ValueError: the Task has no freed-time")


async def test_what_nobody_knows_any_more_is_forgotten(clinic: Clinic) -> None:
    async with clinic.deps.database.transaction(TENANT) as tx:
        await outbox.publish(tx, "of-an-older-version", {})
        await outbox.publish(tx, "time-freed", {"task": "unknown"})
    assert await react.due(clinic.deps) == 2
    assert await clinic.sql("SELECT count(*) FROM outbox") == [(0,)]


async def test_a_task_that_people_have_ended_asks_nobody(cancelled: Clinic) -> None:
    task = await the_task(cancelled)
    await cancelled.change(f"Task/{task['id']}", status="cancelled")
    await cancelled.work()
    assert await offers(cancelled) == []
    assert (await the_task(cancelled))["status"] == "cancelled"


async def test_an_expiry_after_the_answer_changes_nothing(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    await free_up(clinic)
    offer = await the_offer(clinic)
    await clinic.post(a_response(f"Appointment/{offer['id']}"))
    async with clinic.deps.database.transaction(TENANT) as tx:
        due = await tx.now()
        payload = {"task": (await the_task(clinic))["id"], "offer": offer["id"]}
        await outbox.set_timer(tx, "offer-expiry", offer["id"], due, payload)
    await clinic.work()
    assert await clinic.status(f"Appointment/{offer['id']}", "Slot/s1-0900") == ["booked", "busy"]


async def test_a_sweep_leaves_what_has_not_expired(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    await free_up(clinic)
    assert await react.sweep(clinic.deps) == 0
    assert await clinic.status("Slot/s1-0900") == ["busy-tentative"]


async def test_everything_the_gateway_writes_points_to_what_is_there(clinic: Clinic) -> None:
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    offer = await the_offer(clinic)
    await clinic.post(a_response(f"Appointment/{offer['id']}", "declined"))
    await clinic.work()
    written = [*await clinic.all("Task"), *await clinic.all("Communication"), *await offers(clinic)]
    for each in written:
        await clinic.put(each)
    assert ref(f"Appointment/{offer['id']}") in [
        one for message in await clinic.all("Communication") for one in message["about"]
    ]
