"""Which of the seats of a Slot somebody has, where some are held or change. Decision record 0027."""

import pytest

from tests.usecases.builders import a_patient
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import Ehr, known_here, segment
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
