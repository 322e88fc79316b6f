"""Does every failure reach the client as an OperationOutcome with the right status?"""

from http import HTTPStatus

import pytest

from fhir_gateway.api.errors import STATUSES, failure
from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.fhir.outcomes import ISSUE_CODES
from tests.api.builders import Log, Shelf, an_app, ask, issue_of, raising

EXPECTED = {
    Category.INVALID: 400,
    Category.NOT_FOUND: 404,
    Category.METHOD_NOT_ALLOWED: 405,
    Category.NOT_ACCEPTABLE: 406,
    Category.CONFLICT: 409,
    Category.DUPLICATE: 409,
    Category.GONE: 410,
    Category.PRECONDITION_FAILED: 412,
    Category.TOO_LARGE: 413,
    Category.UNSUPPORTED_MEDIA_TYPE: 415,
    Category.UNPROCESSABLE: 422,
    Category.TOO_COSTLY: 422,
    Category.PRECONDITION_REQUIRED: 428,
    Category.FAULT: 500,
    Category.UNSUPPORTED: 501,
    Category.BUSY: 503,
    Category.TIMEOUT: 504,
}


def test_every_category_has_a_status_and_an_issue_code() -> None:
    assert set(STATUSES) == set(ISSUE_CODES) == set(Category) == set(EXPECTED)


@pytest.mark.parametrize(("category", "status"), EXPECTED.items())
async def test_a_failure_is_answered_with_the_status_of_its_category(
    category: Category, status: int
) -> None:
    app = an_app(use_cases=raising(fail(category, "Why", "Slot.start", details="slot-taken")))
    response = await ask(app, "/fhir/Slot/s1")
    assert response.status_code == status
    issue = issue_of(response)
    assert issue["code"] == ISSUE_CODES[category]
    assert issue["diagnostics"] == "Why"
    assert issue["details"]["text"] == "The Slot has been taken"
    assert issue["details"]["coding"][0]["code"] == "slot-taken"
    assert issue["expression"] == ["Slot.start"]


async def test_a_failure_without_a_sentence_still_says_something() -> None:
    response = await ask(an_app(use_cases=raising(GatewayError(Category.GONE))), "/fhir/Slot/s1")
    assert issue_of(response)["diagnostics"] == "The resource has been deleted"


async def test_every_issue_of_a_failure_is_told() -> None:
    error = GatewayError(Category.UNPROCESSABLE, Issue("one"), Issue("two", code="required"))
    response = await ask(an_app(use_cases=raising(error)), "/fhir/Slot/s1")
    assert [each["code"] for each in response.json()["issue"]] == ["processing", "required"]


def test_who_is_busy_says_when_to_come_back() -> None:
    headers = dict(failure(fail(Category.BUSY, "Busy")).headers)
    assert 1 <= int(headers[b"retry-after"]) <= 4


def test_nobody_else_is_told_to_come_back() -> None:
    others = [each for each in Category if each is not Category.BUSY]
    assert [failure(GatewayError(each)).headers for each in others] == [[]] * len(others)


async def test_a_defect_shows_nothing_of_the_inside_and_can_be_found_in_the_log() -> None:
    log = Log()
    app = an_app(use_cases=raising(KeyError("born 1970-01-01")), log=log)
    response = await ask(app, "/fhir/Slot/s1", headers={"X-Request-Id": "abc-1"})
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "abc-1" in issue_of(response)["diagnostics"]
    assert "1970" not in response.text
    assert "KeyError" not in response.text
    (line,) = log.lines
    assert line["action"] == "request-failed"
    assert line["request"] == "abc-1"
    assert line["error"] == "KeyError"
    assert any("builders" in each for each in line["where"])
    assert "1970" not in str(line)


async def test_a_refusal_is_not_logged_as_a_defect() -> None:
    log = Log()
    await ask(an_app(Shelf(), log=log), "/fhir/Slot/nowhere")
    assert log.lines == []
