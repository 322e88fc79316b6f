"""The EHR blocks somebody's time and gives it back. S23 and S24; decisions 9, 14 and 15."""

import asyncio

import pytest

from fhir_gateway.usecases import tasks
from tests.usecases.builders import a_location, a_schedule, a_slot, at, later
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import DOE, ROE, SENT, Ehr, known_here, siu, ts
from tests.usecases.waiting_room import offers, the_offer, waiting

STARTS = ("09:00", "09:30")
NEXT = "20260301090100+0000"
VACATION = {2: "B-1", 6: "VAC^Vacation"}


@pytest.fixture
async def hospital(clinic: Clinic) -> Ehr:
    """The EHR of the clinic, which calls p1 D1."""
    await clinic.put(known_here())
    return Ehr(clinic)


def block(event: str = "S23", start: str = "09:00", minutes: int = 60, **options: object) -> bytes:
    """Doctor Doe on vacation on DAY."""
    told = {"sch": VACATION, "id_": "B-1", "patient": None} | options
    return siu(event, start, minutes, **told)  # type: ignore[arg-type]


async def slots(ehr: Ehr) -> list[str]:
    """Status of the clinic's own two Slots."""
    return await ehr.clinic.status(*(f"Slot/s1-{each.replace(':', '')}" for each in STARTS))


async def blocks(ehr: Ehr) -> list[tuple[str, str, str]]:
    """Status, start and end of the Slots that stand for blocks."""
    return [
        (each["status"], each["start"], each["end"])
        for each in await ehr.clinic.all("Slot")
        if "identifier" in each
    ]


async def asked(ehr: Ehr) -> list[tuple[str, str]]:
    """State and subject of the Tasks about conflicts."""
    return [
        (each["status"], each["focus"]["reference"])
        for each in await ehr.clinic.all("Task")
        if tasks.holds(each, "resolve-conflict")
    ]


async def test_a_block_makes_time_unavailable_and_no_appointment(hospital: Ehr) -> None:
    assert (await hospital.send(block())).code == "AA"
    assert await slots(hospital) == ["busy-unavailable"] * 2
    assert await blocks(hospital) == [("busy-unavailable", at("09:00"), at("10:00"))]
    (own,) = [each for each in await hospital.clinic.all("Slot") if "comment" in each]
    assert own["comment"] == "Vacation"
    assert await hospital.clinic.all("Appointment") == []
    assert await hospital.clinic.wrong_slots() == []


async def test_blocked_time_cannot_be_booked(hospital: Ehr) -> None:
    await hospital.send(block())
    with pytest.raises(Exception, match="blocked"):
        await hospital.clinic.book("09:00")


async def test_a_booking_in_the_time_stays_and_people_are_asked(hospital: Ehr) -> None:
    booked = await hospital.clinic.book("09:00")
    await hospital.send(block())
    assert (await hospital.clinic.get(f"Appointment/{booked['id']}"))["status"] == "booked"
    assert await slots(hospital) == ["busy", "busy-unavailable"]
    assert await asked(hospital) == [("requested", f"Appointment/{booked['id']}")]
    assert (await hospital.last()).details == ["booked"]
    assert await hospital.clinic.wrong_slots() == []


async def test_what_that_booking_gives_back_is_blocked_and_not_offered(hospital: Ehr) -> None:
    await waiting(hospital.clinic, "bob")
    booked = await hospital.clinic.book("09:00")
    await hospital.send(block())
    await hospital.clinic.cancel(f"Appointment/{booked['id']}")
    assert await slots(hospital) == ["busy-unavailable"] * 2
    assert await asked(hospital) == [("completed", f"Appointment/{booked['id']}")]
    assert not [e for e in await hospital.clinic.all("Task") if tasks.holds(e, "fill-slot")]
    assert await hospital.clinic.wrong_slots() == []


async def test_bookings_beside_each_other_give_back_one_by_one(hospital: Ehr) -> None:
    first = await hospital.clinic.book("09:00")
    second = await hospital.clinic.book("09:30", "bob")
    await hospital.send(block())
    await hospital.clinic.cancel(f"Appointment/{first['id']}")
    assert await slots(hospital) == ["busy-unavailable", "busy"]
    assert await asked(hospital) == [
        ("completed", f"Appointment/{first['id']}"), ("requested", f"Appointment/{second['id']}"),
    ]  # fmt: skip
    assert not [e for e in await hospital.clinic.all("Task") if tasks.holds(e, "fill-slot")]


async def test_a_booking_that_becomes_shorter_gives_the_rest_to_the_block(hospital: Ehr) -> None:
    booked = await hospital.sends("S12", minutes=60)
    await hospital.send(block())
    await hospital.sends("S13", minutes=30, sent=NEXT)
    assert await slots(hospital) == ["busy", "busy-unavailable"]
    assert not [e for e in await hospital.clinic.all("Task") if tasks.holds(e, "fill-slot")]
    assert await asked(hospital) == [("requested", f"Appointment/{booked['id']}")]
    assert await hospital.clinic.wrong_slots() == []


async def test_a_block_that_moves_away_from_a_booking_asks_no_more(hospital: Ehr) -> None:
    booked = await hospital.clinic.book("09:00")
    await hospital.send(block(), block("S23", "09:30", 30, sent=NEXT))
    assert await slots(hospital) == ["busy", "busy-unavailable"]
    assert await asked(hospital) == [("completed", f"Appointment/{booked['id']}")]


async def test_time_on_offer_is_blocked_and_the_offers_are_withdrawn(hospital: Ehr) -> None:
    await waiting(hospital.clinic, "bob")
    booked = await hospital.clinic.book("09:00")
    await hospital.clinic.cancel(f"Appointment/{booked['id']}")
    await hospital.clinic.work()
    offer = await the_offer(hospital.clinic)
    await hospital.send(block())
    await hospital.clinic.work()
    assert await hospital.clinic.status(f"Appointment/{offer['id']}") == ["cancelled"]
    assert await slots(hospital) == ["busy-unavailable"] * 2


async def test_an_unblock_frees_the_time_and_has_it_offered(hospital: Ehr) -> None:
    await waiting(hospital.clinic, "bob")
    await hospital.send(block(), block("S24", sent=NEXT))
    assert await slots(hospital) == ["free", "free"]
    assert await blocks(hospital) == []
    await hospital.clinic.work()
    offered = [(each["start"], each["end"]) for each in await offers(hospital.clinic)]
    times = [at(each) for each in STARTS]
    assert sorted(offered) == [(each, later(each, 30)) for each in times]
    assert await hospital.clinic.wrong_slots() == []


async def test_an_unblock_without_time_ends_all_of_the_block(hospital: Ehr) -> None:
    await hospital.send(block(), block("S24", start="", sent=NEXT, people=()))
    assert await slots(hospital) == ["free", "free"]


async def test_a_part_of_a_block_can_be_given_back(hospital: Ehr) -> None:
    await hospital.send(block(), block("S24", "09:30", 30, sent=NEXT))
    assert await slots(hospital) == ["busy-unavailable", "free"]
    assert await blocks(hospital) == [("busy-unavailable", at("09:00"), at("09:30"))]
    assert await hospital.clinic.wrong_slots() == []


async def test_a_block_that_is_under_way_ends_when_the_unblock_was_sent(hospital: Ehr) -> None:
    await hospital.send(block(), block("S24", sent=ts(at("09:30")), start=""))
    assert await slots(hospital) == ["busy-unavailable", "free"]


async def test_a_block_that_is_over_stays_as_it_was(hospital: Ehr) -> None:
    await hospital.send(block(), block("S24", sent=ts(at("10:00"))))
    assert await slots(hospital) == ["busy-unavailable"] * 2
    assert (await hospital.last()).details == ["past"]


async def test_a_block_that_is_told_again_moves(hospital: Ehr) -> None:
    await hospital.send(block(), block("S23", "09:30", 30, sent=NEXT))
    assert await slots(hospital) == ["free", "busy-unavailable"]
    assert await blocks(hospital) == [("busy-unavailable", at("09:30"), at("10:00"))]


@pytest.mark.parametrize("order", [("S24", "S23"), ("S23", "S24", "S23")])
async def test_an_older_block_does_not_come_back(hospital: Ehr, order: tuple[str, ...]) -> None:
    sent = {"S23": SENT, "S24": NEXT}
    for number, event in enumerate(order):
        await hospital.send(block(event, sent=sent[event], control=f"C{number}"))
    assert await slots(hospital) == ["free", "free"]
    assert (await hospital.last()).details[-1] == "superseded"


async def test_blocks_and_bookings_that_come_at_once_add_up(hospital: Ehr) -> None:
    await asyncio.gather(
        hospital.send(block()),
        hospital.send(block("S23", sch=VACATION | {2: "B-2"})),
        hospital.send(siu("S12", id_="F-9", start="09:30")),
        hospital.clinic.book("09:00", "ann"),
        hospital.clinic.book("09:30", "bob"),
        return_exceptions=True,
    )
    booked = {f"Appointment/{each['id']}" for each in await hospital.clinic.all("Appointment")}
    assert {reference for _, reference in await asked(hospital)} <= booked
    assert len(await asked(hospital)) >= 1
    assert await hospital.clinic.wrong_slots() == []
    await hospital.send(block("S24", sent=NEXT), block("S24", sch=VACATION | {2: "B-2"}, sent=NEXT))
    assert not set(await slots(hospital)) & {"busy-unavailable"}
    assert await hospital.clinic.wrong_slots() == []


async def test_blocks_without_id_are_told_apart_by_their_time(hospital: Ehr) -> None:
    nameless = {"sch": {2: "", 6: "VAC"}}
    await hospital.send(block(minutes=30, **nameless), block(start="09:30", minutes=30, **nameless))
    await hospital.send(block("S24", minutes=30, sent=NEXT, **nameless))
    assert await slots(hospital) == ["free", "busy-unavailable"]


async def test_a_booking_over_a_block_gets_the_time_when_the_block_ends(hospital: Ehr) -> None:
    await hospital.send(block())
    booked = await hospital.sends("S12", minutes=60)
    assert await asked(hospital) == [("requested", f"Appointment/{booked['id']}")]
    await hospital.send(block("S24", sent=NEXT))
    assert await slots(hospital) == ["busy", "busy"]
    assert await asked(hospital) == [("completed", f"Appointment/{booked['id']}")]
    assert await hospital.clinic.wrong_slots() == []


async def test_each_resource_is_blocked_for_its_own_time(hospital: Ehr) -> None:
    await hospital.clinic.put(known_here("p2", "D2"), a_schedule("s2", "Practitioner/p2"))
    await hospital.clinic.put(*(a_slot(each, schedule="s2") for each in STARTS))
    await hospital.send(block(people=(DOE, ROE | {9: "30", 10: "min"})))
    assert await slots(hospital) == ["busy-unavailable"] * 2
    assert await hospital.clinic.status("Slot/s2-0900", "Slot/s2-0930") == [
        "busy-unavailable", "free",
    ]  # fmt: skip


async def test_a_schedule_can_be_named_instead_of_people(hospital: Ehr) -> None:
    known = {"system": "urn:fhir-gateway:v2:EHR:CLINIC:schedule", "value": "BOOK"}
    await hospital.clinic.put(a_schedule(identifier=[known]))
    await hospital.send(block(people=(), sch=VACATION | {5: "BOOK"}))
    assert await slots(hospital) == ["busy-unavailable"] * 2


async def test_a_place_that_many_use_at_once_is_not_blocked(hospital: Ehr) -> None:
    known = {"system": "urn:fhir-gateway:v2:EHR:CLINIC:location", "value": "W1^R7"}
    await hospital.clinic.put(a_location(identifier=[known]))
    await hospital.clinic.put(a_schedule("both", "Practitioner/p1", "Location/room"))
    await hospital.send(block(people=(), more=("AIL|||W1^R7",)))
    assert await slots(hospital) == ["free", "free"]
    assert (await hospital.last()).details == ["not-exclusive"]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"people": ()}, "AIP"),
        ({"start": ""}, "TQ1^1^7"),
        ({"tq1": {7: "20301210", 8: ""}}, "TQ1^1^7"),
        ({"tq1": {8: ""}}, "TQ1^1^7"),
    ],
)
async def test_a_block_that_does_not_say_whose_or_when_is_a_fault(
    hospital: Ehr, options: dict[str, object], place: str
) -> None:
    assert (await hospital.send(block(**options))).code == "AA"  # type: ignore[arg-type]
    entry = await hospital.last()
    assert entry.state == "error"
    assert entry.issues[0]["location"][0] == place


async def test_nothing_is_known_of_a_block_that_never_was(hospital: Ehr) -> None:
    assert (await hospital.send(block("S24"))).code == "AA"
    assert (await hospital.last()).details == ["unknown-block"]


async def test_a_client_sees_the_block_and_may_note_something_on_it(hospital: Ehr) -> None:
    await hospital.clinic.book("09:00")
    await hospital.send(block())
    (own,) = [each for each in await hospital.clinic.all("Slot") if "comment" in each]
    noted = await hospital.clinic.put(own | {"comment": "Back on Monday"})
    assert (noted["status"], noted["comment"]) == ("busy-unavailable", "Back on Monday")
    await hospital.clinic.delete(f"Slot/{own['id']}")
    assert await slots(hospital) == ["busy", "free"]
