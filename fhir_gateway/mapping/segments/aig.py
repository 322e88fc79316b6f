"""Who or what is a general resource: a person, a room, a machine?

AIG-4 tells by its words; where it does not, the sender's profile decides.

Source: HL7 v2.9.1 chapter 10, AIG-3 and AIG-4; hl7v2.md section 1.4.
"""

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.cwe import words
from fhir_gateway.mapping.datatypes.hd import is_oid, is_uri
from fhir_gateway.mapping.intent import ActorIntent, Identifier, Resource
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.segments.aix import Frame, role, taking_part
from fhir_gateway.mapping.segments.rgs import ResourceRow
from fhir_gateway.mapping.tables import table


def resource_type(kind: Field, reading: Reading) -> str:
    """Practitioner, Location or Device."""
    text = " ".join(words(kind)).upper()
    for row in table("resource_roles").values():
        if row["word"] in text:
            return row["type"]
    return reading.profile.aig_role


def _identifier(field: Field, reading: Reading, type_name: str) -> Identifier | None:
    """AIG-3.1 with the system of AIG-3.3; a local one is the sender's, by kind of resource."""
    value, name = part(field, 1), part(field, 3)
    if not value:
        return None
    system = reading.profile.coding_systems.get(name)
    if system is None and is_oid(name):
        system = f"urn:oid:{name}"
    if system is None and is_uri(name):
        system = name
    return {"system": system or reading.system(type_name.lower()), "value": value}


def _named(type_name: str, text: str) -> Resource:
    match type_name:
        case "Practitioner":
            return {"name": [{"text": text}]}
        case "Device":
            return {"deviceName": [{"name": text, "type": "user-friendly-name"}]}
        case _:
            return {"mode": "instance", "name": text}


def actors(row: ResourceRow, reading: Reading, frame: Frame) -> list[ActorIntent]:
    """Read an AIG; [] where it names nothing."""
    field = row.segment.field(3)
    type_name = resource_type(row.segment.field(4), reading)
    text = part(field, 2) or part(field, 5)
    known = _identifier(field, reading, type_name)
    if known is None and not text:
        return []
    resource: Resource = {"display": text}
    if known is not None:
        named = _named(type_name, text) if text else {}
        resource = {"resourceType": type_name, "identifier": [known], **named}
    return [taking_part(row, resource, role(row, reading, 4), reading, frame)]
