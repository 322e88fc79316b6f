"""Who of the house takes part?

Source: HL7 v2.9.1 chapter 10, AIP-3 (repeats: one person, several identifiers) and AIP-4;
v2-to-FHIR AIP[Appointment]; hl7v2.md section 1.4.
"""

from fhir_gateway.mapping.datatypes.xcn import practitioners
from fhir_gateway.mapping.intent import ActorIntent
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.segments.aix import Frame, role, taking_part
from fhir_gateway.mapping.segments.rgs import ResourceRow


def actors(row: ResourceRow, reading: Reading, frame: Frame) -> list[ActorIntent]:
    """Read an AIP."""
    kind = role(row, reading, 4)
    people = practitioners(row.segment.repetitions(3), reading)
    return [taking_part(row, person, kind, reading, frame) for person in people]
