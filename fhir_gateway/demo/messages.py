"""What would an EHR send about an appointment at the sample clinic, now?

Without an appointment the messages share one: `DEMO-1`, the first patient with the first doctor at
a time that the sample clinic keeps free, four to 28 hours ahead: near enough that the waitlist is
asked several at once. So S12 books it, S13 moves it to the same afternoon, S15 cancels it.

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
from fhir_gateway.demo.bookings import participants
from fhir_gateway.demo.calendar import Time, sessions
from fhir_gateway.demo.clinic import SEED
from fhir_gateway.demo.house import (
    SYSTEM_APPOINTMENT,
    ZONE,
    Resource,
    identifier,
    locations,
)
from fhir_gateway.mapping.siu_out import write_siu

DEMO_ID = "DEMO-1"
NOTICE = timedelta(hours=4)


_SYSTEM_CANCELLATION = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_BY_THE_PATIENT = {
    "coding": [{"system": _SYSTEM_CANCELLATION, "code": "pat", "display": "Patient"}]
}


@dataclass(frozen=True, slots=True)
class Event:
    """One trigger event: what it means, and the status of the Appointment after it."""

    meaning: str
    status: str


EVENTS: Mapping[str, Event] = {
    "S12": Event("a new appointment is booked", "booked"),
    "S13": Event("the appointment moves to another time", "booked"),
    "S14": Event("something other than the time changes", "booked"),
    "S15": Event("the appointment is cancelled", "cancelled"),
    "S16": Event("the rest of the appointment is discontinued", "cancelled"),
    "S17": Event("the appointment was entered in error", "entered-in-error"),
    "S26": Event("the patient did not come", "noshow"),
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
    actors = _actors(appointment, resources or {})
    return write_siu(
        trigger,
        _after(trigger, appointment),
        patient=next(iter(actors["Patient"]), None),
        practitioners=actors["Practitioner"],
        locations=actors["Location"],
        devices=actors["Device"],
        sender=("SAMPLE-EHR", "SAMPLE-CLINIC"),
        receiver=("FHIR-GATEWAY", "SAMPLE-CLINIC"),
        control_id=f"{trigger}{now:%Y%m%d%H%M%S}{now.microsecond // 1000:03d}",
        now=now,
        zone=ZoneInfo(ZONE),
    )


def _after(trigger: str, appointment: Resource) -> Resource:
    """The appointment as the EHR has it once the event has happened."""
    changed = {**appointment, "status": EVENTS[trigger].status}
    match trigger:
        case "S13":
            return _moved(changed)
        case "S14":
            return {**changed, "comment": "Please bring earlier results."}
        case "S15":
            return {**changed, "cancelationReason": _BY_THE_PATIENT}
        case _:
            return changed


def _actors(appointment: Resource, resources: Mapping[str, Resource]) -> dict[str, list[Resource]]:
    """Who takes part, by type; a patient who is not at hand goes by what they are called."""
    found: dict[str, list[Resource]] = {
        name: [] for name in ("Patient", "Practitioner", "Location", "Device")
    }
    for each in appointment["participant"]:
        actor = each.get("actor", {})
        kind, _, id_ = str(actor.get("reference", "")).partition("/")
        known = resources.get(f"{kind}/{id_}")
        if known is None and kind == "Patient":
            known = {"resourceType": kind, "name": [{"text": actor.get("display", "")}]}
        if known is not None and kind in found:
            found[kind].append(known)
    return found


def reserved_times(now: datetime) -> tuple[Time, Time]:
    """The morning and the afternoon time that the sample clinic keeps for DEMO-1."""
    doctor = people.doctors()[people.RESERVED_DOCTOR - 1]
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
    actors = [patient, people.practitioner(at.doctor), *locations()]
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
