"""Where does the appointment take place?

Source: HL7 v2.9.1 chapter 10, AIL-3 (repeats) and AIL-4; v2-to-FHIR AIL[Appointment];
hl7v2.md section 1.4.
"""

from fhir_gateway.mapping.datatypes.pl import location
from fhir_gateway.mapping.intent import ActorIntent
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.segments.aix import Frame, role, taking_part
from fhir_gateway.mapping.segments.rgs import ResourceRow


def actors(row: ResourceRow, reading: Reading, frame: Frame) -> list[ActorIntent]:
    """Read an AIL: every repetition is a place of its own."""
    kind = role(row, reading, 4)
    places = (location(field, reading) for field in row.segment.repetitions(3))
    return [taking_part(row, place, kind, reading, frame) for place in places if place]
