"""How does an entity identifier become a FHIR Identifier?

Source: HL7 v2.9.1 chapter 2A, EI; v2-to-FHIR EI[Identifier-Extension]; hl7v2.md section 1.6.
"""

from fhir_gateway.core.codes import SYSTEM_V2_0203
from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.hd import system_of
from fhir_gateway.mapping.intent import Concept, Identifier
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.tables import lookup


def type_of(code: str) -> Concept:
    """Identifier.type for a code of table 0203, or as text."""
    display = lookup("0203", code, "display")
    if not display:
        return {"text": code}
    return {"coding": [{"system": SYSTEM_V2_0203, "code": code.upper(), "display": display}]}


def identifier(field: Field, reading: Reading, kind: str, type_code: str) -> Identifier | None:
    """Read an EI.

    Args:
        field: EI.1 value, .2 namespace, .3 universal id, .4 its kind.
        reading: The message.
        kind: Names the sender's own system where there is no authority (`appointment-filler`).
        type_code: Table 0203, or words.

    Returns:
        None where there is no value.
    """
    value = part(field, 1)
    if not value:
        return None
    system = system_of((part(field, 2), part(field, 3), part(field, 4)), reading)
    return {"type": type_of(type_code), "system": system or reading.system(kind), "value": value}


def sub_identifier(field: Field, component: int, reading: Reading, kind: str) -> Identifier | None:
    """Read an EI that is one component of a field (PL.10)."""
    value = part(field, component, 1)
    if not value:
        return None
    namespace, universal_id, scheme = (part(field, component, sub) for sub in (2, 3, 4))
    system = system_of((namespace, universal_id, scheme), reading)
    return {"system": system or reading.system(kind), "value": value}
