"""How urgent is the appointment, and what is the patient told?

Times of TQ1 are read in `mapping.times`.

Source: HL7 v2.9.1 chapter 4, TQ1-9 and TQ1-11; table 0485; hl7v2.md section 1.9.
"""

from fhir_gateway.hl7.message import Segment
from fhir_gateway.mapping.datatypes.cwe import words
from fhir_gateway.mapping.intent import Resource
from fhir_gateway.mapping.reading import Reading, clean
from fhir_gateway.mapping.tables import lookup


def priority(segment: Segment, reading: Reading) -> int | None:
    """TQ1-9 as Appointment.priority; an unknown code is reported."""
    found = words(segment.field(9))
    for word in found:
        known = reading.profile.priorities.get(word, lookup("0485", word, "priority"))
        if known != "":
            return int(known)
    if found:
        reading.warn(f"priority '{found[0][:20]}' is not known", segment.location(9))
    return None


def elements(reading: Reading) -> tuple[Resource, tuple[str, ...]]:
    """Appointment elements of the first TQ1, and those that it deletes."""
    segment = reading.message.first("TQ1")
    if segment is None:
        return {}, ()
    found: Resource = {}
    urgency = priority(segment, reading)
    if urgency is not None:
        found["priority"] = urgency
        reading.took("priority", segment, 9)
    if text := clean(segment.field(11).text):
        found["patientInstruction"] = text
        reading.took("patientInstruction", segment, 11)
    fields = {9: "priority", 11: "patientInstruction"}
    return found, tuple(name for n, name in fields.items() if segment.is_null(n))
