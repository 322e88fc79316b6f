"""Patches, conditions and transactions below the door. Decisions 3, 8 and 16."""

import asyncio
from typing import Any

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.patch import Patch
from fhir_gateway.fhir.search_query import SearchQuery, parse
from fhir_gateway.usecases import conditional, patch, transaction
from fhir_gateway.usecases.transaction_step import Step
from tests.usecases.builders import a_patient, a_response, an_appointment
from tests.usecases.clinic import BASE, TENANT, Clinic, only_issue, refusal
from tests.usecases.waiting_room import free_up, offers, the_offer, waiting

FEMALE = Patch("merge", {"gender": "female"})


def searching(clinic: Clinic, *pairs: tuple[str, str]) -> SearchQuery:
    return parse("Patient", pairs, zone=clinic.deps.tenants[TENANT].zone, base=BASE)


def a_step(method: str, number: int = 0, **parts: Any) -> Step:
    return Step(number, method, parts.pop("type", "Patient"), **parts)


async def transact(clinic: Clinic, *steps: Step) -> list[transaction.Done]:
    return await transaction.transact(clinic.deps, TENANT, steps, base=BASE)


async def test_where_if_match_is_demanded_a_patch_names_its_version(clinic: Clinic) -> None:
    strict = clinic.under(require_if_match=True)
    ann = Ref("Patient", "ann")
    error = await refusal(patch.patch(strict.deps, TENANT, ann, FEMALE, if_match=None))
    assert error.category is Category.PRECONDITION_REQUIRED
    error = await refusal(transact(strict, a_step("PATCH", id="ann", change=FEMALE)))
    assert error.category is Category.PRECONDITION_REQUIRED
    stored = await patch.patch(strict.deps, TENANT, ann, FEMALE, if_match=1)
    assert stored.version == 2


async def test_an_offer_is_not_booked_by_a_patch(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    await free_up(clinic)
    ref = Ref("Appointment", (await the_offer(clinic))["id"])
    booking = Patch("merge", {"status": "booked"})
    error = await refusal(patch.patch(clinic.deps, TENANT, ref, booking, if_match=None))
    assert only_issue(error).details == "offer"


async def test_an_offer_can_be_accepted_in_a_transaction(clinic: Clinic) -> None:
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    offer = await the_offer(clinic)
    answer = a_response(f"Appointment/{offer['id']}")
    (done,) = await transact(clinic, a_step("POST", type="AppointmentResponse", resource=answer))
    assert done.created
    assert await clinic.status(f"Appointment/{offer['id']}") == ["booked"]
    await clinic.work()
    assert await offers(clinic) == []


async def test_a_transaction_keeps_slots_and_bookings_in_step(clinic: Clinic) -> None:
    async def visit(start: str, patient: str) -> list[transaction.Done]:
        move = an_appointment(start, patient=patient)
        return await transact(
            clinic,
            a_step("POST", type="Appointment", resource=move),
            a_step("PATCH", 1, id=patient, change=FEMALE),
        )

    attempts = (visit(start, each) for start in ("09:00", "09:30") for each in ("ann", "bob"))
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert len([each for each in results if isinstance(each, list)]) == 2
    assert await clinic.wrong_slots() == []
    assert len(await clinic.all("Patient", gender="female")) <= 2


async def test_what_a_step_carries_is_not_changed(bare: Clinic) -> None:
    resource = a_patient("x")
    await transact(bare, a_step("POST", resource=resource))
    assert resource == a_patient("x")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([("family", "a"), ("given", "b")], [("given", "b"), ("family", "a")], True),
        ([("family", "a,b")], [("family", "b,a")], True),
        ([("family", "a"), ("_count", "1")], [("family", "a")], True),
        ([("family", "a")], [("family", "b")], False),
        ([("family", "a,b")], [("family", "a"), ("family", "b")], False),
        ([("family", r"a\,b")], [("family", "a,b")], False),
        ([("family:exact", "a")], [("family", "a")], False),
    ],
)
async def test_conditions_that_say_the_same_have_one_lock(
    bare: Clinic, one: list[tuple[str, str]], other: list[tuple[str, str]], same: bool
) -> None:
    keys = {conditional.key_of(searching(bare, *each)) for each in (one, other)}
    assert (len(keys) == 1) == same
