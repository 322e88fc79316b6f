"""Which bytes does the gateway accept as JSON, and how are they written again?

A gate before anything reads the tree: FHIR R4 section 2.6.2 (JSON) plus the rules that general
parsers leave open (duplicate keys, NUL, lone surrogates, NaN, depth). Decimals keep their digits.
"""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn, Self

import orjson

from fhir_gateway.core.errors import Category, GatewayError, fail

MAX_DEPTH = 64
MAX_TOKENS = 100_000
#: Characters of a whole number that is an int.
MAX_WHOLE = 18
#: Longer numbers have no meaning in FHIR and are slow to work with.
MAX_DIGITS = 64
MAX_EXPONENT = 100

# Possessive, so that an unterminated string costs one pass.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_STRUCTURE = bytes(set(range(256)) - set(b"{}[],"))
_NOT_BRACKETS = b","
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class Written(Decimal):
    """A number that Python would write with other digits than it was written with.

    `1.0E2` (1.0E+2), `0.0000001` (1E-7): its text is that of the client.
    """

    __slots__ = ("_text",)
    _text: str

    def __new__(cls, text: str) -> Self:
        found = super().__new__(cls, text)
        found._text = text
        return found

    def __str__(self) -> str:
        return self._text

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self


def parse(body: bytes, *, what: str = "body", most: int = MAX_TOKENS) -> dict[str, Any]:
    """Read one JSON object.

    Args:
        body: The bytes as received.
        what: What the bytes are, for the message (`body`, `entry`).
        most: Brackets and commas that it may have.

    Returns:
        The tree; numbers with a fraction, an exponent or more than 18 digits, and -0, are Decimal.

    Raises:
        GatewayError: invalid, saying what is wrong; too-costly above that many tokens.
    """
    tree = _tree(body, what, most)
    if not isinstance(tree, dict):
        raise _refuse(what, "is not a JSON object")
    return tree


def parse_array(body: bytes, *, what: str = "body") -> list[Any]:
    """Read one JSON array, by the same rules as `parse`."""
    tree = _tree(body, what, MAX_TOKENS)
    if not isinstance(tree, list):
        raise _refuse(what, "is not a JSON array")
    return tree


def _tree(body: bytes, what: str, most: int) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refuse(what, f"is not UTF-8 (byte {error.start})") from error
    if text.startswith("\ufeff"):
        raise _refuse(what, "starts with a byte order mark")
    _check_structure(body, what, most)
    tree = _load(text, what)
    if _SUSPICIOUS.search(body):
        _check_texts(tree, what)
    return tree


def number(text: str) -> int | Decimal:
    """Read a JSON number so that it is written again as it was.

    Args:
        text: Of the grammar of JSON.

    Raises:
        ValueError: for one that is too long or too large, with what is wrong with it.
    """
    if len(text) <= MAX_WHOLE and text != "-0" and text.removeprefix("-").isdigit():
        return int(text)
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of more than {MAX_DIGITS} characters")
    value = Decimal(text)
    if abs(value.adjusted()) > MAX_EXPONENT:
        raise ValueError(f"a number beyond 10 to the {MAX_EXPONENT}")
    return value if str(value) == text else Written(text)


def dump(resource: Any) -> bytes:
    """Write compact UTF-8 JSON; a Decimal keeps its digits (1.10 stays 1.10).

    Raises:
        TypeError: a value that JSON does not know.
    """
    return orjson.dumps(resource, default=_number)


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value).encode())
    raise TypeError(f"{type(value).__name__} is not JSON")


def _refuse(what: str, why: str) -> GatewayError:
    return fail(Category.INVALID, f"The {what} {why}", code="structure")


def _load(text: str, what: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=_read_number,
            parse_int=_read_number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise _refuse(what, f"is not JSON: {error.msg} at {where}") from error
    except _RefusedError as error:
        raise _refuse(what, str(error)) from error
    except RecursionError as error:  # pragma: no cover - the depth check comes first
        raise _refuse(what, f"is nested deeper than {MAX_DEPTH}") from error


class _RefusedError(Exception):
    """Raised inside the parser's hooks, where the name of the body is not known."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _RefusedError(f"has the property '{_shown(name)}' twice in one object")
        seen.add(name)
    raise AssertionError("unreachable")  # pragma: no cover


def _read_number(text: str) -> int | Decimal:
    try:
        return number(text)
    except ValueError as error:
        raise _RefusedError(f"has {error}") from error


def _constant(text: str) -> NoReturn:
    raise _RefusedError(f"has {text}, which is not a JSON number")


def _check_structure(body: bytes, what: str, most: int) -> None:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH and len(body) < most:
        return
    structure = _STRING.sub(b"", body).translate(None, _NOT_STRUCTURE)
    if len(structure) > most:
        raise fail(
            Category.TOO_COSTLY,
            f"The {what} has more than {most} elements",
        )
    depth = 0
    for byte in structure.translate(None, _NOT_BRACKETS):
        depth += 1 if byte in b"{[" else -1
        if depth > MAX_DEPTH:
            raise _refuse(what, f"is nested deeper than {MAX_DEPTH}")


def _check_texts(node: Any, what: str) -> None:
    if isinstance(node, str):
        if "\0" in node:
            raise _refuse(what, "contains the character NUL")
        if any("\ud800" <= character <= "\udfff" for character in node):
            raise _refuse(what, "contains half of a surrogate pair")
    elif isinstance(node, dict):
        for name, child in node.items():
            _check_texts(name, what)
            _check_texts(child, what)
    elif isinstance(node, list):
        for child in node:
            _check_texts(child, what)


def _shown(text: str) -> str:
    return text[:60].encode("utf-8", "replace").decode()
