"""Does every failure look like FHIR to a FHIR client?"""

import pytest

from fhir_gateway.core.codes import EXT_ALTERNATIVE, SYSTEM_REASON
from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.fhir.outcomes import ISSUE_CODES, TITLES, outcome, outcome_of, success
from fhir_gateway.fhir.spec import structure
from tests.fhir.builders import refusal


def _issue_types() -> frozenset[str]:
    found = structure("OperationOutcome.issue")
    return (found.elements["code"].codes if found else None) or frozenset()


def test_the_table_has_every_category_and_codes_of_r4_only() -> None:
    assert set(ISSUE_CODES) == set(Category)
    assert set(ISSUE_CODES.values()) <= _issue_types()


@pytest.mark.parametrize("category", Category)
def test_a_failure_without_words_still_says_something(category: Category) -> None:
    found = outcome(GatewayError(category))
    (issue,) = found["issue"]
    assert refusal(found) is None
    assert issue["severity"] == "error"
    assert issue["code"] == ISSUE_CODES[category]
    assert issue["diagnostics"][0].isupper()
    assert "_" not in issue["diagnostics"]


def test_every_issue_code_has_a_title_and_no_two_the_same() -> None:
    assert set(TITLES) == _issue_types()
    assert len(set(TITLES.values())) == len(TITLES)


@pytest.mark.parametrize("category", Category)
def test_an_issue_does_not_say_the_same_thing_twice(category: Category) -> None:
    (issue,) = outcome(GatewayError(category))["issue"]
    assert issue["details"]["text"] == TITLES[issue["code"]]
    assert issue["details"]["text"] != issue["diagnostics"]


def test_an_issue_says_what_where_and_why() -> None:
    found = outcome(
        fail(Category.CONFLICT, "Slot/7 is taken", "Appointment.slot[0]", details="slot-taken")
    )
    assert refusal(found) is None
    assert found["issue"] == [
        {
            "severity": "error",
            "code": "conflict",
            "details": {
                "text": "The Slot has been taken",
                "coding": [{"system": SYSTEM_REASON, "code": "slot-taken"}],
            },
            "diagnostics": "Slot/7 is taken",
            "expression": ["Appointment.slot[0]"],
        }
    ]


def test_an_issue_may_have_a_code_of_its_own_and_extensions() -> None:
    extension = {"url": EXT_ALTERNATIVE, "valuePeriod": {"start": "2026-03-02T09:00:00Z"}}
    error = GatewayError(
        Category.CONFLICT, Issue("Taken", code="duplicate", extension=(extension,)), Issue("Also")
    )
    first, second = outcome(error)["issue"]
    assert refusal(outcome(error)) is None
    assert (first["code"], second["code"]) == ("duplicate", "conflict")
    assert first["extension"] == [extension]


def test_success_is_information() -> None:
    found = success("All is well")
    assert refusal(found) is None
    assert (found["issue"][0]["severity"], found["issue"][0]["code"]) == (
        "information",
        "informational",
    )


def test_a_warning_is_no_error() -> None:
    found = outcome_of([Issue("Left out: foo")], code="not-supported", severity="warning")
    assert refusal(found) is None
    assert found["issue"][0]["severity"] == "warning"


def test_what_a_caller_said_is_repeated_as_text_that_fhir_allows() -> None:
    found = outcome(fail(Category.INVALID, "There is no a\x00b\x1f\tc", "", "d\x00"))
    (issue,) = found["issue"]
    assert refusal(found) is None
    assert issue["diagnostics"] == "There is no a\ufffdb\ufffd\tc"
    assert issue["expression"] == ["d\ufffd"]


def test_a_parameter_without_a_name_has_no_place() -> None:
    found = outcome(fail(Category.INVALID, "There is no such parameter", ""))
    assert refusal(found) is None
    assert "expression" not in found["issue"][0]
