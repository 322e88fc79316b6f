"""Which bytes are read as JSON, and do they come out as they went in?"""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.fhir import json


def _nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"\xff{}", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a":1,"a":2}', "'a' twice"),
        (b'{"a":{"b":1,"b":1}}', "'b' twice"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":Infinity}', "Infinity"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b'{"a":"x\\u0000y"}', "NUL"),
        (b'{"a\\u0000":1}', "NUL"),
        (b'{"a":"\x00"}', "not JSON"),
        (b'{"a":"\\ud83d"}', "surrogate"),
        (b'{"a":["\\ude00"]}', "surrogate"),
        (b'{"a":1e101}', "beyond 10 to the 100"),
        (b'{"a":' + b"1" * 65 + b"}", "more than 64 characters"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b"{'a':1}", "not JSON"),
        (_nested(json.MAX_DEPTH + 1), "deeper than 64"),
        (b'{"a":"' + b'\\"[' * 70 + b'"' + b"," * 3, "not JSON"),
    ],
)
def test_bytes_that_general_parsers_let_pass_are_refused(body: bytes, says: str) -> None:
    with pytest.raises(GatewayError, match="body") as caught:
        json.parse(body)
    assert caught.value.category is Category.INVALID
    assert says in str(caught.value)
    assert caught.value.issues[0].code == "structure"


def test_the_message_names_what_was_read_and_where_it_broke() -> None:
    with pytest.raises(GatewayError, match=r"The entry is not JSON.*line 2 column 4"):
        json.parse(b'{\n"a"', what="entry")


def test_a_body_of_very_many_elements_is_too_costly() -> None:
    body = b'{"a":[' + b",".join([b"1"] * (json.MAX_TOKENS + 1)) + b"]}"
    with pytest.raises(GatewayError) as caught:
        json.parse(body)
    assert caught.value.category is Category.TOO_COSTLY


def test_nesting_to_the_limit_is_read() -> None:
    assert json.parse(_nested(json.MAX_DEPTH))["a"]


def test_brackets_in_texts_are_no_nesting() -> None:
    body = b'{"a":"' + b"[" * 500 + b'"}'
    assert json.parse(body) == {"a": "[" * 500}


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert json.parse(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


@pytest.mark.parametrize(
    "text",
    [
        "1.10", "0.00", "-0.5", "100.000", "1E+2", "12345678901234567890", "0.1234567890123456789",
        "1.0E2", "1e-7", "0.0000001", "-0", "-0.0", "999999999999999999", "1.0e0",
    ],
)  # fmt: skip
def test_a_decimal_keeps_its_digits(text: str) -> None:
    body = b'{"value":' + text.encode() + b"}"
    tree = json.parse(body)
    assert tree == {"value": Decimal(text)}
    assert json.dump(tree) == json.dump(deepcopy(tree)) == body


def test_a_small_whole_number_is_an_int() -> None:
    assert json.parse(b'{"a":7}') == {"a": 7}


def test_what_json_does_not_know_is_not_written() -> None:
    with pytest.raises(TypeError):
        json.dump({"a": object()})
    with pytest.raises(TypeError):
        json.dump({"a": Decimal("NaN")})


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9
    )
    | _TEXT
)
_TREES = st.dictionaries(
    _TEXT,
    st.recursive(
        _LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    ),
    max_size=5,
)


@given(_TREES)
def test_what_is_written_is_read_again_as_the_same(tree: dict[str, Any]) -> None:
    assert json.parse(json.dump(tree)) == tree


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_nothing_else(body: bytes) -> None:
    try:
        found: Any = json.parse(body)
    except GatewayError as error:
        found = {error.category: error}
    assert isinstance(found, dict)
