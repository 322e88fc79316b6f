"""Would an EHR send that? Every event, about one appointment, dated from now."""

from datetime import UTC, datetime, timedelta

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.core.time import parse_instant
from fhir_gateway.demo.messages import DEMO_ID, EVENTS, demo_message, reserved_times
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.tables import lookup
from tests.demo.clinics import MOMENTS, clinic_at

NOW = datetime(2026, 11, 24, 9, 20, 5, 123456, tzinfo=UTC)


def _segment_text(message: Message, name: str, *position: int) -> str:
    segment = message.first(name)
    assert segment is not None
    return segment.text(*position)


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_is_an_siu_message_about_the_same_appointment(event: str) -> None:
    message = Message.parse(demo_message(event.lower(), now=NOW))
    assert message.event == ("SIU", event, "SIU_S12")
    assert _segment_text(message, "SCH", 2) == DEMO_ID
    assert lookup("0278", _segment_text(message, "SCH", 25), "status") == EVENTS[event].status
    assert _segment_text(message, "PID", 3) == "100001"
    assert _segment_text(message, "AIP", 3) == "D001"
    assert message.warnings == ()


def test_names_travel_in_both_scripts() -> None:
    message = Message.parse(demo_message("S12", now=NOW))
    patient = clinic_at(NOW).get("Patient/patient-001")
    assert _segment_text(message, "PID", 5, 1, 1, 1) == patient["name"][0]["family"]
    assert _segment_text(message, "PID", 5, 1, 1, 2) == patient["name"][1]["family"]


def test_every_message_has_its_own_control_id_of_at_most_twenty_characters() -> None:
    raws = [demo_message(event, now=NOW) for event in EVENTS]
    raws += [demo_message("S12", now=NOW + timedelta(milliseconds=1))]
    ids = [Message.parse(raw).control_id for raw in raws]
    assert len(set(ids)) == len(raws)
    assert max(map(len, ids)) <= 20


def test_s13_moves_the_appointment_and_s15_does_not() -> None:
    times = {
        event: _segment_text(Message.parse(demo_message(event, now=NOW)), "TQ1", 7)
        for event in ("S12", "S13", "S15")
    }
    assert times["S12"] == times["S15"] == "20261125113000+0300"
    assert times["S13"] > times["S12"]


@pytest.mark.parametrize("now", MOMENTS, ids=lambda now: f"{now:%a %H}")
def test_its_times_are_ahead_and_free_in_the_clinic_at(now: datetime) -> None:
    clinic = clinic_at(now)
    taken = {
        part["reference"] for each in clinic.of_type("Appointment") for part in each.get("slot", ())
    }
    morning, afternoon = reserved_times(now)
    assert now + timedelta(hours=4) <= morning.start < now + timedelta(hours=28)
    assert afternoon.start == morning.start + timedelta(hours=4)
    for at in (morning, afternoon):
        assert clinic.get(f"Slot/{at.slot_id}")["status"] == "free"
        assert f"Slot/{at.slot_id}" not in taken


def test_a_message_about_a_booking_names_its_people_and_its_time() -> None:
    clinic = clinic_at(NOW)
    booking = clinic.get(f"Appointment/{clinic.showcase}")
    actors = [part["actor"]["reference"] for part in booking["participant"]]
    raw = demo_message(
        "S15", now=NOW, appointment=booking, resources={each: clinic.get(each) for each in actors}
    )
    message = Message.parse(raw)
    assert _segment_text(message, "SCH", 2) == booking["identifier"][0]["value"]
    assert _segment_text(message, "SCH", 2, 3) == booking["identifier"][0]["system"]
    assert _segment_text(message, "PID", 3) == clinic.get(actors[0])["identifier"][0]["value"]
    start = parse_instant(booking["start"])
    assert _segment_text(message, "TQ1", 7) == f"{start:%Y%m%d%H%M%S%z}"


def test_a_scanner_is_named_as_equipment() -> None:
    clinic = clinic_at(NOW)
    booking = next(
        each
        for each in clinic.of_type("Appointment")
        if each["serviceType"][0]["coding"][0]["code"] == "ultrasound" and "slot" in each
    )
    resources = {f"{each['resourceType']}/{each['id']}": each for each in clinic.resources}
    raw = demo_message("S12", now=NOW, appointment=booking, resources=resources)
    assert _segment_text(Message.parse(raw), "AIG", 3).startswith("US-")
    assert _segment_text(Message.parse(raw), "AIG", 4) == "EQUIPMENT"


def test_an_actor_that_is_not_at_hand_goes_by_what_it_is_called() -> None:
    booking = {
        "identifier": [{"value": "77"}],
        "start": "2026-12-01T09:00:00+03:00",
        "end": "2026-12-01T09:30:00+03:00",
        "participant": [{"actor": {"reference": "Practitioner/x", "display": "Dr|Who"}}],
    }
    message = Message.parse(demo_message("S12", now=NOW, appointment=booking))
    assert _segment_text(message, "SCH", 2) == "77"
    assert _segment_text(message, "AIP", 3, 2) == "Dr|Who"
    assert message.first("PID") is None


@pytest.mark.parametrize("missing", ["identifier", "start"])
def test_an_appointment_that_no_ehr_could_know_is_refused(missing: str) -> None:
    clinic = clinic_at(NOW)
    booking = dict(clinic.get(f"Appointment/{clinic.showcase}"))
    del booking[missing]
    with pytest.raises(GatewayError) as failure:
        demo_message("S15", now=NOW, appointment=booking)
    assert failure.value.category is Category.UNPROCESSABLE


def test_another_event_is_refused_with_the_list_of_events() -> None:
    with pytest.raises(GatewayError, match="S12, S13"):
        demo_message("A04", now=NOW)
