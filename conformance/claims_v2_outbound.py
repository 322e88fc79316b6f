"""Write what is told to other systems in HL7 v2: read off from messages that are really written."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import HOLDING
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping import siu_out
from fhir_gateway.mapping.letterhead import Letterhead
from fhir_gateway.mapping.tables import table
from fhir_gateway.mapping.triggers import REQUESTS, TRIGGERS
from fhir_gateway.outbound.destinations import EVENTS

#: What of a change makes which event; `mapping.events_out` decides.
_CAUSES = {
    "S12": f"it becomes {', '.join(sorted(HOLDING))} and was none of these",
    "S13": "its start or end changes",
    "S14": "anything else that a message tells changes",
    "S15": "it becomes cancelled, or a mere wish again",
    "S17": "it becomes entered-in-error",
    "S26": "it becomes noshow",
}
#: Field -> where its value comes from. A field that is written and not here fails the test.
SOURCES = {
    "MSH-3": "sender.application of the destination", "MSH-4": "sender.facility",
    "MSH-5": "receiver.application", "MSH-6": "receiver.facility", "MSH-7": "time of the change",
    "MSH-9": "event", "MSH-10": "unique; the same at every try",
    "MSH-11": "processing_id", "MSH-12": "version", "MSH-15": "AL with confirm: application",
    "MSH-16": "AL with confirm: application", "MSH-18": "charset",
    "SCH-1": "identifier PLAC, else our id", "SCH-2": "identifier FILL, else our id",
    "SCH-6": "cancelationReason, status-reason, else a word for the event",
    "SCH-7": "reasonCode", "SCH-8": "appointmentType", "SCH-9": "end − start", "SCH-10": "min",
    "SCH-11": "start and end, before 2.5", "SCH-12": "participant: placer contact",
    "SCH-16": "participant: filler contact, else the gateway", "SCH-20": "the gateway",
    "SCH-25": "status (table 0278)", "SCH-26": "basedOn, PLAC", "SCH-27": "basedOn, FILL",
    "ARQ-1": "identifier PLAC, else our id", "ARQ-2": "identifier FILL", "ARQ-6": "as SCH-6",
    "ARQ-7": "reasonCode", "ARQ-8": "appointmentType", "ARQ-9": "end − start", "ARQ-10": "min",
    "ARQ-11": "start, as the only one wanted", "ARQ-12": "priority (table 0485)",
    "ARQ-15": "participant: placer contact, else the gateway", "ARQ-19": "the gateway",
    "ARQ-24": "basedOn, PLAC", "ARQ-25": "basedOn, FILL",
    "TQ1-1": "1", "TQ1-7": "start", "TQ1-8": "end", "TQ1-9": "priority (table 0485)",
    "TQ1-11": "patientInstruction", "NTE-1": "1", "NTE-3": "comment",
    "PID-1": "1", "PID-3": "Patient.identifier", "PID-5": "name", "PID-7": "birthDate",
    "PID-8": "gender (table 0001)", "PID-11": "address", "PID-13": "telecom", "RGS-1": "1",
    "AIS-1": "number", "AIS-3": "serviceType", "AIS-4": "start",
    "AIS-7": "minutes", "AIS-8": "min",
    "AIG-1": "number", "AIG-3": "participant: Device", "AIG-4": "type",
    "AIG-8": "start", "AIG-11": "minutes", "AIG-12": "min", "AIG-14": "participant.status",
    "AIL-1": "number", "AIL-3": "participant: Location", "AIL-4": "type",
    "AIL-6": "start", "AIL-9": "minutes", "AIL-10": "min", "AIL-12": "participant.status",
    "AIP-1": "number", "AIP-3": "participant: Practitioner",
    "AIP-4": "participant.type", "AIP-6": "start", "AIP-9": "minutes", "AIP-10": "min",
    "AIP-12": "participant.status",
}  # fmt: skip


_HEAD = """## What other systems are told

Each destination is told of every change that it has not brought itself, as filler with SIU or as
placer with SRM, in versions 2.3.1 to 2.6.

"""


def outbound() -> str:
    """The section about messages to other systems."""
    events = [
        (f"SIU^{event}", f"SRM^{siu_out.REQUESTS[event]}" if event in siu_out.REQUESTS else "-",
         TRIGGERS[event].meaning, _CAUSES[event])
        for event in EVENTS
    ]  # fmt: skip
    statuses = [
        (row["status"], row["code"]) for row in table("0278").values() if row["written"] == "y"
    ]
    parts = [
        _HEAD,
        _table(("as filler", "as placer", "meaning", "sent when"), events),
        "\n### Fields that are written\n\n",
        _table(("field", "from"), ((name, SOURCES[name]) for name in written_fields())),
        "\n### SCH-25 that is written\n\n",
        _table(("Appointment.status", "table 0278"), statuses),
    ]
    return "".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def written_fields() -> list[str]:
    """Every field that has a value in any message about an appointment that has everything."""
    found: dict[str, set[int]] = {}
    for version in ("2.3.1", "2.5.1", "2.6"):
        for role in ("filler", "placer"):
            for event in REQUESTS.values() if role == "placer" else EVENTS:
                if role == "placer" and event not in siu_out.REQUESTS:
                    continue
                raw = siu_out.write(event, _APPOINTMENT, _PATIENT, _OTHERS, _head(version), role)  # type: ignore[arg-type]
                for segment in Message.parse(raw).segments:
                    numbers = range(3 if segment.name == "MSH" else 1, segment.field_count + 1)
                    valued = {n for n in numbers if segment.raw_field(n)}
                    found.setdefault(segment.name, set()).update(valued)
    return [f"{name}-{number}" for name, numbers in found.items() for number in sorted(numbers)]


def _head(version: str) -> Letterhead:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    return Letterhead(("A", "B"), ("C", "D"), "1", now, ZoneInfo("UTC"), version, confirm=True)


def _identifier(code: str, value: str) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/v2-0203"
    kind = {"coding": [{"system": system, "code": code}]}
    return {"type": kind, "system": "https://x.example", "value": value}


_CODED = {"coding": [{"system": "https://x.example", "code": "X", "display": "X"}], "text": "X"}


def _person(reference: str, **more: Any) -> dict[str, Any]:
    return {"actor": {"reference": reference}, "status": "accepted", **more}


_APPOINTMENT: dict[str, Any] = {
    "resourceType": "Appointment", "id": "a", "status": "booked", "priority": 1,
    "identifier": [_identifier("PLAC", "P"), _identifier("FILL", "F")],
    "start": "2030-01-02T09:00:00Z", "end": "2030-01-02T09:30:00Z", "comment": "x",
    "patientInstruction": "x", "reasonCode": [_CODED], "appointmentType": _CODED,
    "serviceType": [_CODED],
    "basedOn": [
        {"identifier": _identifier("PLAC", "1")}, {"identifier": _identifier("FILL", "2")},
    ],
    "participant": [
        _person("Patient/p"), _person("Practitioner/d", type=[_CODED]),
        _person("Location/l", type=[_CODED]), _person("Device/g", type=[_CODED]),
        _person("Practitioner/c", type=[{"text": "placer contact"}], required="information-only"),
        _person("Practitioner/f", type=[{"text": "filler contact"}], required="information-only"),
    ],
}  # fmt: skip
_PATIENT: dict[str, Any] = {
    "resourceType": "Patient", "id": "p", "identifier": [_identifier("MR", "1")],
    "name": [{"family": "X", "given": ["Y"]}], "gender": "female", "birthDate": "1980-01-01",
    "address": [{"line": ["x"], "city": "y"}], "maritalStatus": _CODED,
    "communication": [{"language": _CODED}], "deceasedBoolean": True,
    "telecom": [
        {"system": "phone", "use": use, "value": "1"} for use in ("home", "work", "mobile")
    ],
}  # fmt: skip
_OTHERS: list[dict[str, Any]] = [
    {"resourceType": kind, "id": id_, "identifier": [_identifier("RI", id_)],
     "name": [{"family": "X"}] if kind == "Practitioner" else "X"}
    for kind, id_ in (("Practitioner", "d"), ("Location", "l"), ("Device", "g"),
                      ("Practitioner", "c"), ("Practitioner", "f"))
]  # fmt: skip
_OTHERS[2].pop("name")
