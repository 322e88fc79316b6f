"""Messages and readings for the tests of this floor."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fhir.resources.R4B.appointment import Appointment
from fhir.resources.R4B.device import Device
from fhir.resources.R4B.location import Location
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.practitioner import Practitioner

from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.intent import ActorIntent, SiuIntent
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.siu import read_siu

SAMPLES = Path(__file__).parents[2] / "conformance" / "samples" / "hl7v2"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BASE = "urn:fhir-gateway:v2:EHR:CLINIC"
_MODELS = {each.__name__: each for each in (Appointment, Device, Location, Patient, Practitioner)}
_NEEDED = {2: "F-1", 11: "^^^20260310090000+0300^20260310093000+0300", 25: "Booked"}


@cache
def sample(name: str) -> bytes:
    """One public sample by its short name, `SIU-S12-01`."""
    return (SAMPLES / f"microsoft_FHIR-Converter__{name}.hl7").read_bytes()


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment of raw fields by number."""
    return "|".join([name, *(fields.get(n, "") for n in range(1, max(fields, default=0) + 1))])


def siu(
    *more: str, event: str = "S12", msh_7: str = "20260302093000", sch: dict[int, str] | None = None
) -> bytes:
    """A scheduling message: MSH, an SCH with identity, times and status, and further segments.

    Fields given for SCH replace those of the default SCH; '' empties them.
    """
    head = f"MSH|^~\\&|EHR|CLINIC|GW|HUB|{msh_7}||SIU^{event}^SIU_S12|M-1|P|2.5.1"
    return "\r".join([head, segment("SCH", _NEEDED | (sch or {})), *more, ""]).encode()


def intent(raw: bytes, profile: SenderProfile = DEFAULT_PROFILE) -> SiuIntent:
    """Read a message as received at NOW."""
    return read_siu(Message.parse(raw), profile, NOW)


def read(*more: str, profile: SenderProfile = DEFAULT_PROFILE, **options: Any) -> SiuIntent:
    """Build a message with `siu` and read it."""
    return intent(siu(*more, **options), profile)


def reading(profile: SenderProfile = DEFAULT_PROFILE, **options: Any) -> Reading:
    """A message in the course of being read."""
    return Reading(Message.parse(siu(**options)), profile)


def warned(found: SiuIntent, details: str) -> list[str]:
    """The warnings of one kind."""
    return [each.diagnostics for each in found.warnings if each.details == details]


def actor(found: SiuIntent, source: str) -> ActorIntent:
    """The actor that was read from a place; exactly one."""
    (only,) = [each for each in found.actors if each.source == source]
    return only


def participants(found: SiuIntent) -> list[dict[str, Any]]:
    """Appointment.participant as a use case would make it."""
    made = [
        {**each.participant, "actor": {"reference": f"{each.type}/{n}"}}
        if each.type
        else {**each.participant, "actor": {"display": each.display}}
        for n, each in enumerate(found.actors)
    ]
    if found.patient_participant:
        made.append({**found.patient_participant, "actor": {"reference": "Patient/1"}})
    return made


def validate(found: SiuIntent) -> None:
    """Every resource of an intent against the R4B models."""
    appointment = {
        "resourceType": "Appointment",
        "status": "booked",
        **found.appointment,
        "participant": participants(found),
    }
    others = [each.resource for each in found.actors if each.type]
    for resource in filter(None, [appointment, found.patient, *found.other_patients, *others]):
        _MODELS[resource["resourceType"]].model_validate(resource)
