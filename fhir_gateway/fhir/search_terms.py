"""What may stand on the right of the equals sign in a search?

One value of one search parameter, read by type. FHIR R4 sections 3.1.1.4.4 to 3.1.1.4.13.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.refs import ID, relative, to_relative
from fhir_gateway.fhir.catalogue import CATALOGUE, SearchParam, components_of
from fhir_gateway.fhir.date_ranges import EARLIEST, LATEST, date_range
from fhir_gateway.fhir.folding import fold, sound
from fhir_gateway.fhir.search_composites import filed_numbers, joined_entries
from fhir_gateway.fhir.search_values import MAX_TEXT, PHONETIC, reference_type
from fhir_gateway.fhir.spec import code_element

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
#: How far `near` looks where no distance is given, metres.
NEAR = 50_000.0
#: Units of `near`, the first where none is given.
_METRES = {"km": 1000.0, "m": 1.0, "[mi_us]": 1609.347, "[mi_i]": 1609.344}
#: `ap` widens a date by its own length on either side, by a day at least.
_AROUND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TokenValue:
    """Matches a resource that has any of these index entries."""

    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextValue:
    """Matches a resource that has an index entry that begins so (:text)."""

    entry: str


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """Matches a resource that has any of these index entries."""

    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UriValue:
    """Matches a resource that has any of these index entries."""

    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StringValue:
    """Compares folded (default: starts with; :contains) or exact (:exact)."""

    folded: str
    exact: str


@dataclass(frozen=True, slots=True)
class DateValue:
    """A prefix and the searched range [low, high) in UTC; for `ap` it is widened already."""

    prefix: str
    low: datetime
    high: datetime


@dataclass(frozen=True, slots=True)
class NumberValue:
    """A prefix, the number as written and the range [low, high) that its precision implies.

    units: any of these index entries must be there as well (quantity, composite); empty for any
    unit.
    """

    prefix: str
    low: Decimal
    high: Decimal
    exact: Decimal
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NearValue:
    """Matches a position that is at most so many metres away from this one, in degrees."""

    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class MissingValue:
    """Matches where the element is absent (True) or present (False)."""

    missing: bool


@dataclass(frozen=True, slots=True)
class IdValue:
    """Matches the resource with that logical id."""

    text: str


Value = (
    TokenValue
    | TextValue
    | ReferenceValue
    | StringValue
    | DateValue
    | NumberValue
    | NearValue
    | MissingValue
    | IdValue
    | UriValue
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a value is read with: the type searched, its parameter, the modifier, zone and base."""

    type_name: str
    param: SearchParam
    modifier: str | None
    zone: ZoneInfo
    base: str


def read_value(text: str, context: Context) -> Value:
    """Read one of the comma-separated values, still with its backslash escapes.

    Raises:
        ValueError: with a sentence that says what would be right.
    """
    if context.modifier == "missing":
        return _missing(text)
    if context.param.name == "_id":
        return _id(unescape(text))
    return _READ[context.param.type](text, context)


def split(text: str, separator: str) -> list[str]:
    """Cut at a separator that no backslash escapes; the escapes stay."""
    parts = [""]
    escaped = False
    for character in text:
        if character == separator and not escaped:
            parts.append("")
            continue
        parts[-1] += character
        escaped = character == "\\" and not escaped
    return parts


def unescape(text: str) -> str:
    """Resolve `\\,` `\\|` `\\$` and `\\\\`."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def _missing(text: str) -> MissingValue:
    if text not in ("true", "false"):
        raise ValueError("':missing' takes true or false")
    return MissingValue(text == "true")


def _id(text: str) -> IdValue:
    if not ID.fullmatch(text):
        raise ValueError("an id is up to 64 letters, digits, '-' and '.'")
    return IdValue(text)


def _token(text: str, context: Context) -> TokenValue | TextValue:
    name = context.param.name
    if context.modifier == "text":
        return TextValue(f"{name}:text|{_string(text, context).folded[:MAX_TEXT]}")
    if context.modifier == "of-type":
        parts = [unescape(part) for part in split(text, "|")]
        if len(parts) != 3 or not all(parts[1:]):
            raise ValueError("an identifier of a type is system|code|value")
        return TokenValue((f"{name}:of-type|{'|'.join(parts)}",))
    return TokenValue(_token_entries(context.param.name, text, context))


def _token_entries(name: str, text: str, context: Context) -> tuple[str, ...]:
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) > 2:
        raise ValueError("a token is code, system|code, |code or system|")
    if len(parts) == 1:
        return (f"{name}|={parts[0]}",)
    system, code = parts
    if not system and not code:
        raise ValueError("a token needs a code or a system")
    # The system of a plain code element is implied by its required value set.
    implied = code_element(context.type_name, context.param.paths[0])
    if implied is not None and system == implied.system:
        return tuple(f"{name}|={each}" for each in ([code] if code else implied.codes or ()))
    return (f"{name}|{system}|{code}",)


def _reference(text: str, context: Context) -> ReferenceValue:
    name, modifier = context.param.name, context.modifier
    if modifier == "identifier":
        return ReferenceValue(_token_entries(f"{name}:identifier", text, context))
    plain = to_relative(unescape(text), context.base)
    targets = _targets(context)
    if ID.fullmatch(plain):
        return ReferenceValue(tuple(f"{name}|{target}/{plain}" for target in targets))
    kind = reference_type(plain)
    if kind is None and ":" not in plain:
        raise ValueError("a reference is an id, Type/id or an absolute address")
    if kind is not None and (modifier or context.param.targets) and kind not in targets:
        raise ValueError(f"it points to {_listed(targets)}, not to {kind[:60]}")
    return ReferenceValue((f"{name}|{relative(plain) or plain}",))


def _targets(context: Context) -> tuple[str, ...]:
    if context.modifier:
        return (context.modifier,)
    return context.param.targets or tuple(CATALOGUE)


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join(names)


def _string(text: str, context: Context) -> StringValue:
    exact = unescape(text)
    folded = sound(exact) if context.param.name == PHONETIC else fold(exact)
    if not folded:
        raise ValueError("it needs at least one letter or digit")
    return StringValue(folded, exact)


def _uri(text: str, context: Context) -> UriValue:
    return UriValue((f"{context.param.name}|{unescape(text)}",))


_BLANK_OFFSET = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")


def _date(text: str, context: Context) -> DateValue:
    prefix, rest = _prefixed(text)
    # A '+' that the client did not percent-encode arrives as a blank.
    rest = _BLANK_OFFSET.sub("+", rest)
    try:
        low, high = date_range(rest, context.zone)
    except ValueError as error:
        raise ValueError(f"'{text[:60]}' is not a date: {error}") from error
    if prefix == "ap":
        low, high = _around(low, high)
    return DateValue(prefix, low, high)


def _around(low: datetime, high: datetime) -> tuple[datetime, datetime]:
    by = max(high - low, _AROUND)
    return (
        low - by if low - EARLIEST > by else EARLIEST,
        high + by if LATEST - high > by else LATEST,
    )


def _prefixed(text: str) -> tuple[str, str]:
    if text[:2] in PREFIXES:
        return text[:2], text[2:]
    if text[:2].isalpha():
        raise ValueError(f"the prefix '{text[:2]}' is none of {', '.join(PREFIXES)}")
    return "eq", text


def _number(text: str, _: Context) -> NumberValue:
    prefix, rest = _prefixed(text)
    exact, low, high = _implied_range(rest)
    if prefix == "ap":
        by = max(abs(exact) / 10, (high - low) / 2)
        low, high = exact - by, exact + by
    return NumberValue(prefix, low, high, exact)


_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")


def _implied_range(text: str) -> tuple[Decimal, Decimal, Decimal]:
    """100 is [99.5, 100.5), 1.10 is [1.095, 1.105), 1e2 is [50, 150)."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"'{text[:60]}' is not a number")
    try:
        exact = Decimal(text)
    except InvalidOperation as error:  # pragma: no cover - the pattern is narrower
        raise ValueError(f"'{text[:60]}' is not a number") from error
    exponent = exact.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    return exact, exact - half, exact + half


def _quantity(text: str, context: Context) -> NumberValue:
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) not in (1, 3):
        raise ValueError("a quantity is number, number|system|code or number||code")
    value = _number(parts[0], context)
    if len(parts) == 1:
        return value
    system, code = parts[1:]
    name = f"{context.param.name}:unit"
    units = (f"{name}|{system}|{code}",) if system else (f"{name}|={code}",)
    return NumberValue(value.prefix, value.low, value.high, value.exact, units)


def _near(text: str, _: Context) -> NearValue:
    parts = [unescape(part) for part in split(text, "|")]
    if not 2 <= len(parts) <= 4:
        raise ValueError("the form is latitude|longitude|distance|unit, the last two optional")
    latitude, longitude = (float(_implied_range(part)[0]) for part in parts[:2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError("a latitude is within -90 and 90, a longitude within -180 and 180")
    distance, unit = (*parts[2:], "", "")[:2]
    if (unit or "km") not in _METRES:
        raise ValueError(f"the unit '{unit[:20]}' is none of {', '.join(_METRES)}")
    if not distance:
        return NearValue(latitude, longitude, NEAR)
    metres = float(_implied_range(distance)[0]) * _METRES[unit or "km"]
    if metres < 0:
        raise ValueError("a distance is 0 or more")
    return NearValue(latitude, longitude, metres)


def _composite(text: str, context: Context) -> TokenValue | NumberValue:
    components = components_of(context.type_name, context.param)
    parts = split(text, "$")
    if len(parts) != len(components) or not all(parts):
        raise ValueError(f"the form is {'$'.join(context.param.components)}")
    values = [
        _READ[param.type](part, replace(context, param=param))
        for part, param in zip(parts, components, strict=True)
    ]
    name, last = context.param.name, values[-1]
    entries = [each.entries for each in values if isinstance(each, TokenValue)]
    if not isinstance(last, NumberValue):
        return TokenValue(tuple(joined_entries(name, components, entries)))
    beside: dict[str, list[Any]] = {unit: [] for unit in last.units or (components[-1].name,)}
    return replace(last, units=tuple(filed_numbers(name, components, entries, beside)))


_READ: dict[str, Callable[[str, Context], Value]] = {
    "token": _token,
    "reference": _reference,
    "uri": _uri,
    "string": _string,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "composite": _composite,
    "special": _near,
}
