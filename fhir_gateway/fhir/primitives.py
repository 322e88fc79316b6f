"""Which JSON values may stand for a FHIR primitive?

FHIR R4 section 2.24.0.1 (primitive types, with their regular expressions) and 2.6.2.2 (JSON).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any, Literal

from fhir_gateway.core.refs import ID

Kind = Literal["string", "number", "boolean"]

MAX_STRING = 1024 * 1024
MAX_INT = 2**31 - 1

_CODE = re.compile(r"[^\s]+(\s[^\s]+)*")
_URI = re.compile(r"\S+")
_OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+")
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_YEAR = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DAY = rf"{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_OFFSET = r"(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE = re.compile(rf"{_YEAR}(-(0[1-9]|1[0-2]))?|{_DAY}")
_DATE_TIME = re.compile(rf"{_YEAR}(-(0[1-9]|1[0-2]))?|{_DAY}(T{_TIME}{_OFFSET})?")
_INSTANT = re.compile(rf"{_DAY}T{_TIME}{_OFFSET}")
_CLOCK = re.compile(_TIME)
_BASE64 = re.compile(r"(?:[0-9a-zA-Z+/]{4})*(?:[0-9a-zA-Z+/]{2}==|[0-9a-zA-Z+/]{3}=)?")
_BLANKS = re.compile(r"\s+")
_DIV = re.compile(r"\s*<div\s[^>]*>(.*)</div>\s*", re.DOTALL)
_XHTML = re.compile(r"""xmlns=["']http://www\.w3\.org/1999/xhtml["']""")
_TAG = re.compile(r"<[^<>]*>")
_COMMENT = re.compile(r"<!--(?!-?>)(?:(?!--).)*+-->", re.DOTALL)
#: txt-1: text and layout only; nothing that runs, loads or asks.
_ACTIVE_ELEMENT = re.compile(
    r"<!|<\?|<\s*(?:/\s*)?(script|iframe|object|embed|form|input|button|base|link|meta|style|head"
    r"|body|html|frame|applet)\b",
    re.IGNORECASE,
)
_ACTIVE_ATTRIBUTE = re.compile(
    r"\son[a-z]+\s*=|(href|src)\s*=\s*(?:[\"']\s*)?(javascript|vbscript):", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Primitive:
    """One primitive type.

    Args:
        kind: The kind of JSON value.
        right: What would be right, to go on after "must be".
        fits: Whether a value of that kind is one.
    """

    kind: Kind
    right: str
    fits: Callable[[Any], bool]


def kind_of(value: Any) -> str:
    """The JSON kind of a parsed value: object, array, string, number, boolean or null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | Decimal | float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def _matching(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        return pattern.fullmatch(text) is not None

    return fits


def _is_text(text: str) -> bool:
    return 0 < len(text) <= MAX_STRING


def _real_day(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        if pattern.fullmatch(text) is None:
            return False
        if len(text) < 10 or int(text[8:10]) <= 28:
            return True
        try:
            date(int(text[:4]), int(text[5:7]), int(text[8:10]))
        except ValueError:
            return False
        return True

    return fits


def _whole(low: int, high: int = MAX_INT) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return isinstance(value, int) and low <= value <= high

    return fits


def _is_decimal(value: Any) -> bool:
    return isinstance(value, int) or Decimal(value).is_finite()


def _is_base64(text: str) -> bool:
    bare = _BLANKS.sub("", text)
    return bool(bare) and _BASE64.fullmatch(bare) is not None


def _is_xhtml(narrative: str) -> bool:
    text = _COMMENT.sub("", narrative)
    match = _DIV.fullmatch(text)
    if match is None or not _XHTML.search(text[: match.start(1)]) or _ACTIVE_ELEMENT.search(text):
        return False
    if any(_ACTIVE_ATTRIBUTE.search(unescape(tag)) for tag in _TAG.findall(text)):
        return False
    # txt-2: something to see.
    return bool(_TAG.sub("", match[1]).strip()) or "<img" in match[1]


def _uri(what: str) -> Primitive:
    return Primitive("string", f"{what} without blanks", _matching(_URI))


#: R4 primitive types by name.
PRIMITIVES: dict[str, Primitive] = {
    "boolean": Primitive("boolean", "true or false", lambda _: True),
    "integer": Primitive("number", "a whole number of 32 bits", _whole(-MAX_INT - 1)),
    "unsignedInt": Primitive("number", "a whole number from 0 to 2147483647", _whole(0)),
    "positiveInt": Primitive("number", "a whole number from 1 to 2147483647", _whole(1)),
    "decimal": Primitive("number", "a decimal number", _is_decimal),
    "string": Primitive("string", "text of 1 to 1048576 characters", _is_text),
    "markdown": Primitive("string", "markdown of 1 to 1048576 characters", _is_text),
    "code": Primitive("string", "a code without blanks at either end", _matching(_CODE)),
    "id": Primitive("string", "1 to 64 letters, digits, '-' and '.'", _matching(ID)),
    "uri": _uri("a URI"),
    "url": _uri("a URL"),
    "canonical": _uri("a canonical address"),
    "oid": Primitive("string", "an OID as urn:oid:1.2.3", _matching(_OID)),
    "uuid": Primitive("string", "a UUID as urn:uuid: in small letters", _matching(_UUID)),
    "date": Primitive("string", "a date: YYYY, YYYY-MM or YYYY-MM-DD", _real_day(_DATE)),
    "dateTime": Primitive(
        "string",
        "a date (YYYY, YYYY-MM, YYYY-MM-DD) or a time with offset, YYYY-MM-DDThh:mm:ss+hh:mm",
        _real_day(_DATE_TIME),
    ),
    "instant": Primitive(
        "string", "a time with offset, YYYY-MM-DDThh:mm:ss+hh:mm or …Z", _real_day(_INSTANT)
    ),
    "time": Primitive("string", "a time of day, hh:mm:ss", _matching(_CLOCK)),
    "base64Binary": Primitive("string", "base64", _is_base64),
    "xhtml": Primitive(
        "string",
        'a <div xmlns="http://www.w3.org/1999/xhtml"> with text, and nothing that runs or loads',
        _is_xhtml,
    ),
}
