"""What can the visit tell where the schedule is silent?

No Encounter is made of a PV1 in a scheduling message: the visit has not begun.

Source: HL7 v2.9.1 chapter 3, PV1; hl7v2.md section 1.5.
"""

from fhir_gateway.mapping.datatypes.cwe import concept
from fhir_gateway.mapping.datatypes.cx import distinct, identifier
from fhir_gateway.mapping.datatypes.pl import location
from fhir_gateway.mapping.datatypes.xcn import practitioners
from fhir_gateway.mapping.intent import ActorIntent, Concept, Identifier, Resource
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.segments.aix import Frame, participation_type, schedule_key


def visit_number(reading: Reading) -> Identifier | None:
    """PV1-19, typed VN unless it says otherwise."""
    segment = reading.message.first("PV1")
    if segment is None:
        return None
    return identifier(segment.field(19), reading, "visit", segment.location(19), "VN")


def visit_numbers(reading: Reading) -> tuple[Identifier, ...]:
    """What a visit may be known by: PV1-19, the pre-admission (5) and the alternate (50) number."""
    segment = reading.message.first("PV1")
    if segment is None:
        return ()
    found = [
        identifier(field, reading, "visit", segment.location(number), "VN")
        for number in (19, 5, 50)
        for field in segment.repetitions(number)
    ]
    return tuple(distinct(found))


def service(reading: Reading) -> Concept | None:
    """PV1-10, hospital service."""
    segment = reading.message.first("PV1")
    return concept(segment.field(10), reading, "service") if segment else None


def actors(reading: Reading, frame: Frame, missing: frozenset[str]) -> list[ActorIntent]:
    """Attending doctor and assigned place, for what no AIx names.

    Args:
        reading: The message.
        frame: The appointment.
        missing: Of Practitioner and Location those that are wanted.
    """
    segment = reading.message.first("PV1")
    if segment is None:
        return []
    found: list[tuple[Resource, Concept | None, int]] = []
    if "Practitioner" in missing:
        attending = participation_type({"coding": [{"code": "ATND"}]})
        people = practitioners(segment.repetitions(7), reading)
        found += [(person, attending, 7) for person in people]
    place = location(segment.field(3), reading) if "Location" in missing else None
    if place:
        found.append((place, None, 3))
    return [
        ActorIntent(
            resource=resource,
            participant=({"type": [kind]} if kind else {}) | {"status": frame.acceptance},
            schedule_key=schedule_key(resource, reading),
            source=segment.location(number),
        )
        for resource, kind, number in found
    ]
