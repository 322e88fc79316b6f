"""Who arrives at a place with a queue is in it, by the word of the EHR. Decision 23."""

import pytest

from tests.usecases.builders import at
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import Ehr, adt, ts
from tests.usecases.queueing import Desk, configuration

VISIT = {2: "O", 19: "V-1"}
ROOM = ("PV1|1|O|||||||||||||||||V-1", "AIL|||W1^R7^^Clinic")


async def a_room(ehr: Ehr, **parts: object) -> Desk:
    """Ann is booked into a room where people queue."""
    await ehr.sends("S12", more=ROOM)
    (room,) = await ehr.clinic.all("Location")
    await ehr.clinic.put(room | {"extension": configuration(name="Room", **parts)})
    return Desk(Clinic(ehr.clinic.deps), f"Location/{room['id']}")


async def says(ehr: Ehr, event: str, clock: str) -> None:
    await ehr.send(adt(event, sent=ts(at(clock)), pv1=VISIT))


async def test_an_arrival_joins_the_queue_of_the_place(ehr: Ehr) -> None:
    room = await a_room(ehr)
    await says(ehr, "A04", "08:55")
    assert await room.waiting() == ["001"]
    (entry,) = await ehr.clinic.all("Encounter")
    booked = await ehr.appointment()
    assert (booked["status"], entry["status"]) == ("arrived", "arrived")
    assert entry["appointment"] == [{"reference": f"Appointment/{booked['id']}"}]


async def test_an_arrival_by_siu_joins_too(ehr: Ehr) -> None:
    room = await a_room(ehr)
    await ehr.sends("S14", more=ROOM, sent="20260301090100+0000", sch={25: "Arrived"})
    assert await room.waiting() == ["001"]


@pytest.mark.parametrize(
    ("event", "status", "reason"), [("A03", "finished", "finished"), ("A11", "cancelled", "left")]
)
async def test_the_end_of_the_visit_ends_the_entry(
    ehr: Ehr, event: str, status: str, reason: str
) -> None:
    room = await a_room(ehr)
    await says(ehr, "A04", "08:55")
    await says(ehr, event, "09:20")
    assert await room.places() == []
    (entry,) = await ehr.clinic.all("Encounter")
    assert entry["status"] == status
    states = await ehr.clinic.sql("SELECT state FROM queue_entry")
    assert states == [(reason,)]


async def test_an_arrival_is_never_refused(ehr: Ehr) -> None:
    room = await a_room(ehr, accepting=False)
    await says(ehr, "A04", "08:55")
    assert (await ehr.appointment())["status"] == "arrived"
    assert (await ehr.last()).details == ["not-accepting"]
    assert await room.places() == []


async def test_without_a_queue_an_arrival_makes_no_encounter(ehr: Ehr) -> None:
    await ehr.sends("S12", more=ROOM)
    await says(ehr, "A04", "08:55")
    assert await ehr.clinic.all("Encounter") == []


async def test_the_desk_goes_on_with_whom_the_ehr_has_sent(ehr: Ehr) -> None:
    room = await a_room(ehr)
    await says(ehr, "A04", "08:55")
    await room.serves("001", minutes=0)
    assert (await ehr.appointment())["status"] == "fulfilled"
    await says(ehr, "A03", "09:20")
    assert (await ehr.last()).details in ([], ["no-appointment"])
