"""Do chains and reverse chains select by what lies behind the reference?"""

from collections.abc import Iterator

import pytest

from fhir_gateway.storage import search_steps
from fhir_gateway.storage.postgres import Database
from tests.storage.searching import (
    appointment,
    ids,
    page,
    patient,
    practitioner,
    references,
    schedule,
    slot,
    task,
    world,
)

CLINIC = (
    practitioner("ali", name=[{"family": "Ali"}], identifier=[{"value": "1"}]),
    practitioner("bo", name=[{"family": "Bo"}]),
    patient("pat", name=[{"family": "Ali"}], gender="male", generalPractitioner=references("Practitioner/bo")),
    patient("sam", name=[{"family": "Sam"}], gender="female"),
    schedule("s-ali", "Practitioner/ali"),
    schedule("s-bo", "Practitioner/bo", "Patient/pat"),
    slot("slot-ali", schedule={"reference": "Schedule/s-ali"}),
    slot("slot-bo", schedule={"reference": "Schedule/s-bo"}, status="busy"),
    appointment("pat-bo", "Patient/pat", "Practitioner/bo", slot=references("Slot/slot-bo")),
    appointment("sam-ali", "Patient/sam", "Practitioner/ali", status="cancelled"),
    task("about-pat", focus={"reference": "Patient/pat"}, **{"for": {"reference": "Patient/pat"}}),
    task("about-sam", focus={"reference": "Appointment/sam-ali"}),
)  # fmt: skip

SEARCHES = [
    ("Appointment?patient.name=ali", ["pat-bo"]),
    ("Appointment?patient.gender=male,female", ["pat-bo", "sam-ali"]),
    ("Appointment?patient.gender:not=male", ["sam-ali"]),
    ("Appointment?patient.gender:missing=true", []),
    ("Appointment?actor:Practitioner.name=ali", ["sam-ali"]),
    ("Appointment?actor:Patient.name=ali", ["pat-bo"]),
    ("Appointment?practitioner.identifier=1", ["sam-ali"]),
    ("Appointment?practitioner.identifier=nobody", []),
    ("Appointment?patient.name=ali&practitioner.name=ali", []),
    ("Appointment?patient._id=sam", ["sam-ali"]),
    ("Slot?schedule.actor=Practitioner/bo", ["slot-bo"]),
    ("Slot?schedule.actor:Practitioner.name=ali", ["slot-ali"]),
    ("Slot?schedule.actor:Patient.general-practitioner=Practitioner/bo", ["slot-bo"]),
    ("Appointment?slot.schedule.actor=Practitioner/bo", ["pat-bo"]),
    ("Task?patient.name=ali", ["about-pat"]),
    ("Task?focus:Appointment.status=cancelled", ["about-sam"]),
    ("Patient?_has:Appointment:patient:status=booked", ["pat"]),
    ("Patient?_has:Appointment:patient:status:not=booked", ["sam"]),
    ("Patient?_has:Appointment:patient:practitioner=ali", ["sam"]),
    ("Patient?_has:Appointment:patient:practitioner.name=bo", ["pat"]),
    ("Patient?_has:Task:patient:status=requested", ["pat"]),
    ("Patient?_has:Task:focus:status=requested", ["pat"]),
    ("Slot?_has:Appointment:slot:patient.name=ali", ["slot-bo"]),
    ("Practitioner?_has:Patient:general-practitioner:_has:Appointment:patient:status=booked", ["bo"]),
    ("Practitioner?_has:Appointment:practitioner:status=entered-in-error", []),
    ("Patient?_has:Appointment:patient:status=booked&name=sam", []),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "expected"), SEARCHES)
async def test_a_chain_selects_by_what_lies_behind_the_reference(
    database: Database, asked: str, expected: list[str]
) -> None:
    async with world(database, *CLINIC) as tx:
        assert await ids(tx, asked) == expected


@pytest.mark.parametrize("asked", [asked for asked, _ in SEARCHES])
async def test_another_tenants_resources_lie_behind_no_chain(
    database: Database, asked: str
) -> None:
    async with world(database, *CLINIC) as tx:
        await tx.execute("SELECT set_config('app.tenant', '2', true)")
        assert await ids(tx, asked) == []
