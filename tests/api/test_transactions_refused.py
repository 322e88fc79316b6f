"""Is nothing done where one request of a transaction fails? FHIR R4 section 3.1.0.11.2."""

from typing import Any

import pytest
from starlette.types import ASGIApp

from fhir_gateway.usecases.deps import Deps
from tests.api.builders import ask
from tests.api.bundling import (
    ANN,
    MRN,
    a_clinic,
    an_entry,
    booking_for,
    known_as,
    send,
    total,
    where,
)
from tests.fhir.patches import a_patch
from tests.usecases.builders import (
    a_patient,
    an_appointment,
)


@pytest.fixture
async def app(deps: Deps) -> ASGIApp:
    return await a_clinic(deps)


@pytest.mark.parametrize(
    ("reference", "status"),
    [
        (f"Patient?identifier={MRN}|none", 422),
        ("Patient?gender:missing=true", 412),
        ("Patient?nonsense=1", 400),
        ("Substance?identifier=1", 422),
        (ANN, 422),
        ("Patient/none", 422),
        ("nonsense", 422),
    ],
)
async def test_a_reference_that_leads_nowhere_spoils_all(
    app: ASGIApp, reference: str, status: int
) -> None:
    response = await send(
        app,
        an_entry("POST", "Patient", known_as("1")),
        an_entry("POST", "Appointment", booking_for(reference)),
    )
    assert response.status_code == status, response.text
    assert all(each.startswith("Bundle.entry[1]") for each in where(response))
    assert await total(app, f"Patient?identifier={MRN}|1") == 0


async def test_one_failure_undoes_everything_and_is_named(app: ASGIApp) -> None:
    await ask(app, "/fhir/Appointment", "POST", json=an_appointment("09:30"))
    response = await send(
        app,
        an_entry("DELETE", "Patient/bob"),
        an_entry("POST", "Patient", known_as("1"), ANN),
        an_entry("PUT", "Patient/ann", a_patient("ann", gender="female")),
        an_entry("POST", "Appointment", booking_for(ANN, "09:30")),
    )
    assert response.status_code == 409
    (issue,) = response.json()["issue"]
    assert issue["expression"] == ["Bundle.entry[3].resource.slot"]
    assert issue["details"]["coding"][0]["code"] == "slot-taken"
    assert await total(app, f"Patient?identifier={MRN}|1") == 0
    for name in ("ann", "bob"):
        assert (await ask(app, f"/fhir/Patient/{name}")).headers["etag"] == 'W/"1"'


async def test_two_bookings_of_one_bundle_do_not_get_the_same_time(app: ASGIApp) -> None:
    response = await send(
        app,
        an_entry("POST", "Appointment", booking_for("Patient/ann")),
        an_entry("POST", "Appointment", booking_for("Patient/bob")),
    )
    assert response.status_code == 409
    assert where(response) == ["Bundle.entry[1].resource.slot"]
    assert response.json()["issue"][0]["details"]["coding"][0]["code"] == "slot-taken"
    assert await total(app, "Appointment?status=booked") == 0


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (an_entry("PUT", "Patient/ann", a_patient("ann"), ifMatch='W/"7"'), 412),
        (an_entry("PUT", "Patient/ann", a_patient("ann"), ifNoneMatch="*"), 412),
        (an_entry("DELETE", "Patient/ann", ifMatch='W/"7"'), 412),
        (an_entry("POST", "Patient", known_as("1"), ifNoneExist="gender:missing=true"), 412),
        (an_entry("POST", "Patient", known_as("1"), ifNoneExist=""), 422),
        (an_entry("POST", "Patient", known_as("1"), ifNoneExist="nonsense=1"), 400),
        (an_entry("POST", "Patient", known_as("1", gender="blue")), 422),
        (an_entry("POST", "Patient", {"resourceType": "Slot"}), 400),
        (an_entry("POST", "Patient"), 400),
        (an_entry("POST", "Patient/ann", a_patient("ann")), 405),
        (an_entry("PUT", "Patient/ann", a_patient("bob")), 400),
        (an_entry("PUT", "Patient/a_b", a_patient("a_b")), 400),
        (an_entry("PUT", "Patient?gender:missing=true", known_as("1")), 412),
        (an_entry("PATCH", "Patient/none", {"resourceType": "Patient"}), 404),
        (an_entry("PATCH", "Patient/none", a_patch()), 404),
        (an_entry("PATCH", "Patient?identifier=none", a_patch()), 404),
        (an_entry("PATCH", "Patient/ann", {"resourceType": "Binary"}), 400),
        (an_entry("GET", "Patient/none"), 404),
        (an_entry("GET", "Patient/ann/_history/7"), 404),
        (an_entry("GET", "Patient?nonsense=1"), 400),
        (an_entry("GET", "Observation/1"), 404),
        (an_entry("GET", "Patient/ann/_history"), 501),
        (an_entry("POST", "Appointment/$find", a_patch()), 501),
        (an_entry("GET", "http://other.example/fhir/Patient/1"), 404),
        (an_entry("GET", "metadata"), 404),
    ],
)  # fmt: skip
async def test_an_entry_that_would_fail_alone_spoils_all(
    app: ASGIApp, entry: dict[str, Any], status: int
) -> None:
    response = await send(app, an_entry("POST", "Patient", known_as("0")), entry)
    assert response.status_code == status, response.text
    assert await total(app, f"Patient?identifier={MRN}|0") == 0
    assert "Bundle.entry[1]" in response.text


@pytest.mark.parametrize(
    "entries",
    [
        (an_entry("PUT", "Patient/ann", a_patient("ann")), an_entry("DELETE", "Patient/ann")),
        (an_entry("PUT", "Patient/x", a_patient("x")),) * 2,
        (an_entry("PATCH", "Patient/ann", a_patch()),
         an_entry("PUT", "Patient?_id=ann", {"resourceType": "Patient"})),
        (an_entry("DELETE", "Patient?_id=ann"), an_entry("DELETE", "Patient/ann")),
        (an_entry("DELETE", "Patient/ann"),
         an_entry("POST", "Patient", known_as("1"), ifNoneExist="_id=ann")),
    ],
)  # fmt: skip
async def test_no_resource_is_written_twice(
    app: ASGIApp, entries: tuple[dict[str, Any], ...]
) -> None:
    response = await send(app, *entries)
    assert response.status_code == 400, response.text
    assert where(response) == ["Bundle.entry[1]"]
    assert "entry[0]" in response.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"resourceType": "Patient"}, 400),
        ({"resourceType": "Bundle"}, 400),
        ({"resourceType": "Bundle", "type": "collection"}, 400),
        ({"resourceType": "Bundle", "type": "batch", "entry": []}, 422),
        ({"resourceType": "Bundle", "type": "batch", "entry": "x"}, 422),
        ({"resourceType": "Bundle", "type": "batch", "entry": [{"resource": a_patient()}]}, 422),
        ({"resourceType": "Bundle", "type": "batch",
          "entry": [{"request": {"method": "FETCH", "url": "Patient"}}]}, 422),
        ({"resourceType": "Bundle", "type": "batch", "entry": [{"resource": 1}]}, 422),
        ({"resourceType": "Bundle", "type": "transaction",
          "entry": [an_entry("GET", "Patient/ann")] * 1001}, 422),
    ],
)  # fmt: skip
async def test_what_is_no_batch_or_transaction_is_refused(
    app: ASGIApp, body: dict[str, Any], status: int
) -> None:
    response = await ask(app, "/fhir", "POST", json=body)
    assert response.status_code == status
    assert response.json()["resourceType"] == "OperationOutcome"
