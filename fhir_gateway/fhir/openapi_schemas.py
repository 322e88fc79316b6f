"""What shape has a resource, in the words of JSON Schema?

The elements at the root of each type, from the table of R4; what is in datatypes is R4's own
business, and checked by `fhir.validation`. OpenAPI 3.1 (JSON Schema); FHIR R4 section 2.6.2.
"""

from collections.abc import Iterable
from typing import Any

from fhir_gateway.fhir.primitives import PRIMITIVES
from fhir_gateway.fhir.spec import Element, structure

Schema = dict[str, Any]

#: What is exchanged beside the served types.
ENVELOPES = ("Bundle", "OperationOutcome", "Parameters")
_NUMBERS = {"integer": "integer", "unsignedInt": "integer", "positiveInt": "integer"}
_LEAST = {"unsignedInt": 0, "positiveInt": 1}
_KINDS = {"string": "string", "number": "number", "boolean": "boolean"}


def named(name: str) -> Schema:
    """A pointer to the schema of a type."""
    return {"$ref": f"#/components/schemas/{name}"}


def schemas(types: Iterable[str]) -> dict[str, Schema]:
    """Schemas by name: of these types, of the envelopes, and of any resource.

    Args:
        types: Resource types; those that are not in the table are known by their name only.
    """
    shapes = {name: _shape(name) for name in (*types, *ENVELOPES)}
    outcome = shapes["OperationOutcome"]["properties"]["issue"]
    outcome["items"] |= {"required": ["severity", "code", "diagnostics"], "properties": _ISSUE}
    return shapes | {"Resource": {"type": "object", "required": ["resourceType"]}}


_ISSUE: dict[str, Schema] = {
    "severity": {"enum": ["fatal", "error", "warning", "information"]},
    "code": {"type": "string", "minLength": 1},
    "diagnostics": {"type": "string", "minLength": 1},
    "expression": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
}


def _shape(name: str) -> Schema:
    found = structure(name)
    properties: dict[str, Schema] = {"resourceType": {"const": name}}
    if found is None:
        return {"type": "object", "required": ["resourceType"], "properties": properties}
    for element in found.elements.values():
        properties[element.name] = _listed(element)
        if element.type in PRIMITIVES:
            properties[f"_{element.name}"] = {}
    # A required primitive may be given by an extension alone; objects may not.
    required = [each for each in found.required if found.elements[each].type not in PRIMITIVES]
    return {
        "type": "object",
        "required": ["resourceType", *required],
        "properties": properties,
        "additionalProperties": False,
    }


def _listed(element: Element) -> Schema:
    one = _one(element)
    if not element.many:
        return one
    # A list of primitives has gaps where an extension stands beside it.
    items = {"anyOf": [one, {"type": "null"}]} if element.type in PRIMITIVES else one
    return {"type": "array", "minItems": 1, "items": items}


def _one(element: Element) -> Schema:
    primitive = PRIMITIVES.get(element.type)
    if primitive is None:
        return {"type": "object", "minProperties": 1}
    shape: Schema = {"type": _NUMBERS.get(element.type) or _KINDS[primitive.kind]}
    if element.type in _LEAST:
        shape["minimum"] = _LEAST[element.type]
    if element.codes and element.type == "code":
        shape["enum"] = sorted(element.codes)
    elif primitive.kind == "string":
        shape["minLength"] = 1
    return shape
