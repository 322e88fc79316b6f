"""An Appointment takes its Slot, moves with its time and gives it back. Decisions 8 and 9."""

import pytest

from fhir_gateway.core.errors import Category
from tests.usecases.builders import (
    a_schedule,
    a_slot,
    an_appointment,
    at,
    later,
    participant,
    ref,
)
from tests.usecases.clinic import Clinic, only_issue, refusal, refused_with


async def test_a_booking_takes_its_slot(clinic: Clinic) -> None:
    await clinic.book("09:00")
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["busy", "free"]


async def test_a_pending_booking_takes_its_slot_tentatively(clinic: Clinic) -> None:
    booked = await clinic.book("09:00", status="pending")
    assert await clinic.status("Slot/s1-0900") == ["busy-tentative"]
    await clinic.change(f"Appointment/{booked['id']}", status="booked")
    assert await clinic.status("Slot/s1-0900") == ["busy"]


@pytest.mark.parametrize("status", ["arrived", "checked-in", "fulfilled"])
async def test_whoever_has_come_still_has_the_slot(clinic: Clinic, status: str) -> None:
    booked = await clinic.book("09:00")
    await clinic.change(f"Appointment/{booked['id']}", status=status)
    assert await clinic.status("Slot/s1-0900") == ["busy"]


@pytest.mark.parametrize("status", ["proposed", "waitlist", "cancelled", "noshow"])
async def test_other_appointments_take_nothing(clinic: Clinic, status: str) -> None:
    await clinic.book("09:00", status=status)
    assert await clinic.status("Slot/s1-0900") == ["free"]


async def test_a_slot_of_another_schedule_of_the_same_person_is_unavailable(
    clinic: Clinic,
) -> None:
    await clinic.put(a_schedule("s2"), a_slot("09:15", schedule="s2"))
    await clinic.put(a_slot("09:30", schedule="s2"))
    await clinic.book("09:00")
    assert await clinic.status("Slot/s2-0915", "Slot/s2-0930") == ["busy-unavailable", "free"]


async def test_a_slot_is_booked_once(clinic: Clinic) -> None:
    await clinic.book("09:00")
    attempt = clinic.book("09:00", patient="bob")
    assert await refused_with(attempt) == (Category.CONFLICT, "slot-taken")


async def test_a_refused_booking_leaves_nothing_behind(clinic: Clinic) -> None:
    await clinic.book("09:00")
    await refusal(clinic.book("09:00", patient="bob"))
    assert len(await clinic.all("Appointment")) == 1
    assert await clinic.sql("SELECT count(*) FROM busy") == [(2,)]


async def test_one_booking_takes_several_slots(clinic: Clinic) -> None:
    slots = [ref("Slot/s1-0900"), ref("Slot/s1-0930")]
    await clinic.book("09:00", minutes=60, slot=slots)
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["busy", "busy"]


async def test_what_ends_where_the_next_begins_does_not_collide(clinic: Clinic) -> None:
    await clinic.book("09:00")
    await clinic.book("09:30", patient="bob")
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["busy", "busy"]


async def test_a_visit_may_be_shorter_than_its_slot(clinic: Clinic) -> None:
    await clinic.book("09:00", minutes=10)
    assert await clinic.status("Slot/s1-0900") == ["busy"]


@pytest.mark.parametrize(
    ("start", "minutes", "slots"),
    [
        ("09:00", 40, ["s1-0900"]),
        ("08:50", 30, ["s1-0900"]),
        ("10:00", 30, ["s1-0900"]),
        ("09:00", 30, ["s1-0900", "s1-0930"]),
        ("09:15", 60, ["s1-0900", "s1-0930"]),
    ],
    ids=["ends-after", "begins-before", "elsewhere", "second-untouched", "longer-than-both"],
)
async def test_a_time_outside_its_slots_is_refused(
    clinic: Clinic, start: str, minutes: int, slots: list[str]
) -> None:
    named = [ref(f"Slot/{each}") for each in slots]
    error = await refusal(clinic.book(start, minutes=minutes, slot=named))
    assert error.category is Category.UNPROCESSABLE
    assert only_issue(error).details == "outside-slot"
    assert only_issue(error).expression == ("Appointment.start",)


async def test_a_gap_between_the_slots_is_no_time_of_theirs(clinic: Clinic) -> None:
    await clinic.put(a_slot("10:00"))
    slots = [ref("Slot/s1-0900"), ref("Slot/s1-1000")]
    attempt = clinic.book("09:00", minutes=90, slot=slots)
    assert await refused_with(attempt) == (Category.UNPROCESSABLE, "outside-slot")


async def test_a_slot_entered_in_error_is_not_booked(clinic: Clinic) -> None:
    await clinic.change("Slot/s1-0900", status="entered-in-error")
    attempt = clinic.book("09:00")
    assert await refused_with(attempt) == (Category.UNPROCESSABLE, "outside-slot")


async def test_a_time_without_a_slot_can_be_booked(clinic: Clinic) -> None:
    await clinic.book("07:00", schedule=None)
    attempt = clinic.book("07:15", patient="bob", schedule=None)
    assert await refused_with(attempt) == (Category.CONFLICT, "actor-busy")


async def test_moving_takes_the_new_slot_and_frees_the_old(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    await clinic.change(
        f"Appointment/{booked['id']}",
        start=at("09:30"), end=at("10:00"), slot=[ref("Slot/s1-0930")],
    )  # fmt: skip
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["free", "busy"]


async def test_moving_onto_a_part_of_the_same_time_collides_with_nobody(clinic: Clinic) -> None:
    both = [ref("Slot/s1-0900"), ref("Slot/s1-0930")]
    booked = await clinic.book("09:00", minutes=60, slot=both)
    await clinic.change(f"Appointment/{booked['id']}", end=at("09:30"), slot=both[:1])
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["busy", "free"]


async def test_moving_to_a_taken_time_changes_nothing(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    await clinic.book("09:30", patient="bob")
    attempt = clinic.change(
        f"Appointment/{booked['id']}",
        start=at("09:30"), end=at("10:00"), slot=[ref("Slot/s1-0930")],
    )  # fmt: skip
    assert await refused_with(attempt) == (Category.CONFLICT, "slot-taken")
    assert (await clinic.get(f"Appointment/{booked['id']}"))["start"] == at("09:00")
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["busy", "busy"]


@pytest.mark.parametrize("status", ["cancelled", "noshow", "entered-in-error"])
async def test_an_ended_booking_frees_its_slot(clinic: Clinic, status: str) -> None:
    booked = await clinic.book("09:00")
    await clinic.change(f"Appointment/{booked['id']}", status=status)
    assert await clinic.status("Slot/s1-0900") == ["free"]
    assert await clinic.held(booked["id"]) == []


async def test_a_freed_slot_can_be_booked_again(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.book("09:00", patient="bob")
    assert await clinic.status("Slot/s1-0900") == ["busy"]


async def test_a_change_that_leaves_time_alone_touches_no_slot(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    before = await clinic.get("Slot/s1-0900")
    await clinic.change(f"Appointment/{booked['id']}", comment="Brings an interpreter")
    assert await clinic.get("Slot/s1-0900") == before


async def test_a_patient_is_not_booked_twice_at_the_same_time(clinic: Clinic) -> None:
    await clinic.book("09:00")
    attempt = clinic.post(an_appointment("09:15", schedule=None, others=()))
    error = await refusal(attempt)
    assert error.category is Category.CONFLICT
    assert only_issue(error).details == "patient-busy"
    assert only_issue(error).expression == ("Appointment.participant[0].actor",)


async def test_a_patient_who_has_declined_is_not_elsewhere(clinic: Clinic) -> None:
    await clinic.book("09:00")
    other = an_appointment("09:15", schedule=None, patient=None, others=())
    other["participant"] = [participant("Patient/ann", "declined")]
    await clinic.post(other)


async def test_the_times_of_a_slot_are_compared_as_instants(clinic: Clinic) -> None:
    start = at("09:00").replace("T09:00:00Z", "T12:00:00+03:00")
    await clinic.post(an_appointment("09:00") | {"start": start, "end": later(start, 30)})
    assert await clinic.status("Slot/s1-0900") == ["busy"]
