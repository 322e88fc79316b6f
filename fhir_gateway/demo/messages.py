"""What would an EHR send about an appointment at the sample clinic, now?

Without an appointment the messages share one: `DEMO-1`, the first patient with the first doctor at
a time that the sample clinic keeps free, at least 26 hours ahead. So S12 books it, S13 moves it to
the same afternoon, S15 cancels it.

Source: HL7 v2.9.1 chapter 10, SIU events S12 to S17 and S26; decision 31.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.time import format_instant, local_day, parse_instant
from fhir_gateway.demo import people
from fhir_gateway.demo.bookings import RESERVED_DOCTOR, participants
from fhir_gateway.demo.calendar import Time, sessions
from fhir_gateway.demo.clinic import NOTICE, SEED
from fhir_gateway.demo.house import (
    SYSTEM_APPOINTMENT,
    ZONE,
    Resource,
    identifier,
    locations,
)
from fhir_gateway.demo.siu import scheduling_rows
from fhir_gateway.hl7.writer import Row, build

DEMO_ID = "DEMO-1"


@dataclass(frozen=True, slots=True)
class Event:
    """One trigger event: what it means, its event reason (SCH-6) and filler status (SCH-25)."""

    meaning: str
    reason: str
    status: str


EVENTS: Mapping[str, Event] = {
    "S12": Event("a new appointment is booked", "BOOKED", "Booked"),
    "S13": Event("the appointment moves to another time", "RESCHEDULED", "Booked"),
    "S14": Event("something other than the time changes", "MODIFIED", "Booked"),
    "S15": Event("the appointment is cancelled", "PATIENT REQUEST", "Cancelled"),
    "S16": Event("the rest of the appointment is discontinued", "DISCONTINUED", "Cancelled"),
    "S17": Event("the appointment was entered in error", "ENTERED IN ERROR", "Deleted"),
    "S26": Event("the patient did not come", "NO SHOW", "Noshow"),
}


def demo_message(
    event: str,
    *,
    now: datetime,
    appointment: Resource | None = None,
    resources: Mapping[str, Resource] | None = None,
) -> bytes:
    """Write one SIU message as an EHR would send it.

    Args:
        event: One of EVENTS, in any case.
        now: The moment of sending, aware; also makes the control id.
        appointment: What the message is about; DEMO-1 where None. It needs an identifier, by which
            the EHR knows it.
        resources: What the appointment's participants refer to, by `Type/id`; an actor that is
            not among them is sent by its display text only.

    Returns:
        The message with CR after each segment, in UTF-8, without MLLP framing.

    Raises:
        GatewayError: not-found for another event, unprocessable for an appointment without
            identifier or time.
    """
    trigger = event.upper()
    if trigger not in EVENTS:
        raise fail(Category.NOT_FOUND, f"'{event[:20]}' is none of {', '.join(EVENTS)}")
    if appointment is None:
        appointment, resources = _own(now)
    if "identifier" not in appointment or "start" not in appointment:
        raise fail(
            Category.UNPROCESSABLE,
            "an EHR knows an appointment by an identifier and a time, and this one lacks them",
            "Appointment.identifier",
            "Appointment.start",
        )
    if trigger == "S13":
        appointment = _moved(appointment)
    if trigger == "S14":
        appointment = appointment | {"comment": "Please bring earlier results."}
    rows = scheduling_rows(appointment, resources or {}, EVENTS[trigger])
    return build([_header(trigger, now), *rows])


def _header(trigger: str, now: datetime) -> Row:
    local = now.astimezone(ZoneInfo(ZONE))
    control_id = f"{trigger}{now:%Y%m%d%H%M%S}{now.microsecond // 1000:03d}"
    return (
        "MSH",
        {
            3: "SAMPLE-EHR", 4: "SAMPLE-CLINIC", 5: "FHIR-GATEWAY", 6: "SAMPLE-CLINIC",
            7: f"{local:%Y%m%d%H%M%S%z}", 9: ("SIU", trigger, "SIU_S12"), 10: control_id,
            11: "P", 12: "2.5.1", 18: "UNICODE UTF-8",
        },
    )  # fmt: skip


def reserved_times(now: datetime) -> tuple[Time, Time]:
    """The morning and the afternoon time that the sample clinic keeps for DEMO-1."""
    doctor = people.doctors()[RESERVED_DOCTOR - 1]
    day = local_day(now, ZoneInfo(ZONE))
    while True:
        last = [half_day[-1] for half_day in sessions(day, doctor)]
        if last and last[0].start >= now + NOTICE:
            return last[0], last[1]
        day += timedelta(1)


def _own(now: datetime) -> tuple[Resource, dict[str, Resource]]:
    at, _ = reserved_times(now)
    visit = at.doctor.visits[0]
    patient = people.patients(random.Random(SEED))[0]  # noqa: S311 - sample data, not a secret
    rooms = locations(len(people.doctors()) // 2)
    actors = [patient, people.practitioner(at.doctor), *rooms]
    appointment: Resource = {
        "resourceType": "Appointment",
        "identifier": [identifier(SYSTEM_APPOINTMENT, DEMO_ID, "FILL")],
        "status": "booked",
        "serviceType": [visit.concept],
        "appointmentType": visit.type_concept,
        "start": format_instant(at.start),
        "end": format_instant(at.end),
        "minutesDuration": visit.minutes,
        "participant": participants(at.doctor, patient, visit),
    }
    return appointment, {f"{each['resourceType']}/{each['id']}": each for each in actors}


def _moved(appointment: Resource) -> Resource:
    """The same appointment later: DEMO-1 four hours, so to the afternoon, any other a week."""
    own = appointment["identifier"][0].get("value") == DEMO_ID
    by = timedelta(hours=4) if own else timedelta(weeks=1)
    times: dict[str, Any] = {
        name: format_instant(parse_instant(appointment[name]) + by)
        for name in ("start", "end")
        if name in appointment
    }
    return appointment | times
