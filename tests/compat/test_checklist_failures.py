"""Row 15 of the checklist of client conventions: whatever fails is told as an OperationOutcome.

Nobody signs in yet and nobody is counted, so there is no 401 and no 429.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from fhir_gateway.api.app import make_app
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.postgres import Database, Patience
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import always_ready, an_app, ask, raising
from tests.compat.conftest import outcome_of


@pytest.mark.parametrize(
    ("status", "method", "path", "body"),
    [
        (400, "GET", "/Patient?birthdate=yesterday", None),
        (400, "POST", "/Patient", {"resourceType": "Slot"}),
        (404, "GET", "/Patient/nobody", None),
        (404, "GET", "/Nonsense", None),
        (404, "GET", "/Patient/ann/nonsense", None),
        (405, "DELETE", "/metadata", None),
        (406, "GET", "/Patient/ann?_format=ttl", None),
        (409, "DELETE", "/Patient/ann", None),
        (413, "POST", "/Patient", {"resourceType": "Patient", "x": "x" * (1 << 20)}),
        (414, "GET", f"/Patient?name={'x' * (17 << 10)}", None),
        (422, "POST", "/RelatedPerson",
         {"resourceType": "RelatedPerson", "patient": {"reference": "Patient/nobody"}}),
        (422, "POST", "/Patient", {"resourceType": "Patient", "gender": "f"}),
        (501, "GET", "", None),
    ],
)  # fmt: skip
def test_row_15_every_failure_is_an_operation_outcome(
    http: httpx.Client, status: int, method: str, path: str, body: Any
) -> None:
    response = http.request(method, path, json=body)
    assert response.status_code == status
    assert outcome_of(response)["severity"] == "error"


@pytest.mark.parametrize("path", ["/", "/nonsense", "/t/nobody/fhir/Patient", "/fhirx"])
def test_row_15_so_is_that_of_an_address_that_is_not_of_fhir(http: httpx.Client, path: str) -> None:
    response = http.get(http.base_url.join(path))
    assert response.status_code == 404
    assert "/fhir" in outcome_of(response)["diagnostics"]


async def test_row_15_a_crash_shows_nothing_of_the_inside() -> None:
    app = an_app(use_cases=raising(ZeroDivisionError("SELECT name FROM patient")))
    response = await ask(app, "/fhir/Slot/s1", headers={"X-Request-Id": "crash-1"})
    assert response.status_code == 500
    issue = outcome_of(response)
    assert (issue["severity"], issue["code"]) == ("error", "exception")
    assert "crash-1" in issue["diagnostics"]
    assert not any(each in response.text for each in ("SELECT", "Zero", "Traceback", ".py"))


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[Database]:
    """A database that one may work with at a time, and others wait for hardly at all."""
    opened = await open_database(database_url, size=1, patience=Patience(connection=0.01))
    yield opened
    await opened.close()


async def test_row_15_a_full_gateway_says_when_to_come_back(deps: Deps, narrow: Database) -> None:
    app = make_app(replace(deps, database=narrow), ready=always_ready, software_version="1.2.3")
    async with narrow.transaction(1):
        response = await ask(app, "/fhir/Patient/ann")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert outcome_of(response)["code"] == "transient"
    assert (await ask(app, "/fhir/Patient/ann")).status_code == 404
