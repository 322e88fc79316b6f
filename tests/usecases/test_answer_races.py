"""Many accept the same freed time at once: the guard lets one through. Decisions 8 and 16."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from fhir_gateway.core.time import format_instant
from tests.usecases.builders import Resource, a_patient, a_response, a_slot, an_appointment
from tests.usecases.clinic import Clinic
from tests.usecases.rush import CLIENTS, ONE_WINNER, all_at_once
from tests.usecases.waiting_room import asked, offers, reason_of, the_task, waiting

PATIENTS = tuple(f"w{number}" for number in range(CLIENTS))


async def soon_freed(clinic: Clinic) -> None:
    """Everybody waits, and a time comes free that begins so soon that many have to be asked."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=78)
    end = start + timedelta(minutes=30)
    times = {"start": format_instant(start), "end": format_instant(end)}
    await clinic.put(*(a_patient(each) for each in PATIENTS))
    await waiting(clinic, *PATIENTS[:28])
    await clinic.put(a_slot() | times)
    booked = await clinic.post(an_appointment() | times)
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.work()


async def far_freed(clinic: Clinic) -> None:
    await clinic.put(*(a_patient(each) for each in PATIENTS))
    await waiting(clinic, *PATIENTS[:28])
    booked = await clinic.book("09:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.work()


def yes(offer: Resource) -> Resource:
    (patient,) = asked([offer])
    return a_response(f"Appointment/{offer['id']}", "accepted", f"Patient/{patient}")


async def accept_all(clinic: Clinic, made: list[Resource]) -> Counter[str]:
    """64 answers to the offers, in turn."""
    answers = [yes(offer) for offer, _ in zip(made * CLIENTS, range(CLIENTS), strict=False)]
    return await all_at_once(map(clinic.post, answers))


async def open_offers(clinic: Clinic, policy: str) -> tuple[Clinic, list[Resource]]:
    """Offers of one freed time: five of `plan`, without a hold; many of `best`, with one."""
    chosen = clinic.under(waitlist=policy)
    await {"plan": far_freed, "best": soon_freed}[policy](chosen)
    return chosen, await offers(chosen)


@pytest.mark.parametrize(("policy", "fewest", "held"), [("plan", 5, 0), ("best", 8, 1)])
async def test_of_64_who_accept_the_same_time_one_has_it(
    clinic: Clinic, policy: str, fewest: int, held: int
) -> None:
    busy, made = await open_offers(clinic, policy)
    assert len(made) >= fewest
    assert await busy.sql("SELECT count(*) FROM busy") == [(held,)]
    assert await accept_all(busy, made) == ONE_WINNER
    await busy.work()
    (winner,) = await offers(busy, "booked")
    others = await offers(busy, "cancelled")
    assert len(others) == len(made) - 1
    assert {reason_of(each) for each in others} == {"superseded"}
    assert (await the_task(busy))["status"] == "completed"
    assert len(await busy.all("AppointmentResponse")) == 1
    assert len(await busy.held(winner["id"])) == 2
    assert await busy.status("Slot/s1-0900") == ["busy"]
    assert await busy.wrong_slots() == []


@pytest.mark.parametrize("policy", ["plan", "best"])
async def test_without_the_guard_several_would_have_it(unguarded: Clinic, policy: str) -> None:
    busy, made = await open_offers(unguarded, policy)
    outcome = await accept_all(busy, made)
    assert outcome["kept"] > 1
    assert outcome != ONE_WINNER


async def test_an_acceptance_and_a_booking_do_not_both_get_the_time(clinic: Clinic) -> None:
    plan, made = await open_offers(clinic, "plan")
    strangers = [plan.book("09:00", patient=each) for each in PATIENTS[32:]]
    outcome = await all_at_once([*strangers, *(plan.post(yes(each)) for each in made)])
    assert outcome == Counter(kept=1, conflict=len(strangers) + len(made) - 1)
    await plan.work()
    assert await plan.sql("SELECT count(*) FROM busy WHERE exclusive") == [(1,)]
    assert await plan.wrong_slots() == []


async def test_an_answer_in_the_last_moment_is_one_of_two_things(clinic: Clinic) -> None:
    plan, made = await open_offers(clinic, "plan")
    await plan.time_is_up(made[0])
    refusals = [plan.post(yes(each) | {"participantStatus": "declined"}) for each in made[1:3]]
    accepted = [plan.post(yes(each)) for each in made[3:]]
    outcome = await all_at_once([*refusals, plan.work_beside(), *accepted])
    assert set(outcome) <= {"kept", "conflict"}
    await plan.work()
    assert len(await offers(plan, "booked")) == 1
    assert await offers(plan) == []
    assert (await the_task(plan))["status"] == "completed"
