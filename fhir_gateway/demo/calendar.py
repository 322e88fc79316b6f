"""When can somebody be seen at the sample clinic? Schedules and the slots of four weeks.

Source: R4 Schedule, Slot; decisions 1 (extension availability) and 9 (slot ids and origin).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_AVAILABILITY, EXT_ORIGIN
from fhir_gateway.core.ids import slot_id
from fhir_gateway.core.time import at_wall_clock, format_instant
from fhir_gateway.demo.house import ZONE, Resource
from fhir_gateway.demo.people import Doctor

DAYS_AHEAD = 28
DAYS_BACK = 14
SLOT = timedelta(minutes=30)
SESSIONS = ((time(9), time(12)), (time(13), time(16)))
_WORKING_DAYS = ("sun", "mon", "tue", "wed", "thu")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Time:
    """One bookable time of one doctor."""

    doctor: Doctor
    start: datetime

    @property
    def end(self) -> datetime:
        return self.start + SLOT

    @property
    def slot_id(self) -> str:
        return slot_id(self.doctor.schedule, self.start)


def schedule(doctor: Doctor, today: date) -> Resource:
    """The doctor's Schedule with the weekly rule; actors are the doctor and the doctor's room."""
    horizon = {"start": today.isoformat(), "end": (today + timedelta(DAYS_AHEAD)).isoformat()}
    return {
        "resourceType": "Schedule",
        "id": doctor.schedule,
        "extension": [_availability(doctor)],
        "active": True,
        "serviceType": [visit.concept for visit in doctor.visits],
        "specialty": [doctor.visits[0].specialty_concept],
        "actor": [
            {"reference": f"Practitioner/{doctor.id}", "display": doctor.name},
            {"reference": f"Location/{doctor.room}", "display": doctor.room_name},
        ],
        "planningHorizon": horizon,
    }


def _availability(doctor: Doctor) -> Resource:
    weekly = [
        {
            "url": "weekly",
            "extension": [
                *({"url": "daysOfWeek", "valueCode": day} for day in _days(doctor)),
                {"url": "start", "valueTime": opens.isoformat()},
                {"url": "end", "valueTime": closes.isoformat()},
            ],
        }
        for opens, closes in SESSIONS
    ]
    return {
        "url": EXT_AVAILABILITY,
        "extension": [
            {"url": "zone", "valueCode": ZONE},
            {"url": "slotMinutes", "valuePositiveInt": int(SLOT.total_seconds() // 60)},
            *weekly,
        ],
    }


def _days(doctor: Doctor) -> tuple[str, ...]:
    return _WEEKDAYS if doctor.all_week else _WORKING_DAYS


def sessions(day: date, doctor: Doctor) -> Iterator[tuple[Time, ...]]:
    """The doctor's half days of that date, each as consecutive times; none on a day off."""
    if _WEEKDAYS[day.weekday()] not in _days(doctor):
        return
    for opens, closes in SESSIONS:
        count = (datetime.combine(day, closes) - datetime.combine(day, opens)) // SLOT
        first, _ = at_wall_clock(datetime.combine(day, opens), ZoneInfo(ZONE))
        yield tuple(Time(doctor, first + n * SLOT) for n in range(count))


def slot(at: Time) -> Resource:
    """The free Slot of that time, with the services that the doctor offers."""
    return {
        "resourceType": "Slot",
        "id": at.slot_id,
        "extension": [{"url": EXT_ORIGIN, "valueCode": "generated"}],
        "serviceType": [visit.concept for visit in at.doctor.visits],
        "specialty": [at.doctor.visits[0].specialty_concept],
        "schedule": {"reference": f"Schedule/{at.doctor.schedule}"},
        "status": "free",
        "start": format_instant(at.start),
        "end": format_instant(at.end),
    }
