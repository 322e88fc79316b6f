"""How is an operation invoked over HTTP?"""

from typing import Any

import pytest

from tests.api.builders import BASE, an_app, an_operation, ask, issue_of


def said(response: Any) -> str:
    text = response.json()["parameter"][0]["valueString"]
    assert isinstance(text, str)
    return text


def limited(number: Any) -> dict[str, Any]:
    parameter = {"name": "limit", "valueInteger": number}
    return {"resourceType": "Parameters", "parameter": [parameter]}


@pytest.mark.parametrize("dollar", ["$", "%24"])
async def test_get_reads_the_query(dollar: str) -> None:
    response = await ask(an_app(None, an_operation()), f"/fhir/Slot/{dollar}count?limit=3")
    assert response.status_code == 200
    assert said(response) == f"1 None {{'limit': [3]}} {BASE}/Slot/$count?limit=3"


async def test_post_reads_a_parameters_resource() -> None:
    app = an_app(None, an_operation())
    response = await ask(app, "/fhir/Slot/$count", "POST", json=limited(4))
    assert response.status_code == 200
    assert said(response) == f"1 None {{'limit': [4]}} {BASE}/Slot/$count"


async def test_post_may_have_no_body() -> None:
    response = await ask(an_app(None, an_operation()), "/fhir/Slot/$count?limit=5", "POST")
    assert "{'limit': [5]}" in said(response)


async def test_at_an_instance_the_operation_is_told_which() -> None:
    response = await ask(an_app(None, an_operation()), "/t/north/fhir/Slot/s1/$count")
    assert said(response).startswith("2 Slot/s1 {}")


async def test_what_changes_something_is_not_done_by_get() -> None:
    app = an_app(None, an_operation(affects_state=True))
    response = await ask(app, "/fhir/Slot/$count")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST, OPTIONS"
    assert (await ask(app, "/fhir/Slot/$count", "POST")).status_code == 200


async def test_what_has_no_form_in_a_query_is_not_done_by_get() -> None:
    app = an_app(None, an_operation(get_allowed=False))
    assert (await ask(app, "/fhir/Slot/$count")).status_code == 405


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/fhir/Slot/$nonsense", "Slot at type level. Served there: $count"),
        ("/fhir/Slot/s1/$nonsense", "Slot at instance level. Served there: $count"),
        ("/fhir/Patient/$count", "Patient at type level. Served there: none"),
        ("/fhir/$count", "the base address. Served there: none"),
    ],
)
async def test_an_unknown_operation_is_not_found_and_the_known_ones_are_named(
    path: str, where: str
) -> None:
    response = await ask(an_app(None, an_operation()), path, "POST")
    assert response.status_code == 404
    assert where in issue_of(response)["diagnostics"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/fhir/Slot/$count?limit=many", None),
        ("/fhir/Slot/$count?size=3", None),
        ("/fhir/Slot/$count?limit=1&limit=2", None),
        ("/fhir/Slot/$count", limited("3")),
        ("/fhir/Slot/$count", {"resourceType": "Slot"}),
    ],
)
async def test_input_that_the_operation_does_not_declare_is_refused(path: str, body: Any) -> None:
    response = await ask(an_app(None, an_operation()), path, "POST", json=body)
    assert response.status_code == 400
    assert response.json()["resourceType"] == "OperationOutcome"


async def test_the_instance_must_have_an_id() -> None:
    response = await ask(an_app(None, an_operation()), "/fhir/Slot/s_1/$count")
    assert response.status_code == 404
