"""Which values may stand for a FHIR primitive?"""

from decimal import Decimal
from typing import Any

import pytest

from fhir_gateway.fhir.primitives import PRIMITIVES, kind_of
from tests.fhir.examples import DIV, PRIMITIVE_VALUES

UUID = "urn:uuid:c757873d-ec9a-5326-a141-556f43239520"
RIGHT: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [0, -2147483648, 2147483647],
    "unsignedInt": [0, 2147483647],
    "positiveInt": [1, 2147483647],
    "decimal": [0, -1, Decimal("1.10"), Decimal("1E+2"), 1.5],
    "string": [" ", "x", "\u00a0", "ä", "a\nb"],
    "markdown": ["# x"],
    "code": ["a", "a b", "-", "+"],
    "id": ["a", "A-1.b", "x" * 64],
    "uri": ["x", "urn:a", "http://x/y?z#q", "#a"],
    "url": ["http://x", "mailto:a@b", "mllp:x", "Binary/1"],
    "canonical": ["http://x|1.0#y"],
    "oid": ["urn:oid:1.2", "urn:oid:2.16.840.1.113883"],
    "uuid": [UUID],
    "date": ["2026", "2026-12", "2026-12-31", "2024-02-29", "0001-01-01"],
    "dateTime": ["2026", "2026-02-28", "2026-12-01T00:00:00Z", "2016-12-31T23:59:60.5-05:00"],
    "instant": ["2026-12-01T00:00:00Z", "2026-12-01T00:00:00.123456+14:00"],
    "time": ["00:00:00", "23:59:60", "12:00:00.5"],
    "base64Binary": ["AAAA", "AA==", "AAA=", "AA AA\r\nAAAA", "+/+/"],
    "xhtml": [
        DIV,
        '<div xmlns="http://www.w3.org/1999/xhtml"><img src="#a"/></div>',
        '<div lang="ar" xmlns="http://www.w3.org/1999/xhtml">موعد</div>',
        '<div xmlns="http://www.w3.org/1999/xhtml">once = 3 &lt; 4</div>',
    ],
}
_XMLNS = '<div xmlns="http://www.w3.org/1999/xhtml">'
WRONG: dict[str, list[Any]] = {
    "integer": [2147483648, -2147483649, Decimal("1.0")],
    "unsignedInt": [-1, Decimal(1)],
    "positiveInt": [0, -1],
    "decimal": [Decimal("NaN"), float("inf")],
    "string": ["", "x" * (1024 * 1024 + 1)],
    "markdown": [""],
    "code": ["", " a", "a ", "a  b", "a\n"],
    "id": ["", "a_b", "x" * 65, "a/b", "ä"],
    "uri": ["", "a b", "a\n"],
    "url": ["", "a b"],
    "canonical": ["", "a b"],
    "oid": ["1.2.3", "urn:oid:3.1", "urn:oid:1.02"],
    "uuid": [UUID.upper(), UUID[9:], UUID + "0"],
    "date": ["26", "2026-13", "2026-00", "2026-02-29", "2026-04-31", "0000"],
    "dateTime": ["2026-12-01T00:00:00", "2026-12-01T24:00:00Z", "2026-12-01T00:00Z", "2026-02-30"],
    "instant": ["2026-12-01", "2026-12-01T00:00:00", "2026-12-01T00:00:00+14:30"],
    "time": ["24:00:00", "09:00", "09:00:00Z"],
    "base64Binary": ["", " ", "A", "AAA", "A===", "AAAA=", "ä==="],
    "xhtml": [
        "text",
        "<div>no namespace</div>",
        _XMLNS + "</div>",
        _XMLNS + "<p> </p></div>",
        _XMLNS + "<script>x()</script></div>",
        _XMLNS + "<p onclick='x()'>x</p></div>",
        _XMLNS + "<a href='javascript:x()'>x</a></div>",
        _XMLNS + "<a href='&#106;avascript:x()'>x</a></div>",
        _XMLNS + "<iframe src='x'/>x</div>",
        _XMLNS + "<form>x</form></div>",
        "<!DOCTYPE html>" + _XMLNS + "x</div>",
        _XMLNS + "x",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values]
)
def test_a_right_value_fits(name: str, value: Any) -> None:
    assert kind_of(value) == PRIMITIVES[name].kind
    assert PRIMITIVES[name].fits(value)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_does_not_fit(name: str, value: Any) -> None:
    assert not PRIMITIVES[name].fits(value)


@pytest.mark.parametrize("filler", ["<", "< ", " ", "<a href= ", "<a", "</div> ", "&#"])
def test_a_hostile_narrative_is_judged_at_once(filler: str) -> None:
    assert not PRIMITIVES["xhtml"].fits(_XMLNS + filler * 200_000)


def test_every_primitive_has_right_and_wrong_values_here() -> None:
    assert set(RIGHT) == set(PRIMITIVES)
    assert set(WRONG) == set(PRIMITIVES) - {"boolean"}
    assert set(PRIMITIVE_VALUES) == set(PRIMITIVES)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"), (True, "boolean"), ("", "string"), (1, "number"), (Decimal(1), "number"),
        (1.0, "number"), ([], "array"), ({}, "object"),
    ],
)  # fmt: skip
def test_a_value_has_the_kind_that_json_gives_it(value: Any, kind: str) -> None:
    assert kind_of(value) == kind
