"""A client writes Slots, but not what bookings say of them. Decision 9."""

import pytest

from fhir_gateway.core.errors import Category
from tests.usecases.builders import (
    a_practitioner,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
    at,
    availability,
    ref,
)
from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.waiting_room import free_up

DERIVED = (Category.CONFLICT, "derived-status")
#: How a Slot gets into each status other than free.
STATUSES = ("busy", "busy-tentative", "busy-unavailable", "taken-elsewhere", "overlapped")


@pytest.fixture
async def clinic(clinic: Clinic) -> Clinic:
    """Every Slot of p1's is named after its status and how it came to be."""
    await clinic.put(a_schedule("s2"))
    for number, name in enumerate(("free", *STATUSES)):
        await clinic.put(a_slot(f"1{number}:00") | {"id": name})
    await clinic.book("11:00", slot=[ref("Slot/busy")])
    await clinic.book("12:00", slot=[ref("Slot/busy-tentative")], status="pending")
    await clinic.change("Slot/busy-unavailable", status="busy-unavailable")
    await clinic.delete("Slot/taken-elsewhere")
    await clinic.put(a_slot("14:00", status="busy") | {"id": "taken-elsewhere"})
    await clinic.post(an_appointment("15:10", 10, schedule=None))
    return clinic


async def test_the_world_of_these_tests_is_as_described(clinic: Clinic) -> None:
    found = await clinic.status("Slot/free", *(f"Slot/{each}" for each in STATUSES))
    assert found == [
        "free", "busy", "busy-tentative", "busy-unavailable", "busy", "busy-unavailable",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "status"),
    [
        *(("free", each) for each in ("busy", "busy-tentative")),
        *(("busy", each) for each in
          ("free", "busy-tentative", "busy-unavailable", "entered-in-error")),
        *(("busy-tentative", each) for each in
          ("free", "busy", "busy-unavailable", "entered-in-error")),
        *(("busy-unavailable", each) for each in ("busy", "busy-tentative")),
        *(("taken-elsewhere", each) for each in ("free", "busy-unavailable")),
        *(("overlapped", each) for each in ("free", "busy", "entered-in-error")),
    ],
)  # fmt: skip
async def test_what_follows_from_bookings_is_not_written(
    clinic: Clinic, name: str, status: str
) -> None:
    before = await clinic.get(f"Slot/{name}")
    assert await refused_with(clinic.change(f"Slot/{name}", status=status)) == DERIVED
    assert await clinic.get(f"Slot/{name}") == before


async def test_free_time_is_blocked_and_opened_again(clinic: Clinic) -> None:
    await clinic.change("Slot/free", status="busy-unavailable")
    assert await clinic.sql("SELECT count(*) FROM busy WHERE slots = ARRAY['free']") == [(1,)]
    await clinic.change("Slot/free", status="free")
    assert await clinic.status("Slot/free") == ["free"]
    assert await clinic.sql("SELECT count(*) FROM busy WHERE slots = ARRAY['free']") == [(0,)]


async def test_a_block_keeps_the_person_free_of_everything(clinic: Clinic) -> None:
    await clinic.change("Slot/free", status="busy-unavailable")
    attempt = clinic.post(an_appointment("10:10", 10, schedule=None, patient="bob"))
    assert await refused_with(attempt) == (Category.CONFLICT, "blocked")


async def test_a_block_shows_in_every_schedule_of_the_person(clinic: Clinic) -> None:
    await clinic.put(a_slot("10:15", schedule="s2"))
    await clinic.change("Slot/free", status="busy-unavailable")
    assert await clinic.status("Slot/s2-1015") == ["busy-unavailable"]
    await clinic.change("Slot/free", status="free")
    assert await clinic.status("Slot/s2-1015") == ["free"]


async def test_a_free_slot_may_be_entered_in_error(clinic: Clinic) -> None:
    await clinic.change("Slot/free", status="entered-in-error")
    assert await clinic.status("Slot/free") == ["entered-in-error"]
    assert await refused_with(clinic.change("Slot/free", status="free")) == DERIVED


@pytest.mark.parametrize("name", ["free", "busy", "busy-tentative", "busy-unavailable"])
async def test_what_else_a_slot_says_may_be_written(clinic: Clinic, name: str) -> None:
    before = await clinic.status(f"Slot/{name}")
    await clinic.change(f"Slot/{name}", comment="Bring the X-rays")
    assert await clinic.status(f"Slot/{name}") == before
    assert await clinic.wrong_slots() == []


@pytest.mark.parametrize("name", ["busy", "busy-tentative", "overlapped"])
async def test_a_slot_does_not_move_under_a_booking(clinic: Clinic, name: str) -> None:
    end = (await clinic.get(f"Slot/{name}"))["end"].replace(":30:", ":45:")
    assert await refused_with(clinic.change(f"Slot/{name}", end=end)) == DERIVED


async def test_a_blocked_slot_takes_its_block_along(clinic: Clinic) -> None:
    await clinic.change("Slot/busy-unavailable", start=at("17:00"), end=at("17:30"))
    rows = await clinic.sql(
        "SELECT lower(during)::time::text FROM busy WHERE slots = ARRAY['busy-unavailable']"
    )
    assert rows == [("17:00:00",)]


async def test_a_free_slot_that_moves_onto_a_booking_is_unavailable(clinic: Clinic) -> None:
    moved = await clinic.change("Slot/free", start=at("11:10"), end=at("11:20"))
    assert moved["status"] == "busy-unavailable"


@pytest.mark.parametrize(("status", "kind"), [("busy", "taken"), ("busy-unavailable", "block")])
async def test_a_new_slot_may_say_that_its_time_is_gone(
    clinic: Clinic, status: str, kind: str
) -> None:
    await clinic.put(a_slot("17:00", status=status))
    assert await clinic.status("Slot/s1-1700") == [status]
    rows = await clinic.sql("SELECT kind FROM busy WHERE slots = ARRAY['s1-1700']")
    assert rows == [(kind,)]


async def test_a_new_slot_is_not_busy_tentative(clinic: Clinic) -> None:
    attempt = clinic.put(a_slot("17:00", status="busy-tentative"))
    assert await refused_with(attempt) == (Category.UNPROCESSABLE, "derived-status")


@pytest.mark.parametrize("status", ["free", "busy", "busy-unavailable"])
async def test_a_new_slot_over_a_booking_is_unavailable(clinic: Clinic, status: str) -> None:
    created = await clinic.put(a_slot("11:15", schedule="s2", status=status))
    assert created["status"] == "busy-unavailable"
    assert await clinic.wrong_slots() == []


async def test_a_new_slot_in_time_on_offer_is_tentative(clinic: Clinic) -> None:
    await clinic.put(a_waitlist_entry())
    await free_up(clinic, "09:00")
    created = await clinic.put(a_slot("09:10", schedule="s2"))
    assert created["status"] == "busy-tentative"


async def test_what_was_taken_elsewhere_is_free_when_the_slot_is_deleted(clinic: Clinic) -> None:
    await clinic.put(a_slot("14:00", schedule="s2"))
    assert await clinic.status("Slot/s2-1400") == ["busy-unavailable"]
    await clinic.delete("Slot/taken-elsewhere")
    assert await clinic.status("Slot/s2-1400") == ["free"]


async def test_a_schedule_that_changes_hands_shows_the_time_of_its_new_owner(
    clinic: Clinic,
) -> None:
    await clinic.put(a_practitioner("p2"), a_schedule("s3", "Practitioner/p2"))
    await clinic.put(a_slot("11:00", schedule="s3"))
    await clinic.put(a_schedule("s3", "Practitioner/p1"))
    assert await clinic.status("Slot/s3-1100") == ["busy-unavailable"]
    await clinic.put(a_schedule("s3", "Practitioner/p2"))
    assert await clinic.status("Slot/s3-1100") == ["free"]


@pytest.mark.parametrize(
    "change",
    [{"actor": [ref("Practitioner/p2")]}, {"extension": availability(bufferAfter=5)}],
    ids=["actor", "buffer"],
)
async def test_a_schedule_in_which_time_is_held_keeps_its_owner(
    clinic: Clinic, change: dict[str, object]
) -> None:
    await clinic.put(a_practitioner("p2"))
    attempt = clinic.put(a_schedule("s1") | change)
    assert await refused_with(attempt) == (Category.CONFLICT, "time-held")
    await clinic.put(a_schedule("s1", comment="Second floor"))


async def test_a_schedule_with_a_block_keeps_its_owner(clinic: Clinic) -> None:
    await clinic.put(a_practitioner("p2"))
    await clinic.put(a_slot("17:00", schedule="s2", status="busy-unavailable"))
    attempt = clinic.put(a_schedule("s2", "Practitioner/p2"))
    assert await refused_with(attempt) == (Category.CONFLICT, "time-held")
