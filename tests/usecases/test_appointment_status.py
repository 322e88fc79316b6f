"""Which status may follow which, at a client's word. Decisions 14 and 16."""

from datetime import timedelta
from itertools import product

import pytest

from fhir_gateway.core.codes import APPOINTMENT_STATUSES
from fhir_gateway.core.errors import Category
from fhir_gateway.engines.lifecycle import By, onwards
from tests.usecases.builders import DAY, an_appointment
from tests.usecases.clinic import Clinic, refusal, refused_with

PAIRS = [(old, new) for old, new in product(APPOINTMENT_STATUSES, repeat=2) if old != new]
LEGAL = [(old, new) for old, new in PAIRS if new in onwards(old, By.CLIENT)]
ILLEGAL = [pair for pair in PAIRS if pair not in LEGAL]


async def stored(clinic: Clinic, old: str, number: int) -> str:
    """An Appointment of that status on a day of its own."""
    day = DAY + timedelta(days=number)
    resource = an_appointment(schedule=None, status=old) | {
        "id": f"a{number}",
        "start": f"{day}T09:00:00Z",
        "end": f"{day}T09:30:00Z",
    }
    await clinic.put(resource)
    return f"Appointment/a{number}"


async def test_every_legal_status_may_follow(clinic: Clinic) -> None:
    for number, (old, new) in enumerate(LEGAL):
        reference = await stored(clinic, old, number)
        await clinic.change(reference, status=new)
        assert await clinic.status(reference) == [new]


@pytest.mark.parametrize("old", APPOINTMENT_STATUSES)
async def test_no_other_status_may_follow(clinic: Clinic, old: str) -> None:
    for number, new in enumerate(each for before, each in ILLEGAL if before == old):
        reference = await stored(clinic, old, number)
        error = await refusal(clinic.change(reference, status=new))
        assert error.category is Category.UNPROCESSABLE
        assert error.issues[0].expression == ("Appointment.status",)
        assert await clinic.status(reference) == [old]


async def test_a_refusal_says_what_would_be_right(clinic: Clinic) -> None:
    reference = await stored(clinic, "cancelled", 1)
    attempt = clinic.change(reference, status="booked")
    assert await refused_with(attempt) == (Category.UNPROCESSABLE, "terminal-status")
    error = await refusal(clinic.change(reference, status="booked"))
    assert "possible: entered-in-error" in error.issues[0].diagnostics


async def test_the_same_status_may_be_written_again(clinic: Clinic) -> None:
    for number, status in enumerate(APPOINTMENT_STATUSES):
        reference = await stored(clinic, status, number)
        assert (await clinic.change(reference, comment="x"))["status"] == status


async def test_an_entry_of_the_waitlist_needs_a_patient(clinic: Clinic) -> None:
    attempt = clinic.post(an_appointment(schedule=None, patient=None, status="waitlist"))
    assert (await refusal(attempt)).category is Category.UNPROCESSABLE
