"""Is a bad input of an operation refused where it is, with what would be right?"""

from typing import Any

import pytest

from fhir_gateway.core.errors import Category
from tests.fhir.builders import a_slot
from tests.fhir.operations import START, a_body, read_refusal

_WHERE = "Parameters.parameter[1]"


@pytest.mark.parametrize(
    ("parameter", "code", "where", "says"),
    [
        (
            {"name": "nonsense", "valueString": "x"},
            "not-supported",
            _WHERE,
            "Valid are: start, patient",
        ),
        (
            {"name": "conflict", "valueString": "x"},
            "not-supported",
            _WHERE,
            "no parameter 'conflict'",
        ),
        (
            {"name": "duration", "valueString": "30"},
            "value",
            _WHERE,
            "must be a valuePositiveInt, not valueString",
        ),
        ({"name": "duration", "valueInteger": 0}, "value", _WHERE, "whole number from 1"),
        ({"name": "explain", "valueString": "true"}, "value", _WHERE, "must be a valueBoolean"),
        ({"name": "start", "valueDateTime": START}, "structure", _WHERE, "1 times at most"),
        (
            {"name": "patient", "valueReference": {"reference": "Practitioner/1"}},
            "value",
            _WHERE,
            "points to Patient",
        ),
        (
            {"name": "patient", "valueReference": {"display": "x"}},
            "value",
            _WHERE,
            "needs a reference or an identifier",
        ),
        ({"name": "actor", "valueString": "7"}, "value", _WHERE, "not Type/id"),
        (
            {"name": "patient", "resource": a_slot()},
            "value",
            _WHERE,
            "must be a valueReference, not resource",
        ),
        (
            {"name": "appointment", "resource": a_slot()},
            "value",
            _WHERE,
            "of type Appointment, not Slot",
        ),
        ({"name": "appointment", "valueString": "x"}, "value", _WHERE, "of type Appointment"),
        ({"name": "class", "valueCodeableConcept": {"text": "x"}}, "value", _WHERE, "one Coding"),
        ({"name": "day", "valueDateTime": START}, "value", _WHERE, "is not a date"),
        ({"name": "weight", "valueString": "x"}, "value", _WHERE, "it has parts"),
        (
            {"name": "weight", "part": [{"name": "code", "valueCode": "x"}]},
            "required",
            f"{_WHERE}.part",
            "'value' is missing",
        ),
        (
            {
                "name": "weight",
                "part": [{"name": "code", "valueCode": "x"}, {"name": "value", "valueString": "x"}],
            },
            "value",
            f"{_WHERE}.part[1]",
            "must be a valueDecimal",
        ),
        ({"name": "start"}, "invariant", _WHERE, "inv-1"),
        (
            {"name": "duration", "valuePositiveInt": "x"},
            "structure",
            f"{_WHERE}.valuePositiveInt",
            "whole number",
        ),
    ],
)
def test_a_bad_posted_parameter_is_refused_where_it_is(
    parameter: dict[str, Any], code: str, where: str, says: str
) -> None:
    error = read_refusal(a_body(parameter))
    assert error is not None
    assert error.category is Category.INVALID
    assert [(each.code, each.expression) for each in error.issues] == [(code, (where,))]
    assert says in str(error)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("nonsense", "x", "Valid are: start, patient"),
        ("duration", "30.5", "whole number from 1"),
        ("duration", "0", "whole number from 1"),
        ("share", "much", "a decimal number"),
        ("explain", "yes", "true or false"),
        ("patient", "Practitioner/1", "points to Patient"),
        ("service-type", "a|b|c", "code or system|code"),
        ("service-type", "urn:a|", "code or system|code"),
        ("day", "tomorrow", "is not a date"),
        ("window", "2026", "POST a Parameters resource"),
        ("weight", "x", "POST a Parameters resource"),
        ("appointment", "x", "POST a Parameters resource"),
    ],
)
def test_a_bad_pair_is_refused_by_its_name(name: str, text: str, says: str) -> None:
    error = read_refusal(None, ("start", START), (name, text))
    assert error is not None
    assert [each.expression for each in error.issues] == [(name,)]
    assert says in str(error)


@pytest.mark.parametrize(
    ("body", "where"), [(None, "start"), (a_body(start=False), "Parameters.parameter")]
)
def test_a_missing_parameter_is_asked_for(body: dict[str, Any] | None, where: str) -> None:
    error = read_refusal({"resourceType": "Parameters"} if body else None)
    assert error is not None
    assert [(each.code, each.expression) for each in error.issues] == [("required", (where,))]


@pytest.mark.parametrize("body", [{}, {"resourceType": "Slot"}, {"resourceType": 7}])
def test_any_other_body_is_refused(body: dict[str, Any]) -> None:
    error = read_refusal(body, ("start", START))
    assert error is not None
    assert "must be a Parameters resource" in str(error)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    error = read_refusal(None, ("nonsense", "x"), ("duration", "x"))
    assert error is not None
    assert [each.expression for each in error.issues] == [("nonsense",), ("duration",), ("start",)]


def test_a_query_has_a_limit() -> None:
    error = read_refusal(None, *[("actor", "Location/1")] * 201)
    assert error is not None
    assert error.issues[0].code == "too-costly"
