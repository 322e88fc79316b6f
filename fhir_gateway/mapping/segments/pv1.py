"""What can the visit tell where the schedule is silent?

No Encounter is made of a PV1 in a scheduling message: the visit has not begun.

Source: HL7 v2.9.1 chapter 3, PV1; hl7v2.md section 1.5.
"""

from fhir_gateway.mapping.datatypes.cwe import concept
from fhir_gateway.mapping.datatypes.cx import distinct, identifier
from fhir_gateway.mapping.datatypes.pl import location
from fhir_gateway.mapping.datatypes.xcn import practitioners
from fhir_gateway.mapping.intent import ActorIntent, Concept, Identifier, Resource
from fhir_gateway.mapping.places import place
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.segments.aix import Frame, participation_type, schedule_key

#: Fields of resource rows, which have readers of their own.
ROW_FIELDS = frozenset({"AIP-3", "AIG-3"})
#: Table 0443, for those fields of the visit that tell what somebody does.
_ROLES = {"PV1-7": "ATND", "PV1-8": "REF", "PV1-9": "CON", "PV1-17": "ADM"}


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


def providers(reading: Reading, frame: Frame) -> list[ActorIntent]:
    """Practitioners of the first field, of those the profile lists beside AIP-3 and AIG-3, that
    names any; usually the attending doctor.

    Args:
        reading: The message.
        frame: The appointment.
    """
    for name in reading.profile.provider_fields:
        at = place(name)
        segment = reading.message.first(at.segment) if name not in ROW_FIELDS else None
        people = practitioners(segment.repetitions(at.number), reading) if segment else []
        if segment and people:
            role = _ROLES.get(name)
            kind = participation_type({"coding": [{"code": role}]}) if role else None
            source = segment.location(at.number)
            return [_taking_part(each, kind, source, reading, frame) for each in people]
    return []


def assigned_place(reading: Reading, frame: Frame) -> list[ActorIntent]:
    """PV1-3, for an appointment of which no AIL names the place."""
    segment = reading.message.first("PV1")
    found = location(segment.field(3), reading) if segment else None
    if segment is None or found is None:
        return []
    return [_taking_part(found, None, segment.location(3), reading, frame)]


def _taking_part(
    resource: Resource, kind: Concept | None, source: str, reading: Reading, frame: Frame
) -> ActorIntent:
    return ActorIntent(
        resource=resource,
        participant=({"type": [kind]} if kind else {}) | {"status": frame.acceptance},
        schedule_key=schedule_key(resource, reading),
        source=source,
    )
