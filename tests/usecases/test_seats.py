"""A Slot with seats takes so many patients and nobody else beside them. Decision record 0027."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from fhir_gateway.core.codes import EXT_SLOT_CAPACITY
from fhir_gateway.core.errors import Category
from tests.usecases.builders import (
    Resource,
    a_location,
    a_patient,
    a_practitioner,
    a_response,
    a_schedule,
    a_slot,
    an_appointment,
    availability,
    later,
    participant,
    ref,
)
from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.ehr import DOE, Ehr, known_here
from tests.usecases.finding import find, minutes
from tests.usecases.measuring import counted, scores
from tests.usecases.rush import all_at_once
from tests.usecases.test_book import book
from tests.usecases.test_generating import counts, generate, with_rules
from tests.usecases.test_generating import slot as generated
from tests.usecases.waiting_room import asked, free_up, offers, the_offer, the_task, waiting

CONFLICT = Category.CONFLICT
TAKEN = (CONFLICT, "slot-taken")
GROUP = "Slot/s1-0900"


def a_group(seats: Any = 3, start: str = "09:00", **elements: Any) -> Resource:
    """A Slot with seats."""
    said = [{"url": EXT_SLOT_CAPACITY, "valueInteger": seats}]
    return a_slot(start, extension=said, **elements)


@pytest.fixture
async def clinic(clinic: Clinic) -> Clinic:
    """09:00 has three seats, 09:30 one; five patients."""
    await clinic.put(a_group(), a_patient("eve"))
    return clinic


async def taken(clinic: Clinic, slot: str = "s1-0900") -> int:
    """Seats of a Slot that anybody has."""
    rows = await clinic.sql(
        "SELECT seat FROM busy WHERE active AND exclusive AND seats_of IS NOT NULL"
        " AND %s = ANY(slots)", (slot,),
    )  # fmt: skip
    return len(rows)


async def fill(clinic: Clinic, *patients: str) -> list[Resource]:
    return [await clinic.book(patient=each) for each in patients]


async def test_so_many_are_booked_as_there_are_seats(clinic: Clinic) -> None:
    statuses = []
    for each in ("ann", "bob", "cem"):
        await clinic.book(patient=each)
        statuses += await clinic.status(GROUP)
    assert statuses == ["free", "free", "busy"]
    assert await refused_with(clinic.book(patient="dan")) == TAKEN
    assert await clinic.wrong_slots() == []


async def test_a_seat_that_is_given_up_is_there_again(clinic: Clinic) -> None:
    first, *_ = await fill(clinic, "ann", "bob", "cem")
    await clinic.cancel(f"Appointment/{first['id']}")
    assert await clinic.status(GROUP) == ["free"]
    await clinic.book(patient="dan")
    assert await clinic.status(GROUP) == ["busy"]
    assert await clinic.wrong_slots() == []


@pytest.mark.parametrize("seats", [1, 2, 5])
async def test_of_many_at_once_so_many_get_a_seat(clinic: Clinic, seats: int) -> None:
    await clinic.put(*(a_patient(f"p{each}") for each in range(seats + 7)))
    await clinic.change(GROUP, **a_group(seats))
    attempts = (clinic.book(patient=f"p{each}") for each in range(seats + 7))
    assert await all_at_once(attempts) == Counter(kept=seats, conflict=7)
    assert await clinic.status(GROUP) == ["busy"]
    assert await clinic.wrong_slots() == []


async def test_those_who_come_and_go_at_once_leave_nothing_behind(clinic: Clinic) -> None:
    booked = await fill(clinic, "ann", "bob", "cem")
    leaving = [clinic.cancel(f"Appointment/{each['id']}") for each in booked]
    coming = [clinic.book(patient=each) for each in ("dan", "eve")]
    await asyncio.gather(*leaving, *coming, return_exceptions=True)
    there = [each for each in await clinic.all("Appointment") if each["status"] == "booked"]
    assert await taken(clinic) == len(there)
    for each in there:
        await clinic.cancel(f"Appointment/{each['id']}")
    assert (await taken(clinic), await clinic.status(GROUP)) == (0, ["free"])
    assert await clinic.wrong_slots() == []


async def test_nobody_else_gets_the_time_beside_a_group(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2"), a_slot("09:15", schedule="s2"))
    group = await clinic.book()
    assert await clinic.status("Slot/s2-0915") == ["busy-unavailable"]
    assert (await refused_with(clinic.book("09:15", "bob", schedule="s2")))[0] is CONFLICT
    assert (await refused_with(clinic.book("09:10", "bob", schedule=None)))[0] is CONFLICT
    await clinic.cancel(f"Appointment/{group['id']}")
    await clinic.book("09:15", "bob", schedule="s2")
    assert await clinic.status(GROUP) == ["busy-unavailable"]
    assert (await refused_with(clinic.book(patient="cem")))[0] is CONFLICT
    assert await clinic.wrong_slots() == []


async def test_two_groups_at_one_time_are_no_one_persons(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2"), a_group(start="09:15", schedule="s2"))
    await clinic.book()
    assert (await refused_with(clinic.book("09:15", "bob", schedule="s2")))[0] is CONFLICT


async def test_a_shorter_visit_takes_a_seat_of_the_whole_slot(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2"), a_slot("09:20", 10, schedule="s2"))
    await clinic.book(minutes=15)
    assert await clinic.status("Slot/s2-0920") == ["busy-unavailable"]
    await clinic.book(patient="bob", minutes=15)
    assert await taken(clinic) == 2


async def test_each_patient_of_an_appointment_has_a_seat(clinic: Clinic) -> None:
    pair = ("Patient/bob", "Practitioner/p1")
    both = await clinic.book(others=pair)
    other = clinic.book(patient="cem", others=("Patient/dan", "Practitioner/p1"))
    assert await refused_with(other) == TAKEN
    assert await taken(clinic) == 2
    alone = [each for each in both["participant"] if each["actor"] != ref("Patient/bob")]
    await clinic.change(f"Appointment/{both['id']}", participant=alone)
    assert await taken(clinic) == 1
    three = [*alone, participant("Patient/cem"), participant("Patient/dan")]
    await clinic.change(f"Appointment/{both['id']}", participant=three)
    assert (await taken(clinic), await clinic.status(GROUP)) == (3, ["busy"])
    assert await clinic.wrong_slots() == []


async def test_nobody_sits_in_two_seats(clinic: Clinic) -> None:
    await clinic.book()
    assert await refused_with(clinic.book()) == (CONFLICT, "patient-busy")


async def test_a_room_of_its_own_has_the_seats_as_well(clinic: Clinic) -> None:
    await clinic.put(a_location("room"), a_schedule("s2", "Practitioner/p1", "Location/room"))
    await clinic.put(a_schedule("s3", "Location/room", extension=availability()))
    await clinic.put(a_group(2, schedule="s2"), a_slot(schedule="s3"))
    both = ("Practitioner/p1", "Location/room")
    for each in ("ann", "bob"):
        await clinic.book(patient=each, schedule="s2", others=both)
    assert await clinic.status("Slot/s2-0900", "Slot/s3-0900") == ["busy", "busy-unavailable"]
    third = clinic.book(patient="cem", schedule="s2", others=both)
    assert await refused_with(third) == TAKEN
    assert await clinic.wrong_slots() == []


async def test_who_moves_away_leaves_a_seat(clinic: Clinic) -> None:
    first, *_ = await fill(clinic, "ann", "bob", "cem")
    moved = an_appointment("09:30") | {"id": first["id"]}
    await clinic.put(moved)
    assert await clinic.status(GROUP, "Slot/s1-0930") == ["free", "busy"]
    assert await clinic.wrong_slots() == []


async def test_who_needs_two_slots_needs_them_whole(clinic: Clinic) -> None:
    both = [ref(GROUP), ref("Slot/s1-0930")]
    long = await clinic.book(minutes=60, slot=both)
    assert await clinic.status(GROUP) == ["busy"]
    assert await refused_with(clinic.book(patient="bob")) == TAKEN
    await clinic.cancel(f"Appointment/{long['id']}")
    await clinic.book(patient="bob")
    assert (await refused_with(clinic.book(minutes=60, slot=both)))[0] is CONFLICT


@pytest.mark.parametrize(
    "elements",
    [
        {"end": later(a_slot()["end"], 30)},
        {"status": "busy-unavailable"},
        {"status": "entered-in-error"},
        {"extension": a_group(9)["extension"]},
        {"extension": None},
    ],
)
async def test_a_slot_in_which_somebody_sits_stays_as_it_is(
    clinic: Clinic, elements: Resource
) -> None:
    await clinic.book()
    assert (await refused_with(clinic.change(GROUP, **elements)))[0] is CONFLICT
    assert (await refused_with(clinic.delete(GROUP)))[0] is CONFLICT
    assert await clinic.status(GROUP) == ["free"]


@pytest.mark.parametrize("seats", [0, -1, 1001])
async def test_seats_are_a_number_that_makes_sense(clinic: Clinic, seats: int) -> None:
    refused = clinic.put(a_group(seats, "10:00"))
    assert (await refused_with(refused))[0] is Category.UNPROCESSABLE


async def test_a_seat_that_comes_free_is_offered_and_held(clinic: Clinic) -> None:
    await fill(clinic, "cem", "dan")
    await waiting(clinic, "bob")
    await free_up(clinic)
    assert asked(await offers(clinic)) == ["bob"]
    assert (await taken(clinic), await clinic.status(GROUP)) == (3, ["busy-tentative"])
    assert await refused_with(clinic.book(patient="eve")) == (CONFLICT, "offered")
    offer = await the_offer(clinic)
    await clinic.post(a_response(f"Appointment/{offer['id']}", "accepted", "Patient/bob"))
    await clinic.work()
    assert (await clinic.get(f"Appointment/{offer['id']}"))["status"] == "booked"
    assert (await taken(clinic), await clinic.status(GROUP)) == (3, ["busy"])
    assert await clinic.wrong_slots() == []


async def test_after_a_no_the_next_is_asked_and_in_the_end_the_seat_is_free(
    clinic: Clinic,
) -> None:
    await fill(clinic, "cem", "dan")
    await waiting(clinic, "bob", "eve")
    await free_up(clinic)
    for each in ("bob", "eve"):
        offer = await the_offer(clinic)
        assert asked([offer]) == [each]
        no = a_response(f"Appointment/{offer['id']}", "declined", f"Patient/{each}")
        await clinic.post(no)
        await clinic.work()
    assert (await taken(clinic), await clinic.status(GROUP)) == (2, ["free"])
    assert (await the_task(clinic))["status"] == "failed"


async def test_staff_take_an_offered_seat_back(clinic: Clinic) -> None:
    await fill(clinic, "cem", "dan")
    await waiting(clinic, "bob")
    await free_up(clinic)
    booked = await book(clinic, an_appointment(patient="eve"), override_offer=True)
    assert booked["status"] == "booked"
    assert (await taken(clinic), await offers(clinic)) == (3, [])
    assert await clinic.wrong_slots() == []


async def test_the_ehr_overbooks_and_gets_the_next_seat(clinic: Clinic) -> None:
    await clinic.put(known_here())
    first, *_ = await fill(clinic, "ann", "bob", "cem")
    told = await Ehr(clinic).sends("S12")
    slot = await clinic.get(GROUP)
    assert (slot["status"], slot["overbooked"]) == ("busy", True)
    await clinic.cancel(f"Appointment/{first['id']}")
    (row,) = [each for each in await clinic.held(told["id"]) if each.exclusive]
    assert (row.active, row.kind) == (True, "appointment")
    slot = await clinic.get(GROUP)
    assert (slot["status"], "overbooked" in slot) == ("busy", False)
    assert await taken(clinic) == 3


async def test_the_ehr_books_a_seat_like_everybody(clinic: Clinic) -> None:
    await clinic.put(known_here())
    await Ehr(clinic).sends("S12", patient=DOE)
    assert (await taken(clinic), await clinic.status(GROUP)) == (1, ["free"])


async def test_a_group_is_found_until_it_is_full(clinic: Clinic) -> None:
    await fill(clinic, "ann", "bob")
    assert minutes(await find(clinic)) == ["09:00", "09:30"]
    assert minutes(await find(clinic, ("patient", "Patient/ann"))) == ["09:30"]
    await fill(clinic, "cem")
    assert minutes(await find(clinic)) == ["09:30"]


async def test_rules_with_a_capacity_make_slots_with_seats(bare: Clinic) -> None:
    await bare.put(a_practitioner(), a_patient("ann"), a_patient("bob"), with_rules(capacity=2))
    assert await generate(bare) == counts(created=18)
    assert await generate(bare) == counts(kept=18)
    slot = await bare.get(f"Slot/{generated()}")
    assert slot["extension"][-1] == {"url": EXT_SLOT_CAPACITY, "valueInteger": 2}
    await bare.book(slot=[ref(f"Slot/{generated()}")])
    await bare.put(with_rules(capacity=5))
    assert await generate(bare) == counts(changed=17, kept=1)
    seats = [
        (await bare.get(f"Slot/{generated(each)}"))["extension"][-1]["valueInteger"]
        for each in ("09:00", "09:30")
    ]
    assert seats == [2, 5]
    await bare.put(with_rules(hours=("10:00", "12:00"), capacity=5))
    await generate(bare)
    assert await bare.status(f"Slot/{generated()}") == ["free"]
    assert await bare.wrong_slots() == []


async def test_metrics_count_seats(clinic: Clinic) -> None:
    await fill(clinic, "ann", "bob")
    found = await counted(clinic, "Practitioner/p1")
    assert (found["offered-slots"], found["booked-slots"]) == (4, 2)
    assert (found["offered-minutes"], found["booked-minutes"]) == (120, 60)
    told = await scores(clinic, "Practitioner/p1")
    assert (told["utilisation-slots"], told["utilisation-minutes"]) == ("50.00", "50.00")
