"""What each event does to an appointment. hl7v2.md section 2.1."""

import pytest

from fhir_gateway.core.codes import EXT_ORIGIN, EXT_STATUS_REASON
from fhir_gateway.core.time import format_instant
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases import tasks
from fhir_gateway.usecases.zones import extension
from tests.usecases.builders import at, ref
from tests.usecases.ehr import ANN, BASE, CEM, DOE, ROE, Ehr, number_of, siu

ROOM = "AIL|||W1^R7^^Clinic"
SCANNER = "AIG|||SC1^Scanner|EQUIPMENT"
SERVICE = "AIS|||checkup^Check-up^L"


async def freed(ehr: Ehr) -> list[tuple[str, str]]:
    """The times for which the waitlist is asked."""
    found = [tasks.time_of(each) for each in await ehr.clinic.all("Task")]
    return [(format_instant(each.start), format_instant(each.end)) for each in found]


async def test_s12_books_an_appointment_with_all_that_belongs_to_it(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", more=(SERVICE, ROOM, SCANNER))
    validate(booked, type_name="Appointment")
    assert (booked["status"], booked["start"], booked["end"]) == (
        "booked",
        at("09:00"),
        at("09:30"),
    )
    assert booked["minutesDuration"] == 30
    assert booked["serviceType"][0]["coding"][0]["code"] == "checkup"
    (patient,) = await ehr.clinic.all("Patient")
    (doctor,) = await ehr.clinic.all("Practitioner")
    (room,) = await ehr.clinic.all("Location")
    (scanner,) = await ehr.clinic.all("Device")
    assert [each["actor"] for each in booked["participant"]] == [
        {"reference": f"Patient/{patient['id']}", "display": "Ann Ash"},
        {"reference": f"Practitioner/{doctor['id']}", "display": "Jane Doe"},
        {"reference": f"Location/{room['id']}", "display": "R7"},
        {"reference": f"Device/{scanner['id']}", "display": "Scanner"},
    ]
    assert patient["identifier"] == [number_of("patient", "A1")]
    assert doctor["identifier"] == [number_of("practitioner", "D1")]


async def test_s12_makes_a_schedule_and_a_busy_slot_for_the_doctor(ehr: Ehr) -> None:
    booked = await ehr.sends("S12")
    (doctor,) = await ehr.clinic.all("Practitioner")
    (schedule,) = await ehr.clinic.all("Schedule")
    (slot,) = await ehr.clinic.all("Slot")
    for each in (schedule, slot):
        validate(each, type_name=each["resourceType"])
        assert extension(each, EXT_ORIGIN) == {"url": EXT_ORIGIN, "valueCode": "feed"}
    assert schedule["actor"] == [ref(f"Practitioner/{doctor['id']}")]
    assert slot["schedule"] == ref(f"Schedule/{schedule['id']}")
    assert (slot["status"], slot["start"], slot["end"]) == ("busy", at("09:00"), at("09:30"))
    assert booked["slot"] == [ref(f"Slot/{slot['id']}")]
    assert await ehr.clinic.wrong_slots() == []


async def test_a_second_s12_changes_the_same_appointment(ehr: Ehr) -> None:
    first = await ehr.sends("S12")
    second = await ehr.sends("S12", minutes=20)
    assert (second["id"], second["end"]) == (first["id"], at("09:20"))


async def test_s12_of_a_pending_appointment_holds_its_time_for_now(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", sch={25: "Pending"})
    (slot,) = await ehr.clinic.all("Slot")
    assert (booked["status"], slot["status"]) == ("pending", "busy-tentative")


async def test_s13_frees_the_old_time_and_takes_the_new_one(ehr: Ehr) -> None:
    await ehr.sends("S12")
    moved = await ehr.sends("S13", start="11:00")
    assert (moved["status"], moved["start"], moved["end"]) == ("booked", at("11:00"), at("11:30"))
    slots = {each["start"]: each["status"] for each in await ehr.clinic.all("Slot")}
    assert slots == {at("09:00"): "free", at("11:00"): "busy"}
    assert await freed(ehr) == [(at("09:00"), at("09:30"))]
    assert await ehr.clinic.wrong_slots() == []


async def test_s13_that_moves_by_less_than_its_length_keeps_the_time_in_common(ehr: Ehr) -> None:
    await ehr.sends("S12", "S13")
    moved = await ehr.sends("S13", start="09:15")
    slots = {each["start"]: each["status"] for each in await ehr.clinic.all("Slot")}
    assert slots == {at("09:00"): "busy-unavailable", at("09:15"): "busy"}
    (row,) = [each for each in await ehr.clinic.held(moved["id"]) if each.exclusive]
    assert format_instant(row.core.start) == at("09:15")


async def test_s13_to_another_doctor_frees_the_first_one(ehr: Ehr) -> None:
    await ehr.sends("S12", people=(DOE,))
    people = ({2: "D"} | DOE, {2: "A"} | ROE)
    moved = await ehr.sends("S13", people=people)
    named = [each["actor"]["display"] for each in moved["participant"]]
    assert named == ["Ann Ash", "Max Roe"]
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["free", "busy"]
    assert await freed(ehr) == [(at("09:00"), at("09:30"))]


async def test_s13_without_an_end_keeps_the_length_of_the_visit(ehr: Ehr) -> None:
    await ehr.sends("S12", minutes=50)
    moved = await ehr.sends("S13", start="11:00", tq1={8: ""})
    assert (moved["end"], moved["minutesDuration"]) == (at("11:50"), 50)


async def test_s14_changes_what_it_tells_and_nothing_else(ehr: Ehr) -> None:
    before = await ehr.sends("S12", sch={8: "NORMAL"}, more=(SERVICE, "NTE|1||Bring the results"))
    after = await ehr.sends("S14", start="", people=(), sch={7: "knee^Pain in the knee^L"})
    assert after["reasonCode"][0]["coding"][0]["code"] == "knee"
    kept = ("status", "start", "end", "slot", "participant", "serviceType", "appointmentType",
            "comment")  # fmt: skip
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert await freed(ehr) == []


@pytest.mark.parametrize(
    ("said", "status"),
    [("Arrived", "arrived"), ("Started", "checked-in"), ("Complete", "fulfilled"),
     ("In Fac", "arrived"), ("Booked", "booked"), ("strange", "booked"), ("", "booked")],
)  # fmt: skip
async def test_s14_follows_the_status_field(ehr: Ehr, said: str, status: str) -> None:
    await ehr.sends("S12")
    changed = await ehr.sends("S14", sch={25: said})
    (slot,) = await ehr.clinic.all("Slot")
    assert (changed["status"], slot["status"]) == (status, "busy")


async def test_a_status_that_nobody_knows_is_reported(ehr: Ehr) -> None:
    await ehr.sends("S12", sch={25: "strange"})
    assert (await ehr.last()).details == ["unknown-status"]


async def test_s14_of_an_unknown_appointment_books_it(ehr: Ehr) -> None:
    assert (await ehr.sends("S14"))["status"] == "booked"


@pytest.mark.parametrize(
    ("event", "said", "status"),
    [("S15", "", "cancelled"), ("S15", "Booked", "cancelled"), ("S16", "", "cancelled"),
     ("S17", "Cancelled", "entered-in-error"), ("S26", "Confirmed", "noshow"),
     ("S14", "Cancelled", "cancelled"), ("S13", "Deleted", "entered-in-error"),
     ("S14", "Noshow", "noshow")],
)  # fmt: skip
async def test_what_ends_an_appointment_frees_its_time(
    ehr: Ehr, event: str, said: str, status: str
) -> None:
    booked = await ehr.sends("S12")
    ended = await ehr.sends(event, sch={25: said})
    validate(ended, type_name="Appointment")
    assert (ended["id"], ended["status"]) == (booked["id"], status)
    assert await ehr.clinic.held(ended["id"]) == []
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["free"]
    assert await freed(ehr) == [(at("09:00"), at("09:30"))]
    assert await ehr.clinic.wrong_slots() == []


@pytest.mark.parametrize(("event", "text"), [("S15", None), ("S16", "discontinued")])
async def test_the_reason_of_a_cancellation_is_where_r4_has_it(
    ehr: Ehr, event: str, text: str | None
) -> None:
    ended = await ehr.sends("S12", event, sch={6: "PAT^^L"})
    reason = ended["cancelationReason"]
    assert (reason["coding"][0]["code"], reason.get("text")) == ("PAT", text)
    assert extension(ended, EXT_STATUS_REASON) is None


@pytest.mark.parametrize("event", ["S17", "S26"])
async def test_the_reason_of_any_other_end_is_an_extension(ehr: Ehr, event: str) -> None:
    ended = await ehr.sends("S12", event, sch={6: "PAT^^L"})
    told = extension(ended, EXT_STATUS_REASON)
    assert told is not None
    assert told["valueCodeableConcept"]["coding"][0]["code"] == "PAT"
    assert "cancelationReason" not in ended


@pytest.mark.parametrize("event", ["S15", "S17", "S26"])
async def test_a_newer_booking_reopens_what_was_ended_and_forgets_why(ehr: Ehr, event: str) -> None:
    await ehr.sends("S12", event, sch={6: "PAT"}, sent="20260301090000+0000")
    again = await ehr.sends("S12", sent="20260301090100+0000")
    assert again["status"] == "booked"
    assert "cancelationReason" not in again
    assert extension(again, EXT_STATUS_REASON) is None
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["busy"]


async def test_a_cancellation_of_what_was_entered_in_error_changes_nothing(ehr: Ehr) -> None:
    before = await ehr.sends("S12", "S17")
    assert await ehr.sends("S15") == before
    entry = await ehr.last()
    assert (entry.state, entry.details) == ("sent", ["superseded"])


async def test_a_start_without_time_of_day_is_a_wish_for_that_day(ehr: Ehr) -> None:
    wish = await ehr.sends("S12", start="", tq1={7: "20270105"})
    validate(wish, type_name="Appointment")
    assert wish["status"] == "proposed"
    assert wish["requestedPeriod"] == [{"start": "2027-01-05", "end": "2027-01-05"}]
    assert not {"start", "end", "slot"} & set(wish)


async def test_a_move_to_a_day_gives_up_the_time_and_a_move_to_a_time_the_wish(ehr: Ehr) -> None:
    await ehr.sends("S12")
    wish = await ehr.sends("S13", start="", tq1={7: "20270105"})
    assert not {"start", "end", "minutesDuration", "slot"} & set(wish)
    assert await freed(ehr) == [(at("09:00"), at("09:30"))]
    booked = await ehr.sends("S13", start="10:00")
    assert (booked["status"], booked["start"]) == ("booked", at("10:00"))
    assert "requestedPeriod" not in booked


async def test_an_appointment_may_be_known_by_its_placer_id_alone(ehr: Ehr) -> None:
    await ehr.send(siu("S12", id_="", sch={1: "P-1"}), siu("S15", id_="", sch={1: "P-1"}))
    (found,) = await ehr.clinic.all("Appointment")
    assert found["status"] == "cancelled"
    assert found["identifier"][0]["system"] == f"{BASE}:appointment-placer"


async def test_an_appointment_that_gets_its_filler_id_later_stays_one(ehr: Ehr) -> None:
    await ehr.send(
        siu("S12", id_="", sch={1: "P-1"}),
        siu("S14", id_="F-1", sch={1: "P-1"}),
        siu("S15", id_="F-1"),
    )
    (found,) = await ehr.clinic.all("Appointment")
    assert found["status"] == "cancelled"
    assert sorted(each["value"] for each in found["identifier"]) == ["F-1", "P-1"]


async def test_a_booking_of_the_clinic_that_the_ehr_knows_is_cancelled_by_it(ehr: Ehr) -> None:
    await ehr.sends("S12")
    booked = await ehr.clinic.change(
        f"Appointment/{(await ehr.appointment())['id']}", comment="Seen by the clinic"
    )
    ended = await ehr.sends("S15")
    assert (ended["id"], ended["comment"]) == (booked["id"], "Seen by the clinic")


async def test_another_patient_takes_the_place_of_the_first(ehr: Ehr) -> None:
    await ehr.sends("S12", patient=ANN)
    changed = await ehr.sends("S14", patient=CEM)
    assert [each["actor"]["display"] for each in changed["participant"]] == ["Can Cem", "Jane Doe"]


async def test_segments_of_a_site_change_nothing_and_are_kept(ehr: Ehr) -> None:
    plain = await ehr.sends("S12")
    raw = siu("S12", id_="F-2", start="11:00", more=("ZPV|1|Wing B~Floor 2", "OBX|1|TX|x||y"))
    assert (await ehr.send(raw)).code == "AA"
    other = await ehr.appointment("F-2")
    assert other.keys() == plain.keys()
    assert (await ehr.last()).raw == raw
