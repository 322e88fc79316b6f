"""Is a client told beforehand what would become of its resource?"""

from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from fhir_gateway.usecases.operations import OPERATIONS
from tests.api.builders import Shelf, an_app, ask, issue_of
from tests.usecases.builders import a_patient, an_appointment, ref

R4 = "http://hl7.org/fhir/StructureDefinition/"
MRN = [{"system": "urn:mrn", "value": "1"}]


def parameters(resource: dict[str, Any] | None = None, **codes: str) -> dict[str, Any]:
    given = [{"name": name, "valueCode": code} for name, code in codes.items()]
    judged = [{"name": "resource", "resource": resource}] if resource else []
    return {"resourceType": "Parameters", "parameter": [*judged, *given]}


async def judge(
    app: ASGIApp, address: str, body: dict[str, Any] | None = None, method: str = "POST"
) -> list[dict[str, Any]]:
    response = await ask(app, f"/fhir/{address}", method, json=body)
    assert response.status_code == 200, response.text
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    issues: list[dict[str, Any]] = outcome["issue"]
    return issues


def verdict(issues: list[dict[str, Any]]) -> tuple[str, str]:
    return issues[0]["severity"], issues[0]["code"]


FINE = ("information", "informational")


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize(
    ("elements", "found"),
    [({}, FINE), ({"gender": "?"}, ("error", "code-invalid")), ({"x": 1}, ("error", "structure"))],
)
async def test_a_resource_is_judged_bare_or_as_a_parameter(
    clinic: ASGIApp, wrapped: bool, elements: dict[str, Any], found: tuple[str, str]
) -> None:
    resource = a_patient("new", **elements)
    body = parameters(resource) if wrapped else resource
    assert verdict(await judge(clinic, "Patient/$validate", body)) == found


@pytest.mark.parametrize(
    ("resource", "mode", "found"),
    [
        (a_patient("x"), "create", FINE),
        (a_patient("x", managingOrganization=ref("Organization/none")), "profile", FINE),
        (
            a_patient("x", managingOrganization=ref("Organization/none")),
            "create",
            ("error", "not-found"),
        ),
        (a_patient("x", identifier=MRN), "create", ("error", "duplicate")),
        (a_patient("ann", identifier=MRN), "update", FINE),
        (a_patient("bob", identifier=MRN), "update", ("error", "duplicate")),
        ({"resourceType": "Patient"}, "update", ("error", "required")),
        ({"resourceType": "Slot"}, "create", ("error", "invalid")),
    ],
)
async def test_a_mode_asks_whether_it_would_be_accepted(
    clinic: ASGIApp, resource: dict[str, Any], mode: str, found: tuple[str, str]
) -> None:
    await ask(clinic, "/fhir/Patient/ann", "PUT", json=a_patient("ann", identifier=MRN))
    issues = await judge(clinic, f"Patient/$validate?mode={mode}", resource)
    assert verdict(issues) == found


async def test_what_is_judged_is_not_kept(clinic: ASGIApp) -> None:
    slot = "/fhir/Slot?status=free&_summary=count"
    before = (await ask(clinic, slot)).json()["total"]
    for _ in "ab":
        issues = await judge(clinic, "Appointment/$validate?mode=create", an_appointment("09:00"))
        assert verdict(issues) == FINE
    assert (await ask(clinic, slot)).json()["total"] == before
    assert (await ask(clinic, "/fhir/Appointment?_summary=count")).json()["total"] == 0
    assert (await ask(clinic, "/fhir/Appointment/_history")).json()["total"] == 0


async def test_a_time_that_is_taken_is_found_out(clinic: ASGIApp) -> None:
    await ask(clinic, "/fhir/Appointment", "POST", json=an_appointment("09:00"))
    rival = an_appointment("09:00", patient="bob")
    issues = await judge(clinic, "Appointment/$validate?mode=create", rival)
    assert verdict(issues) == ("error", "conflict")
    assert issues[0]["extension"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("Patient/bob/$validate?mode=delete", FINE),
        ("Patient/nobody/$validate?mode=delete", ("error", "not-found")),
        ("Practitioner/p1/$validate?mode=delete", ("error", "conflict")),
        ("Patient/bob/$validate", FINE),
        ("Patient/nobody/$validate", ("error", "not-found")),
        (f"Patient/bob/$validate?profile={R4}Patient", FINE),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_stored_can_be_judged(
    clinic: ASGIApp, address: str, found: tuple[str, str], method: str
) -> None:
    assert verdict(await judge(clinic, address, method=method)) == found
    assert (await ask(clinic, "/fhir/Patient/bob")).status_code == 200


@pytest.mark.parametrize(
    ("address", "body", "place"),
    [
        ("Patient/$validate", None, None),
        ("Patient/$validate?mode=delete", a_patient("ann"), None),
        ("Patient/$validate?mode=nonsense", a_patient("ann"), "mode"),
        ("Patient/$validate?profile=urn:x", a_patient("ann"), "profile"),
        (f"Patient/$validate?profile={R4}Slot", a_patient("ann"), "profile"),
        ("Patient/$validate?colour=red", a_patient("ann"), "colour"),
        ("Patient/$validate", parameters(None, mode="create"), None),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    clinic: ASGIApp, address: str, body: dict[str, Any] | None, place: str | None
) -> None:
    response: httpx.Response = await ask(clinic, f"/fhir/{address}", "POST", json=body)
    assert response.status_code == 400
    assert issue_of(response).get("expression", [None]) == [place]


@pytest.mark.parametrize("name", [{"value": "resource"}, ["resource"], None, 5])
async def test_a_parameter_whose_name_is_no_text_is_refused(name: object) -> None:
    parameter = {"name": name, "resource": {"resourceType": "Patient"}}
    body = {"resourceType": "Parameters", "parameter": [parameter]}
    app = an_app(Shelf(), *OPERATIONS)
    response = await ask(app, "/fhir/Patient/$validate", "POST", json=body)
    assert response.status_code == 400
    assert "Parameters.parameter[0].name" in response.json()["issue"][0]["expression"]
