"""What is in the sample clinic?

The same seed and the same moment give the same resources, byte for byte; another day gives the
same people with a calendar that starts on that day.

Source: decisions 1, 8, 9, 16; R4 resource types as named in the modules beside this one.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import local_day, parse_instant
from fhir_gateway.demo import house, people
from fhir_gateway.demo.bookings import Book
from fhir_gateway.demo.calendar import DAYS_AHEAD, schedule, sessions, slot
from fhir_gateway.demo.house import ZONE, Resource
from fhir_gateway.demo.people import Doctor
from fhir_gateway.demo.waitlist import ENTRIES, entries

SEED = 7
NOTICE = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class SampleClinic:
    """The sample clinic as FHIR resources.

    Args:
        resources: Everything, each after what it refers to.
        showcase: Id of a booked general consultation, at least 26 hours ahead, that several
            waitlist patients would take; cancelling it shows the whole story.
        eligible: Ids of the waitlist Appointments that fit the showcase, at least three.
    """

    resources: tuple[Resource, ...]
    showcase: str
    eligible: tuple[str, ...]

    def of_type(self, name: str) -> tuple[Resource, ...]:
        return tuple(each for each in self.resources if each["resourceType"] == name)

    def get(self, reference: str) -> Resource:
        """The resource that `Type/id` names.

        Raises:
            KeyError: there is none.
        """
        for each in self.resources:
            if f"{each['resourceType']}/{each['id']}" == reference:
                return each
        raise KeyError(reference)


def sample_clinic(now: datetime, seed: int = SEED) -> SampleClinic:
    """Build the sample clinic around a moment.

    Args:
        now: The present, aware. Slots and bookings start after it, history ends before it.
        seed: Of all that is left to chance.

    Returns:
        The clinic: 1 organisation, 2 sites, 12 doctors with a room and a Schedule each, 8 visit
        types, 300 patients, the slots of 28 days of which about 70 % are booked, 25 waitlist
        entries and two weeks of history. Every Slot is written as free: the bookings hold them.
        The first patient and the first doctor's last time of each session stay unbooked, for
        `demo.messages`.
    """
    rng = random.Random(seed)  # noqa: S311 - sample data, not a secret
    today = local_day(now, ZoneInfo(ZONE))
    staff = people.doctors()
    patients = people.patients(rng)
    coming, waiting = patients[1:-ENTRIES], patients[-ENTRIES:]
    past = Book(rng, now, patients)
    history = list(past.behind(staff, today))
    booked = list(Book(rng, now, coming, count=past.count).ahead(staff, today))
    waitlist = entries(rng, now, today, waiting, staff)
    showcase, eligible = _showcase(now, booked, waitlist)
    resources = (
        *_buildings_and_staff(staff),
        *patients,
        *_calendar(now, staff),
        *history,
        *booked,
        *waitlist,
    )
    return SampleClinic(resources, showcase, eligible)


def _buildings_and_staff(staff: tuple[Doctor, ...]) -> list[Resource]:
    return [
        house.organization(),
        *house.locations(),
        *house.devices(),
        *house.services(),
        *map(people.practitioner, staff),
        *map(people.practitioner_role, staff),
    ]


def _calendar(now: datetime, staff: tuple[Doctor, ...]) -> list[Resource]:
    today = local_day(now, ZoneInfo(ZONE))
    days = [today + timedelta(offset) for offset in range(DAYS_AHEAD)]
    times = (
        at for doctor in staff for day in days for part in sessions(day, doctor) for at in part
    )
    return [
        *(schedule(doctor, today) for doctor in staff),
        *(slot(at) for at in times if at.start > now),
    ]


def _showcase(
    now: datetime, booked: list[Resource], waitlist: list[Resource]
) -> tuple[str, tuple[str, ...]]:
    """The first general consultation with enough notice, and who on the waitlist could have it."""
    for each in booked:
        fitting = tuple(entry["id"] for entry in waitlist if _fits(entry, each))
        if parse_instant(each["start"]) >= now + NOTICE and len(fitting) >= 3:
            return each["id"], fitting
    raise AssertionError("no booked appointment has three waitlist entries that fit")


def _fits(entry: Resource, booked: Resource) -> bool:
    doctors = {_practitioner(entry), _practitioner(booked)} - {None}
    period = entry["requestedPeriod"][0]
    same_service = entry["serviceType"] == booked["serviceType"]
    return (
        same_service and len(doctors) == 1 and period["start"] <= booked["start"] <= period["end"]
    )


def _practitioner(appointment: Resource) -> str | None:
    actors = (str(each["actor"]["reference"]) for each in appointment["participant"])
    return next((actor for actor in actors if actor.startswith("Practitioner/")), None)
