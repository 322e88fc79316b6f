"""Who at the sample clinic wants to come earlier?

Source: R4 Appointment.status waitlist (app-3 lets it lack a time); decision 1, extension waitlist;
decision 25 for priority; engines.md section 4 for flexibility.
"""

import random
from datetime import date, datetime, timedelta
from typing import Any

from fhir_gateway.core.codes import EXT_WAITLIST
from fhir_gateway.core.time import format_instant
from fhir_gateway.demo.calendar import DAYS_AHEAD
from fhir_gateway.demo.house import SYSTEM_APPOINTMENT, Resource, VisitType, identifier
from fhir_gateway.demo.people import Doctor, display_name

#: Visit type and how many wait for it: 25 in all, most for the visit of the walk-through.
DEMAND = {
    "general": 10, "cardiology": 4, "skin": 4, "child-health": 3, "ultrasound": 2, "dental": 1,
    "physiotherapy": 1,
}  # fmt: skip
ENTRIES = sum(DEMAND.values())
#: R4 priority (1 highest, 0 routine): most are routine, a few are urgent.
_PRIORITIES = (0, 0, 0, 5, 5, 3, 2)
_PREFERRED_TIMES = (None, None, "09:00:00", "10:30:00", "14:00:00")


def entries(
    rng: random.Random,
    now: datetime,
    today: date,
    waiting: list[Resource],
    staff: tuple[Doctor, ...],
) -> list[Resource]:
    """One waitlist Appointment for each waiting patient, by visit type as in DEMAND.

    Args:
        now: The present; entries were made in the three weeks before it.
        today: The clinic's date of now.
        waiting: As many patients as DEMAND adds up to.
        staff: Every third entry prefers a doctor of these who offers the visit.
    """
    wanted = [code for code, count in DEMAND.items() for _ in range(count)]
    return [
        _entry(n, rng, now, today, patient, _offering(staff, code))
        for n, (code, patient) in enumerate(zip(wanted, waiting, strict=True), start=1)
    ]


def _offering(staff: tuple[Doctor, ...], code: str) -> list[tuple[Doctor, VisitType]]:
    return [(doctor, visit) for doctor in staff for visit in doctor.visits if visit.code == code]


def _entry(
    number: int,
    rng: random.Random,
    now: datetime,
    today: date,
    patient: Resource,
    offering: list[tuple[Doctor, VisitType]],
) -> Resource:
    doctor, visit = rng.choice(offering)
    prefers = number % 3 == 0
    until = today + timedelta(DAYS_AHEAD + rng.choice((0, 7, 14)))
    asked = now - timedelta(hours=rng.randint(2, 500))
    return {
        "resourceType": "Appointment",
        "id": f"waitlist-{number:02d}",
        "extension": [_wishes(rng, prefers=prefers, days=(until - today).days)],
        "identifier": [identifier(SYSTEM_APPOINTMENT, f"W{number:06d}", "FILL")],
        "status": "waitlist",
        "serviceType": [visit.concept],
        "specialty": [visit.specialty_concept],
        "appointmentType": visit.type_concept,
        "priority": rng.choice(_PRIORITIES),
        "minutesDuration": visit.minutes,
        "created": format_instant(asked.replace(second=0, microsecond=0)),
        "participant": [_patient(patient), *([_preferred(doctor)] if prefers else [])],
        "requestedPeriod": [{"start": today.isoformat(), "end": until.isoformat()}],
    }


def _patient(patient: Resource) -> Resource:
    actor = {"reference": f"Patient/{patient['id']}", "display": display_name(patient)}
    return {"actor": actor, "required": "required", "status": "accepted"}


def _preferred(doctor: Doctor) -> Resource:
    actor = {"reference": f"Practitioner/{doctor.id}", "display": doctor.name}
    return {"actor": actor, "required": "optional", "status": "needs-action"}


def _wishes(rng: random.Random, *, prefers: bool, days: int) -> Resource:
    at = rng.choice(_PREFERRED_TIMES)
    parts: list[dict[str, Any]] = [
        {"url": "flexibility", "valueInteger": _flexibility(prefers, days, at)},
        {"url": "channel", "valueCode": "sms"},
    ]
    if at:
        parts.append({"url": "preferredTime", "valueTime": at})
    parts += [{"url": name, "valueInteger": 0} for name in ("offered", "accepted", "declined")]
    return {"url": EXT_WAITLIST, "extension": parts}


def _flexibility(prefers: bool, days: int, at: str | None) -> int:
    length = 20 if days > 30 else 10 if days > 14 else 0
    return min(100, 50 + (0 if prefers else 20) + length + (0 if at else 10))
