"""Several desks at once (row Q9)."""

import asyncio

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.usecases.queue_frames import SHOWN
from tests.usecases.clinic import Clinic
from tests.usecases.queueing import Desk, a_service, tickets

_PEOPLE = [f"p{number}" for number in range(12)]


async def test_q9_two_desks_never_call_the_same_person(bare: Clinic) -> None:
    desk = await Desk.opened(bare, *_PEOPLE)
    for each in _PEOPLE:
        await desk.joins(each)
    called = await asyncio.gather(*(desk.does("call-next") for _ in _PEOPLE))
    assert sorted(tickets(called)) == [f"{number:03d}" for number in range(1, 13)]
    assert await desk.sequence() == 24


async def test_one_place_that_is_left_goes_to_one_person(bare: Clinic) -> None:
    desk = await Desk.opened(bare, *_PEOPLE, maximumSize=3)
    found = await asyncio.gather(*(desk.joins(each) for each in _PEOPLE), return_exceptions=True)
    assert sum(isinstance(each, GatewayError) for each in found) == 9
    assert await desk.waiting() == ["001", "002", "003"]


async def test_those_who_come_at_once_are_told_what_is_true_of_them(bare: Clinic) -> None:
    desk = await Desk.opened(bare, *_PEOPLE)
    found = await asyncio.gather(*(desk.joins(each) for each in _PEOPLE))
    for name in ("position", "sequence"):
        assert sorted(each[name] for each in found) == list(range(1, 13))
    in_order = tickets(sorted(found, key=lambda each: each["position"]))
    assert await desk.waiting() == in_order[:SHOWN]
    assert [each["entries"] for each in await desk.hours()] == [12]


async def test_who_is_here_already_is_refused_and_those_beside_are_not(bare: Clinic) -> None:
    desk = await Desk.opened(bare, *_PEOPLE)
    await desk.joins("p5")
    found = await asyncio.gather(*(desk.joins(each) for each in _PEOPLE), return_exceptions=True)
    assert [isinstance(each, GatewayError) for each in found] == [each == "p5" for each in _PEOPLE]
    assert [each["entries"] for each in await desk.hours()] == [12]


async def test_somebody_is_served_once(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    await desk.joins("ann")
    await desk.does("call-next")
    tries = [desk.does("start", ticket="001"), desk.does("start", ticket="001"),
             desk.does("leave", ticket="001")]  # fmt: skip
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, GatewayError) for each in found) == 2


async def test_an_appointment_is_checked_in_once(clinic: Clinic) -> None:
    desk = await Desk.opened(clinic)
    await desk.clinic.put(a_service("other"))
    booked = f"Appointment/{(await clinic.book())['id']}"
    tries = [place.joins(appointment=booked)
             for place in (desk, desk.at("HealthcareService/other"), desk)]  # fmt: skip
    found = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, GatewayError) for each in found) == 2


async def test_people_who_are_sent_to_and_fro_never_get_stuck(bare: Clinic) -> None:
    desk = await Desk.opened(bare, *_PEOPLE)
    await desk.clinic.put(a_service("other"))
    other = desk.at("HealthcareService/other")
    for place, each in zip([desk, other] * 6, _PEOPLE, strict=True):
        await place.joins(each)
    moves = [here.does("transfer", ticket=ticket, to=there.reference)
             for here, there in ((desk, other), (other, desk))
             for ticket in await here.waiting()]  # fmt: skip
    await asyncio.gather(*moves)
    assert len(await desk.waiting()) == len(await other.waiting()) == 6
