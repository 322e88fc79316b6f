"""What is kept of a day never drifts from what is stored. Decision record 0021."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.usecases import scheduling_days
from tests.usecases.builders import (
    CHECKUP,
    Resource,
    a_location,
    a_practitioner,
    a_role,
    a_schedule,
    an_appointment,
    at,
    availability,
    participant,
    ref,
)
from tests.usecases.clinic import Clinic
from tests.usecases.clinic_life import Life, Step, steps
from tests.usecases.measuring import count_again, count_everything, counted, kept

#: Every life has names of its own, because the database outlives it.
_names = (f"m{number}" for number in count())
Change = Callable[[Clinic], Awaitable[object]]


def a_visit(appointment: str, **elements: object) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": f"visit-{appointment}",
        "status": "finished",
        "class": {"code": "AMB"},
        "appointment": [ref(f"Appointment/{appointment}")],
    } | elements


def a_service(id_: str = "care") -> Resource:
    return {"resourceType": "HealthcareService", "id": id_, "type": [CHECKUP]}


async def visit(life: Life, number: int) -> None:
    """Somebody writes down how long a visit took."""
    for each in life.booked[number % max(1, len(life.booked)) :][:1]:
        length = {"value": number, "code": "min", "system": "http://unitsofmeasure.org"}
        await life.clinic.put(a_visit(each["id"], length=length))


async def travel(life: Life, number: int) -> None:
    """A Schedule moves to the other end of the world, where the day is another."""
    zone = ("Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC")[number % 3]
    await life.clinic.change(f"Schedule/{life.name}-a", extension=availability(zone=zone))


async def serve(life: Life, number: int) -> None:
    """There is a service for what is offered, or it is for something else."""
    kinds = (CHECKUP, life.service[0])
    await life.clinic.put(a_service(f"{life.name}-care") | {"type": [kinds[number % 2]]})


async def attend(life: Life, number: int) -> None:
    await life.change(number, status="fulfilled")


_BESIDE = (visit, travel, serve, attend)


@settings(
    max_examples=5,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=(HealthCheck.function_scoped_fixture, HealthCheck.too_slow),
)
@given(taken=steps(16), more=st.lists(st.integers(0, 11), min_size=16, max_size=16))
@pytest.mark.slow
async def test_what_is_kept_is_what_would_be_counted_anew(
    bare: Clinic, taken: list[Step], more: list[int]
) -> None:
    life = Life(bare, next(_names))
    await life.begin()
    for step, number in zip(taken, more, strict=False):
        await life.take(step)
        with suppress(GatewayError):
            await _BESIDE[number % 4](life, number)
        if number % 3 == 0:
            await count_again(bare)
    await count_again(bare)
    before = await kept(bare)
    await count_everything(bare)
    assert before == await kept(bare)
    assert len(before) >= 3


async def a_move(clinic: Clinic) -> None:
    await clinic.change("Appointment/a", start=at("10:00", 1), end=at("10:30", 1), slot=None)


async def a_role_of_another(clinic: Clinic) -> None:
    await clinic.put(a_role(practitioner="p2"))


async def a_zone_of_the_place(clinic: Clinic) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/timezone"
    place = a_location(extension=[{"url": url, "valueCode": "Pacific/Kiritimati"}])
    await clinic.put(place)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (a_move, {}),
        (a_role_of_another, {"p2": 1}),
        (a_zone_of_the_place, {}),
    ],
)
async def test_a_change_is_counted_where_it_was_and_where_it_is(
    clinic: Clinic, change: Change, left: dict[str, int]
) -> None:
    people = ("PractitionerRole/role", "Location/room")
    await clinic.put(a_practitioner("p2"), a_role(), a_location())
    visit = an_appointment("12:00", schedule=None, others=people) | {"id": "a"}
    await clinic.put(visit)
    assert (await counted(clinic, "Practitioner/p1"))["booked-appointments"] == 1
    await change(clinic)
    found = {
        each: (await counted(clinic, f"Practitioner/{each}")).get("booked-appointments", 0)
        for each in ("p1", "p2")
    }
    assert {name: number for name, number in found.items() if number} == left


async def test_what_is_deleted_counts_no_more(clinic: Clinic) -> None:
    await clinic.put(an_appointment(status="cancelled") | {"id": "a"})
    assert (await counted(clinic)).items() >= {"offered-slots": 2, "cancellations": 1}.items()
    await clinic.delete("Appointment/a")
    assert await counted(clinic) == {"offered-slots": 2, "offered-minutes": 60}
    await clinic.delete("Slot/s1-0930")
    assert await counted(clinic) == {"offered-slots": 1, "offered-minutes": 30}


async def test_a_visit_that_is_written_down_later_is_counted(clinic: Clinic) -> None:
    await clinic.put(an_appointment() | {"id": "a", "status": "fulfilled"})
    assert (await counted(clinic))["visit-minutes"] == 30
    await clinic.put(a_visit("a", period={"start": at("09:02"), "end": at("09:47")}))
    assert (await counted(clinic))["visit-minutes"] == 45
    await clinic.delete("Encounter/visit-a")
    assert (await counted(clinic))["visit-minutes"] == 30


async def test_a_service_has_what_is_booked_for_its_type(clinic: Clinic) -> None:
    await clinic.book()
    await count_again(clinic)
    await clinic.put(a_service())
    counts = await counted(clinic, "HealthcareService/care")
    assert (counts["offered-slots"], counts["booked-appointments"]) == (2, 1)


async def test_what_a_schedule_shares_is_counted_for_each(clinic: Clinic) -> None:
    both = a_schedule("s1", "Practitioner/p1", "Location/room")
    await clinic.put(a_location())
    await count_again(clinic)
    await clinic.put(both)
    assert (await counted(clinic, "Location/room"))["offered-slots"] == 2


async def test_the_worker_counts_what_nobody_asks_about(clinic: Clinic) -> None:
    await clinic.book(participant=[participant("Patient/ann"), participant("Practitioner/p1")])
    while await scheduling_days.count_changes(clinic.deps):
        pass
    assert await clinic.sql("SELECT * FROM scheduling_change") == []
    days = {row[2] for row in await kept(clinic)}
    assert {str(each) for each in days} == {at("09:00")[:10]}


async def test_what_nobody_can_ask_about_is_forgotten(clinic: Clinic) -> None:
    ancient = {"start": "1776-07-04T09:00:00Z", "end": "1776-07-04T10:00:00Z"}
    await clinic.put(an_appointment(schedule=None) | {"id": "a"} | ancient)
    while await scheduling_days.count_changes(clinic.deps):
        pass
    assert await clinic.sql("SELECT * FROM scheduling_change") == []


async def test_a_day_without_changes_is_not_counted_again(clinic: Clinic) -> None:
    await clinic.book()
    assert await count_again(clinic) > 0
    assert await count_again(clinic) == 0
