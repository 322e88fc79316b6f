"""How does an extended composite id become a FHIR Identifier?

Source: HL7 v2.9.1 chapter 2A, CX; v2-to-FHIR CX[Identifier]; hl7v2.md section 1.6.
"""

from collections.abc import Iterable

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.ei import type_of
from fhir_gateway.mapping.datatypes.hd import component_system
from fhir_gateway.mapping.datatypes.ts import date_time
from fhir_gateway.mapping.intent import Identifier, Resource
from fhir_gateway.mapping.placeholders import named
from fhir_gateway.mapping.reading import Reading, part


def period(start: str, end: str, reading: Reading, place: str) -> Resource | None:
    """A FHIR Period of two time stamps, each may be ''; None where neither tells anything."""
    found = {
        "start": date_time(start, reading, place),
        "end": date_time(end, reading, place),
    }
    return {name: value for name, value in found.items() if value} or None


def identifier(
    field: Field, reading: Reading, kind: str, place: str, type_code: str = ""
) -> Identifier | None:
    """Read a CX.

    Args:
        field: CX.1 value, .4 assigning authority, .5 type, .7 and .8 effective and expiration.
        reading: The message.
        kind: Names the sender's own system where there is no authority (`patient`).
        place: For warnings.
        type_code: Table 0203, where CX.5 is empty.

    Returns:
        None where there is no value.
    """
    value = named(part(field, 1), reading, place)
    if not value:
        return None
    found: Identifier = {}
    if code := part(field, 5) or type_code:
        found["type"] = type_of(code)
    found["system"] = component_system(field, 4, reading) or reading.system(kind)
    found["value"] = value
    if span := period(part(field, 7), part(field, 8), reading, place):
        found["period"] = span
    if name := part(field, 6):
        found["assigner"] = {"display": name}
    return found


def distinct(identifiers: Iterable[Identifier | None]) -> list[Identifier]:
    """The identifiers that are there, each (system, value) once, the first of each."""
    seen: dict[tuple[str, str], Identifier] = {}
    for each in identifiers:
        if each is not None:
            seen.setdefault((each.get("system", ""), each["value"]), each)
    return list(seen.values())
