"""Which sites, rooms, devices and services does the sample clinic have?

Source: R4 Organization, Location, Device, HealthcareService; SNOMED CT codes from the value set
c80-practice-codes; table 0276 for appointment types.
"""

from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.codes import EXT_TIMEZONE, SYSTEM_V2_0203

Resource = dict[str, Any]

ZONE = "Asia/Riyadh"
_BASE = "https://clinic.example"
SYSTEM_MRN = f"{_BASE}/mrn"
SYSTEM_STAFF = f"{_BASE}/staff"
SYSTEM_PLACE = f"{_BASE}/place"
SYSTEM_DEVICE = f"{_BASE}/device"
SYSTEM_APPOINTMENT = f"{_BASE}/appointment"
SYSTEM_SERVICE = f"{_BASE}/service-type"
SYSTEM_SNOMED = "http://snomed.info/sct"
SYSTEM_V2_0276 = "http://terminology.hl7.org/CodeSystem/v2-0276"
_PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"

ORGANIZATION = "org-clinic"


@dataclass(frozen=True, slots=True)
class VisitType:
    """One of the things a patient can come for."""

    code: str
    display: str
    specialty: tuple[str, str]
    minutes: int
    appointment_type: str

    @property
    def concept(self) -> Resource:
        coding = {"system": SYSTEM_SERVICE, "code": self.code, "display": self.display}
        return {"coding": [coding], "text": self.display}

    @property
    def specialty_concept(self) -> Resource:
        code, display = self.specialty
        return {"coding": [{"system": SYSTEM_SNOMED, "code": code, "display": display}]}

    @property
    def type_concept(self) -> Resource:
        return {"coding": [{"system": SYSTEM_V2_0276, "code": self.appointment_type}]}


_GENERAL = ("394814009", "General practice")

VISIT_TYPES: tuple[VisitType, ...] = (
    VisitType("general", "General consultation", _GENERAL, 30, "ROUTINE"),
    VisitType("follow-up", "Follow-up visit", _GENERAL, 30, "FOLLOWUP"),
    VisitType("child-health", "Child health visit", ("394537008", "Pediatrics"), 30, "CHECKUP"),
    VisitType("cardiology", "Cardiology consultation", ("394579002", "Cardiology"), 30, "ROUTINE"),
    VisitType("skin", "Dermatology consultation", ("394582007", "Dermatology"), 30, "ROUTINE"),
    VisitType("ultrasound", "Ultrasound examination", ("394914008", "Radiology"), 30, "ROUTINE"),
    VisitType("physiotherapy", "Physiotherapy", ("394602003", "Rehabilitation"), 60, "FOLLOWUP"),
    VisitType("dental", "Dental check-up", ("394812008", "Dental medicine"), 30, "CHECKUP"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A building of the clinic, with its city in two scripts."""

    id: str
    name: str
    city: str


SITES = (
    Site("site-riyadh", "Sample Clinic Riyadh", "Riyadh"),
    Site("site-jeddah", "Sample Clinic Jeddah", "Jeddah"),
)
#: At each site, one for each doctor there.
ROOMS = 6
#: Device ids and what they are called, one at each site.
SCANNERS = {"device-1": "Ultrasound scanner 1", "device-2": "Ultrasound scanner 2"}


def organization() -> Resource:
    return {
        "resourceType": "Organization",
        "id": ORGANIZATION,
        "active": True,
        "name": "Sample Clinic",
        "alias": ["العيادة النموذجية"],
    }


def identifier(system: str, value: str, type_code: str) -> Resource:
    """An Identifier of the clinic with its kind from table 0203."""
    kind = {"coding": [{"system": SYSTEM_V2_0203, "code": type_code}]}
    return {"use": "official", "type": kind, "system": system, "value": value}


def room_name(site: Site, number: int) -> str:
    """What people call a room; numbers begin at 1 at each site."""
    return f"Room {number}, {site.city}"


def locations() -> list[Resource]:
    """The sites, then their rooms `room-01` … in the order of the sites."""
    rooms = [
        _location(f"room-{index * ROOMS + n:02d}", room_name(site, n), "ro", site, part_of=True)
        for index, site in enumerate(SITES)
        for n in range(1, ROOMS + 1)
    ]
    return [_location(site.id, site.name, "bu", site, part_of=False) for site in SITES] + rooms


def _location(id_: str, name: str, physical: str, site: Site, *, part_of: bool) -> Resource:
    location: Resource = {
        "resourceType": "Location",
        "id": id_,
        "extension": [{"url": EXT_TIMEZONE, "valueCode": ZONE}],
        "identifier": [identifier(SYSTEM_PLACE, id_, "LOCN")],
        "status": "active",
        "name": name,
        "mode": "instance",
        "address": {"city": site.city, "country": "SA"},
        "physicalType": {"coding": [{"system": _PHYSICAL_TYPE, "code": physical}]},
        "managingOrganization": {"reference": f"Organization/{ORGANIZATION}"},
    }
    return location | ({"partOf": {"reference": f"Location/{site.id}"}} if part_of else {})


def devices() -> list[Resource]:
    """One ultrasound scanner at each site."""
    return [
        {
            "resourceType": "Device",
            "id": id_,
            "identifier": [{"system": SYSTEM_DEVICE, "value": id_.replace("device", "US")}],
            "status": "active",
            "deviceName": [{"name": name, "type": "user-friendly-name"}],
            "owner": {"reference": f"Organization/{ORGANIZATION}"},
            "location": {"reference": f"Location/{site.id}"},
        }
        for site, (id_, name) in zip(SITES, SCANNERS.items(), strict=True)
    ]


def services() -> list[Resource]:
    """One HealthcareService for each visit type, offered at both sites."""
    return [
        {
            "resourceType": "HealthcareService",
            "id": f"service-{visit.code}",
            "active": True,
            "providedBy": {"reference": f"Organization/{ORGANIZATION}"},
            "type": [visit.concept],
            "specialty": [visit.specialty_concept],
            "location": [{"reference": f"Location/{site.id}"} for site in SITES],
            "name": visit.display,
            "appointmentRequired": True,
        }
        for visit in VISIT_TYPES
    ]
