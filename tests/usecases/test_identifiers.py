"""An identifying identifier belongs to one resource. Decision 5."""

import asyncio
from typing import Any

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.storage import identities
from tests.usecases.builders import (
    Resource,
    a_device,
    a_location,
    a_patient,
    a_practitioner,
    an_appointment,
)
from tests.usecases.clinic import TENANT, Clinic, only_issue, refusal

MRN = "http://hospital.example/mrn"
ACCOUNT = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "AN"}]}


def number(value: str = "7", **more: Any) -> dict[str, list[dict[str, Any]]]:
    return {"identifier": [{"system": MRN, "value": value, **more}]}


async def known_as(clinic: Clinic, value: str) -> str | None:
    async with clinic.deps.database.transaction(TENANT) as tx:
        return (await identities.find(tx, "Patient", [(MRN, value)])).get((MRN, value))


@pytest.mark.parametrize(
    "resource",
    [a_patient("x"), a_practitioner("x"), a_location("x"), a_device("x"),
     an_appointment(status="cancelled") | {"id": "x"}],
    ids=lambda each: str(each["resourceType"]),
)  # fmt: skip
async def test_a_second_with_the_same_identifier_is_refused(
    clinic: Clinic, resource: Resource
) -> None:
    await clinic.put(resource | number())
    error = await refusal(clinic.put(resource | {"id": "y"} | number()))
    assert error.category is Category.DUPLICATE
    assert f"{MRN}|7" in only_issue(error).diagnostics
    assert only_issue(error).details == "identifier-in-use"


async def test_the_same_resource_may_be_written_again(bare: Clinic) -> None:
    await bare.put(a_patient() | number())
    await bare.put(a_patient(gender="female") | number())
    assert await known_as(bare, "7") == "ann"


async def test_a_patient_and_a_practitioner_may_share_a_number(bare: Clinic) -> None:
    await bare.put(a_patient() | number(), a_practitioner() | number())


async def test_an_identifier_that_is_taken_away_is_free(bare: Clinic) -> None:
    await bare.put(a_patient("ann") | number("7"))
    await bare.put(a_patient("ann") | number("8"))
    await bare.put(a_patient("bob") | number("7"))
    assert (await known_as(bare, "7"), await known_as(bare, "8")) == ("bob", "ann")


async def test_the_identifier_of_a_deleted_resource_is_free(bare: Clinic) -> None:
    await bare.put(a_patient("ann") | number())
    await bare.delete("Patient/ann")
    await bare.put(a_patient("bob") | number())
    assert await known_as(bare, "7") == "bob"


@pytest.mark.parametrize("more", [{"type": ACCOUNT}, {"use": "old"}], ids=["account", "old"])
async def test_some_numbers_identify_nobody(bare: Clinic, more: dict[str, Any]) -> None:
    await bare.put(a_patient("ann") | number(**more), a_patient("bob") | number(**more))
    assert await known_as(bare, "7") is None


async def test_a_value_without_a_system_identifies_nobody(bare: Clinic) -> None:
    bare_number = {"identifier": [{"value": "7"}]}
    await bare.put(a_patient("ann") | bare_number, a_patient("bob") | bare_number)


async def test_of_those_who_come_together_with_one_identifier_one_is_kept(bare: Clinic) -> None:
    attempts = [bare.put(a_patient(f"p{n}") | number()) for n in range(8)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    failures = [each for each in results if not isinstance(each, dict)]
    assert {getattr(each, "category", each) for each in failures} == {Category.DUPLICATE}
    assert len(await bare.all("Patient")) == 1
