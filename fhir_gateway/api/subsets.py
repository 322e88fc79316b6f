"""Which part of a resource did the client ask for, and how is it laid out?

`_summary`, `_elements` and `_pretty`. Numbers pass through as they are written.

Source: FHIR R4 sections 3.1.1.5.8 (_summary), 3.1.1.5.9 (_elements) and 3.1.0.1.12 (_pretty).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from fhir_gateway.api.summary_elements import SUMMARY_ELEMENTS
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.search_results import Results, read_result_parameter
from fhir_gateway.fhir.spec import structure

_SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
#: Never left out: without them the rest cannot be understood.
_KEPT = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})


@dataclass(frozen=True, slots=True)
class Subset:
    """What is wanted of each resource.

    Args:
        summary: `true`, `text` or `data`; None for all.
        elements: Root elements to keep; empty for all.
    """

    summary: str | None = None
    elements: tuple[str, ...] = ()

    def of(self, type_name: str, content: bytes) -> bytes:
        """Cut a resource down and mark it as cut.

        Args:
            type_name: Of the resource.
            content: The whole of it.
        """
        tree = _loads(content)
        kept = {name: value for name, value in tree.items() if self._keeps(type_name, name)}
        meta = dict(kept.get("meta") or {})
        meta["tag"] = [*meta.get("tag", ()), _SUBSETTED]
        # The order of R4: resourceType, id, meta, then the rest.
        head = {name: kept[name] for name in ("resourceType", "id") if name in kept}
        return orjson.dumps(head | {"meta": meta} | {k: v for k, v in kept.items() if k != "meta"})

    def _keeps(self, type_name: str, name: str) -> bool:
        bare = name.removeprefix("_")
        if bare in _KEPT:
            return True
        if self.summary == "data" and not self.elements:
            return bare != "text"
        found = structure(type_name)
        if found is not None and bare in found.required:
            return True
        if bare in self.elements:
            return True
        if self.summary == "text":
            return bare == "text"
        return self.summary == "true" and bare in SUMMARY_ELEMENTS.get(type_name, "").split()


def subset(summary: str | None, elements: tuple[str, ...]) -> Subset | None:
    """The subset that a search asks for; None for whole resources."""
    return Subset(summary, elements) if summary or elements else None


def subset_of_read(type_name: str, pairs: Sequence[tuple[str, str]]) -> Subset | None:
    """The subset that a read asks for; None for the whole. Other parameters change nothing.

    Raises:
        GatewayError: invalid, for a value that a single resource cannot be cut by.
    """
    results = Results()
    for name, text in pairs:
        if name in ("_summary", "_elements"):
            try:
                results = read_result_parameter(type_name, name, text, results)
            except ValueError as error:
                message = f"Bad value for '{name}': {error}"
                raise fail(Category.INVALID, message, name, code="value") from error
    if results.summary == "count":
        raise fail(Category.INVALID, "A single resource is not counted", "_summary", code="value")
    return subset(results.summary, results.elements)


def indented(content: bytes) -> bytes:
    """Lay JSON out for people, with its numbers as they are written."""
    return orjson.dumps(_loads(content), option=orjson.OPT_INDENT_2)


def _loads(content: bytes) -> Any:
    return json.loads(content, parse_float=orjson.Fragment, parse_int=orjson.Fragment)
