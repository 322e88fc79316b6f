"""Which place is this, down to the bed?

The whole path, as the sender writes it, is the identifier: room 1 alone is many rooms. A
comprehensive identifier (PL.10) wins over the path.

Source: HL7 v2.9.1 chapter 2A, PL; v2-to-FHIR PL[Location]; hl7v2.md section 1.6.
"""

from dataclasses import dataclass

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.ei import sub_identifier
from fhir_gateway.mapping.intent import Resource
from fhir_gateway.mapping.reading import Reading, part

_PHYSICAL = "http://terminology.hl7.org/CodeSystem/location-physical-type"


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a place: its component and what kind of place it is."""

    component: int
    code: str
    display: str


#: From the narrowest to the widest.
LEVELS = (
    Level(3, "bd", "Bed"),
    Level(2, "ro", "Room"),
    Level(8, "lvl", "Level"),
    Level(1, "", ""),
    Level(7, "bu", "Building"),
    Level(4, "si", "Site"),
)


def _token(field: Field, component: int) -> str:
    """What identifies a level: HD.1, else HD.2."""
    return part(field, component, 1) or part(field, component, 2)


def _name(field: Field, component: int) -> str:
    """What a level is called: `11&X-Ray Room&L` names it in HD.2."""
    local = part(field, component, 3).upper() == "L"
    return (part(field, component, 2) if local else "") or _token(field, component)


def path_of(field: Field, components: tuple[int, ...]) -> str:
    """The path of a place, written as PL.1 to PL.8 with the given components only."""
    at = {each: _token(field, each) for each in components}
    return "^".join(at.get(each, "") for each in range(1, 9)).rstrip("^")


def _parent(field: Field, levels: list[Level], reading: Reading) -> Resource:
    path = path_of(field, tuple(level.component for level in levels))
    return {
        "identifier": {"system": reading.system("location"), "value": path},
        "display": _name(field, levels[0].component),
    }


def location(field: Field, reading: Reading) -> Resource | None:
    """Read a PL.

    Returns:
        The narrowest Location that it names; `{"display": …}` for one that is only described;
        None where it holds nothing.
    """
    levels = [each for each in LEVELS if _token(field, each.component)]
    description = part(field, 9)
    known = sub_identifier(field, 10, reading, "location")
    if not levels and known is None:
        return {"display": description} if description else None
    if known is None:
        path = path_of(field, tuple(level.component for level in levels))
        known = {"system": reading.system("location"), "value": path}
    found: Resource = {"resourceType": "Location", "identifier": [known], "mode": "instance"}
    found["name"] = (_name(field, levels[0].component) if levels else "") or description
    if description:
        found["description"] = description
    if levels and levels[0].code:
        kind = {"system": _PHYSICAL, "code": levels[0].code, "display": levels[0].display}
        found["physicalType"] = {"coding": [kind]}
    if len(levels) > 1 and not part(field, 10):
        found["partOf"] = _parent(field, levels[1:], reading)
    return {key: value for key, value in found.items() if value}
