"""What becomes of an offer that is accepted, declined or left too long. Decision 16."""

from collections.abc import Awaitable, Callable

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases import offers as offering
from fhir_gateway.usecases import react, tasks
from tests.usecases.builders import (
    Resource,
    a_practitioner,
    a_related_person,
    a_response,
    a_slot,
    a_waitlist_entry,
    at,
    ref,
)
from tests.usecases.clinic import Clinic, only_issue, refusal, refused_with
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


@pytest.fixture
async def freed(clinic: Clinic) -> Clinic:
    """Bob has been offered the time that Ann gave up, and Cem waits as well."""
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    return clinic


def accepting(offer: Resource, patient: str = "bob") -> Resource:
    return a_response(f"Appointment/{offer['id']}", "accepted", f"Patient/{patient}")


async def test_whoever_accepts_has_the_time(freed: Clinic) -> None:
    offer = await the_offer(freed)
    answer = await freed.post(accepting(offer))
    booked = await freed.get(f"Appointment/{offer['id']}")
    validate(booked, type_name="Appointment")
    assert answer["participantStatus"] == "accepted"
    assert (booked["status"], booked["participant"][0]["status"]) == ("booked", "accepted")
    assert await freed.status("Slot/s1-0900") == ["busy"]
    rows = await freed.sql("SELECT DISTINCT kind, appointment, task, expires_at FROM busy")
    assert rows == [("appointment", offer["id"], None, None)]


async def test_the_entry_of_whoever_accepts_is_closed(freed: Clinic) -> None:
    offer = await the_offer(freed)
    await freed.post(accepting(offer))
    entry = await freed.get("Appointment/wait-bob")
    validate(entry, type_name="Appointment")
    assert (entry["status"], reason_of(entry)) == ("cancelled", "waitlist-filled")
    assert entry["supportingInformation"] == [ref(f"Appointment/{offer['id']}")]
    assert await counters(freed, "bob") == {"offered": 1, "accepted": 1, "declined": 0}


async def test_the_task_is_completed_with_the_booking(freed: Clinic) -> None:
    offer = await the_offer(freed)
    await freed.post(accepting(offer))
    await freed.work()
    task = await the_task(freed)
    validate(task, type_name="Task")
    assert task["status"] == "completed"
    booked = tasks.references(task, "appointment", of="output")
    assert list(map(str, booked)) == [f"Appointment/{offer['id']}"]
    assert await freed.sql("SELECT kind FROM timer") == []


async def test_whoever_accepts_is_told(freed: Clinic) -> None:
    await freed.post(accepting(await the_offer(freed)))
    assert "at 09:00 is booked" in (await messages(freed, "bob"))[-1]


@pytest.fixture
async def both(freed: Clinic) -> Clinic:
    """A wave later, Cem has an offer of the same time beside Bob's."""
    await freed.sql("UPDATE timer SET due = clock_timestamp() WHERE kind = %s RETURNING 1",
                    (offering.WAVE,))  # fmt: skip
    await freed.work()
    return freed


async def test_the_others_are_told_before_the_winner_hears(both: Clinic) -> None:
    bobs, cems = await offers(both)
    await both.post(accepting(bobs))
    beaten = await both.get(f"Appointment/{cems['id']}")
    assert (beaten["status"], reason_of(beaten)) == ("cancelled", "superseded")
    assert "somebody else has taken" in (await messages(both, "cem"))[-1]
    assert await both.status("Appointment/wait-cem") == ["waitlist"]
    assert await counters(both, "cem") == {"offered": 1, "accepted": 0, "declined": 0}


async def test_the_second_to_accept_comes_too_late(both: Clinic) -> None:
    bobs, cems = await offers(both)
    await both.post(accepting(cems, "cem"))
    attempt = both.post(accepting(bobs))
    assert await refused_with(attempt) == (Category.CONFLICT, "superseded")
    assert len(await both.all("AppointmentResponse")) == 1
    assert await counters(both, "bob") == {"offered": 1, "accepted": 0, "declined": 0}


async def test_a_second_yes_is_too_late_as_well(freed: Clinic) -> None:
    offer = await the_offer(freed)
    await freed.post(accepting(offer))
    assert await refused_with(freed.post(accepting(offer))) == (Category.CONFLICT, "offer-closed")


async def test_an_offer_whose_time_is_over_is_not_accepted(freed: Clinic) -> None:
    offer = await the_offer(freed)
    await freed.time_is_up(offer)
    assert await refused_with(freed.post(accepting(offer))) == (Category.CONFLICT, "offer-expired")
    assert await freed.all("AppointmentResponse") == []
    assert (await freed.get(f"Appointment/{offer['id']}"))["status"] == "proposed"


async def test_an_offer_that_has_expired_is_closed(freed: Clinic) -> None:
    offer = await the_offer(freed)
    await freed.time_is_up(offer)
    await freed.work()
    assert await refused_with(freed.post(accepting(offer))) == (Category.CONFLICT, "offer-closed")


async def test_a_patient_who_is_elsewhere_by_now_cannot_accept(freed: Clinic) -> None:
    await freed.put(a_practitioner("p2"))
    elsewhere = {"schedule": None, "others": ("Practitioner/p2",)}
    await freed.book("09:10", patient="bob", **elsewhere)
    attempt = freed.post(accepting(await the_offer(freed)))
    assert await refused_with(attempt) == (Category.CONFLICT, "patient-busy")
    assert await freed.status("Slot/s1-0900") == ["busy-tentative"]


async def test_a_related_person_may_answer(freed: Clinic) -> None:
    await freed.put(a_related_person("mother", "bob"))
    offer = await the_offer(freed)
    await freed.post(accepting(offer) | {"actor": ref("RelatedPerson/mother")})
    assert await freed.status(f"Appointment/{offer['id']}") == ["booked"]


@pytest.mark.parametrize("stranger", ["Patient/cem", "RelatedPerson/mother", "Practitioner/p1"])
async def test_a_stranger_may_not_answer(freed: Clinic, stranger: str) -> None:
    await freed.put(a_related_person("mother", "cem"))
    attempt = freed.post(accepting(await the_offer(freed)) | {"actor": ref(stranger)})
    assert await refused_with(attempt) == (Category.UNPROCESSABLE, "not-a-participant")


@pytest.mark.parametrize("status", ["tentative", "needs-action"])
async def test_an_offer_is_answered_with_yes_or_no(freed: Clinic, status: str) -> None:
    offer = await the_offer(freed)
    error = await refusal(freed.post(accepting(offer) | {"participantStatus": status}))
    assert error.category is Category.UNPROCESSABLE
    assert only_issue(error).expression == ("AppointmentResponse.participantStatus",)


async def test_a_client_cannot_book_an_offer_by_itself(freed: Clinic) -> None:
    offer = await the_offer(freed)
    attempt = freed.change(f"Appointment/{offer['id']}", status="booked")
    assert await refused_with(attempt) == (Category.CONFLICT, "offer")


async def test_to_cancel_an_offer_is_to_decline_it(freed: Clinic) -> None:
    offer = await the_offer(freed)
    await freed.cancel(f"Appointment/{offer['id']}")
    await freed.work()
    assert reason_of(await freed.get(f"Appointment/{offer['id']}")) == "declined"
    assert await counters(freed, "bob") == {"offered": 1, "accepted": 0, "declined": 1}
    assert asked(await offers(freed)) == ["cem"]


async def test_to_withdraw_an_offer_asks_the_next_and_says_no_for_nobody(freed: Clinic) -> None:
    offer = await the_offer(freed)
    reason = {"text": "Entered by mistake"}
    await freed.change(f"Appointment/{offer['id']}", status="cancelled", cancelationReason=reason)
    await freed.work()
    assert asked(await offers(freed)) == ["cem"]
    assert await counters(freed, "bob") == {"offered": 1, "accepted": 0, "declined": 0}


@pytest.mark.parametrize("ending", ["accepted", "declined", "expired", "cancelled"])
async def test_the_end_of_an_offer_starts_no_new_cascade(freed: Clinic, ending: str) -> None:
    bobs = await the_offer(freed)
    endings: dict[str, Callable[[], Awaitable[object]]] = {
        "accepted": lambda: freed.post(accepting(bobs)),
        "declined": lambda: freed.post(accepting(bobs) | {"participantStatus": "declined"}),
        "expired": lambda: freed.time_is_up(bobs),
        "cancelled": lambda: freed.cancel(f"Appointment/{bobs['id']}"),
    }
    await endings[ending]()
    await freed.work()
    await freed.time_is_up({"id": "every hold"})
    await react.sweep(freed.deps)
    await freed.work()
    assert len(await freed.all("Task")) == 1


@pytest.fixture
async def held(clinic: Clinic) -> Clinic:
    """Bob holds 15:00 and would give it up; Cem waits as well; Ann gives 09:00 up."""
    await clinic.put(a_slot("15:00"))
    later = await clinic.book("15:00", patient="bob")
    entry = a_waitlist_entry("bob", supportingInformation=[ref(f"Appointment/{later['id']}")])
    await clinic.put(entry)
    await clinic.put(a_waitlist_entry("cem", created="2026-02-01"))
    await free_up(clinic)
    return clinic


async def test_a_later_appointment_is_given_up_and_offered_in_turn(held: Clinic) -> None:
    await held.post(accepting(await the_offer(held)))
    await held.work()
    assert await held.status("Slot/s1-0900", "Slot/s1-1500") == ["busy", "busy-tentative"]
    (cems,) = await offers(held)
    assert (asked([cems]), cems["start"]) == (["cem"], at("15:00"))
    entry = await held.get("Appointment/wait-bob")
    (given_up,) = await held.all("Appointment", status="cancelled", start=at("15:00"))
    assert ref(f"Appointment/{given_up['id']}") in entry["supportingInformation"]


async def test_a_later_appointment_stays_until_the_offer_is_accepted(held: Clinic) -> None:
    await held.post(accepting(await the_offer(held)) | {"participantStatus": "declined"})
    assert await held.status("Slot/s1-1500") == ["busy"]


async def test_a_later_appointment_stays_where_the_answer_comes_too_late(held: Clinic) -> None:
    offer = await the_offer(held)
    await held.time_is_up(offer)
    await refusal(held.post(accepting(offer)))
    assert await held.status("Slot/s1-1500") == ["busy"]
