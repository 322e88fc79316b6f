"""A freed time is offered to the first five at once, and held for nobody. Policy `plan`."""

import pytest

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.core.errors import Category
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases.zones import extension, part
from tests.usecases.builders import a_patient, a_response, a_waitlist_entry, wishes
from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.waiting_room import (
    asked,
    free_up,
    offers,
    reason_of,
    the_offer,
    the_task,
    waiting,
)

SEVEN = tuple(f"w{number}" for number in range(1, 8))


@pytest.fixture
async def crowded(clinic: Clinic) -> Clinic:
    """Seven wait, the first longest; Ann has given 09:00 up."""
    plan = clinic.under(waitlist="plan")
    await plan.put(*(a_patient(each) for each in SEVEN))
    await waiting(plan, *SEVEN)
    await free_up(plan)
    return plan


async def answer(clinic: Clinic, patient: str, status: str = "accepted") -> None:
    (offer,) = [each for each in await offers(clinic) if asked([each]) == [patient]]
    await clinic.post(a_response(f"Appointment/{offer['id']}", status, f"Patient/{patient}"))


async def test_the_first_five_are_asked(crowded: Clinic) -> None:
    assert sorted(asked(await offers(crowded))) == list(SEVEN[:5])


async def test_offered_time_is_held_for_nobody(crowded: Clinic) -> None:
    assert await crowded.sql("SELECT count(*) FROM busy") == [(0,)]
    assert await crowded.status("Slot/s1-0900") == ["free"]
    await crowded.book("09:00", patient="dan")
    assert await crowded.status("Slot/s1-0900") == ["busy"]


async def test_an_offer_explains_its_score(crowded: Clinic) -> None:
    offer = (await offers(crowded))[0]
    validate(offer, type_name="Appointment")
    score = extension(offer, EXT_SCORE) or {}
    factors = [each for each in score["extension"] if each["url"] == "factor"]
    assert part(score, "policy") == "plan"
    assert sum(part(each, "contribution") for each in factors) == part(score, "total")


async def test_ranks_count_from_one(crowded: Clinic) -> None:
    ranks = {asked([each])[0]: part(extension(each, EXT_SCORE), "rank")
             for each in await offers(crowded)}  # fmt: skip
    assert ranks == {patient: rank for rank, patient in enumerate(SEVEN[:5], start=1)}


@pytest.mark.parametrize("how", ["declined", "expired"])
async def test_nobody_takes_the_place_of_who_does_not_want_it(crowded: Clinic, how: str) -> None:
    first = next(each for each in await offers(crowded) if asked([each]) == ["w1"])
    ways = {
        "declined": lambda: answer(crowded, "w1", "declined"),
        "expired": lambda: crowded.time_is_up(first),
    }
    await ways[how]()
    await crowded.work()
    assert sorted(asked(await offers(crowded))) == list(SEVEN[1:5])


async def test_the_first_yes_wins_and_the_others_are_told(crowded: Clinic) -> None:
    await answer(crowded, "w3")
    assert await offers(crowded) == []
    ended = await offers(crowded, "cancelled")
    assert sorted(asked(ended)) == ["w1", "w2", "w4", "w5"]
    assert {reason_of(each) for each in ended} == {"superseded"}
    assert (await the_task(crowded))["status"] == "completed"


async def test_who_accepts_after_a_stranger_has_booked_is_too_late(crowded: Clinic) -> None:
    await crowded.book("09:00", patient="dan")
    attempt = answer(crowded, "w1")
    assert await refused_with(attempt) == (Category.CONFLICT, "slot-taken")


async def test_after_five_refusals_the_task_has_failed(crowded: Clinic) -> None:
    for patient in SEVEN[:5]:
        await answer(crowded, patient, "declined")
        await crowded.work()
    assert (await the_task(crowded))["status"] == "failed"
    assert await crowded.status("Slot/s1-0900") == ["free"]


async def test_a_clinic_may_have_offers_of_the_plan_held(clinic: Clinic) -> None:
    held = clinic.under(waitlist="plan", offer_hold=True)
    await waiting(held, "bob", "cem")
    await free_up(held)
    assert sorted(asked(await offers(held))) == ["bob", "cem"]
    assert await held.status("Slot/s1-0900") == ["busy-tentative"]
    assert await held.sql("SELECT count(*) FROM busy") == [(1,)]


async def test_a_clinic_may_have_offers_of_best_held_for_nobody(clinic: Clinic) -> None:
    open_handed = clinic.under(waitlist="best", offer_hold=False)
    await waiting(open_handed, "bob", "cem")
    await free_up(open_handed)
    assert asked([await the_offer(open_handed)]) == ["bob"]
    assert await open_handed.status("Slot/s1-0900") == ["free"]


async def test_more_flexible_patients_come_first(clinic: Clinic) -> None:
    plan = clinic.under(waitlist="plan")
    await plan.put(a_waitlist_entry("bob", extension=wishes(flexibility=10)))
    await plan.put(a_waitlist_entry("cem", extension=wishes(flexibility=90)))
    await free_up(plan)
    first = min(await offers(plan), key=lambda each: part(extension(each, EXT_SCORE), "rank"))
    assert asked([first]) == ["cem"]
