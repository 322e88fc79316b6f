"""The counters of a patient move with the appointments, and a recount finds nothing to correct."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.lifecycle import By, onwards
from fhir_gateway.storage import patient_counters, resources
from fhir_gateway.storage.migrations import versions
from fhir_gateway.storage.patient_counters import LATEST, Counters
from fhir_gateway.storage.postgres import Connection, Database, Transaction
from fhir_gateway.storage.resources import Write
from fhir_gateway.storage.roles import Role, assume
from fhir_gateway.storage.wire import Answer, Statement, Wire
from fhir_gateway.usecases import appointments, seed
from fhir_gateway.usecases.appointments import Change
from tests.conftest import deps_on
from tests.usecases.builders import (
    Resource,
    a_patient,
    a_waitlist_entry,
    an_appointment,
    at,
    later,
    participant,
)
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.ehr import Ehr

PEOPLE = ("ann", "bob", "cem", "dan")


async def counters(clinic: Clinic, patient: str = "ann") -> Counters:
    async with clinic.deps.database.transaction(TENANT) as tx:
        return await patient_counters.of_patient(tx, patient)


async def both(clinic: Clinic) -> tuple[dict[str, Counters], ...]:
    """As they moved, as counted for everybody, and as counted for some."""
    found = []
    async with clinic.deps.database.transaction(TENANT) as tx:
        found.append(await patient_counters.all_of_tenant(tx))
        patient_counters.recount_all(tx)
        found.append(await patient_counters.all_of_tenant(tx))
        patient_counters.recount(tx, PEOPLE)
        found.append(await patient_counters.all_of_tenant(tx))
    return tuple(found)


async def test_a_booking_its_arrival_and_its_end_are_counted(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    name = f"Appointment/{booked['id']}"
    assert await counters(clinic) == Counters(total=1)
    await clinic.seen(later(at("09:00"), 12)).change(name, status="arrived")
    assert await counters(clinic) == Counters(1, arrivals=1, late_minutes=12)
    await clinic.seen(later(at("09:00"), 20)).change(name, status="checked-in")
    await clinic.seen(later(at("09:00"), 40)).change(name, status="fulfilled")
    assert await counters(clinic) == Counters(1, completed=1, arrivals=1, late_minutes=12)


async def test_a_no_show_is_counted_and_taken_back_with_what_was_entered_in_error(
    clinic: Clinic,
) -> None:
    booked = await clinic.book("09:00")
    name = f"Appointment/{booked['id']}"
    await clinic.change(name, status="noshow")
    assert await counters(clinic) == Counters(1, no_shows=1)
    await clinic.change(name, status="entered-in-error")
    assert await counters(clinic) == Counters()


@pytest.mark.parametrize("minutes", [-30, 0])
async def test_whoever_comes_early_is_not_late(clinic: Clinic, minutes: int) -> None:
    booked = await clinic.book("09:00")
    there = clinic.seen(later(at("09:00"), minutes))
    await there.change(f"Appointment/{booked['id']}", status="arrived")
    assert await counters(clinic) == Counters(1, arrivals=1)


async def test_an_arrival_that_is_recorded_days_later_counts_as_a_day(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    there = clinic.seen(at("09:00", day=9))
    await there.change(f"Appointment/{booked['id']}", status="arrived")
    assert (await counters(clinic)).late_minutes == LATEST


async def test_a_refused_booking_counts_nothing(clinic: Clinic) -> None:
    await clinic.book("09:00")
    with pytest.raises(Exception, match="taken"):
        await clinic.book("09:00", patient="bob")
    assert await counters(clinic, "bob") == Counters()


async def test_wishes_and_offers_are_not_counted(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    await clinic.put(a_waitlist_entry())
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.work()
    (offer,) = await clinic.all("Appointment", status="proposed")
    await clinic.cancel(f"Appointment/{offer['id']}")
    assert await counters(clinic, "bob") == Counters()
    assert await counters(clinic, "ann") == Counters(1)


async def test_an_appointment_that_changes_hands_takes_its_counts_along(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    name = f"Appointment/{booked['id']}"
    late = clinic.seen(later(at("09:00"), 5))
    arrived = await late.change(name, status="arrived")
    people = [participant("Patient/bob"), *arrived["participant"][1:]]
    await clinic.change(name, participant=people)
    assert await counters(clinic, "ann") == Counters()
    assert await counters(clinic, "bob") == Counters(1, arrivals=1, late_minutes=5)


async def test_a_deleted_appointment_is_not_counted_any_more(clinic: Clinic) -> None:
    booked = await clinic.book("09:00", status="noshow")
    await clinic.delete(f"Appointment/{booked['id']}")
    assert await counters(clinic) == Counters()


async def test_a_clinic_that_is_written_at_once_is_counted(bare: Clinic) -> None:
    past = an_appointment(schedule=None, others=(), status="fulfilled", id="x")
    await seed.fill(bare.deps, TENANT, [a_patient(), past])
    assert await counters(bare) == Counters(1, completed=1)


async def test_the_appointments_of_a_feed_are_counted(ehr: Ehr) -> None:
    await ehr.sends("S12")
    moved, everybody, _ = await both(ehr.clinic)
    assert [each.total for each in moved.values()] == [1]
    assert moved == everybody


class _History:
    """Appointments of four people that change at random."""

    def __init__(self, clinic: Clinic, chance: Random) -> None:
        self.clinic = clinic
        self.chance = chance
        self.minute = 0

    async def step(self) -> None:
        self.minute += self.chance.randrange(90)
        now = later(at("00:00"), self.minute)
        deps = self.clinic.seen(now).deps
        ids = [f"a{number}" for number in range(8)]
        ref = Ref("Appointment", self.chance.choice(ids))

        async def change(tx: Transaction) -> None:
            old = await resources.read(tx, ref)
            resource = self._next(ref.id, old.resource() if old else None)
            gone = await resources.last_version(tx, ref) if old is None else None
            revives = gone and Write(resource, gone.version, gone.last_updated, revives=True)
            await appointments.apply(tx, deps, Change(resource, By.FEED, old, revives=revives))

        await deps.database.run(TENANT, change)

    def _next(self, key: str, old: Resource | None) -> Resource:
        people = self.chance.sample(PEOPLE, self.chance.choice([1, 1, 1, 2]))
        if old is None:
            start = later(at("00:00"), self.chance.randrange(3000))
            status = self.chance.choice(["booked", "proposed", "arrived", "pending"])
            new = an_appointment(schedule=None, patient=None, others=(), status=status, id=key)
            new |= {"start": start, "end": later(start, 30)}
            return new | {"participant": [participant(f"Patient/{each}") for each in people]}
        if self.chance.random() < 0.15:
            return old | {"participant": [participant(f"Patient/{each}") for each in people]}
        if self.chance.random() < 0.15:
            start = later(old["start"], self.chance.randrange(200))
            return old | {"start": start, "end": later(start, 30)}
        return old | {"status": self.chance.choice(onwards(old["status"], By.FEED))}

    async def forget_one(self) -> None:
        """Delete an Appointment that holds no time, if there is one."""
        for status in ("cancelled", "noshow", "entered-in-error"):
            for each in (await self.clinic.all("Appointment", status=status))[:1]:
                await self.clinic.delete(f"Appointment/{each['id']}")


@pytest.mark.parametrize("number", range(3))
async def test_counted_anew_the_numbers_are_those_that_moved(clinic: Clinic, number: int) -> None:
    history = _History(clinic, Random(number))
    for _ in range(6):
        for _ in range(12):
            await history.step()
        await history.forget_one()
        moved, everybody, some = await both(clinic)
        assert moved == everybody == some
    assert sum(each.arrivals for each in moved.values()) > 0


async def test_what_had_happened_before_there_were_counters_is_counted(
    clinic: Clinic, database_url: str
) -> None:
    booked = await clinic.book("09:00")
    late = clinic.seen(later(at("09:00"), 12))
    await late.change(f"Appointment/{booked['id']}", status="arrived")
    (script,) = Path(versions.__file__).parent.glob("*_no_show_models.sql")
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await assume(owner, Role.OWNER)
        await owner.execute("DROP TABLE patient_counter, no_show_model")
        await owner.execute(script.read_bytes())
    assert await counters(clinic) == Counters(1, arrivals=1, late_minutes=12)


class Counted(Wire):
    """Counts what is exchanged with the server."""

    trips = 0

    async def exchange(self, statements: Sequence[Statement]) -> list[Answer]:
        Counted.trips += 1
        return await super().exchange(statements)


@pytest.fixture
async def counted(database_url: str) -> AsyncIterator[Clinic]:
    """A clinic whose round trips to the database are counted."""

    async def act(connection: psycopg.AsyncConnection[Any]) -> None:
        await assume(connection, Role.APP)
        assert isinstance(connection, Connection)
        connection.wire = Counted(connection)

    database = await Database.open(database_url, configure=act, size=1)
    clinic = Clinic(await deps_on(database))
    await clinic.settle()
    yield clinic
    await database.close()


async def test_counting_costs_a_booking_no_round_trip(counted: Clinic) -> None:
    trips = []
    # The first time that Ann takes part, she is given a number; nobody is counted for the last.
    for day, patient in enumerate(("ann", "ann", None)):
        before = Counted.trips
        appointment = an_appointment(schedule=None, patient=patient, others=("Practitioner/p1",))
        start = at("09:00", day)
        await counted.post(appointment | {"start": start, "end": later(start, 30)})
        trips.append(Counted.trips - before)
    assert await counters(counted) == Counters(2)
    assert trips[1:] == [4, 4]
