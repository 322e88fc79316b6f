"""Whose seat is it where some are held, given back or taken away? Decision record 0027."""

from collections.abc import Awaitable, Callable

import pytest

from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import RaceLostError
from fhir_gateway.usecases import appointments
from fhir_gateway.usecases.appointments import Change
from fhir_gateway.usecases.engaging import look_around
from tests.usecases.builders import Resource, a_patient, a_slot, an_appointment, at
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.ehr import Ehr, known_here, segment
from tests.usecases.test_book import book
from tests.usecases.test_seats import GROUP, a_group, fill, taken
from tests.usecases.waiting_room import free_up, offers, waiting


@pytest.fixture
async def clinic(clinic: Clinic) -> Clinic:
    """09:00 has two seats, 09:30 one; five patients; the EHR knows the practitioner."""
    await clinic.put(a_group(2), a_patient("eve"), known_here())
    return clinic


async def rows(clinic: Clinic, appointment: str) -> list[tuple[bool, str]]:
    """Whether it has each of its seats, and what it is called."""
    held = [each for each in await clinic.held(appointment) if each.exclusive]
    return sorted(((each.active, each.kind) for each in held), reverse=True)


async def test_a_pair_of_the_ehr_has_the_seat_that_was_offered_and_waits_for_the_other(
    clinic: Clinic,
) -> None:
    (first,) = await fill(clinic, "cem")
    await waiting(clinic, "bob")
    await free_up(clinic)
    more = (segment("PID", {3: "A2^^^CLINIC^MR", 5: "Ray^Ben"}),)
    told = await Ehr(clinic).sends("S12", more=more)
    assert await rows(clinic, told["id"]) == [(True, "appointment"), (False, "overlap")]
    assert (await clinic.get(GROUP))["overbooked"] is True
    await clinic.work()
    assert await offers(clinic) == []
    await clinic.cancel(f"Appointment/{first['id']}")
    assert await rows(clinic, told["id"]) == [(True, "appointment")] * 2
    assert await taken(clinic) == 2
    assert await clinic.wrong_slots() == []


async def apply_late(clinic: Clinic, wanted: Resource, *slots: Resource) -> Resource:
    """Book or move, while Slots are written between the look at them and the booking."""
    async with clinic.deps.database.transaction(TENANT) as tx:
        around = await look_around(tx, [wanted])
        await clinic.put(*slots)
        old = await resources.read(tx, Ref("Appointment", wanted["id"]), lock=True)
        change = Change(wanted, By.CLIENT, old, around=around)
        return (await appointments.apply(tx, clinic.deps, change)).stored.resource()


CHANGES = {
    "fewer seats": a_group(1),
    "one seat only": a_slot(),
    "shorter": a_group(2, minutes=20),
    "moved": a_group(2) | {"start": at("11:00"), "end": at("11:30")},
    "withdrawn": a_group(2, status="entered-in-error"),
}


@pytest.mark.parametrize("booked", [False, True])
@pytest.mark.parametrize("change", CHANGES)
async def test_who_saw_a_slot_before_it_was_changed_looks_again(
    clinic: Clinic, change: str, booked: bool
) -> None:
    before = [await clinic.book("09:30")] * booked
    wanted = an_appointment() | {"id": before[0]["id"] if before else "new"}
    with pytest.raises(RaceLostError):
        await apply_late(clinic, wanted, CHANGES[change])
    assert await clinic.all("Appointment", start=at("09:00")) == []
    assert await clinic.wrong_slots() == []


async def test_what_else_is_written_into_a_slot_is_in_nobodys_way(clinic: Clinic) -> None:
    booked = await apply_late(
        clinic, an_appointment() | {"id": "new"}, a_group(2, comment="Bring your shoes")
    )
    assert booked["status"] == "booked"
    assert await taken(clinic) == 1


async def give_up_both(clinic: Clinic) -> None:
    """Two who had a seat cancel, and others wait for one; nothing has followed yet."""
    booked = await fill(clinic, "ann", "cem")
    await waiting(clinic, "bob")
    for each in booked:
        await clinic.cancel(f"Appointment/{each['id']}")


async def test_a_seat_that_another_task_holds_is_not_offered_again(clinic: Clinic) -> None:
    await give_up_both(clinic)
    await clinic.book(patient="dan")
    await clinic.work()
    assert (len(await offers(clinic)), await clinic.status(GROUP)) == (1, ["busy-tentative"])
    told = [each["status"] for each in await clinic.all("Task")]
    assert sorted(told) == ["cancelled", "in-progress"]


@pytest.mark.parametrize("policy", ["best", "plan"])
async def test_seats_that_are_taken_for_now_are_not_offered(clinic: Clinic, policy: str) -> None:
    asking = clinic.under(waitlist=policy)
    await give_up_both(asking)
    for each in ("dan", "eve"):
        await asking.book(patient=each, status="pending")
    assert await clinic.status(GROUP) == ["busy-tentative"]
    await asking.work()
    assert await offers(asking) == []
    assert [each["status"] for each in await asking.all("Task")] == ["cancelled"] * 2


async def by_the_ehr(clinic: Clinic) -> None:
    number = len(await clinic.all("Appointment"))
    await Ehr(clinic).sends("S12", id_=f"F-{number}", patient={3: f"E{number}", 5: "Roe^Max"})


async def by_staff(clinic: Clinic) -> None:
    patient = f"x{len(await clinic.all('Patient'))}"
    await clinic.put(a_patient(patient))
    await book(clinic, an_appointment(patient=patient), override_offer=True)


Taking = Callable[[Clinic], Awaitable[None]]


@pytest.mark.parametrize("take", [by_the_ehr, by_staff])
async def test_only_so_many_offers_end_as_seats_are_missing(clinic: Clinic, take: Taking) -> None:
    await clinic.put(a_group(3))
    await waiting(clinic, "bob", "eve")
    await free_up(clinic)
    await free_up(clinic, patient="cem")
    left = []
    for _ in range(3):
        left.append((len(await offers(clinic)), await taken(clinic)))
        await take(clinic)
        await clinic.work()
    assert left == [(2, 2), (2, 3), (1, 3)]
    assert await offers(clinic) == []
