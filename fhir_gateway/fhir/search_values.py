"""What is a resource found by?

Turns a resource into the entries that storage indexes, one set of rules for storage, subscription
matching and tests. FHIR R4 section 3.1.1.4 (search parameter types).

Token and reference entries (storage puts the tenant before them):
    `param|=code`             the code in any system; booleans, codes and plain texts too
    `param|system|code`       the code in that system
    `param|system|`           any code of that system
    `param||code`             the code without a system
    `param|Type/id`           a reference; an absolute one as it is
    `param:identifier|…`      the Reference.identifier, in the forms of a token
    `param:text|folded`       a text or display beside the code, its first 120 characters
    `param:of-type|s|c|v`     an identifier with the system and code of its type
    `param|uri`               a uri
    `param|…$…`               a composite: what its components have, without their names
    `param`                   there is a value (parameters that can have several only; the others
                              have a column)
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.refs import relative
from fhir_gateway.fhir.catalogue import CATALOGUE, META, SearchParam, components_of
from fhir_gateway.fhir.date_ranges import (
    EARLIEST,
    LATEST,
    Range,
    date_range,
    period_range,
    stored_range,
)
from fhir_gateway.fhir.folding import fold, sound
from fhir_gateway.fhir.search_composites import filed_numbers, joined_entries

__all__ = [
    "EARLIEST",
    "LATEST",
    "IndexRow",
    "date_range",
    "fold",
    "index",
    "reference_type",
    "sound",
]

_UTC = ZoneInfo("UTC")
_NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
_ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")
#: Characters of a text that are compared where it stands beside a code.
MAX_TEXT = 120
#: A parameter of that name compares how a text sounds.
PHONETIC = "phonetic"

Column = str | datetime | Decimal


@dataclass(slots=True)
class IndexRow:
    """Everything that one version of one resource is found by.

    Args:
        tokens: Entries of token, reference, uri and quantity-unit parameters, without repeats.
        strings: (parameter, folded, exact), one for each part of a name or address.
        dates: Parameter to ranges [low, high); open sides are EARLIEST and LATEST.
        numbers: Parameter to [low, high]; equal for a plain number. For a quantity that can have
            several values also its unit (`param:unit|=mg`) to those that have it; for a composite
            what is beside the number (`param:=age`). For a position [latitude, longitude].
        columns: The one value of each single-valued parameter that has one, for sorting: code,
            `Type/id`, folded text, the start of the date, the number.
    """

    tokens: list[str] = field(default_factory=list)
    strings: list[tuple[str, str, str]] = field(default_factory=list)
    dates: dict[str, list[Range]] = field(default_factory=dict)
    numbers: dict[str, list[tuple[Decimal, Decimal]]] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)


def index(type_name: str, resource: dict[str, Any], *, zone: ZoneInfo = _UTC) -> IndexRow:
    """Read all that the catalogue's parameters find in a valid resource.

    Args:
        type_name: A served type.
        resource: The resource; elements that are not valid FHIR are left out.
        zone: The tenant's zone, for dates without offset (the same as for the query).
    """
    row = IndexRow()
    for param in (*META.values(), *CATALOGUE[type_name].params):
        values = list(_values(type_name, param, resource))
        if not values:
            continue
        if param.components:
            _add_composites(row, param, _within(type_name, param), values, zone)
        else:
            _ADD[param.type](row, param, values, zone)
    row.tokens = list(dict.fromkeys(row.tokens))
    return row


def reference_type(reference: str) -> str | None:
    """The resource type that a reference names: `Type/id`, or an absolute address ending so."""
    ref = relative(reference)
    if ref is not None:
        return ref.type
    tail = reference.split("/_history/")[0].rsplit("/", 2)
    return tail[1] if len(tail) == 3 and tail[1] in CATALOGUE else None


def _values(type_name: str, param: SearchParam, resource: dict[str, Any]) -> Iterator[Any]:
    if (type_name, param.name) == ("Patient", "deceased"):
        yield bool(resource.get("deceasedDateTime") or resource.get("deceasedBoolean"))
        return
    for path in param.paths:
        first, *steps = path.split(".")
        for child in _children(resource, first, param.urls):
            if _kept(param, child):
                yield from _below(child, steps, param.urls[1:])


def _kept(param: SearchParam, first: Any) -> bool:
    if param.where is None or not isinstance(first, dict):
        return True
    name, value = param.where
    return first.get(name) == value


def _below(node: Any, steps: list[str], urls: tuple[str, ...] = ()) -> Iterator[Any]:
    if not steps:
        yield node
    elif isinstance(node, dict):
        for child in _children(node, steps[0], urls):
            yield from _below(child, steps[1:], urls[1:])


def _children(node: dict[str, Any], name: str, urls: tuple[str, ...]) -> Iterator[Any]:
    """The elements of that name; of extensions, those with the first url where there are urls."""
    for child in _each(node.get(name)):
        if not urls or (isinstance(child, dict) and child.get("url") == urls[0]):
            yield child


def _each(node: Any) -> Iterable[Any]:
    if node is None:
        return ()
    return [item for item in node if item is not None] if isinstance(node, list) else (node,)


def _add_entries(row: IndexRow, param: SearchParam, entries: list[str], column: str | None) -> None:
    if not entries:
        return
    row.tokens += entries
    _mark(row, param)
    if column is not None and not param.multiple:
        row.columns[param.name] = column


def _mark(row: IndexRow, param: SearchParam) -> None:
    if param.multiple:
        row.tokens.append(param.name)


def _add_tokens(row: IndexRow, param: SearchParam, values: list[Any], _: ZoneInfo) -> None:
    pairs = [pair for value in values for pair in _codings(value)]
    entries = [entry for pair in pairs for entry in _token_entries(param.name, *pair)]
    _add_entries(row, param, entries, next((code for _, code in pairs if code), None))
    row.tokens += [entry for value in values for entry in _beside_code(param.name, value)]


def _beside_code(name: str, value: Any) -> Iterator[str]:
    """What people call a code, and an identifier together with its type."""
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    if isinstance(kind, dict) and "value" in value:
        for system, code in _codings(kind):
            if code:
                yield f"{name}:of-type|{system or ''}|{code}|{value['value']}"
    texts = [value.get("text"), value.get("display")]
    texts += [each.get("display") for each in _each(value.get("coding")) if isinstance(each, dict)]
    texts.append(kind.get("text") if isinstance(kind, dict) else None)
    for folded in dict.fromkeys(fold(each) for each in texts if isinstance(each, str)):
        if folded:
            yield f"{name}:text|{folded[:MAX_TEXT]}"


def _codings(value: Any) -> Iterator[tuple[str | None, str | None]]:
    """The (system, code) pairs of a code, Coding, CodeableConcept, Identifier or ContactPoint."""
    if isinstance(value, bool):
        yield None, "true" if value else "false"
    elif isinstance(value, str):
        yield None, value
    elif isinstance(value, dict):
        if "coding" in value:
            for coding in _each(value["coding"]):
                yield from _codings(coding)
        elif "value" in value:
            yield value.get("system"), value["value"]
        elif "code" in value or "system" in value:
            yield value.get("system"), value.get("code")


def _token_entries(name: str, system: str | None, code: str | None) -> Iterator[str]:
    if code:
        yield f"{name}|={code}"
        yield f"{name}|{system or ''}|{code}"
    if system:
        yield f"{name}|{system}|"


def _add_references(row: IndexRow, param: SearchParam, values: list[Any], _: ZoneInfo) -> None:
    entries: list[str] = []
    column = None
    for value in values:
        element: dict[str, Any] = {"reference": value} if isinstance(value, str) else value
        text = element.get("reference")
        if not _names_type(param, reference_type(text or "") or element.get("type")):
            continue
        if text:
            target = str(relative(text) or text)
            column = column or target
            entries.append(f"{param.name}|{target}")
        if isinstance(element.get("identifier"), dict):
            entries += _identifier_entries(param.name, element["identifier"])
    _add_entries(row, param, entries, column)


def _names_type(param: SearchParam, kind: str | None) -> bool:
    return kind is None or not param.targets or kind in param.targets


def _identifier_entries(name: str, identifier: dict[str, Any]) -> Iterator[str]:
    return _token_entries(f"{name}:identifier", identifier.get("system"), identifier.get("value"))


def _add_uris(row: IndexRow, param: SearchParam, values: list[Any], _: ZoneInfo) -> None:
    texts = [value for value in values if isinstance(value, str)]
    _add_entries(
        row, param, [f"{param.name}|{text}" for text in texts], texts[0] if texts else None
    )


def _add_strings(row: IndexRow, param: SearchParam, values: list[Any], _: ZoneInfo) -> None:
    change: Callable[[str], str] = sound if param.name == PHONETIC else fold
    parts = [part for value in values for part in _parts(value)]
    rows = [(param.name, change(part), part) for part in dict.fromkeys(parts)]
    row.strings += rows
    if not rows:
        return
    _mark(row, param)
    if not param.multiple:
        row.columns[param.name] = rows[0][1]


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name in dict.fromkeys((*_NAME_PARTS, *_ADDRESS_PARTS)):
            yield from (part for part in _each(value.get(name)) if isinstance(part, str))


def _add_dates(row: IndexRow, param: SearchParam, values: list[Any], zone: ZoneInfo) -> None:
    ranges = [found for value in values if (found := _date_range(value, zone)) is not None]
    if not ranges:
        return
    row.dates[param.name] = ranges
    _mark(row, param)
    if not param.multiple:
        row.columns[param.name] = ranges[0][0]


def _date_range(value: Any, zone: ZoneInfo) -> Range | None:
    try:
        if isinstance(value, str):
            return stored_range(value, zone)
        if isinstance(value, dict):
            return _timing_range(value, zone) or period_range(value, zone)
    except (ValueError, TypeError):
        return None
    return None


def _timing_range(timing: dict[str, Any], zone: ZoneInfo) -> Range | None:
    bounds = (timing.get("repeat") or {}).get("boundsPeriod")
    ranges = [stored_range(event, zone) for event in timing.get("event", ())]
    if bounds and (found := period_range(bounds, zone)):
        ranges.append(found)
    if not ranges:
        return None
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _add_numbers(row: IndexRow, param: SearchParam, values: list[Any], _: ZoneInfo) -> None:
    ranges = [found for value in values if (found := _number_range(value)) is not None]
    if param.type == "quantity":
        row.tokens += [entry for value in values for entry in _unit_entries(param.name, value)]
    if not ranges:
        return
    row.numbers[param.name] = ranges
    if param.type == "quantity" and param.multiple:
        _add_by_unit(row, param, values)
    _mark(row, param)
    if not param.multiple:
        row.columns[param.name] = ranges[0][0]


def _add_position(row: IndexRow, param: SearchParam, values: list[Any], _: ZoneInfo) -> None:
    for value in values:
        latitude, longitude = (_number_range(value.get(x)) for x in ("latitude", "longitude"))
        if latitude and longitude:
            row.numbers[param.name] = [(latitude[0], longitude[0])]
            row.columns[param.name] = latitude[0]


def _add_by_unit(row: IndexRow, param: SearchParam, values: list[Any]) -> None:
    for value in values:
        found = _number_range(value)
        if found is not None:
            for entry in dict.fromkeys(_unit_entries(param.name, value)):
                row.numbers.setdefault(entry, []).append(found)


def _number_range(value: Any) -> tuple[Decimal, Decimal] | None:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value), Decimal(value)
    if not isinstance(value, dict):
        return None
    if "value" in value:
        return _number_range(value["value"])
    low, high = (_number_range(value.get(side)) for side in ("low", "high"))
    if low is None and high is None:
        return None
    return low[0] if low else Decimal("-Infinity"), high[0] if high else Decimal("Infinity")


def _unit_entries(name: str, value: Any) -> Iterator[str]:
    for each in (value, value.get("low") or {}, value.get("high") or {}):
        yield from _token_entries(f"{name}:unit", each.get("system"), each.get("code"))
        if each.get("unit") and each.get("unit") != each.get("code"):
            yield f"{name}:unit|={each['unit']}"


def _within(type_name: str, param: SearchParam) -> list[SearchParam]:
    """The components of a composite as seen from its element."""
    begin = f"{param.paths[0]}."
    return [
        replace(each, paths=tuple(path.removeprefix(begin) for path in each.paths), multiple=True)
        for each in components_of(type_name, param)
    ]


def _add_composites(
    row: IndexRow, param: SearchParam, within: list[SearchParam], values: list[Any], zone: ZoneInfo
) -> None:
    for element in values:
        parts = [IndexRow() for _ in within]
        for part, component in zip(parts, within, strict=True):
            _ADD[component.type](part, component, list(_values("", component, element)), zone)
        entries = [part.tokens for part in parts]
        row.tokens += joined_entries(param.name, within, entries)
        filed = filed_numbers(param.name, within, entries[:-1], parts[-1].numbers)
        for key, ranges in filed.items():
            row.numbers.setdefault(key, []).extend(ranges)


_ADD: dict[str, Callable[[IndexRow, SearchParam, list[Any], ZoneInfo], None]] = {
    "token": _add_tokens,
    "reference": _add_references,
    "uri": _add_uris,
    "string": _add_strings,
    "date": _add_dates,
    "number": _add_numbers,
    "quantity": _add_numbers,
    "special": _add_position,
}
