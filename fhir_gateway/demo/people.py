"""Who works at the sample clinic, and who are its patients?

Source: R4 Practitioner, PractitionerRole, Patient.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from fhir_gateway.demo.house import (
    ORGANIZATION,
    ROOMS,
    SITES,
    SYSTEM_MRN,
    SYSTEM_STAFF,
    VISIT_TYPES,
    Resource,
    Site,
    VisitType,
    identifier,
    room_name,
)
from fhir_gateway.demo.names import FAMILIES, MEN, WOMEN, human_names

PATIENTS = 300
#: Keeps the last time of each session free, for `demo.messages`.
RESERVED_DOCTOR = 1
_YOUNGEST = date(2025, 6, 1)
_VISITS = {visit.code: visit for visit in VISIT_TYPES}
#: An invented prefix: no operator that we know of uses 52.
_MOBILE = "+96652"


@dataclass(frozen=True, slots=True)
class Doctor:
    """A practitioner with a room of their own and the visit types they offer."""

    number: int
    name: str
    site: Site
    visits: tuple[VisitType, ...]
    device: str | None = None

    @property
    def all_week(self) -> bool:
        """Whether they are there every day: so there is always a kept time today or tomorrow."""
        return self.number == RESERVED_DOCTOR

    @property
    def id(self) -> str:
        return f"practitioner-{self.number:02d}"

    @property
    def room(self) -> str:
        return f"room-{self.number:02d}"

    @property
    def room_name(self) -> str:
        return room_name(self.site, (self.number - 1) % ROOMS + 1)

    @property
    def schedule(self) -> str:
        return f"schedule-{self.number:02d}"


#: Site, visit types, scanner. General consultations have the most doctors and the longest list.
_ROTA: tuple[tuple[int, tuple[str, ...], str | None], ...] = (
    (0, ("general", "follow-up"), None),
    (0, ("general", "follow-up"), None),
    (0, ("child-health", "follow-up"), None),
    (0, ("cardiology",), None),
    (0, ("skin",), None),
    (0, ("ultrasound",), "device-1"),
    (1, ("general", "follow-up"), None),
    (1, ("general", "child-health"), None),
    (1, ("cardiology", "ultrasound"), "device-2"),
    (1, ("skin",), None),
    (1, ("physiotherapy",), None),
    (1, ("dental",), None),
)


def doctors() -> tuple[Doctor, ...]:
    """The twelve, in the order of their rooms; women and men by turns."""
    return tuple(
        Doctor(
            number=n,
            name=f"Dr {(WOMEN if n % 2 else MEN)[n][0]} {FAMILIES[2 * n][0]}",
            site=SITES[site],
            visits=tuple(_VISITS[code] for code in codes),
            device=device,
        )
        for n, (site, codes, device) in enumerate(_ROTA, start=1)
    )


def practitioner(doctor: Doctor) -> Resource:
    given = (WOMEN if doctor.number % 2 else MEN)[doctor.number]
    return {
        "resourceType": "Practitioner",
        "id": doctor.id,
        "identifier": [identifier(SYSTEM_STAFF, f"D{doctor.number:03d}", "EI")],
        "active": True,
        "name": human_names(given, FAMILIES[2 * doctor.number], ("Dr", "د.")),
        "gender": "female" if doctor.number % 2 else "male",
    }


def practitioner_role(doctor: Doctor) -> Resource:
    return {
        "resourceType": "PractitionerRole",
        "id": f"role-{doctor.number:02d}",
        "active": True,
        "practitioner": {"reference": f"Practitioner/{doctor.id}", "display": doctor.name},
        "organization": {"reference": f"Organization/{ORGANIZATION}"},
        "specialty": [doctor.visits[0].specialty_concept],
        "location": [{"reference": f"Location/{doctor.site.id}"}],
        "healthcareService": [
            {"reference": f"HealthcareService/service-{visit.code}"} for visit in doctor.visits
        ],
    }


def patients(rng: random.Random) -> list[Resource]:
    """Patients `patient-001` … with their names in two scripts; the same on every day."""
    return [_patient(n, rng) for n in range(1, PATIENTS + 1)]


def _patient(number: int, rng: random.Random) -> Resource:
    woman = rng.random() < 0.5
    given, family = rng.choice(WOMEN if woman else MEN), rng.choice(FAMILIES)
    born = _YOUNGEST - timedelta(days=rng.randint(0, 85 * 365))
    return {
        "resourceType": "Patient",
        "id": f"patient-{number:03d}",
        "identifier": [identifier(SYSTEM_MRN, f"{100000 + number}", "MR")],
        "active": True,
        "name": human_names(given, family),
        "telecom": [{"system": "phone", "value": f"{_MOBILE}{number:07d}", "use": "mobile"}],
        "gender": "female" if woman else "male",
        "birthDate": born.isoformat(),
        "address": [{"use": "home", "city": rng.choice(SITES).city, "country": "SA"}],
        "communication": [_language(rng)],
        "managingOrganization": {"reference": f"Organization/{ORGANIZATION}"},
    }


def _language(rng: random.Random) -> Resource:
    code = "ar" if rng.random() < 0.8 else "en"
    return {
        "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": code}]},
        "preferred": True,
    }


def display_name(person: Resource) -> str:
    """The name in Latin script, as a Reference shows it."""
    return str(person["name"][0]["text"])
