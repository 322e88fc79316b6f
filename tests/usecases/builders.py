"""Resources of a small clinic, with defaults: each test says only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fhir_gateway.core.codes import EXT_AVAILABILITY, EXT_WAITLIST
from fhir_gateway.core.time import format_instant, parse_instant

Resource = dict[str, Any]

#: Two weeks ahead: offers and holds go by the database's clock, which nobody can set.
DAY = (datetime.now(UTC) + timedelta(days=14)).date()
CHECKUP = {"coding": [{"system": "http://clinic.example/services", "code": "checkup"}]}
SURGERY = {"coding": [{"system": "http://clinic.example/services", "code": "surgery"}]}


def at(clock: str, day: int = 0) -> str:
    """The instant of a time of day, so many days after DAY."""
    return f"{DAY + timedelta(days=day)}T{clock}:00Z"


def later(instant: str, minutes: int) -> str:
    return format_instant(parse_instant(instant) + timedelta(minutes=minutes))


def ref(reference: str) -> Resource:
    return {"reference": reference}


def a_practitioner(id_: str = "p1", **elements: Any) -> Resource:
    return {"resourceType": "Practitioner", "id": id_} | elements


def a_patient(id_: str = "ann", **elements: Any) -> Resource:
    """A patient with a telephone."""
    phone = [{"system": "phone", "value": "+966500000000", "use": "mobile"}]
    return {"resourceType": "Patient", "id": id_, "telecom": phone} | elements


def a_related_person(id_: str, patient: str = "ann") -> Resource:
    return {"resourceType": "RelatedPerson", "id": id_, "patient": ref(f"Patient/{patient}")}


def a_location(id_: str = "room", **elements: Any) -> Resource:
    return {"resourceType": "Location", "id": id_} | elements


def a_device(id_: str = "scanner") -> Resource:
    return {"resourceType": "Device", "id": id_}


def a_role(id_: str = "role", practitioner: str = "p1") -> Resource:
    person = ref(f"Practitioner/{practitioner}")
    return {"resourceType": "PractitionerRole", "id": id_, "practitioner": person}


def a_schedule(id_: str = "s1", *actors: str, **elements: Any) -> Resource:
    """A Schedule of Practitioner/p1 for check-ups, unless other actors are named."""
    schedule = {
        "resourceType": "Schedule",
        "id": id_,
        "serviceType": [CHECKUP],
        "actor": [ref(each) for each in actors or ("Practitioner/p1",)],
    }
    return schedule | elements


_KINDS = {"zone": "valueCode", "holidays": "valueUri", "validity": "valuePeriod",
          "bufferBefore": "valueUnsignedInt", "bufferAfter": "valueUnsignedInt"}  # fmt: skip


def availability(*more: Resource, **parts: Any) -> list[Resource]:
    """The extension of a Schedule: parts with a value, and before them some of their own parts."""
    values = {"slotMinutes": 30} | parts
    inner = [{"url": name, _KINDS.get(name, "valuePositiveInt"): values[name]} for name in values]
    return [{"url": EXT_AVAILABILITY, "extension": [*more, *inner]}]


def weekly(start: str = "09:00", end: str = "12:00", *days: str) -> Resource:
    """Hours of each week, on every day unless some are named."""
    named = days or ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return {
        "url": "weekly",
        "extension": [
            *({"url": "daysOfWeek", "valueCode": day} for day in named),
            {"url": "start", "valueTime": f"{start}:00"},
            {"url": "end", "valueTime": f"{end}:00"},
        ],
    }


def different(first: str, last: str, **parts: Any) -> Resource:
    """Days that differ: `closed` is a boolean, `start` and `end` are clock times."""
    period = {"url": "period", "valuePeriod": {"start": first, "end": last}}
    inner = [
        {"url": name, "valueBoolean": value}
        if name == "closed"
        else {"url": name, "valueTime": f"{value}:00"}
        for name, value in parts.items()
    ]
    return {"url": "exception", "extension": [period, *inner]}


def slot_id(start: str, schedule: str = "s1") -> str:
    return f"{schedule}-{start.replace(':', '')}"


def a_slot(
    start: str = "09:00", minutes: int = 30, *, schedule: str = "s1", **elements: Any
) -> Resource:
    """A free Slot called after its Schedule and time: `s1-0900`."""
    slot = {
        "resourceType": "Slot",
        "id": slot_id(start, schedule),
        "schedule": ref(f"Schedule/{schedule}"),
        "status": "free",
        "start": at(start),
        "end": later(at(start), minutes),
    }
    return slot | elements


def participant(reference: str, status: str = "accepted", **elements: Any) -> Resource:
    return {"actor": ref(reference), "status": status} | elements


def an_appointment(
    start: str = "09:00",
    minutes: int = 30,
    *,
    schedule: str | None = "s1",
    patient: str | None = "ann",
    others: tuple[str, ...] = ("Practitioner/p1",),
    status: str = "booked",
    **elements: Any,
) -> Resource:
    """A check-up of Ann with p1 in the Slot that begins then; schedule None names no Slot."""
    people = [f"Patient/{patient}"] if patient else []
    appointment: Resource = {
        "resourceType": "Appointment",
        "status": status,
        "serviceType": [CHECKUP],
        "start": at(start),
        "end": later(at(start), minutes),
        "participant": [participant(each) for each in (*people, *others)],
    }
    if schedule is not None:
        appointment["slot"] = [ref(f"Slot/{slot_id(start, schedule)}")]
    return appointment | elements


def a_waitlist_entry(patient: str = "bob", **elements: Any) -> Resource:
    entry = {
        "resourceType": "Appointment",
        "id": f"wait-{patient}",
        "status": "waitlist",
        "serviceType": [CHECKUP],
        "created": "2026-01-01T09:00:00Z",
        "participant": [participant(f"Patient/{patient}")],
    }
    return entry | elements


def wishes(**parts: Any) -> list[Resource]:
    """The extension of a waitlist entry, from `flexibility=40` and the like."""
    return [
        {
            "url": EXT_WAITLIST,
            "extension": [{"url": name, "valueInteger": value} for name, value in parts.items()],
        }
    ]


def a_response(
    appointment: str, status: str = "accepted", actor: str = "Patient/bob", **elements: Any
) -> Resource:
    """What somebody says to `Appointment/…`."""
    response = {
        "resourceType": "AppointmentResponse",
        "appointment": ref(appointment),
        "actor": ref(actor),
        "participantStatus": status,
    }
    return response | elements
