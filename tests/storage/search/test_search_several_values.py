"""Is it one and the same value that fulfils a condition, and is there a value without a code?"""

from decimal import Decimal

import pytest

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.storage.postgres import Database
from tests.storage.search.worlds import Resource, appointment, concept, ids, slot, world


def _context(number: int, unit: str, code: str = "age") -> Resource:
    quantity = {"value": Decimal(number), "system": "urn:u", "code": unit, "unit": unit}
    return {"code": {"system": "urn:t", "code": code}, "valueQuantity": quantity}


def _plan(*contexts: Resource) -> Resource:
    return {
        "resourceType": "PlanDefinition",
        "id": "plan",
        "status": "active",
        "useContext": list(contexts),
    }


PLAN = _plan(_context(5, "min"), _context(7, "h"))


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


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("context-type-quantity=age$5||min", True),
        ("context-type-quantity=age$5", True),
        ("context-type-quantity=urn:t|age$lt6", True),
        ("context-type-quantity=age$gt6", False),
        ("context-type-quantity=age$5||h", False),
        ("context-type-quantity=urn:x|age$5", False),
        ("context-type-quantity=length$7|urn:u|h", True),
        ("context-type-quantity=length$5||h,age$7", False),
        ("context-type-value=clinic$x", True),
        ("context-type-value=urn:t|$urn:a|x", True),
        ("context-type-value=venue$x", False),
        (r"context-type-value=venue$urn:a|y\$z", True),
        ("context-type-value=clinic$x&context-type-value=venue$urn:a|", True),
    ],
)
async def test_both_parts_of_a_composite_are_of_the_same_element(
    database: Database, asked: str, found: bool
) -> None:
    coded = [
        {"code": {"system": "urn:t", "code": code}, "valueCodeableConcept": concept(value)}
        for code, value in (("clinic", "urn:a|x"), ("venue", "urn:a|y$z"))
    ]
    plan = _plan(_context(5, "min"), _context(7, "h", "length"), *coded)
    async with world(database, plan) as tx:
        assert await ids(tx, f"PlanDefinition?{asked}") == ["plan"] * found


async def test_what_a_group_has_in_common_is_found_with_its_value(database: Database) -> None:
    traits = [
        {"code": concept("gender"), "valueCodeableConcept": concept("urn:g|f"), "exclude": False},
        {"code": concept("smokes"), "valueBoolean": True, "exclude": False},
    ]
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": False}
    async with world(database, group | {"characteristic": traits}) as tx:
        assert await ids(tx, "Group?characteristic-value=smokes$true") == ["g"]
        assert await ids(tx, "Group?characteristic-value=gender$urn:g|f") == ["g"]
        assert await ids(tx, "Group?characteristic-value=gender$true") == []


def _scored(id_: str, total: str) -> Resource:
    part = {"url": "total", "valueDecimal": Decimal(total)}
    return appointment(id_, extension=[{"url": EXT_SCORE, "extension": [part]}])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("score=87.5", ["good"]),
        ("score=88", ["good"]),
        ("score=87", []),
        ("score=gt87.5", ["best"]),
        ("score=ge87.5", ["best", "good"]),
        ("score=lt50", ["poor"]),
        ("score:missing=true", ["none"]),
        ("_sort=-score", ["best", "good", "poor", "none"]),
        ("_sort=score", ["poor", "good", "best", "none"]),
    ],
)
async def test_appointments_are_found_and_sorted_by_the_total_of_their_score(
    database: Database, asked: str, expected: list[str]
) -> None:
    scored = [_scored("best", "93"), _scored("good", "87.50"), _scored("poor", "3.25")]
    async with world(database, *scored, appointment("none")) as tx:
        assert await ids(tx, f"Appointment?{asked}") == expected
