"""Which value does one parameter of an operation have?

A `value[x]`, a resource or a text of a query, read as the declared type. Related types are taken
for one another where nothing is lost: a code for a string, a uri for a Reference, a Coding for a
CodeableConcept. FHIR R4 sections 3.2.0.1 and 2.24.0.1.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from fhir_gateway.core.refs import ID, relative
from fhir_gateway.fhir.operations import OperationParameter
from fhir_gateway.fhir.primitives import PRIMITIVES
from fhir_gateway.fhir.search_terms import split, unescape
from fhir_gateway.fhir.spec import resource_types

_TEXTS = frozenset(
    {"string", "markdown", "code", "id", "uri", "url", "canonical", "oid", "uuid", "time"}
)
_TIMES = frozenset({"date", "dateTime", "instant", "string"})
_NUMBERS = frozenset({"integer", "positiveInt", "unsignedInt", "decimal"})
_CODED = frozenset({"Coding", "CodeableConcept", "code", "string", "uri"})
_POINTING = frozenset({"Reference", "uri", "url", "canonical", "string", "id"})
#: Declared type -> the types of value[x] that are taken for it.
_TAKEN: dict[str, frozenset[str]] = {
    **dict.fromkeys(_TEXTS, _TEXTS),
    **dict.fromkeys(("date", "dateTime", "instant"), _TIMES),
    **dict.fromkeys(_NUMBERS, _NUMBERS),
    "Coding": _CODED,
    "CodeableConcept": _CODED,
    "Reference": _POINTING,
}
_BLANK_OFFSET = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")


def from_property(declared: OperationParameter, element: Mapping[str, Any]) -> Any:
    """The value of one `Parameters.parameter` whose shape has been checked.

    Args:
        declared: A parameter with a type.
        element: The parameter, with `value[x]` or `resource`.

    Raises:
        ValueError: with a sentence that says what would be right.
    """
    wanted = declared.type or ""
    if wanted in resource_types() or wanted == "Resource":
        return _resource(wanted, element)
    name = next((each for each in element if each.startswith("value")), "")
    given = _type_of(name)
    if given not in _TAKEN.get(wanted, ()) and name != _property(wanted):
        found = name or next((each for each in ("resource", "part") if each in element), "nothing")
        raise ValueError(f"it must be a {_property(wanted)}, not {found}")
    value = element[name]
    if (wanted, given) == ("CodeableConcept", "Coding"):
        return {"coding": [value]}
    if (wanted, given) == ("Coding", "CodeableConcept"):
        return _only_coding(value.get("coding", []))
    return _as(declared, value)


def from_query(declared: OperationParameter, text: str) -> Any:
    """The value of one pair of a query, still with its backslash escapes.

    Raises:
        ValueError: with a sentence that says what would be right.
    """
    wanted = declared.type or ""
    if wanted == "boolean":
        if text not in ("true", "false"):
            raise ValueError("it must be true or false")
        return text == "true"
    if wanted in _NUMBERS:
        return _fitting(wanted, _number(wanted, text))
    if wanted in _TIMES - {"string"}:
        # A '+' that the client did not percent-encode arrives as a blank.
        return _fitting(wanted, _BLANK_OFFSET.sub("+", text))
    if wanted in PRIMITIVES or wanted in _FROM_TEXT:
        return _as(declared, text)
    raise ValueError("it has no form in a query; POST a Parameters resource")


def _as(declared: OperationParameter, value: Any) -> Any:
    wanted = declared.type or ""
    if wanted == "Reference":
        return _reference(declared, value)
    if isinstance(value, str) and wanted in _FROM_TEXT:
        return _FROM_TEXT[wanted](value)
    return _fitting(wanted, value) if wanted in PRIMITIVES else value


def _resource(wanted: str, element: Mapping[str, Any]) -> Any:
    found = element.get("resource")
    kind = found.get("resourceType") if isinstance(found, dict) else None
    if kind is None or wanted not in ("Resource", kind):
        raise ValueError(f"it must be a resource of type {wanted}, not {kind or 'a value'}")
    return found


def _type_of(name: str) -> str:
    bare = name.removeprefix("value")
    lower = bare[:1].lower() + bare[1:]
    return lower if lower in PRIMITIVES else bare


def _property(type_name: str) -> str:
    return f"value{type_name[:1].upper()}{type_name[1:]}"


def _fitting(wanted: str, value: Any) -> Any:
    primitive = PRIMITIVES[wanted]
    if not primitive.fits(value):
        raise ValueError(f"'{str(value)[:60]}' is not {primitive.right}")
    return value


def _number(wanted: str, text: str) -> int | Decimal:
    pattern = _DECIMAL if wanted == "decimal" else _WHOLE
    if not pattern.fullmatch(text):
        raise ValueError(f"'{text[:60]}' is not {PRIMITIVES[wanted].right}")
    return Decimal(text) if wanted == "decimal" else int(text)


def _reference(declared: OperationParameter, value: Any) -> Any:
    text = value if isinstance(value, str) else value.get("reference")
    if text is None:
        if "identifier" in value:
            return value
        raise ValueError("a Reference needs a reference or an identifier")
    targets = declared.target_types
    if ID.fullmatch(text) and len(targets) == 1:
        return f"{targets[0]}/{text}"
    ref = relative(text)
    if ref is None and ":" not in text:
        raise ValueError(f"'{text[:60]}' is not Type/id or an absolute address")
    if ref is not None and targets and ref.type not in targets:
        raise ValueError(f"it points to {' or '.join(targets)}, not to {ref.type[:60]}")
    return text


def _coding(text: str) -> dict[str, str]:
    """`system|code`, `|code` or `code`."""
    parts = [unescape(part) for part in split(text, "|")]
    system, code = ("", *parts)[-2:]
    if len(parts) > 2 or not code:
        raise ValueError("a code is written as code or system|code")
    return {"system": system, "code": code} if system else {"code": code}


def _concept(text: str) -> dict[str, Any]:
    return {"coding": [_coding(text)]}


def _identifier(text: str) -> dict[str, str]:
    found = _coding(text)
    system = {"system": found["system"]} if "system" in found else {}
    return system | {"value": found["code"]}


def _only_coding(codings: list[dict[str, Any]]) -> dict[str, Any]:
    if len(codings) != 1:
        raise ValueError("it must be one Coding")
    return codings[0]


def _literal(text: str) -> dict[str, str]:
    return {"reference": text}


#: Complex types that have a form as text.
_FROM_TEXT: dict[str, Callable[[str], dict[str, Any]]] = {
    "Coding": _coding,
    "CodeableConcept": _concept,
    "Identifier": _identifier,
    "Reference": _literal,
}
