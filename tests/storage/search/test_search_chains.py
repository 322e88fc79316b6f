"""Do chains and reverse chains select by what lies behind the reference?"""

import pytest

from fhir_gateway.storage.postgres import Database, Transaction
from tests.storage.search.worlds import (
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

BO = {"reference": "Practitioner/bo"}
CLINIC = (
    practitioner("ali", name=[{"family": "Ali"}], identifier=[{"value": "1"}]),
    practitioner("bo", name=[{"family": "Bo"}]),
    patient("pat", name=[{"family": "Ali"}], gender="male", generalPractitioner=[BO]),
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
    ("Slot?schedule:Schedule.actor:Practitioner.name=ali", ["slot-ali"]),
    ("Appointment?slot:Slot.schedule:Schedule.actor:Practitioner.name=bo", ["pat-bo"]),
    ("Task?patient.name=ali", ["about-pat"]),
    ("Task?focus:Appointment.status=cancelled", ["about-sam"]),
    ("Patient?_has:Appointment:patient:status=booked", ["pat"]),
    ("Patient?_has:Appointment:patient:status:not=booked", ["sam"]),
    ("Patient?_has:Appointment:patient:practitioner=ali", ["sam"]),
    ("Patient?_has:Appointment:patient:practitioner.name=bo", ["pat"]),
    ("Patient?_has:Task:patient:status=requested", ["pat"]),
    ("Patient?_has:Task:focus:status=requested", ["pat"]),
    ("Slot?_has:Appointment:slot:patient.name=ali", ["slot-bo"]),
    ("Practitioner?_has:Patient:general-practitioner:_has:Task:patient:status=requested", ["bo"]),
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
        assert await ids(Transaction(tx.wire, 2), asked) == []


MANY = [f"p{number:04}" for number in range(1001)]


@pytest.mark.slow
async def test_a_chain_over_more_than_can_be_listed_selects_the_same(database: Database) -> None:
    men = [patient(each, gender="male") for each in MANY]
    tasks = [task(each, **{"for": {"reference": f"Patient/{each}"}}) for each in MANY]
    visits = [appointment(each, f"Patient/{each}") for each in MANY]
    guest = appointment("guest", "Patient/w", "Patient/p0001", "Practitioner/x")
    woman = patient("w", gender="female")
    expected = {
        "Task?patient.gender=male": 1001,
        "Appointment?patient.gender=male": 1002,
        "Appointment?patient.gender=female": 1,
        "Patient?_has:Appointment:patient:status=booked": 1002,
        "Patient?_has:Task:patient:status=requested": 1001,
        "Patient?_has:Task:patient:patient.gender=male&gender=male": 1001,
        "Patient?_has:Task:patient:patient.gender=male&gender=female": 0,
    }
    async with world(database, *men, *tasks, *visits, woman, guest) as tx:
        totals = {text: (await page(tx, f"{text}&_summary=count")).total for text in expected}
    assert totals == expected
