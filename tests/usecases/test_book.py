"""$book: what was found, what is sent along, and what is on offer to somebody else."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fhir_gateway.core.codes import REASON_SUPERSEDED
from fhir_gateway.core.errors import Category, GatewayError
from tests.usecases.builders import (
    Resource,
    a_practitioner,
    a_response,
    a_schedule,
    a_slot,
    an_appointment,
    ref,
)
from tests.usecases.clinic import Clinic, refusal, refused_with
from tests.usecases.finding import find, found
from tests.usecases.waiting_room import (
    asked,
    counters,
    free_up,
    messages,
    offers,
    reason_of,
    the_offer,
    the_task,
    waiting,
)

CONFLICT = Category.CONFLICT


async def book(clinic: Clinic, appointment: Resource | None = None, **values: Any) -> Resource:
    kinds = {bool: "Boolean"}
    parts: list[Resource] = [
        {"name": name.replace("_", "-"),
         **({"valueBoolean": value} if type(value) in kinds else {"valueReference": ref(value)})}
        for name, value in values.items()
    ]  # fmt: skip
    if appointment is not None:
        parts.append({"name": "appointment", "resource": appointment})
    return await clinic.call_with("book", {"resourceType": "Parameters", "parameter": parts})


@pytest.fixture
async def offered(clinic: Clinic) -> Clinic:
    """09:00 is on offer to Bob; Cem waits behind him."""
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    assert asked(await offers(clinic)) == ["bob"]
    return clinic


async def test_what_was_found_is_booked(clinic: Clinic) -> None:
    first = found(await find(clinic, ("patient", "Patient/ann")))[0]
    booked = await book(clinic, found=f"Appointment/{first['id']}")
    assert (booked["status"], booked["start"]) == ("booked", first["start"])
    assert booked["id"] != first["id"]
    assert await clinic.status(first["slot"][0]["reference"]) == ["busy"]
    again = book(clinic, found=f"Appointment/{first['id']}")
    assert await refused_with(again) == (CONFLICT, "slot-taken")


async def test_what_was_found_for_nobody_is_booked_for_somebody(clinic: Clinic) -> None:
    first = found(await find(clinic))[0]
    booked = await book(clinic, found=f"Appointment/{first['id']}", patient="Patient/bob")
    assert booked["participant"][0]["actor"] == ref("Patient/bob")


async def test_what_was_found_for_one_is_not_for_another(clinic: Clinic) -> None:
    first = found(await find(clinic, ("patient", "Patient/ann")))[0]
    reference = f"Appointment/{first['id']}"
    await book(clinic, found=reference, patient="Patient/ann")
    other = book(clinic, found=reference, patient="Patient/bob")
    assert (await refused_with(other))[0] is Category.UNPROCESSABLE


async def test_what_was_found_too_long_ago_is_not_there(clinic: Clinic) -> None:
    first = found(await find(clinic))[0]
    later = clinic.deps.clock.now() + timedelta(minutes=16)
    late = clinic.seen(later.isoformat(timespec="seconds"))
    gone = book(late, found=f"Appointment/{first['id']}", patient="Patient/bob")
    assert (await refused_with(gone))[0] is Category.NOT_FOUND


@pytest.mark.parametrize("override", [None, False])
async def test_time_on_offer_is_not_for_everybody(offered: Clinic, override: bool | None) -> None:
    values = {} if override is None else {"override_offer": override}
    taken = book(offered, an_appointment(patient="dan"), **values)
    assert await refused_with(taken) == (CONFLICT, "offered")
    assert asked(await offers(offered)) == ["bob"]


async def test_staff_take_the_time_back_from_those_who_were_asked(offered: Clinic) -> None:
    offer, task = await the_offer(offered), await the_task(offered)
    booked = await book(offered, an_appointment(patient="dan"), override_offer=True)
    assert booked["status"] == "booked"
    closed = await offered.get(f"Appointment/{offer['id']}")
    assert (closed["status"], reason_of(closed)) == ("cancelled", REASON_SUPERSEDED)
    ended = await offered.get(f"Task/{task['id']}")
    assert (ended["status"], ended["statusReason"]["text"]) == (
        "cancelled",
        "Staff booked the time",
    )
    assert len(await messages(offered, "bob")) == 2
    rows = await offered.sql("SELECT kind, appointment FROM busy WHERE exclusive")
    assert rows == [("appointment", booked["id"])]
    assert await offered.wrong_slots() == []


async def test_whoever_was_asked_keeps_the_place_and_is_refused(offered: Clinic) -> None:
    offer = await the_offer(offered)
    await book(offered, an_appointment(patient="dan"), override_offer=True)
    late = offered.post(a_response(f"Appointment/{offer['id']}", "accepted", "Patient/bob"))
    assert await refused_with(late) == (CONFLICT, REASON_SUPERSEDED)
    assert await counters(offered, "bob") == {"offered": 1, "accepted": 0, "declined": 0}
    assert await offered.status("Appointment/wait-bob") == ["waitlist"]
    await offered.work()
    assert await offers(offered) == []


async def test_a_booking_that_fails_takes_nothing_back(offered: Clinic) -> None:
    await offered.put(a_practitioner("p2"), a_schedule("s2", "Practitioner/p2"))
    await offered.put(a_slot("09:00", schedule="s2"))
    await offered.book("09:00", "dan", schedule="s2", others=("Practitioner/p2",))
    refused = book(offered, an_appointment(patient="dan"), override_offer=True)
    assert await refused_with(refused) == (CONFLICT, "patient-busy")
    assert asked(await offers(offered)) == ["bob"]
    assert await offered.status("Slot/s1-0900") == ["busy-tentative"]


async def test_only_offers_give_way(clinic: Clinic) -> None:
    await clinic.book()
    refused = book(clinic, an_appointment(patient="dan"), override_offer=True)
    assert await refused_with(refused) == (CONFLICT, "slot-taken")


@pytest.mark.parametrize("parts", [{}, {"found": "Appointment/x", "appointment": an_appointment()}])
async def test_one_thing_is_booked(clinic: Clinic, parts: Any) -> None:
    assert (await refused_with(book(clinic, **parts)))[0] is Category.INVALID


@pytest.mark.parametrize("people", [["x"], [None], 5, None, [{"actor": "x"}], [[]]])
async def test_a_bare_appointment_that_is_none_is_refused(clinic: Clinic, people: Any) -> None:
    bare = {"resourceType": "Appointment", "status": "booked", "participant": people}
    refused = await refusal(clinic.call_with("book", bare, ("patient", "Patient/bob")))
    assert refused.category is Category.UNPROCESSABLE
    assert refused.issues[0].expression[0].startswith("Appointment.participant")


async def test_a_bare_appointment_is_booked_for_somebody(clinic: Clinic) -> None:
    bare = an_appointment(patient=None)
    booked = await clinic.call_with("book", bare, ("patient", "Patient/bob"))
    assert booked["participant"][0]["actor"] == ref("Patient/bob")


@pytest.mark.parametrize("first", ["patient", "staff"])
async def test_of_staff_and_patient_one_wins(offered: Clinic, first: str) -> None:
    offer = await the_offer(offered)
    answer = a_response(f"Appointment/{offer['id']}", "accepted", "Patient/bob")
    attempts = [
        offered.post(answer),
        book(offered, an_appointment(patient="dan"), override_offer=True),
    ]
    done = await asyncio.gather(
        *(attempts if first == "patient" else reversed(attempts)), return_exceptions=True
    )
    lost = [each for each in done if isinstance(each, GatewayError)]
    assert [each.category for each in lost] == [CONFLICT], done
    rows = await offered.sql("SELECT appointment FROM busy WHERE exclusive AND active")
    assert len(rows) == 1
    assert await offered.wrong_slots() == []
    assert await offers(offered) == []
