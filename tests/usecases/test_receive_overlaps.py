"""The EHR's word stands; what it overlaps is shown to people. Decision 14."""

from dataclasses import replace

import pytest

from fhir_gateway.core.codes import REASON_SUPERSEDED
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.usecases import tasks
from tests.usecases.builders import CHECKUP, a_patient, a_schedule, a_slot, at, ref
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import DOE, Ehr, known_here, siu
from tests.usecases.waiting_room import free_up, offers, reason_of, the_offer, waiting

PLACER = SenderProfile(authority="placer")


@pytest.fixture
async def busy(clinic: Clinic) -> Ehr:
    """The EHR of a clinic in which Ann has p1, whom the EHR calls D1, at nine."""
    await clinic.put(known_here())
    await clinic.book("09:00")
    return Ehr(clinic)


async def conflicts(clinic: Clinic) -> list[tuple[str, str]]:
    """State and Appointment of each Task about a double booking."""
    found = [each for each in await clinic.all("Task") if tasks.holds(each, "resolve-conflict")]
    return [(each["status"], each["focus"]["reference"]) for each in found]


async def test_a_booking_over_another_stands_beside_it_and_people_are_asked(busy: Ehr) -> None:
    booked = await busy.sends("S12")
    slot = await busy.clinic.get("Slot/s1-0900")
    assert (booked["status"], booked["slot"]) == ("booked", [ref("Slot/s1-0900")])
    assert (slot["status"], slot["overbooked"]) == ("busy", True)
    (row,) = [each for each in await busy.clinic.held(booked["id"]) if each.exclusive]
    assert (row.active, row.kind) == (False, "overlap")
    assert await conflicts(busy.clinic) == [("requested", f"Appointment/{booked['id']}")]
    assert await busy.clinic.wrong_slots() == []


async def test_a_changed_overlap_is_still_one_task(busy: Ehr) -> None:
    await busy.sends("S12", "S14", "S13", minutes=20)
    assert len(await conflicts(busy.clinic)) == 1


async def test_time_that_is_given_back_goes_to_the_overlap_first(busy: Ehr) -> None:
    booked = await busy.sends("S12")
    (other,) = [each for each in await busy.clinic.all("Appointment") if each != booked]
    await busy.clinic.cancel(f"Appointment/{other['id']}")
    (row,) = [each for each in await busy.clinic.held(booked["id"]) if each.exclusive]
    slot = await busy.clinic.get("Slot/s1-0900")
    assert (row.active, row.kind) == (True, "appointment")
    assert (slot["status"], "overbooked" in slot) == ("busy", False)
    assert await conflicts(busy.clinic) == [("completed", f"Appointment/{booked['id']}")]
    assert not [e for e in await busy.clinic.all("Task") if tasks.holds(e, "fill-slot")]


async def test_the_oldest_overlap_comes_first(busy: Ehr) -> None:
    first = await busy.sends("S12")
    second = await busy.sends("S12", id_="F-2")
    (other,) = [
        each for each in await busy.clinic.all("Appointment") if each["id"] not in
        (first["id"], second["id"])
    ]  # fmt: skip
    await busy.clinic.cancel(f"Appointment/{other['id']}")
    active = [
        row.active
        for each in (first, second)
        for row in await busy.clinic.held(each["id"])
        if row.exclusive
    ]
    assert active == [True, False]
    assert (await busy.clinic.get("Slot/s1-0900"))["overbooked"] is True


async def test_an_overlap_that_goes_away_leaves_the_other_booking_alone(busy: Ehr) -> None:
    await busy.sends("S12", "S15")
    slot = await busy.clinic.get("Slot/s1-0900")
    assert (slot["status"], "overbooked" in slot) == ("busy", False)
    assert not [e for e in await busy.clinic.all("Task") if tasks.holds(e, "fill-slot")]
    assert await busy.clinic.wrong_slots() == []


async def test_a_patient_in_two_places_is_no_reason_to_refuse(busy: Ehr) -> None:
    await busy.sends("S12", people=({3: "D7^Seven"},))
    other = await busy.sends("S12", id_="F-2", people=({3: "D8^Eight"},))
    assert other["status"] == "booked"
    assert await conflicts(busy.clinic) == []


async def test_a_sender_that_only_asks_does_not_overbook(busy: Ehr) -> None:
    before = await busy.counts()
    view = await busy.called(PLACER).send(siu("S12", control="ASK-1"))
    assert (view.code, view.control_id) == ("AE", "ASK-1")
    assert [(each.condition, each.location) for each in view.errors] == [("207", "SCH^1^11")]
    assert await busy.counts() == before
    entry = await busy.last()
    assert (entry.state, entry.ack_code, entry.details) == ("error", "AE", ["slot-taken"])


async def test_a_sender_that_only_asks_gets_time_that_is_free(busy: Ehr) -> None:
    booked = await busy.called(PLACER).sends("S12", start="09:30")
    assert booked["slot"] == [ref("Slot/s1-0930")]
    assert await busy.clinic.status("Slot/s1-0930") == ["busy"]


async def test_a_sender_that_only_asks_is_told_the_same_again(busy: Ehr) -> None:
    placer = busy.called(PLACER)
    answers = [await placer.deliver(siu("S12")) for _ in range(2)]
    assert answers[0] == answers[1]


async def test_time_on_offer_is_the_ehrs_and_the_offers_are_withdrawn(clinic: Clinic) -> None:
    await clinic.put(known_here())
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    assert await clinic.status("Slot/s1-0900") == ["busy-tentative"]
    offer = await the_offer(clinic)
    booked = await Ehr(clinic).sends("S12")
    assert await clinic.status("Slot/s1-0900") == ["busy"]
    await clinic.work()
    assert await offers(clinic) == []
    assert reason_of(await clinic.get(f"Appointment/{offer['id']}")) == REASON_SUPERSEDED
    assert await conflicts(clinic) == []
    assert [row.active for row in await clinic.held(booked["id"])] == [True, True]
    assert await clinic.wrong_slots() == []


async def test_a_feed_slot_on_offer_is_taken_again_and_not_doubled(ehr: Ehr) -> None:
    services = "AIS|||checkup^Check-up^http://clinic.example/services"
    first = await ehr.sends("S12", more=(services,))
    await ehr.clinic.put(a_patient("bob"))
    await waiting(ehr.clinic, "bob")
    await ehr.sends("S15", more=(services,))
    await ehr.clinic.work()
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["busy-tentative"]
    second = await ehr.sends("S12", id_="F-2", more=(services,))
    assert second["slot"] == first["slot"]
    await ehr.clinic.work()
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["busy"]


async def test_a_cancellation_by_message_is_offered_to_who_waits(clinic: Clinic) -> None:
    await clinic.put(known_here())
    await waiting(clinic, "bob")
    ehr = Ehr(clinic)
    coding = CHECKUP["coding"][0]
    service = f"AIS|||{coding['code']}^^{coding['system']}"
    await ehr.send(siu("S12", more=(service,)), siu("S15", more=(service,)))
    await clinic.work()
    offer = await the_offer(clinic)
    assert (offer["start"], offer["slot"]) == (at("09:00"), [ref("Slot/s1-0900")])


async def test_bookings_of_two_senders_meet_in_the_same_doctor(clinic: Clinic) -> None:
    house = SenderProfile(identifier_base="urn:oid:1.2.3")
    profiles = {("EHR", "CLINIC"): house, ("LAB", "CLINIC"): house}
    ehr = Ehr(Clinic(replace(clinic.deps, profiles=profiles)))
    await ehr.send(siu("S12", people=(DOE,)), siu("S12", id_="L-1", msh={3: "LAB"}))
    doctors = [each for each in await clinic.all("Practitioner") if "identifier" in each]
    assert len(doctors) == 1
    assert len(await conflicts(clinic)) == 1


async def test_two_doctors_at_one_time_are_no_conflict(ehr: Ehr) -> None:
    await ehr.clinic.put(known_here(), a_schedule(), a_slot())
    await ehr.sends("S12")
    await ehr.sends("S12", id_="F-2", people=({3: "D2^Roe"},), patient={3: "B1", 5: "Bo"})
    assert await conflicts(ehr.clinic) == []
