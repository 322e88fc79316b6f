"""A resource of each type with every element, made from the table of R4 itself.

Variants take other members of the choices and the other side of what excludes each other, so that
all variants together have every element.
"""

from collections.abc import Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any

from fhir_gateway.fhir.primitives import PRIMITIVES
from fhir_gateway.fhir.spec import Element, Structure, structure

UCUM = "http://unitsofmeasure.org"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Visit</p></div>'
PRIMITIVE_VALUES: dict[str, Any] = {
    "boolean": True,
    "integer": -3,
    "unsignedInt": 0,
    "positiveInt": 7,
    "decimal": Decimal("1.10"),
    "string": "text",
    "markdown": "**text**",
    "code": "code",
    "id": "id-1.a",
    "uri": "urn:oid:1.2.3",
    "url": "https://example.org/x",
    "canonical": "https://example.org/x|1",
    "oid": "urn:oid:1.2.3",
    "uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "date": "2026-03",
    "dateTime": "2026-03-02T09:00:00.123+03:00",
    "instant": "2026-03-02T06:00:00Z",
    "time": "09:00:00",
    "base64Binary": "aGVsbG8=",
    "xhtml": DIV,
}
_QUANTITY = {"value": Decimal("2.0"), "unit": "hours", "system": UCUM, "code": "h"}
#: What rules of R4 fix; everything else is filled from the table.
FIXED: dict[str, dict[str, Any]] = {
    "Age": _QUANTITY | {"code": "a", "unit": "years"},
    "Count": _QUANTITY | {"value": 2, "code": "1"},
    "Distance": _QUANTITY | {"code": "km"},
    "Duration": _QUANTITY,
    "Range": {"low": {"value": 1, "unit": "h"}, "high": {"value": Decimal("1.5"), "unit": "h"}},
    "Period": {"start": "2026-03-01", "end": "2026-03"},
    "Slot": {"start": "2026-03-02T06:00:00Z", "end": "2026-03-02T09:30:00+03:00"},
    "Appointment": {
        "status": "cancelled", "start": "2026-03-02T06:00:00Z", "end": "2026-03-02T09:30:00+03:00",
    },
    "AppointmentResponse": {"start": "2026-03-02T06:00:00Z", "end": "2026-03-02T09:30:00+03:00"},
    "Organization": {
        "telecom": [{"system": "phone", "value": "1"}],
        "address": [
            {"use": "work", "city": "c", "state": "s", "postalCode": "p", "country": "SA"},
        ],
    },
    "Group": {"actual": True},
    "Reference": {"reference": "Patient/1", "type": "Patient"},
    "Timing.repeat": {"when": ["MORN"]},
    "RiskAssessment.prediction": {"probabilityDecimal": Decimal("12.5")},
    "TriggerDefinition": {"type": "named-event"},
    "Condition": {
        "clinicalStatus": {
            "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                "code": "resolved",
            }],
        },
    },
}  # fmt: skip
#: Elements that exclude each other: what each variant leaves out, in turn.
APART: dict[str, tuple[set[str], ...]] = {
    "Extension": (*[{"extension"}] * 50, {"value[x]"}),
    "Timing.repeat": ({"timeOfDay"}, {"when", "offset"}),
    "DataRequirement.codeFilter": ({"path"}, {"searchParam"}),
    "DataRequirement.dateFilter": ({"path"}, {"searchParam"}),
    "TriggerDefinition": (*[{"data", "condition"}] * 4, {"timing[x]"}),
    "AuditEvent.entity": ({"name"}, {"query"}),
    "Measure.group.stratifier": ({"component"}, {"code", "description", "criteria"}),
    "MeasureReport.group.stratifier.stratum": ({"component"}, {"value"}),
    "CoverageEligibilityResponse.insurance.item": ({"category"}, {"productOrService"}),
    "List": ({"emptyReason"}, {"emptyReason"}, {"entry"}),
    "List.entry": ({"date"}, {"deleted"}, set()),
}
#: Values that go with what is left out.
VARIED: dict[str, tuple[dict[str, Any], ...]] = {
    "List": ({"mode": "changes"}, {"mode": "working"}, {"mode": "snapshot"}),
    "MeasureReport": ({"type": "summary"}, {"type": "individual"}),
}
#: The least of a datatype that its rules allow, where that is more than its required elements.
LEAST: dict[str, dict[str, Any]] = {
    "Extension": {"url": "https://example.org/x", "valueString": "text"},
    "Ratio": {"numerator": {"value": 1}, "denominator": {"value": 2}},
    "Expression": {"language": "text/fhirpath", "expression": "true"},
}
Seen = set[tuple[str, str]]


def example(type_name: str, variant: int) -> tuple[dict[str, Any], Seen]:
    """A valid resource, and the (structure, element) pairs that it has."""
    seen: Seen = set()
    node = _full(_known(type_name), variant, (type_name,), seen)
    inner = {"resourceType": "Basic", "id": "inner", "code": {"text": "x"}}
    pointer = {"url": "https://example.org/inner", "valueReference": {"reference": "#inner"}}
    seen.add((type_name, "contained"))
    node["contained"] = [inner]
    node["extension"] = [*node["extension"], pointer]
    return deepcopy({"resourceType": type_name} | node), seen


def datatype(type_name: str, variant: int) -> tuple[dict[str, Any], Seen]:
    """A valid value of a datatype, and the (structure, element) pairs that it has."""
    seen: Seen = set()
    return deepcopy(_full(_known(type_name), variant, (type_name,), seen)), seen


def variants(type_name: str) -> int:
    """How many variants it takes to have every member of every choice of the type's own parts."""
    own = _own_structures(type_name)
    choices = [len(names) for each in own for _, _, names in each.choices]
    return max(*choices, *(len(APART.get(each.name, ())) for each in own), 2)


def _turn(sides: Sequence[Any], variant: int) -> Any:
    return sides[variant % len(sides)]


def _known(name: str) -> Structure:
    found = structure(name)
    assert found is not None, name
    return found


def _full(found: Structure, variant: int, inside: tuple[str, ...], seen: Seen) -> dict[str, Any]:
    left_out = _turn(APART.get(found.name, (set(),)), variant)
    fixed = FIXED.get(found.name, {}) | _turn(VARIED.get(found.name, ({},)), variant)
    passed_over = {
        name
        for stem, _, names in found.choices
        for position, name in enumerate(names)
        if position != variant % len(names) or f"{stem}[x]" in left_out
    }
    node: dict[str, Any] = {}
    for name, element in found.elements.items():
        recursive = inside.count(element.type) > 1
        if name in left_out | passed_over or recursive or name == "contained":
            continue
        seen.add((found.name, name))
        value = _one(element, variant, inside, seen)
        node[name] = fixed.get(name, [value] if element.many else value)
    return node


def _one(element: Element, variant: int, inside: tuple[str, ...], seen: Seen) -> Any:
    if element.type in PRIMITIVES:
        return min(element.codes) if element.codes else PRIMITIVE_VALUES[element.type]
    if element.codes:
        return {"coding": [{"system": element.system, "code": min(element.codes)}]}
    if element.type == "Reference":
        target = _turn(element.targets or ("Patient", "Appointment"), variant)
        return {"reference": f"{target}/1", "display": "it"}
    if element.type == "Resource":
        return {"resourceType": "Basic", "id": "b", "code": {"text": "x"}}
    found = _known(element.type)
    # Datatypes inside datatypes are kept small; each has an example of its own.
    in_datatype = any("." not in each for each in inside[1:])
    if element.type == "Extension" or (in_datatype and "." not in element.type):
        return _least(found)
    return _full(found, variant, (*inside, element.type), seen)


def _least(found: Structure) -> dict[str, Any]:
    if found.name in LEAST or found.name in FIXED:
        return LEAST.get(found.name) or FIXED[found.name]
    names = found.required or (next(each for each in found.elements if each not in _EVERYWHERE),)
    return {name: _small(found.elements[name]) for name in names}


def _small(element: Element) -> Any:
    value = (
        _least(_known(element.type))
        if element.type not in (*PRIMITIVES, "Reference")
        else _one(element, 0, ("",), set())
    )
    return [value] if element.many else value


_EVERYWHERE = ("id", "extension", "modifierExtension")


def _own_structures(type_name: str) -> list[Structure]:
    """The structure and the backbone elements below it."""
    found: list[Structure] = []
    waiting = [type_name]
    while waiting:
        each = _known(waiting.pop())
        if each not in found:
            found.append(each)
            waiting += [part.type for part in each.elements.values() if "." in part.type]
    return found
