"""Which services is the appointment for?

Source: HL7 v2.9.1 chapter 10, AIS-3; v2-to-FHIR AIS[Appointment]; hl7v2.md section 1.4.
"""

from fhir_gateway.mapping.datatypes.cwe import concept
from fhir_gateway.mapping.intent import ServiceIntent
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.segments.rgs import ResourceRow


def service(row: ResourceRow, reading: Reading) -> ServiceIntent | None:
    """Read an AIS; None where it names no service."""
    found = concept(row.segment.field(3), reading, "service")
    if found is None:
        return None
    return ServiceIntent(found, row.action, row.segment.location(3))


def removed(reading: Reading) -> tuple[str, ...]:
    """serviceType, where an AIS deletes its service (`""`)."""
    deleted = any(segment.is_null(3) for segment in reading.message.all("AIS"))
    return ("serviceType",) if deleted else ()
