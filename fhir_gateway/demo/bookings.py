"""Which appointments does the sample clinic have, behind it and ahead of it?

Source: R4 Appointment with app-1 to app-4; decision 8 for who is named as a participant.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from fhir_gateway.core.time import format_instant
from fhir_gateway.demo.calendar import DAYS_AHEAD, DAYS_BACK, Time, sessions
from fhir_gateway.demo.house import (
    SCANNERS,
    SYSTEM_APPOINTMENT,
    Resource,
    VisitType,
    identifier,
)
from fhir_gateway.demo.people import RESERVED_DOCTOR, Doctor, display_name

#: Share of the times booked in each week ahead; about 70 % over the four.
_DENSITY = (0.82, 0.76, 0.69, 0.6)
_PAST_DENSITY = 0.4
#: What became of a past appointment: the share of those that do not come, and of the cancelled.
_NOSHOW, _CANCELLED = 0.09, 0.05


@dataclass(slots=True)
class Book:
    """Fills times with patients so that nobody is in two places at once."""

    rng: random.Random
    now: datetime
    patients: list[Resource]
    taken: set[tuple[str, datetime]] = field(default_factory=set)
    count: int = 0

    def ahead(self, doctors: tuple[Doctor, ...], today: date) -> Iterator[Resource]:
        """Booked appointments of the next four weeks."""
        for offset in range(DAYS_AHEAD):
            share = _DENSITY[offset // 7]
            for half_day in _half_days(doctors, today + timedelta(offset)):
                times = [
                    at for at in half_day if at.start > self.now and not _reserved(at, half_day)
                ]
                for visit, group in self._fill(times, share):
                    yield self._appointment(visit, group, "booked")

    def behind(self, doctors: tuple[Doctor, ...], today: date) -> Iterator[Resource]:
        """What became of the appointments of the last two weeks and of this morning."""
        for offset in range(-DAYS_BACK, 1):
            for half_day in _half_days(doctors, today + timedelta(offset)):
                times = [at for at in half_day if at.end <= self.now]
                for visit, group in self._fill(times, _PAST_DENSITY):
                    yield self._past(visit, group)

    def _fill(
        self, times: list[Time], share: float
    ) -> Iterator[tuple[VisitType, tuple[Time, ...]]]:
        position = 0
        while position < len(times):
            visit = self.rng.choice(times[position].doctor.visits)
            group = tuple(times[position : position + visit.minutes // 30])
            position += len(group)
            if self.rng.random() < share and len(group) * 30 == visit.minutes:
                yield visit, group

    def _past(self, visit: VisitType, group: tuple[Time, ...]) -> Resource:
        dice = self.rng.random()
        if dice < _NOSHOW:
            return self._appointment(visit, group, "noshow")
        if dice < _NOSHOW + _CANCELLED:
            cancelled = self._appointment(visit, group, "cancelled")
            return cancelled | {"cancelationReason": {"text": "Cancelled by the patient"}}
        return self._appointment(visit, group, "fulfilled")

    def _patient_free_at(self, group: tuple[Time, ...]) -> Resource:
        while True:
            patient = self.rng.choice(self.patients)
            keys = {(patient["id"], at.start) for at in group}
            if not keys & self.taken:
                self.taken |= keys
                return patient

    def _appointment(self, visit: VisitType, group: tuple[Time, ...], status: str) -> Resource:
        self.count += 1
        patient = self._patient_free_at(group)
        asked = min(group[0].start, self.now) - timedelta(hours=self.rng.randint(20, 500))
        appointment: Resource = {
            "resourceType": "Appointment",
            "id": f"appointment-{self.count:04d}",
            "identifier": [identifier(SYSTEM_APPOINTMENT, f"A{self.count:06d}", "FILL")],
            "status": status,
            "serviceType": [visit.concept],
            "specialty": [visit.specialty_concept],
            "appointmentType": visit.type_concept,
            "start": format_instant(group[0].start),
            "end": format_instant(group[-1].end),
            "minutesDuration": visit.minutes,
            "created": format_instant(asked.replace(second=0, microsecond=0)),
            "participant": participants(group[0].doctor, patient, visit),
        }
        ahead = status == "booked"
        slots = [{"reference": f"Slot/{at.slot_id}"} for at in group]
        return appointment | ({"slot": slots} if ahead else {})


def participants(doctor: Doctor, patient: Resource, visit: VisitType) -> list[Resource]:
    """Patient, doctor, room, and the scanner where the visit needs one; all have accepted."""
    actors = [
        {"reference": f"Patient/{patient['id']}", "display": display_name(patient)},
        {"reference": f"Practitioner/{doctor.id}", "display": doctor.name},
        {"reference": f"Location/{doctor.room}", "display": doctor.room_name},
    ]
    if doctor.device and visit.code == "ultrasound":
        scanner = {"reference": f"Device/{doctor.device}", "display": SCANNERS[doctor.device]}
        actors.append(scanner)
    return [{"actor": actor, "required": "required", "status": "accepted"} for actor in actors]


def _half_days(doctors: tuple[Doctor, ...], day: date) -> Iterator[tuple[Time, ...]]:
    for doctor in doctors:
        yield from sessions(day, doctor)


def _reserved(at: Time, half_day: tuple[Time, ...]) -> bool:
    return at.doctor.number == RESERVED_DOCTOR and at is half_day[-1]
