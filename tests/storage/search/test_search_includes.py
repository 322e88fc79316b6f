"""Do the resources that are asked for travel with the hits, once each?"""

import pytest

from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.search_sql import Page
from tests.storage.search.worlds import (
    appointment,
    page,
    patient,
    practitioner,
    references,
    schedule,
    slot,
    task,
    world,
)

GP = references("Practitioner/gp")
CLINIC = (
    practitioner("gp"),
    practitioner("dr"),
    patient("pat", generalPractitioner=GP, link=[{"other": GP[0]}]),
    patient("sam"),
    schedule("s", "Practitioner/dr"),
    slot("t", schedule={"reference": "Schedule/s"}),
    appointment("a1", "Patient/pat", "Practitioner/dr", slot=references("Slot/t")),
    appointment("a2", "Patient/pat", "Patient/sam", "http://elsewhere.example/Practitioner/dr"),
    appointment("a3", "Patient/gone"),
    task("w1", focus={"reference": "Appointment/a1"}),
    task("w2", partOf=references("Task/w1")),
    task("w3", partOf=references("Task/w2", "Task/w3")),
)


def beside(found: Page) -> list[str]:
    return [str(each.ref) for each in found.included]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Appointment?_id=a1&_include=Appointment:patient", ["Patient/pat"]),
        ("Appointment?_include=Appointment:patient", ["Patient/pat", "Patient/sam"]),
        ("Appointment?_include=Appointment:practitioner", ["Practitioner/dr"]),
        ("Appointment?_id=a2&_include=Appointment:actor", ["Patient/pat", "Patient/sam"]),
        ("Appointment?_include=Appointment:actor:Patient", ["Patient/pat", "Patient/sam"]),
        ("Appointment?_id=a3&_include=Appointment:actor", []),
        ("Appointment?_id=a1&_include=*", ["Patient/pat", "Practitioner/dr", "Slot/t"]),
        ("Appointment?_id=a1&_include=Appointment:*", ["Patient/pat", "Practitioner/dr", "Slot/t"]),
        (
            "Appointment?_id=a1&_include:iterate=*",
            ["Patient/pat", "Practitioner/dr", "Slot/t", "Practitioner/gp", "Schedule/s"],
        ),
        ("Slot?_include=Slot:schedule", ["Schedule/s"]),
        (
            "Slot?_include=Slot:schedule&_include:iterate=Schedule:actor",
            ["Schedule/s", "Practitioner/dr"],
        ),
        ("Slot?_include:iterate=Schedule:actor", []),
        (
            (
                "Appointment?_id=a1&_include=Appointment:patient"
                "&_include:iterate=Patient:general-practitioner"
            ),
            ["Patient/pat", "Practitioner/gp"],
        ),
        ("Task?_id=w2&_include=Task:part-of", ["Task/w1"]),
        ("Task?_id=w3&_include=Task:part-of", ["Task/w2"]),
        ("Task?_id=w3&_include:iterate=Task:part-of", ["Task/w2", "Task/w1"]),
        ("Task?_include=Task:part-of", []),
        ("Task?_id=w1&_include=Task:focus:Slot", []),
        ("Task?_id=w1&_include=Task:focus:Appointment", ["Appointment/a1"]),
    ],
)  # fmt: skip
async def test_what_a_hit_points_to_comes_along(
    database: Database, asked: str, expected: list[str]
) -> None:
    async with world(database, *CLINIC) as tx:
        found = await page(tx, asked)
    assert beside(found) == expected
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Patient?_id=pat&_revinclude=Appointment:patient", ["Appointment/a1", "Appointment/a2"]),
        ("Patient?_id=sam&_revinclude=Appointment:patient", ["Appointment/a2"]),
        ("Schedule?_revinclude=Slot:schedule", ["Slot/t"]),
        ("Appointment?_id=a1&_revinclude=Task:focus", ["Task/w1"]),
        ("Appointment?_id=a1&_revinclude=Task:focus:Appointment", ["Task/w1"]),
        ("Appointment?_id=a2&_revinclude=Task:*", []),
        ("Task?_id=w1&_revinclude=Task:part-of", ["Task/w2"]),
        ("Task?_id=w1&_revinclude:iterate=Task:part-of", ["Task/w2", "Task/w3"]),
        (
            (
                "Schedule?_revinclude=Slot:schedule&_revinclude:iterate=Appointment:slot"
                "&_include:iterate=Appointment:patient"
            ),
            ["Slot/t", "Appointment/a1", "Patient/pat"],
        ),
    ],
)
async def test_what_points_to_a_hit_comes_along(
    database: Database, asked: str, expected: list[str]
) -> None:
    async with world(database, *CLINIC) as tx:
        found = await page(tx, asked)
    assert beside(found) == expected
    assert found.warnings == ()


async def test_only_what_belongs_to_the_page_comes_along(database: Database) -> None:
    async with world(database, *CLINIC) as tx:
        asked = "Appointment?_include=Appointment:slot&_count=1"
        first = await page(tx, asked)
        second = await page(tx, f"{asked}&_cursor={first.next}")
    assert (beside(first), beside(second)) == (["Slot/t"], [])


async def test_with_the_total_alone_nothing_comes_along(database: Database) -> None:
    async with world(database, *CLINIC) as tx:
        found = await page(tx, "Appointment?_include=Appointment:patient&_summary=count")
    assert beside(found) == []


async def test_references_are_followed_over_five_steps_and_then_it_is_said(
    database: Database,
) -> None:
    line = [task(f"t{n}", partOf=references(f"Task/t{n + 1}")) for n in range(7)]
    async with world(database, *line, task("t7")) as tx:
        far = await page(tx, "Task?_id=t0&_include:iterate=Task:part-of")
        near = await page(tx, "Task?_id=t2&_include:iterate=Task:part-of")
    assert beside(far) == [f"Task/t{n}" for n in range(1, 6)]
    assert len(far.warnings) == 1
    assert beside(near) == [f"Task/t{n}" for n in range(3, 8)]
    assert near.warnings == ()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "warnings"), [(1000, 0), (1001, 1)])
async def test_a_thousand_resources_come_along_and_then_it_is_said(
    database: Database, number: int, warnings: int
) -> None:
    slots = [slot(f"t{n}", schedule={"reference": "Schedule/s"}) for n in range(number)]
    async with world(database, schedule("s", "Practitioner/dr"), *slots) as tx:
        found = await page(tx, "Schedule?_revinclude=Slot:schedule")
        onward = await page(
            tx, "Schedule?_revinclude=Slot:schedule&_include:iterate=Schedule:actor"
        )
    assert len(found.included) == 1000
    assert len(found.warnings) == warnings
    assert len(onward.warnings) == warnings


@pytest.mark.slow
async def test_beyond_a_thousand_no_step_further_is_taken(database: Database) -> None:
    slots = [slot(f"t{n}", schedule={"reference": "Schedule/s"}) for n in range(1000)]
    booked = appointment("a", slot=references("Slot/t1"))
    async with world(database, schedule("s", "Practitioner/dr"), *slots, booked) as tx:
        found = await page(
            tx, "Schedule?_revinclude=Slot:schedule&_revinclude:iterate=Appointment:slot"
        )
    assert len(found.included) == 1000
    assert len(found.warnings) == 1
