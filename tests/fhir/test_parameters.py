"""Is the input of an operation read as it declares it, and its answer written so?"""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from fhir_gateway.fhir.operations import OperationParameter
from fhir_gateway.fhir.parameters import Values, read, write
from tests.fhir.builders import an_appointment, refusal
from tests.fhir.operations import SPEC, START, a_body, read_refusal


def _posted(name: str, **value: Any) -> list[Any]:
    return read(SPEC, a_body({"name": name} | value)).all(name)


def _asked(name: str, text: str) -> list[Any]:
    return read(SPEC, None, [("start", START), (name, text)]).all(name)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("patient", {"valueReference": {"reference": "Patient/7"}}, "Patient/7"),
        ("patient", {"valueUri": "Patient/7"}, "Patient/7"),
        ("patient", {"valueString": "7"}, "Patient/7"),
        (
            "patient",
            {"valueReference": {"reference": "https://o.example/Patient/7"}},
            "https://o.example/Patient/7",
        ),
        (
            "patient",
            {"valueReference": {"identifier": {"value": "7"}}},
            {"identifier": {"value": "7"}},
        ),
        ("actor", {"valueReference": {"reference": "Location/7"}}, "Location/7"),
        ("service-type", {"valueCodeableConcept": {"text": "x"}}, {"text": "x"}),
        ("service-type", {"valueCoding": {"code": "x"}}, {"coding": [{"code": "x"}]}),
        ("service-type", {"valueCode": "x"}, {"coding": [{"code": "x"}]}),
        (
            "service-type",
            {"valueString": "urn:a|x"},
            {"coding": [{"system": "urn:a", "code": "x"}]},
        ),
        ("class", {"valueCoding": {"code": "x"}}, {"code": "x"}),
        ("class", {"valueCodeableConcept": {"coding": [{"code": "x"}]}}, {"code": "x"}),
        ("class", {"valueString": "urn:a|x"}, {"system": "urn:a", "code": "x"}),
        ("day", {"valueDate": "2026-03"}, "2026-03"),
        ("duration", {"valuePositiveInt": 30}, 30),
        ("duration", {"valueInteger": 30}, 30),
        ("share", {"valueDecimal": Decimal("1.10")}, Decimal("1.10")),
        ("share", {"valueInteger": 1}, 1),
        ("policy", {"valueCode": "best"}, "best"),
        ("policy", {"valueString": "best"}, "best"),
        ("explain", {"valueBoolean": False}, False),
        ("window", {"valuePeriod": {"start": "2026"}}, {"start": "2026"}),
    ],
)
def test_a_posted_value_is_read_as_the_declared_type(
    name: str, value: dict[str, Any], expected: Any
) -> None:
    assert _posted(name, **value) == [expected]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("patient", "Patient/7", "Patient/7"),
        ("patient", "7", "Patient/7"),
        ("actor", "Location/7", "Location/7"),
        ("service-type", "urn:a|x", {"coding": [{"system": "urn:a", "code": "x"}]}),
        ("service-type", "x", {"coding": [{"code": "x"}]}),
        ("class", "|x", {"code": "x"}),
        ("class", "a\\|b", {"code": "a|b"}),
        ("day", "2026-03-02", "2026-03-02"),
        ("duration", "30", 30),
        ("share", "1.10", Decimal("1.10")),
        ("policy", "best", "best"),
        ("explain", "true", True),
        ("explain", "false", False),
        ("mrn", "urn:mrn|7", {"system": "urn:mrn", "value": "7"}),
    ],
)
def test_a_value_in_the_query_is_read_as_the_declared_type(
    name: str, text: str, expected: Any
) -> None:
    assert _asked(name, text) == [expected]


def test_a_time_is_text_and_a_moment() -> None:
    values = read(SPEC, None, [("start", "2026-03-02T09:00:00 03:00")])
    assert values.first("start") == START
    assert values.moment("start") == datetime(2026, 3, 2, 6, tzinfo=UTC)


def test_a_mere_day_is_no_moment() -> None:
    values = read(SPEC, a_body({"name": "day", "valueDate": "2026"}))
    assert values.moment("day") is None
    assert values.moments("start") == [datetime(2026, 3, 2, 6, tzinfo=UTC)]


def test_what_is_absent_is_absent() -> None:
    values = read(SPEC, a_body())
    assert dict(values) == {"start": [START]}
    assert values.first("patient") is None
    assert values.first("duration", 30) == 30
    assert values.all("actor") == []


def test_repetitions_keep_their_order() -> None:
    values = read(SPEC, a_body(), [("actor", "Location/2"), ("actor", "Practitioner/1")])
    assert values.all("actor") == ["Location/2", "Practitioner/1"]


def test_parts_are_values_of_their_own() -> None:
    part = [
        {"name": "code", "valueCode": "load"},
        {"name": "value", "valueDecimal": Decimal("0.5")},
    ]
    values = read(SPEC, a_body({"name": "weight", "part": part}))
    (weight,) = values.all("weight")
    assert isinstance(weight, Values)
    assert (weight.first("code"), weight.first("value")) == ("load", Decimal("0.5"))


def test_a_resource_is_passed_as_it_is() -> None:
    resource = an_appointment()
    assert _posted("appointment", resource=resource) == [resource]


def test_a_bare_resource_stands_for_the_only_parameter_that_takes_it() -> None:
    resource = an_appointment()
    values = read(SPEC, resource, [("start", START)])
    assert values.all("appointment") == [resource]


def test_the_form_of_the_answer_is_not_a_parameter() -> None:
    assert read_refusal(a_body(), ("_format", "json"), ("_pretty", "true")) is None


def test_an_answer_is_written_with_the_declared_types() -> None:
    bundle = {"resourceType": "Bundle", "type": "searchset"}
    written = write(
        SPEC,
        [
            ("conflict", "Appointment/1"),
            ("conflict", {"identifier": {"value": "7"}}),
            ("alternative", {"start": START}),
            ("at", datetime(2026, 3, 2, 6, tzinfo=UTC)),
            ("share", 0.5),
            ("result", [("text", "fine"), ("count", 2), ("count", None)]),
            ("at", None),
            ("return", bundle),
        ],
    )
    assert refusal(written, "Parameters") is None
    assert written["parameter"] == [
        {"name": "conflict", "valueReference": {"reference": "Appointment/1"}},
        {"name": "conflict", "valueReference": {"identifier": {"value": "7"}}},
        {"name": "alternative", "valuePeriod": {"start": START}},
        {"name": "at", "valueInstant": "2026-03-02T06:00:00Z"},
        {"name": "share", "valueDecimal": Decimal("0.5")},
        {
            "name": "result",
            "part": [{"name": "text", "valueString": "fine"}, {"name": "count", "valueInteger": 2}],
        },
        {"name": "return", "resource": bundle},
    ]


def test_an_empty_answer_is_valid_and_an_undeclared_name_a_fault() -> None:
    assert refusal(write(SPEC, []), "Parameters") is None
    with pytest.raises(KeyError):
        write(SPEC, [("start", START)])


def test_a_resource_that_is_to_be_judged_need_not_be_valid() -> None:
    judged = OperationParameter("judged", "in", 0, 1, "Resource", "Whatever it is.", checked=False)
    spec = replace(SPEC, parameters=(judged,))
    resource = {"resourceType": "Patient", "gender": "?", "colour": "red"}
    body = {"resourceType": "Parameters", "parameter": [{"name": "judged", "resource": resource}]}
    assert read(spec, body).first("judged") == resource
    assert read(spec, resource).first("judged") == resource
