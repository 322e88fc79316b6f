"""How does an address become a FHIR Address?

Source: HL7 v2.9.1 chapter 2A, XAD and SAD; v2-to-FHIR XAD[Address]; table 0190;
hl7v2.md section 1.6.
"""

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.cx import period
from fhir_gateway.mapping.intent import Resource
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.tables import lookup


def _lines(field: Field) -> list[str]:
    """SAD parts, other designation, addressee; a part that the first line holds is left out."""
    street = part(field, 1, 1)
    more = [part(field, 1, 2), part(field, 1, 3), part(field, 2), part(field, 19)]
    return [each for each in (street, *(e for e in more if e not in street)) if each]


def address(field: Field, reading: Reading, place: str) -> Resource | None:
    """Read an XAD; None where it holds no address."""
    kind = part(field, 7)
    found: Resource = {
        "use": lookup("0190", kind, "use"),
        "type": lookup("0190", kind, "type"),
        "line": _lines(field),
        "city": part(field, 3),
        "district": part(field, 9, 1) or part(field, 9, 2),
        "state": part(field, 4),
        "postalCode": part(field, 5),
        "country": part(field, 6),
    }
    kept = {key: value for key, value in found.items() if value}
    if not kept.keys() - {"use", "type"}:
        return None
    start = part(field, 13) or part(field, 12, 1)
    end = part(field, 14) or part(field, 12, 2)
    if span := period(start, end, reading, place):
        kept["period"] = span
    return kept
