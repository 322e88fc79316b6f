"""A stored Patient, and patches of it in three spellings."""

from typing import Any

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir import json
from fhir_gateway.fhir.patch import Patch, patched

Resource = dict[str, Any]

STORED = b"""{
  "resourceType": "Patient", "id": "ann",
  "meta": {"versionId": "3", "lastUpdated": "2026-03-02T09:00:00Z"},
  "extension": [{"url": "http://a.example/weight", "valueDecimal": 1.10}],
  "active": true,
  "name": [
    {"use": "official", "family": "Haddad", "given": ["Ann", "Mary"],
     "_given": [null, {"id": "second"}]},
    {"use": "nickname", "given": ["Annie"]}
  ],
  "telecom": [{"system": "phone", "value": "1", "rank": 1}],
  "birthDate": "1980-02-29", "_birthDate": {"id": "b"},
  "deceasedBoolean": false,
  "contact": [{"gender": "female", "name": {"family": "Nour"}}]
}"""


def stored() -> Resource:
    return json.parse(STORED)


def by_json(*operations: Any) -> Resource:
    """The stored Patient after a JSON Patch."""
    return patched(stored(), Patch("json", list(operations)))


def by_fhirpath(*parameters: Resource) -> Resource:
    """The stored Patient after a FHIRPath Patch."""
    return patched(stored(), Patch("fhirpath", a_patch(*parameters)))


def by_merge(**partial: Any) -> Resource:
    """The stored Patient under a partial resource."""
    return patched(stored(), Patch("merge", partial))


def a_patch(*parameters: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(parameters)}


def an_operation(kind: str, path: str, *parts: Resource, **values: Any) -> Resource:
    """One operation of a FHIRPath Patch.

    Args:
        kind: Its type.
        path: Its path.
        parts: Further parts, as they are.
        values: `name="contact"`, `index=1`: texts and integers as parts of that name.
    """
    named = [
        {"name": name, "valueInteger" if isinstance(value, int) else "valueString": value}
        for name, value in values.items()
    ]
    first = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    return {"name": "operation", "part": [*first, *named, *parts]}


def value(**content: Any) -> Resource:
    """The part that carries a value: `value(valueCode="male")` or `value(part=[…])`."""
    return {"name": "value"} | content


def said(error: GatewayError) -> tuple[str, tuple[str, ...]]:
    """Category of a failure and where its first issue lies."""
    return error.category.value, error.issues[0].expression
