"""Booked time that is given up becomes one Task for each contiguous time. Decision 15."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fhir_gateway.core.codes import SYSTEM_TASK
from fhir_gateway.core.time import format_instant
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases import tasks
from tests.usecases.builders import (
    CHECKUP,
    Resource,
    a_location,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
    at,
    participant,
    ref,
)
from tests.usecases.clinic import Clinic

WHOLE_MORNING = [ref("Slot/s1-0900"), ref("Slot/s1-0930"), ref("Slot/s1-1000")]


async def freed(clinic: Clinic) -> list[dict[str, str]]:
    """The freed time of every Task, by start."""
    found = await clinic.all("Task")
    periods = [tasks.values(each, "freed-time")[0]["valuePeriod"] for each in found]
    return sorted(periods, key=lambda each: (each["start"], each["end"]))


def time(start: str, end: str) -> dict[str, str]:
    return {"start": at(start), "end": at(end)}


@pytest.mark.parametrize("status", ["cancelled", "noshow", "entered-in-error"])
@pytest.mark.parametrize("before", ["booked", "arrived", "checked-in"])
async def test_booked_time_that_is_given_up_is_to_be_filled(
    clinic: Clinic, before: str, status: str
) -> None:
    booked = await clinic.book("09:00", status=before)
    await clinic.change(f"Appointment/{booked['id']}", status=status)
    assert await freed(clinic) == [time("09:00", "09:30")]


async def test_the_task_says_what_was_freed(clinic: Clinic) -> None:
    await clinic.put(a_location())
    booked = await clinic.book("09:00", others=("Practitioner/p1", "Location/room"))
    await clinic.cancel(f"Appointment/{booked['id']}")
    (task,) = await clinic.all("Task")
    validate(task, type_name="Task")
    assert task["status"] == "requested"
    assert task["code"]["coding"] == [{"system": SYSTEM_TASK, "code": "fill-slot"}]
    assert task["focus"] == ref("Slot/s1-0900")
    assert task["basedOn"] == [ref(f"Appointment/{booked['id']}")]
    named = {code: list(map(str, tasks.references(task, code)))
             for code in ("slot", "actor", "canceller")}  # fmt: skip
    assert named == {
        "slot": ["Slot/s1-0900"],
        "actor": ["Practitioner/p1", "Location/room"],
        "canceller": ["Patient/ann"],
    }
    assert tasks.values(task, "service-type")[0]["valueCodeableConcept"] == CHECKUP


async def test_slots_that_follow_each_other_are_one_time(clinic: Clinic) -> None:
    await clinic.put(a_slot("10:00"))
    booked = await clinic.book("09:00", minutes=90, slot=WHOLE_MORNING)
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert await freed(clinic) == [time("09:00", "10:30")]


async def test_the_whole_slot_is_free_where_the_visit_was_shorter(clinic: Clinic) -> None:
    booked = await clinic.book("09:00", minutes=10)
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert await freed(clinic) == [time("09:00", "09:30")]


async def test_a_visit_cut_in_the_middle_frees_both_ends(clinic: Clinic) -> None:
    await clinic.put(a_slot("10:00"))
    booked = await clinic.book("09:00", minutes=90, slot=WHOLE_MORNING)
    await clinic.change(
        f"Appointment/{booked['id']}",
        start=at("09:30"), end=at("10:00"), slot=[WHOLE_MORNING[1]],
    )  # fmt: skip
    assert await freed(clinic) == [time("09:00", "09:30"), time("10:00", "10:30")]


async def test_a_visit_that_is_moved_frees_where_it_was(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    await clinic.change(
        f"Appointment/{booked['id']}",
        start=at("09:30"), end=at("10:00"), slot=[ref("Slot/s1-0930")],
    )  # fmt: skip
    assert await freed(clinic) == [time("09:00", "09:30")]


async def test_a_visit_that_is_shortened_inside_its_slot_frees_nothing(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    await clinic.change(f"Appointment/{booked['id']}", end=at("09:20"))
    assert await freed(clinic) == []


async def test_a_visit_without_a_slot_frees_its_own_time(clinic: Clinic) -> None:
    booked = await clinic.book("07:00", schedule=None)
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert await freed(clinic) == [time("07:00", "07:30")]


async def test_a_visit_without_a_slot_frees_the_slots_that_it_was_in(clinic: Clinic) -> None:
    booked = await clinic.post(an_appointment("09:10", 30, schedule=None))
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert await freed(clinic) == [time("09:00", "10:00")]


async def test_the_shared_time_of_two_people_is_freed_once(clinic: Clinic) -> None:
    await clinic.put(a_practitioner("p2"), a_schedule("s2", "Practitioner/p2"))
    await clinic.put(a_slot("09:00", 60, schedule="s2"))
    slots = [ref("Slot/s1-0900"), ref("Slot/s2-0900")]
    booked = await clinic.book("09:00", slot=slots, others=("Practitioner/p1", "Practitioner/p2"))
    await clinic.cancel(f"Appointment/{booked['id']}")
    (task,) = await clinic.all("Task")
    assert await freed(clinic) == [time("09:00", "09:30")]
    assert sorted(map(str, tasks.references(task, "slot"))) == ["Slot/s1-0900", "Slot/s2-0900"]
    assert list(map(str, tasks.references(task, "actor"))) == ["Practitioner/p1", "Practitioner/p2"]


async def test_the_overlapping_slots_of_one_person_are_freed_once(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2"), a_slot("09:00", 60, schedule="s2"))
    booked = await clinic.post(an_appointment("09:00", schedule=None))
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert len(await freed(clinic)) == 1


async def test_a_person_who_is_not_needed_any_more_is_free(clinic: Clinic) -> None:
    await clinic.put(a_practitioner("p2"))
    others = ("Practitioner/p1", "Practitioner/p2")
    booked = await clinic.book("09:00", others=others)
    people = [participant("Patient/ann"), participant("Practitioner/p1")]
    await clinic.change(f"Appointment/{booked['id']}", participant=people)
    await clinic.post(an_appointment("09:00", schedule=None, patient="bob", others=others[1:]))


async def test_time_that_was_only_proposed_frees_nothing(clinic: Clinic) -> None:
    proposed = await clinic.book("09:00", status="proposed")
    await clinic.cancel(f"Appointment/{proposed['id']}")
    assert await freed(clinic) == []


@pytest.mark.parametrize(("minutes", "asked"), [(58, 0), (62, 1)])
async def test_nobody_is_asked_for_time_that_begins_too_soon(
    clinic: Clinic, minutes: int, asked: int
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=minutes)
    times = {"start": format_instant(start), "end": format_instant(start + timedelta(minutes=15))}
    await clinic.put(a_slot() | times)
    booked = await clinic.post(an_appointment() | times)
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert await clinic.status("Slot/s1-0900") == ["free"]
    assert len(await freed(clinic)) == asked


async def test_nothing_is_asked_for_the_past(clinic: Clinic) -> None:
    past: dict[str, Any] = {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T09:30:00Z"}
    await clinic.put(a_slot() | past)
    booked: Resource = await clinic.post(an_appointment() | past)
    await clinic.change(f"Appointment/{booked['id']}", status="noshow")
    assert await freed(clinic) == []


async def test_a_second_cancellation_is_a_second_task(clinic: Clinic) -> None:
    for patient in ("ann", "bob"):
        booked = await clinic.book("09:00", patient=patient)
        await clinic.cancel(f"Appointment/{booked['id']}")
    assert await freed(clinic) == [time("09:00", "09:30")] * 2
