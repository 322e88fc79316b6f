"""Whose time an Appointment takes, and for how long. Decision 8."""

import pytest

from fhir_gateway.core.errors import Category
from tests.usecases.builders import (
    a_device,
    a_location,
    a_practitioner,
    a_role,
    a_schedule,
    a_slot,
    an_appointment,
    at,
    availability,
    participant,
)
from tests.usecases.clinic import Clinic, refused_with

TAKEN = (Category.CONFLICT, "actor-busy")


@pytest.fixture
async def clinic(clinic: Clinic) -> Clinic:
    await clinic.put(a_device(), a_location(), a_practitioner("p2"), a_role())
    return clinic


def visit(*others: str, patient: str = "ann", start: str = "09:00") -> dict[str, object]:
    return an_appointment(start, schedule=None, patient=patient, others=others)


@pytest.mark.parametrize("actor", ["Practitioner/p1", "Device/scanner", "PractitionerRole/role"])
async def test_a_person_and_a_device_are_in_one_place_at_a_time(clinic: Clinic, actor: str) -> None:
    await clinic.post(visit(actor))
    assert await refused_with(clinic.post(visit(actor, patient="bob"))) == TAKEN


@pytest.mark.parametrize(
    "others",
    [("PractitionerRole/role", "Practitioner/p1"), ("Practitioner/p1", "PractitionerRole/role")],
)
async def test_a_role_is_its_practitioner(clinic: Clinic, others: tuple[str, str]) -> None:
    first, second = others
    await clinic.post(visit(first))
    assert await refused_with(clinic.post(visit(second, patient="bob"))) == TAKEN


async def test_a_schedule_of_a_role_shares_out_the_practitioners_time(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2", "PractitionerRole/role"), a_slot(schedule="s2"))
    await clinic.book("09:00")
    assert await clinic.status("Slot/s2-0900") == ["busy-unavailable"]


async def test_a_place_without_hours_of_its_own_holds_many(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2", "Location/room"))
    await clinic.post(visit("Location/room"))
    await clinic.post(visit("Location/room", patient="bob"))
    assert await clinic.sql("SELECT count(*) FROM busy WHERE exclusive") == [(0,)]


async def test_a_place_with_hours_of_its_own_holds_one(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2", "Location/room", extension=availability()))
    await clinic.post(visit("Location/room"))
    assert await refused_with(clinic.post(visit("Location/room", patient="bob"))) == TAKEN


async def test_slots_of_nobody_in_particular_are_still_booked_once(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2", "Location/room"), a_slot(schedule="s2"))
    await clinic.post(an_appointment(schedule="s2", others=()))
    attempt = clinic.post(an_appointment(schedule="s2", patient="bob", others=()))
    assert await refused_with(attempt) == (Category.CONFLICT, "slot-taken")


async def test_the_owner_of_a_slot_is_taken_even_where_nobody_named_them(clinic: Clinic) -> None:
    await clinic.post(an_appointment(others=()))
    assert await refused_with(clinic.post(visit("Practitioner/p1", patient="bob"))) == TAKEN


@pytest.mark.parametrize(
    "how",
    [{"status": "declined"}, {"required": "information-only"}],
    ids=["declined", "information-only"],
)
async def test_who_does_not_come_is_not_taken(clinic: Clinic, how: dict[str, str]) -> None:
    lecture = visit() | {"participant": [participant("Practitioner/p2") | how]}
    await clinic.post(lecture)
    await clinic.post(visit("Practitioner/p2", patient="bob"))


async def test_an_optional_participant_is_taken(clinic: Clinic) -> None:
    people = [participant("Practitioner/p2", required="optional")]
    await clinic.post(visit() | {"participant": people})
    assert await refused_with(clinic.post(visit("Practitioner/p2", patient="bob"))) == TAKEN


async def test_one_taken_person_is_enough_to_refuse(clinic: Clinic) -> None:
    await clinic.post(visit("Practitioner/p2"))
    attempt = clinic.post(visit("Practitioner/p1", "Practitioner/p2", patient="bob"))
    assert await refused_with(attempt) == TAKEN
    await clinic.post(visit("Practitioner/p1", patient="bob"))


async def test_a_participant_is_taken_for_their_own_period_only(clinic: Clinic) -> None:
    period = {"start": at("09:20"), "end": at("09:30")}
    people = [participant("Practitioner/p1"), participant("Practitioner/p2", period=period)]
    await clinic.post(visit() | {"participant": people})
    await clinic.post(
        an_appointment("09:00", 20, schedule=None, patient="bob", others=("Practitioner/p2",))
    )
    attempt = clinic.post(visit("Practitioner/p2", patient="cem", start="09:25"))
    assert await refused_with(attempt) == TAKEN


async def test_buffers_keep_the_time_around_a_booking_clear(clinic: Clinic) -> None:
    around = availability(bufferBefore=10, bufferAfter=15)
    await clinic.put(a_schedule("s2", "Practitioner/p2", extension=around))
    await clinic.put(*(a_slot(each, schedule="s2") for each in ("08:30", "09:00", "09:30")))
    await clinic.post(an_appointment("09:00", schedule="s2", others=("Practitioner/p2",)))
    assert await clinic.status("Slot/s2-0830", "Slot/s2-0900", "Slot/s2-0930") == [
        "busy-unavailable", "busy", "busy-unavailable",
    ]  # fmt: skip


@pytest.fixture
async def scanned(clinic: Clinic) -> Clinic:
    """The scanner is booked from 09:00 to 09:30, and needs 10 minutes before and 15 after."""
    around = availability(bufferBefore=10, bufferAfter=15)
    await clinic.put(a_schedule("s2", "Device/scanner", extension=around), a_slot(schedule="s2"))
    await clinic.post(an_appointment(schedule="s2", others=("Device/scanner",)))
    return clinic


async def test_the_buffers_of_two_bookings_do_not_overlap_either(scanned: Clinic) -> None:
    attempt = scanned.post(visit("Device/scanner", patient="bob", start="09:54"))
    assert await refused_with(attempt) == TAKEN
    await scanned.post(visit("Device/scanner", patient="bob", start="09:55"))


async def test_a_buffer_is_kept_but_not_reported(scanned: Clinic) -> None:
    (booked,) = await scanned.all("Appointment")
    rows = await scanned.held(booked["id"])
    assert {(each.core.minutes, each.exclusive) for each in rows} == {(30, True), (30, False)}
    assert sorted(each.during.minutes for each in rows) == [30, 55]
