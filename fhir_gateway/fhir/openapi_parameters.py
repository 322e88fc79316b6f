"""What can stand in an address and in the headers, in the words of OpenAPI?

OpenAPI 3.1 (Parameter Object); FHIR R4 sections 3.1.1 (search) and 3.1.0.1 (HTTP headers).
"""

from collections.abc import Iterable
from typing import Any

from fhir_gateway.core.refs import ID
from fhir_gateway.fhir.declaration import SearchParam
from fhir_gateway.fhir.operations import OperationParameter
from fhir_gateway.fhir.search_results import MAX_COUNT

Node = dict[str, Any]

RESULTS = (
    "_count", "_sort", "_include", "_revinclude", "_total", "_summary", "_elements", "_cursor",
)  # fmt: skip
HISTORY = ("_count", "_since", "_summary", "_elements", "_cursor")

_TEXT: Node = {"type": "string"}
_REPEATED: Node = {"type": "array", "items": _TEXT}
_NUMERIC = frozenset({"integer", "positiveInt", "unsignedInt"})


def _in(place: str, name: str, text: str, schema: Node) -> Node:
    told = {"name": name, "in": place, "description": text, "schema": schema}
    return told | {"required": True} if place == "path" else told


#: By name, as others point to them.
PARAMETERS: dict[str, Node] = {
    each["name"]: each
    for each in (
        _in("path", "id", "Id of the resource", _TEXT | {"pattern": f"^{ID.pattern}$"}),
        _in("path", "vid", "Number of the version", _TEXT | {"pattern": "^[0-9]{1,9}$"}),
        _in("path", "type", "Type of the resources in the file", _TEXT),
        _in("query", "_count", "Size of a page", {"type": "integer", "minimum": 0,
                                                  "maximum": MAX_COUNT}),
        _in("query", "_sort", "Parameters to sort by, - before each that descends", _TEXT),
        _in("query", "_include", "Type:parameter whose targets come as well", _REPEATED),
        _in("query", "_revinclude", "Type:parameter that points here and comes as well",
            _REPEATED),
        _in("query", "_total", "Whether and how all are counted",
            {"enum": ["none", "estimate", "accurate"]}),
        _in("query", "_summary", "Part of each resource",
            {"enum": ["true", "text", "data", "count", "false"]}),
        _in("query", "_elements", "Elements at the root to keep, separated by commas", _TEXT),
        _in("query", "_cursor", "Where a page goes on; from its link", _TEXT),
        _in("query", "_since", "Only what has changed since then", _TEXT | {"format": "date-time"}),
        _in("query", "_format", "json or xml; overrules Accept", _TEXT),
        _in("header", "If-Match", 'The version to change: W/"3"', _TEXT),
        _in("header", "If-None-Match", "What the client has; * on a write: only if new", _TEXT),
        _in("header", "If-Modified-Since", "When the client got its version", _TEXT),
        _in("header", "If-None-Exist", "A search; only if it finds nothing", _TEXT),
        _in("header", "Prefer", "return=minimal, representation or OperationOutcome;"
            " handling=lenient", _TEXT),
    )
}  # fmt: skip


def pointed(*names: str) -> list[Node]:
    """Pointers to parameters that many share."""
    return [{"$ref": f"#/components/parameters/{each}"} for each in names]


def searched(owner: str, params: Iterable[SearchParam]) -> dict[str, Node]:
    """The search parameters of a type, by the name under which others point to them.

    Repeated they are joined by AND, with commas by OR.
    """
    return {
        f"{owner}.{each.name}": _in(
            "query", each.name, f"R4 search parameter of type {each.type}", _REPEATED
        )
        for each in params
    }


def inputs(parameters: Iterable[OperationParameter]) -> list[Node]:
    """The parameters of an operation that can stand in a query."""
    return [_input(each) for each in parameters if each.type is not None]


def _input(parameter: OperationParameter) -> Node:
    schema: Node = {"type": "integer"} if parameter.type in _NUMERIC else _TEXT
    if parameter.type == "boolean":
        schema = {"type": "boolean"}
    if parameter.max == "*":
        schema = {"type": "array", "items": schema}
    return _in("query", parameter.name, parameter.doc, schema)
