"""What does a JSON Patch change? RFC 6902; FHIR R4 section 3.1.0.6."""

from decimal import Decimal
from typing import Any

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir.json import dump
from tests.fhir.patches import by_json, said, stored


def op(verb: str, path: str, **members: Any) -> dict[str, Any]:
    return {"op": verb, "path": path} | members


@pytest.mark.parametrize(
    ("operation", "name", "result"),
    [
        (op("add", "/gender", value="female"), "gender", "female"),
        (op("add", "/active", value=False), "active", False),
        (op("replace", "/active", value=False), "active", False),
        (op("replace", "/telecom/0/value", value="2"), "telecom",
         [{"system": "phone", "value": "2", "rank": 1}]),
        (op("add", "/telecom/0", value={"value": "0"}), "telecom",
         [{"value": "0"}, {"system": "phone", "value": "1", "rank": 1}]),
        (op("add", "/telecom/-", value={"value": "9"}), "telecom",
         [{"system": "phone", "value": "1", "rank": 1}, {"value": "9"}]),
        (op("remove", "/telecom/0/rank"), "telecom", [{"system": "phone", "value": "1"}]),
        (op("copy", "/gender", **{"from": "/contact/0/gender"}), "gender", "female"),
        (op("move", "/gender", **{"from": "/contact/0/gender"}), "contact",
         [{"name": {"family": "Nour"}}]),
        (op("move", "/active", **{"from": "/active"}), "active", True),
    ],
)  # fmt: skip
def test_each_operation_does_its_part(operation: dict[str, Any], name: str, result: Any) -> None:
    assert by_json(operation)[name] == result


def test_operations_are_done_one_after_the_other() -> None:
    result = by_json(
        op("add", "/contact/0/telecom", value=[]),
        op("add", "/contact/0/telecom/-", value={"value": "7"}),
        op("test", "/contact/0/telecom/0/value", value="7"),
        op("remove", "/contact/0/gender"),
    )
    assert result["contact"] == [{"name": {"family": "Nour"}, "telecom": [{"value": "7"}]}]


def test_what_a_removal_empties_goes_as_well() -> None:
    result = by_json(op("remove", "/contact/0/gender"), op("remove", "/contact/0/name/family"))
    assert "contact" not in result


def test_what_a_client_itself_makes_empty_stays_to_be_refused() -> None:
    assert by_json(op("add", "/address", value=[]))["address"] == []


def test_the_digits_of_decimals_stay() -> None:
    result = by_json(op("copy", "/extension/-", **{"from": "/extension/0"}))
    assert dump(result).count(b"1.10") == 2


def test_names_with_slashes_and_tildes_are_reached() -> None:
    result = by_json(op("add", "/a~1b~0c", value=1), op("test", "/a~1b~0c", value=1))
    assert result["a/b~c"] == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/active", True),
        ("/telecom/0/rank", 1),
        ("/extension/0/valueDecimal", Decimal("1.100")),
        ("/contact", [{"name": {"family": "Nour"}, "gender": "female"}]),
        ("", stored()),
    ],
)
def test_a_test_that_holds_changes_nothing(path: str, value: Any) -> None:
    assert by_json(op("test", path, value=value)) == stored()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/active", 1),
        ("/active", "true"),
        ("/telecom/0/rank", True),
        ("/telecom/0/rank", 2),
        ("/contact", []),
        ("/contact/0", {"gender": "female"}),
        ("/birthDate", None),
    ],
)
def test_a_test_that_fails_is_unprocessable(path: str, value: Any) -> None:
    with pytest.raises(GatewayError) as raised:
        by_json(op("test", "/active", value=True), op("test", path, value=value))
    assert said(raised.value) == ("unprocessable", ("operation[1]",))


@pytest.mark.parametrize(
    "operation",
    [
        op("remove", "/gender"),
        op("replace", "/gender", value="male"),
        op("add", "/address/0", value={}),
        op("add", "/telecom/2", value={}),
        op("add", "/telecom/01", value={}),
        op("add", "/telecom/x", value={}),
        op("add", "/active/x", value=1),
        op("add", "/maritalStatus/text", value="m"),
        op("replace", "/telecom/-", value={}),
        op("remove", "/telecom/1"),
        op("test", "/telecom/1", value=None),
        op("copy", "/gender", **{"from": "/nothing"}),
        op("move", "/gender", **{"from": "/nothing"}),
        op("move", "/contact/0/name", **{"from": "/contact"}),
        op("remove", ""),
        op("replace", "", value=[]),
    ],
)
def test_an_operation_that_does_not_apply_is_unprocessable(operation: dict[str, Any]) -> None:
    with pytest.raises(GatewayError) as raised:
        by_json(operation)
    assert raised.value.category.value == "unprocessable"


@pytest.mark.parametrize(
    "operation",
    [
        "remove",
        {"op": "remove"},
        {"path": "/active"},
        op("delete", "/active"),
        op("remove", "active"),
        op("remove", "/a~2"),
        op("remove", "/" + "a" * 3000),
        op("add", "/gender"),
        op("test", "/gender"),
        op("copy", "/gender"),
        {"op": ["add"], "path": "/gender", "value": 1},
        {"op": "remove", "path": 3},
    ],
)
def test_what_is_no_json_patch_is_invalid(operation: Any) -> None:
    with pytest.raises(GatewayError) as raised:
        by_json(operation)
    assert said(raised.value) == ("invalid", ("operation[0]",))


def test_copies_of_copies_do_not_grow_without_bound() -> None:
    doubling = [
        op("copy", f"/contact/0/name/text{number}", **{"from": "/contact"}) for number in range(90)
    ]
    with pytest.raises(GatewayError) as raised:
        by_json(*doubling)
    assert raised.value.category.value == "too-costly"


def test_nesting_does_not_grow_without_bound() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    with pytest.raises(GatewayError) as raised:
        by_json(op("add", "/contact/0/name/family/deep", value=deep), op("add", "/x", value=deep))
    assert raised.value.category.value == "unprocessable"
    wrapped = [op("add", "/x", value=deep), op("copy", "/x/0/0/0/0/0/-", **{"from": "/x"})]
    with pytest.raises(GatewayError, match="nested"):
        by_json(*wrapped)
