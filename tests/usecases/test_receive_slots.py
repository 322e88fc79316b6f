"""Which Slots does a booking of the EHR take? Decision 9."""

import pytest

from fhir_gateway.core.codes import EXT_ORIGIN
from fhir_gateway.usecases.zones import extension
from tests.usecases.builders import a_device, a_location, a_schedule, a_slot, availability, ref
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import DOE, ROE, Ehr, known_here, number_of, siu

STARTS = ("09:00", "09:30", "10:00")


async def settle(ehr: Ehr, *starts: str) -> Clinic:
    """Doctor Doe's Schedule/s1 with Slots of half an hour."""
    await ehr.clinic.put(known_here(), a_schedule())
    await ehr.clinic.put(*(a_slot(each) for each in starts or STARTS))
    return ehr.clinic


async def statuses(clinic: Clinic) -> list[str]:
    return await clinic.status(*(f"Slot/s1-{each.replace(':', '')}" for each in STARTS))


@pytest.mark.parametrize(
    ("start", "minutes", "taken"),
    [
        ("09:00", 30, ["busy", "free", "free"]),
        ("09:00", 20, ["busy", "free", "free"]),
        ("09:00", 60, ["busy", "busy", "free"]),
        ("09:30", 31, ["free", "busy", "busy"]),
        ("09:10", 10, ["busy", "free", "free"]),
        ("09:10", 30, ["busy", "busy", "free"]),
    ],
)
async def test_slots_that_are_there_are_taken_where_they_cover_the_time(
    ehr: Ehr, start: str, minutes: int, taken: list[str]
) -> None:
    clinic = await settle(ehr)
    await ehr.sends("S12", start=start, minutes=minutes)
    assert await statuses(clinic) == taken
    assert len(await clinic.all("Slot")) == 3
    assert await clinic.wrong_slots() == []


@pytest.mark.parametrize(("start", "minutes"), [("08:45", 30), ("10:00", 60), ("12:00", 30)])
async def test_where_slots_leave_a_gap_one_is_made_on_the_same_schedule(
    ehr: Ehr, start: str, minutes: int
) -> None:
    clinic = await settle(ehr)
    booked = await ehr.sends("S12", start=start, minutes=minutes)
    (reference,) = booked["slot"]
    made = await clinic.get(reference["reference"])
    assert (made["status"], made["schedule"]) == ("busy", ref("Schedule/s1"))
    assert (made["start"], made["end"]) == (booked["start"], booked["end"])
    assert "busy" not in await statuses(clinic)
    assert await clinic.wrong_slots() == []


async def test_a_gap_between_slots_is_a_gap(ehr: Ehr) -> None:
    clinic = await settle(ehr, "09:00", "10:00")
    await ehr.sends("S12", minutes=90)
    assert await clinic.status("Slot/s1-0900", "Slot/s1-1000") == ["busy-unavailable"] * 2


async def test_a_slot_made_for_a_booking_becomes_free_and_is_used_again(ehr: Ehr) -> None:
    first = await ehr.sends("S12", "S15")
    (slot,) = await ehr.clinic.all("Slot")
    assert slot["status"] == "free"
    second = await ehr.sends("S12", id_="F-2")
    assert second["slot"] == first["slot"]
    assert await ehr.clinic.status(f"Slot/{slot['id']}") == ["busy"]


@pytest.mark.parametrize(("start", "minutes"), [("09:00", 20), ("09:10", 20)])
async def test_a_slot_made_for_a_longer_booking_is_not_taken_whole(
    ehr: Ehr, start: str, minutes: int
) -> None:
    first = await ehr.sends("S12", "S15")
    second = await ehr.sends("S12", id_="F-2", start=start, minutes=minutes)
    assert second["slot"] != first["slot"]


async def test_a_slot_of_another_booking_is_not_shared(ehr: Ehr) -> None:
    first = await ehr.sends("S12")
    second = await ehr.sends("S12", id_="F-2")
    assert first["slot"] != second["slot"]


async def test_a_booking_that_changes_keeps_its_slot(ehr: Ehr) -> None:
    first = await ehr.sends("S12")
    assert (await ehr.sends("S14", sch={7: "knee"}))["slot"] == first["slot"]
    assert len(await ehr.clinic.all("Slot")) == 1


async def test_the_slots_of_everybody_who_is_needed_are_taken(ehr: Ehr) -> None:
    clinic = await settle(ehr)
    await clinic.put(known_here("p2", "D2"), a_schedule("s2", "Practitioner/p2"))
    await clinic.put(a_device() | {"identifier": [number_of("device", "SC1")]})
    await clinic.put(a_schedule("s3", "Device/scanner"))
    await clinic.put(*(a_slot(schedule=each) for each in ("s2", "s3")))
    await ehr.sends("S12", people=(DOE, ROE), more=("AIG|||SC1|EQUIPMENT",))
    assert await clinic.status("Slot/s1-0900", "Slot/s2-0900", "Slot/s3-0900") == ["busy"] * 3


async def test_who_comes_for_a_part_of_the_time_is_unavailable_then(ehr: Ehr) -> None:
    clinic = await settle(ehr)
    await clinic.put(known_here("p2", "D2"), a_schedule("s2", "Practitioner/p2"))
    await clinic.put(a_slot(schedule="s2"))
    await ehr.sends("S12", people=(DOE, ROE | {9: "10", 10: "min"}))
    assert await clinic.status("Slot/s1-0900", "Slot/s2-0900") == ["busy", "busy-unavailable"]


async def test_a_schedule_that_people_share_gives_one_slot(ehr: Ehr) -> None:
    await ehr.clinic.put(known_here(), known_here("p2", "D2"))
    await ehr.clinic.put(a_schedule("s1", "Practitioner/p1", "Practitioner/p2"), a_slot())
    booked = await ehr.sends("S12", people=(DOE, ROE))
    assert booked["slot"] == [ref("Slot/s1-0900")]


async def test_a_place_counts_where_it_can_be_in_use_once_only(ehr: Ehr) -> None:
    clinic = await settle(ehr)
    for name, extra in (("open", {}), ("theatre", {"extension": availability()})):
        place = a_location(name, identifier=[number_of("location", f"{name}^1")])
        await clinic.put(place, a_schedule(name, f"Location/{name}", **extra))
        await clinic.put(a_slot(schedule=name))
    booked = await ehr.sends("S12", more=("AIL|||open^1", "AIL|||theatre^1"))
    assert booked["slot"] == [ref("Slot/s1-0900"), ref("Slot/theatre-0900")]
    assert await clinic.status("Slot/open-0900") == ["free"]


async def test_a_booking_of_a_place_alone_has_a_slot_of_the_place(ehr: Ehr) -> None:
    await ehr.sends("S12", people=(), more=("AIL|||W1^R7",))
    (place,) = await ehr.clinic.all("Location")
    (schedule,) = await ehr.clinic.all("Schedule")
    assert schedule["actor"] == [ref(f"Location/{place['id']}")]
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["busy"]


async def test_a_booking_of_nobody_known_has_no_slot(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", people=({3: "^Doe^Jane"},))
    assert "slot" not in booked
    assert await ehr.clinic.all("Schedule") == []


async def test_one_schedule_id_for_many_people_names_a_schedule_of_each(ehr: Ehr) -> None:
    for number, doctor in enumerate((DOE, ROE, DOE)):
        await ehr.sends("S12", id_=f"F-{number}", start=f"1{number}:00", people=(doctor,),
                        sch={5: "BOOK"})  # fmt: skip
    schedules = await ehr.clinic.all("Schedule")
    assert [each["identifier"] for each in schedules] == [[number_of("schedule", "BOOK")]] * 2
    assert len({each["actor"][0]["reference"] for each in schedules}) == 2


async def test_the_schedule_that_is_named_comes_first(ehr: Ehr) -> None:
    clinic = await settle(ehr)
    named = a_schedule("z", identifier=[number_of("schedule", "PRIVATE")])
    await clinic.put(named, a_slot(schedule="z"))
    booked = await ehr.sends("S12", sch={5: "PRIVATE"})
    assert booked["slot"] == [ref("Slot/z-0900")]


async def test_slots_that_fit_win_over_a_schedule_nobody_knows(ehr: Ehr) -> None:
    clinic = await settle(ehr)
    booked = await ehr.sends("S12", sch={5: "NEW"})
    assert booked["slot"] == [ref("Slot/s1-0900")]
    other = await ehr.sends("S12", id_="F-2", start="15:00", sch={5: "NEW"})
    made = await clinic.get(other["slot"][0]["reference"])
    schedule = await clinic.get(made["schedule"]["reference"])
    assert schedule["identifier"] == [number_of("schedule", "NEW")]


async def test_a_contact_holds_no_time(ehr: Ehr) -> None:
    clinic = await settle(ehr)
    booked = await ehr.sends("S12", people=(), sch={16: "D1^Doe^Jane"})
    assert "slot" not in booked
    assert await statuses(clinic) == ["free"] * 3


async def test_a_slot_of_the_generator_stays_its_own(ehr: Ehr) -> None:
    clinic = await settle(ehr)
    await clinic.put(a_slot(extension=[{"url": EXT_ORIGIN, "valueCode": "generated"}]))
    await ehr.send(siu("S12"), siu("S15"))
    slot = await clinic.get("Slot/s1-0900")
    assert (slot["status"], extension(slot, EXT_ORIGIN)) == (
        "free", {"url": EXT_ORIGIN, "valueCode": "generated"},
    )  # fmt: skip
