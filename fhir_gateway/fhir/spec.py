"""What does R4 4.0.1 say about the elements of the served types?

Reads `data/spec.json`, distilled from the official StructureDefinitions by
`conformance/distil.py`: element names in order, cardinality, types, reference targets and the
code lists of required bindings. `data/spec_contained.json` says the same of all other types, which
can be contained in a served one. Each is read once, on first use.

Source: FHIR R4 4.0.1, decision 26.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fhir_gateway.fhir.primitives import PRIMITIVES

_ABSTRACT = frozenset({"Resource", "DomainResource", "Type", "Any"})


@dataclass(frozen=True, slots=True)
class Element:
    """One JSON property of a type.

    Args:
        name: The JSON name; a choice has one Element for each type (`valueString`).
        type: Datatype, resource type or backbone element (`Appointment.participant`).
        minimum: 0 or 1; 0 for the members of a choice (see `Structure.choices`).
        many: Whether it is a JSON array.
        codes: The codes of its required binding, None where it has none that can be listed.
        system: The one system of those codes.
        targets: Resource types that a Reference may name; empty for any.
    """

    name: str
    type: str
    minimum: int
    many: bool
    codes: frozenset[str] | None = None
    system: str | None = None
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Structure:
    """A resource type, datatype or backbone element.

    Args:
        name: As in `Element.type`.
        elements: By JSON name, in the order of the specification.
        required: JSON names that must be there.
        choices: (name without [x], whether one is required, the JSON names of its members).
    """

    name: str
    elements: dict[str, Element]
    required: tuple[str, ...]
    choices: tuple[tuple[str, bool, tuple[str, ...]], ...]


@cache
def structure(name: str) -> Structure | None:
    """The structure of that name; None for a primitive or a type that is not in the table."""
    rows = _table()["types"].get(name)
    if rows is None and name not in PRIMITIVES:
        rows = _table("spec_contained")["types"].get(name)
    if rows is None:
        return None
    elements: dict[str, Element] = {}
    choices: list[tuple[str, bool, tuple[str, ...]]] = []
    for element, row in rows.items():
        members = _members(element, row)
        elements |= {member.name: member for member in members}
        if element.endswith("[x]"):
            names = tuple(member.name for member in members)
            choices.append((element.removesuffix("[x]"), row[0] > 0, names))
    required = tuple(each.name for each in elements.values() if each.minimum)
    return Structure(name, elements, required, tuple(choices))


def code_element(type_name: str, path: str) -> Element | None:
    """The element at a dotted path, where it is a plain code of one known system."""
    found: Structure | None = structure(type_name)
    element = None
    for step in path.split("."):
        element = found.elements.get(step) if found else None
        if element is None:
            return None
        found = structure(element.type)
    return element if element and element.type == "code" and element.system else None


@cache
def element_types(type_name: str, paths: tuple[str, ...]) -> frozenset[str]:
    """The types of the elements at the ends of dotted paths; unknown ones are left out."""
    ends: set[str] = set()
    for path in paths:
        kind = type_name
        for step in path.split("."):
            found = structure(kind)
            element = found.elements.get(step) if found else None
            kind = element.type if element else ""
        ends.add(kind)
    return frozenset(ends - {""})


@cache
def resource_types() -> frozenset[str]:
    """Every concrete resource type of R4, served or not.

    Source: FHIR R4 value set all-types, which lists the datatypes first and `xhtml` as their last.
    """
    codes = _table()["codes"]["all-types"]["codes"]
    return frozenset(codes[codes.index("xhtml") + 1 :]) - _ABSTRACT


@cache
def structure_names() -> tuple[str, ...]:
    """Every structure that a served type can have, apart from what is contained."""
    return tuple(_table()["types"])


@cache
def _table(name: str = "spec") -> dict[str, Any]:
    path = files("fhir_gateway.fhir") / "data" / f"{name}.json"
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def _listed(binding: str) -> dict[str, Any]:
    served = _table()["codes"].get(binding)
    found: dict[str, Any] = served or _table("spec_contained")["codes"].get(binding, {})
    return found


def _members(name: str, row: list[Any]) -> list[Element]:
    minimum, maximum, types, binding, targets = row
    listed = _listed(binding) if binding else {}
    codes = frozenset(listed["codes"]) if listed else None
    common = (codes, listed.get("system"), tuple(targets or ()))
    if not name.endswith("[x]"):
        return [Element(name, types[0], minimum, maximum == "*", *common)]
    stem = name.removesuffix("[x]")
    return [Element(stem + each[0].upper() + each[1:], each, 0, False, *common) for each in types]
