"""Does a message that we write say what it was made of?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.codes import EXT_STATUS_REASON, SYSTEM_V2_0203
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.time import format_instant
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.intent import SiuIntent
from fhir_gateway.mapping.siu_out import write_siu
from tests.mapping.builders import NOW, intent, validate

RIYADH = ZoneInfo("Asia/Riyadh")
SYSTEMS = (
    "https://clinic.example/ids",
    "urn:oid:2.16.840.1.113883.19.1",
    "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "http://hl7.org/fhir/sid/us-npi",
)
STATUS = {"S12": "booked", "S13": "booked", "S14": "arrived", "S15": "cancelled",
          "S16": "cancelled", "S17": "entered-in-error", "S26": "noshow"}  # fmt: skip


def known(value: str, system: str = SYSTEMS[0], code: str = "FILL") -> dict[str, Any]:
    kind = {"coding": [{"system": SYSTEM_V2_0203, "code": code}]}
    return {"type": kind, "system": system, "value": value}


def resources() -> dict[str, Any]:
    """One of each that takes part."""
    return {
        "patient": {
            "resourceType": "Patient", "id": "p", "identifier": [known("M1", code="MR")],
            "name": [{"use": "official", "family": "المالكي", "given": ["Ann", "B"]}],
            "gender": "female", "birthDate": "1967-01-08",
            "telecom": [{"system": "email", "value": "a@b.example", "use": "home"}],
        },
        "practitioners": [{
            "resourceType": "Practitioner", "id": "d", "identifier": [known("D1", code="EI")],
            "name": [{"family": "Hall", "given": ["Eve"], "prefix": ["Dr"]}],
        }],
        "locations": [{
            "resourceType": "Location", "id": "l", "identifier": [known("L1", code="LOCN")],
            "name": "Room 1",
        }],
        "devices": [{
            "resourceType": "Device", "id": "u", "identifier": [known("U1")],
            "deviceName": [{"name": "Scanner", "type": "user-friendly-name"}],
        }],
    }  # fmt: skip


def an_appointment(**elements: Any) -> dict[str, Any]:
    actors = ("Patient/p", "Practitioner/d", "Location/l", "Device/u")
    return {
        "resourceType": "Appointment",
        "identifier": [known("F-1"), known("P-1", code="PLAC")],
        "status": "booked",
        "start": "2026-03-10T09:00:00+03:00",
        "end": "2026-03-10T09:30:00+03:00",
        "participant": [{"actor": {"reference": a}, "status": "accepted"} for a in actors],
    } | elements


def written(event: str, appointment: dict[str, Any], **others: Any) -> bytes:
    options: dict[str, Any] = {
        **resources(), "sender": ("GW", "HUB"), "receiver": ("EHR", "CLINIC"),
        "control_id": "C-1", "now": NOW, "zone": RIYADH,
    }  # fmt: skip
    return write_siu(event, appointment, **(options | others))


def named(found: SiuIntent) -> set[tuple[str | None, str, str]]:
    """Who takes part: type, system and value, or name."""
    return {
        (each.type, known[0]["system"], known[0]["value"])
        if (known := each.resource.get("identifier"))
        else (None, "", each.display)
        for each in found.actors
    }


@pytest.mark.parametrize("event", list(STATUS))
def test_a_message_is_read_as_what_it_was_made_of(event: str) -> None:
    found = intent(written(event, an_appointment(status=STATUS[event])))
    assert (found.event, found.status) == (event, STATUS[event])
    assert [(key["system"], key["value"]) for key in found.keys] == [
        (SYSTEMS[0], "F-1"), (SYSTEMS[0], "P-1"),
    ]  # fmt: skip
    assert found.appointment["start"] == "2026-03-10T09:00:00+03:00"
    assert found.appointment["end"] == "2026-03-10T09:30:00+03:00"
    assert named(found) == {
        ("Practitioner", SYSTEMS[0], "D1"), ("Location", SYSTEMS[0], "L1"),
        ("Device", SYSTEMS[0], "U1"),
    }  # fmt: skip
    assert found.warnings == ()
    validate(found)


def test_the_patient_comes_back() -> None:
    found = intent(written("S12", an_appointment())).patient
    sent = resources()["patient"]
    assert found is not None
    assert found["identifier"][0]["value"] == "M1"
    for element in ("name", "gender", "birthDate", "telecom"):
        assert found[element] == sent[element]


def test_the_header_names_both_sides() -> None:
    message = Message.parse(written("S15", an_appointment()))
    assert message.sender == ("GW", "HUB")
    assert (message.msh.text(5), message.msh.text(6)) == ("EHR", "CLINIC")
    assert (message.event, message.control_id) == (("SIU", "S15", "SIU_S12"), "C-1")
    assert message.time_text == "20260302123000+0300"


def test_reasons_notes_priority_and_services_come_back() -> None:
    service = {"coding": [{"system": SYSTEMS[0], "code": "X", "display": "X-ray"}]}
    order = {"type": "ServiceRequest", "identifier": known("O-1", code="PLAC")}
    sent = {
        "serviceType": [service], "comment": "one\ntwo | three ^ four", "priority": 5,
        "patientInstruction": "come & wait", "reasonCode": [{"text": "Cough"}],
        "appointmentType": {"coding": [{"system": SYSTEMS[0], "code": "NEW"}]},
    }  # fmt: skip
    found = intent(written("S12", an_appointment(**sent, basedOn=[order]))).appointment
    assert {name: found[name] for name in sent} == sent
    assert found["basedOn"][0]["identifier"]["value"] == "O-1"


def test_the_reason_of_a_cancellation_and_of_a_noshow_come_back() -> None:
    reason = {"text": "Snow"}
    told = [{"url": EXT_STATUS_REASON, "valueCodeableConcept": reason}]
    cancelled = an_appointment(status="cancelled", cancelationReason=reason)
    noshow = an_appointment(status="noshow", extension=told)
    assert intent(written("S15", cancelled)).appointment["cancelationReason"] == reason
    assert intent(written("S26", noshow)).appointment["extension"] == told


def test_a_participant_keeps_role_need_status_and_period() -> None:
    period = {"start": "2026-03-10T09:10:00+03:00", "end": "2026-03-10T09:20:00+03:00"}
    role = {"coding": [{"system": SYSTEMS[0], "code": "R1", "display": "Helper"}]}
    sent = {"type": [role], "required": "required", "status": "tentative", "period": period}
    appointment = an_appointment(participant=[{"actor": {"reference": "Practitioner/d"}, **sent}])
    (found,) = intent(written("S12", appointment)).actors
    assert found.participant == sent


def test_a_contact_is_written_as_one() -> None:
    contact = {
        "actor": {"reference": "Practitioner/d"}, "type": [{"text": "filler contact"}],
        "required": "information-only", "status": "accepted",
    }  # fmt: skip
    (found,) = intent(written("S12", an_appointment(participant=[contact]))).actors
    assert not found.excludes
    assert found.source == "SCH^1^16"


def test_somebody_known_by_name_only_stays_so() -> None:
    somebody = {"actor": {"display": "Dr Nobody"}, "status": "accepted"}
    found = intent(written("S12", an_appointment(participant=[somebody])))
    assert named(found) == {(None, "", "Dr Nobody")}


def test_a_wish_for_a_day_comes_back_as_one() -> None:
    wish = [{"start": "2026-03-10", "end": "2026-03-10"}]
    appointment = an_appointment(status="proposed", requestedPeriod=wish)
    del appointment["start"], appointment["end"]
    found = intent(written("S12", appointment))
    assert found.status == "proposed"
    assert found.appointment["requestedPeriod"] == wish


def test_an_identifier_without_type_stands_for_the_fillers() -> None:
    plain = an_appointment(identifier=[{"system": SYSTEMS[0], "value": "A-1"}])
    (key,) = intent(written("S12", plain)).keys
    assert (key["system"], key["value"]) == (SYSTEMS[0], "A-1")


@pytest.mark.parametrize(("event", "identifier"), [("S99", [known("F")]), ("S12", [])])
def test_what_cannot_be_written_is_refused(event: str, identifier: list[Any]) -> None:
    with pytest.raises(GatewayError):
        written(event, an_appointment(identifier=identifier))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)


@given(
    event=st.sampled_from(["S12", "S13", "S15", "S26"]),
    value=TEXT,
    system=st.sampled_from(SYSTEMS),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001
    minutes=st.integers(1, 600),
    zone=st.sampled_from(["UTC", "Asia/Riyadh", "Europe/Berlin", "America/New_York"]),
    name=TEXT,
)
def test_any_appointment_comes_back_the_same(
    event: str, value: str, system: str, start: datetime, minutes: int, zone: str, name: str
) -> None:
    begins = start.replace(microsecond=0, tzinfo=UTC)
    ends = begins + timedelta(minutes=minutes)
    who = {"resourceType": "Practitioner", "id": "d", "identifier": [known(value, system)],
           "name": [{"family": name}]}  # fmt: skip
    appointment = an_appointment(
        identifier=[known(value, system)],
        status=STATUS[event],
        start=format_instant(begins),
        end=format_instant(ends),
        comment=name,
    )
    raw = written(event, appointment, practitioners=[who], zone=ZoneInfo(zone), control_id=value)
    found = intent(raw)
    assert (found.start, found.end, found.status) == (begins, ends, STATUS[event])
    assert [(key["system"], key["value"]) for key in found.keys] == [(system, value)]
    assert ("Practitioner", system, value) in named(found)
    assert found.appointment["comment"] == name
