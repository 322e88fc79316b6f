"""Many book at once: the guard lets one through. Decision 8."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.usecases.builders import (
    Resource,
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
    participant,
    ref,
)
from tests.usecases.clinic import Clinic
from tests.usecases.rush import CLIENTS, ONE_WINNER, all_at_once

PATIENTS = [f"w{number}" for number in range(CLIENTS)]


@pytest.fixture
async def clinic(clinic: Clinic) -> AsyncIterator[Clinic]:
    """With as many patients as there are clients; afterwards every Slot says what is held."""
    await clinic.put(*(a_patient(each) for each in PATIENTS))
    yield clinic
    assert await clinic.wrong_slots() == []


async def book_one_slot(clinic: Clinic) -> Counter[str]:
    return await all_at_once(clinic.book("09:00", patient=each) for each in PATIENTS)


async def test_of_64_who_book_one_slot_one_has_it(clinic: Clinic) -> None:
    assert await book_one_slot(clinic) == ONE_WINNER
    assert len(await clinic.all("Appointment")) == 1
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["busy", "free"]
    assert await clinic.sql("SELECT count(*) FROM busy WHERE exclusive") == [(1,)]


async def test_without_the_guard_several_would_have_it(unguarded: Clinic) -> None:
    outcome = await book_one_slot(unguarded)
    assert outcome["kept"] > 1
    assert outcome != ONE_WINNER


async def test_of_64_who_book_overlapping_slots_of_one_person_one_has_it(clinic: Clinic) -> None:
    starts = {"s1": "09:00", "s2": "09:10", "s3": "09:20"}
    for schedule in ("s2", "s3"):
        await clinic.put(a_schedule(schedule), a_slot(starts[schedule], schedule=schedule))
    wanted = [
        an_appointment(starts[schedule], schedule=schedule, patient=patient)
        for patient, schedule in zip(PATIENTS, list(starts) * CLIENTS, strict=False)
    ]
    assert await all_at_once(map(clinic.post, wanted)) == ONE_WINNER
    slots = [f"Slot/{each}-{start.replace(':', '')}" for each, start in starts.items()]
    assert sorted(await clinic.status(*slots)) == ["busy", "busy-unavailable", "busy-unavailable"]


async def test_two_people_in_either_order_are_no_deadlock(clinic: Clinic) -> None:
    await clinic.put(a_practitioner("p2"))
    orders = [("Practitioner/p1", "Practitioner/p2"), ("Practitioner/p2", "Practitioner/p1")]
    wanted = [
        an_appointment(schedule=None, patient=patient, others=order)
        for patient, order in zip(PATIENTS, orders * CLIENTS, strict=False)
    ]
    assert await all_at_once(map(clinic.post, wanted)) == ONE_WINNER
    assert await clinic.sql("SELECT count(*) FROM busy WHERE exclusive") == [(2,)]


async def test_a_patient_who_books_everywhere_at_once_is_in_one_place(clinic: Clinic) -> None:
    people = [f"p{number}" for number in range(2, CLIENTS + 2)]
    await clinic.put(*(a_practitioner(each) for each in people))
    wanted = [an_appointment(schedule=None, others=(f"Practitioner/{each}",)) for each in people]
    assert await all_at_once(map(clinic.post, wanted)) == ONE_WINNER
    assert await clinic.sql("SELECT count(*) FROM busy") == [(2,)]


async def test_those_who_want_different_times_all_have_theirs(clinic: Clinic) -> None:
    starts = [f"{hour:02}:{minute:02}" for hour in range(10, 18) for minute in range(0, 60, 15)]
    await clinic.put(*(a_slot(each, 15) for each in starts))
    wanted = [
        an_appointment(start, 15, patient=patient)
        for start, patient in zip(starts, PATIENTS, strict=False)
    ]
    assert await all_at_once(map(clinic.post, wanted)) == Counter(kept=len(starts))


async def test_two_who_swap_their_times_do_not_both_lose_them(clinic: Clinic) -> None:
    first, second = await clinic.book("09:00"), await clinic.book("09:30", patient="bob")
    both: list[Resource] = [
        first | {name: second[name] for name in ("start", "end", "slot")},
        second | {name: first[name] for name in ("start", "end", "slot")},
    ]
    outcome = await all_at_once(map(clinic.put, both))
    assert outcome == Counter(conflict=2)
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["busy", "busy"]


async def test_a_booking_and_a_block_do_not_both_get_the_time(clinic: Clinic) -> None:
    free = await clinic.get("Slot/s1-0900")
    books = [clinic.book("09:00", patient=each) for each in PATIENTS[1:]]
    block = clinic.put(free | {"status": "busy-unavailable"})
    assert await all_at_once([*books[:4], block, *books[4:]]) == ONE_WINNER
    assert await clinic.sql("SELECT count(*) FROM busy WHERE exclusive") == [(1,)]


async def test_64_who_cancel_and_book_leave_no_slot_behind(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    gone = {name: booked[name] for name in booked if name != "meta"} | {"status": "cancelled"}
    waiting = [clinic.book("09:00", patient=each) for each in PATIENTS[1:]]
    outcome = await all_at_once([clinic.put(gone), *waiting])
    assert outcome in (Counter(kept=1, conflict=63), Counter(kept=2, conflict=62))
    held = await clinic.sql("SELECT count(*) FROM busy WHERE exclusive")
    assert await clinic.status("Slot/s1-0900") == [{(0,): "free", (1,): "busy"}[held[0]]]


async def test_slots_that_a_pair_shares_are_taken_together(clinic: Clinic) -> None:
    await clinic.put(a_practitioner("p2"), a_schedule("s2", "Practitioner/p2"))
    await clinic.put(a_slot(schedule="s2"))
    slots = [ref("Slot/s1-0900"), ref("Slot/s2-0900")]
    people = [participant("Practitioner/p1"), participant("Practitioner/p2")]
    wanted = [
        an_appointment(slot=slots[::turn])
        | {"participant": [participant(f"Patient/{patient}"), *people[::turn]]}
        for patient, turn in zip(PATIENTS, [1, -1] * CLIENTS, strict=False)
    ]
    assert await all_at_once(map(clinic.post, wanted)) == ONE_WINNER
    assert await clinic.status("Slot/s1-0900", "Slot/s2-0900") == ["busy", "busy"]
