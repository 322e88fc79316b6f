"""Is it one and the same value that fulfils a condition, and is there a value without a code?"""

from decimal import Decimal

import pytest

from fhir_gateway.storage.postgres import Database
from tests.storage.search.worlds import Resource, appointment, concept, ids, slot, world


def _context(number: int, unit: str) -> Resource:
    quantity = {"value": Decimal(number), "system": "urn:u", "code": unit, "unit": unit}
    return {"code": {"code": "age"}, "valueQuantity": quantity}


PLAN = {
    "resourceType": "PlanDefinition",
    "id": "plan",
    "status": "active",
    "useContext": [_context(5, "min"), _context(7, "h")],
}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("5||min", ["plan"]),
        ("5||h", []),
        ("7|urn:u|h", ["plan"]),
        ("gt5|urn:u|min", []),
        ("5||h,7||h", ["plan"]),
        ("5||h,7||min", []),
        ("ne7||h", []),
        ("ne7", ["plan"]),
    ],
)
async def test_of_several_quantities_the_same_one_has_the_number_and_the_unit(
    database: Database, asked: str, expected: list[str]
) -> None:
    async with world(database, PLAN) as tx:
        assert await ids(tx, f"PlanDefinition?context-quantity={asked}") == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Slot?appointment-type:missing=true", ["none"]),
        ("Slot?appointment-type:missing=false", ["code", "text"]),
        ("Appointment?service-type:missing=true", ["none"]),
        ("Appointment?service-type:missing=false", ["code", "text"]),
    ],
)
async def test_a_concept_that_is_a_text_alone_is_there(
    database: Database, asked: str, expected: list[str]
) -> None:
    flu = {"text": "Flu"}
    resources = [
        slot("code", appointmentType=concept("x")),
        slot("text", appointmentType=flu),
        slot("none"),
        appointment("code", serviceType=[concept("x")]),
        appointment("text", serviceType=[flu]),
        appointment("none"),
    ]
    async with world(database, *resources) as tx:
        assert await ids(tx, asked) == expected
