"""When does a value of a resource fit what is asked for? FHIR R4 sections 3.1.1.4.4 to 3.1.1.4.13.

Texts are compared in lower case without marks; times without offset are in the zone that is given.
"""

import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Range = tuple[datetime, datetime]

BASE = "http://localhost/fhir/"
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
#: Plain codes have no system of their own; their value set implies it.
IMPLIED = ("http://hl7.org/fhir/slotstatus", "http://hl7.org/fhir/administrative-gender")


def fits(kind: str, value: Any, asked: str, modifier: str, zone: ZoneInfo) -> bool:
    """Whether a value fits one of the alternatives, which still has its backslashes."""
    return _FITS[kind](value, asked, modifier, zone)


def cut(text: str, separator: str) -> list[str]:
    """The pieces between separators that have no backslash before them."""
    hidden = text.replace(r"\\", "\ue000").replace("\\" + separator, "\ue001")
    pieces = hidden.split(separator)
    return [each.replace("\ue001", "\\" + separator).replace("\ue000", r"\\") for each in pieces]


def bare(text: str) -> str:
    """Without the backslashes that escape."""
    hidden = text.replace(r"\\", "\ue000")
    for each in ",|$":
        hidden = hidden.replace("\\" + each, each)
    return hidden.replace("\ue000", "\\")


def _id_fits(value: str, asked: str, _: str, __: ZoneInfo) -> bool:
    return value == asked


def _uri_fits(value: str, asked: str, _: str, __: ZoneInfo) -> bool:
    return value == bare(asked)


def _token_fits(value: Any, asked: str, modifier: str, _: ZoneInfo) -> bool:
    if modifier == "text":
        return any(plain(each).startswith(plain(bare(asked))) for each in texts(value))
    parts = [bare(each) for each in cut(asked, "|")]
    if modifier == "of-type":
        kinds = list(codings(value.get("type", {})))
        return value["value"] == parts[2] and (parts[0], parts[1]) in kinds
    return any(_is_code(own, parts) for own in codings(value))


def _is_code(own: tuple[str, str | None], parts: list[str]) -> bool:
    if len(parts) == 1:
        return own[1] == parts[0]
    return own[0] == parts[0] and parts[1] in ("", own[1])


def codings(value: Any) -> Iterator[tuple[str, str | None]]:
    """The (system, code) of a boolean, code, Coding, CodeableConcept, Identifier, ContactPoint."""
    if isinstance(value, bool):
        yield "", str(value).lower()
    elif isinstance(value, str):
        yield IMPLIED[value in ("male", "female", "other")], value
    elif "value" in value:
        yield value.get("system", ""), value["value"]
    else:
        for each in value.get("coding", [value] if "code" in value else []):
            yield each.get("system", ""), each.get("code")


def texts(value: Any) -> list[str]:
    """What people call a code; of an identifier, the text of its type."""
    if not isinstance(value, dict):
        return []
    named = [value.get("text"), value.get("display"), value.get("type", {}).get("text")]
    named += [each.get("display") for each in value.get("coding", [])]
    return [each for each in named if each]


def target(reference: dict[str, Any]) -> str | None:
    """Where a Reference points to: `Type/id` without a version, or a foreign address."""
    text: str | None = reference.get("reference")
    return text and text.split("/_history/")[0]


def _reference_fits(value: Any, asked: str, modifier: str, zone: ZoneInfo) -> bool:
    if modifier == "identifier":
        return _token_fits(value.get("identifier", {}), asked, "", zone)
    own, wanted = target(value), asked.removeprefix(BASE)
    if own is None:
        return False
    if "/" in wanted:
        return own == wanted
    kind, _, id_ = own.partition("/")
    return id_ == wanted and modifier in ("", kind)


def _string_fits(value: str, asked: str, modifier: str, _: ZoneInfo) -> bool:
    if modifier == "exact":
        return value == bare(asked)
    own, wanted = plain(value), plain(bare(asked))
    return wanted in own if modifier == "contains" else own.startswith(wanted)


def plain(text: str) -> str:
    """Lower case, without marks."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(each for each in parts if not unicodedata.combining(each)).lower()


def _number_fits(value: Any, asked: str, _: str, __: ZoneInfo) -> bool:
    prefix, text = prefixed(asked)
    low, high = number_range(value)
    number = Decimal(text)
    half = Decimal("0.5").scaleb(int(number.as_tuple().exponent))
    near = max(abs(number) / 10, half)
    contained = number - half <= low and high < number + half
    return {
        "eq": contained,
        "ne": not contained,
        "gt": high > number,
        "lt": low < number,
        "ge": high >= number,
        "le": low <= number,
        "sa": low > number,
        "eb": high < number,
        "ap": low <= number + near and high >= number - near,
    }[prefix]


def number_range(value: Any) -> tuple[Decimal, Decimal]:
    """From where to where a number, Quantity or Range is."""
    if not isinstance(value, dict):
        return value, value
    if "value" in value:
        return value["value"], value["value"]
    low, high = value.get("low", {}), value.get("high", {})
    return low.get("value", Decimal("-Infinity")), high.get("value", Decimal("Infinity"))


def _quantity_fits(value: Any, asked: str, modifier: str, zone: ZoneInfo) -> bool:
    number, *unit = (bare(each) for each in cut(asked, "|"))
    return _number_fits(value, number, modifier, zone) and (not unit or _has_unit(value, *unit))


def _has_unit(value: Any, system: str, code: str) -> bool:
    sides = [value, value.get("low", {}), value.get("high", {})]
    if not system:
        return any(code in (each.get("code"), each.get("unit")) for each in sides)
    return any((system, code) == (each.get("system"), each.get("code")) for each in sides)


def _composite_fits(value: list[tuple[str, list[Any]]], asked: str, _: str, zone: ZoneInfo) -> bool:
    return all(
        any(fits(kind, each, part, "", zone) for each in found)
        for (kind, found), part in zip(value, cut(asked, "$"), strict=True)
    )


def prefixed(asked: str) -> tuple[str, str]:
    """The prefix, where none is written eq, and the rest."""
    return (asked[:2], asked[2:]) if asked[:2].isalpha() else ("eq", asked)


def _date_fits(value: Any, asked: str, _: str, zone: ZoneInfo) -> bool:
    prefix, text = prefixed(asked)
    low, high = own_range(value, zone)
    first, last = written_range(text, zone)
    contained = first <= low and high <= last
    around = max(last - first, timedelta(days=1))
    return {
        "eq": contained,
        "ne": not contained,
        "gt": high > last,
        "lt": low < first,
        "ge": high > last or contained,
        "le": low < first or contained,
        "sa": low >= last,
        "eb": high <= first,
        "ap": low < last + around and high > first - around,
    }[prefix]


def own_range(value: Any, zone: ZoneInfo) -> Range:
    """From when to when a date or Period of a resource is; a time is a moment."""
    if isinstance(value, str):
        low, high = written_range(value, zone)
        return low, low + timedelta(microseconds=1) if "T" in value else high
    low = own_range(value["start"], zone)[0] if "start" in value else FIRST
    return low, own_range(value["end"], zone)[1] if "end" in value else LAST


def written_range(text: str, zone: ZoneInfo) -> Range:
    """From when to when a date is, by its precision."""
    if "T" in text:
        low = datetime.fromisoformat(text)
        low = low if low.tzinfo else low.replace(tzinfo=zone)
        low = low.astimezone(UTC)
        clock = text.partition("T")[2].rstrip("Z").partition("+")[0]
        width = {5: timedelta(minutes=1), 8: timedelta(seconds=1)}
        return low, low + width.get(len(clock), timedelta(milliseconds=1))
    year, month, day = (int(each) for each in f"{text}-01-01".split("-")[:3])
    following = {
        10: datetime(year, month, day, tzinfo=zone) + timedelta(days=1),
        7: datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone),
        4: datetime(year + 1, 1, 1, tzinfo=zone),
    }[len(text)]
    return datetime(year, month, day, tzinfo=zone).astimezone(UTC), following.astimezone(UTC)


def sort_values(kind: str, value: Any, zone: ZoneInfo) -> list[Any]:
    """What a value is sorted by."""
    return [each for each in _SORTED_BY[kind](value, zone) if each is not None]


_FITS: dict[str, Callable[[Any, str, str, ZoneInfo], bool]] = {
    "id": _id_fits,
    "token": _token_fits,
    "reference": _reference_fits,
    "string": _string_fits,
    "date": _date_fits,
    "number": _number_fits,
    "quantity": _quantity_fits,
    "uri": _uri_fits,
    "composite": _composite_fits,
}
_SORTED_BY: dict[str, Callable[[Any, ZoneInfo], list[Any]]] = {
    "id": lambda value, _: [value],
    "token": lambda value, _: [code for _, code in codings(value)],
    "reference": lambda value, _: [target(value)],
    "string": lambda value, _: [plain(value)],
    "date": lambda value, zone: [own_range(value, zone)[0]],
    "number": lambda value, _: [number_range(value)[0]],
    "quantity": lambda value, _: [number_range(value)[0]],
    "uri": lambda value, _: [value],
}
