"""Is each entry of a batch answered as if it had come alone? FHIR R4 section 3.1.0.11.1."""

from typing import Any

import pytest
from starlette.types import ASGIApp

from fhir_gateway.usecases.deps import Deps
from tests.api.builders import BASE, ask
from tests.api.bundling import ANN, a_clinic, an_entry, known_as, resources, send, statuses, total
from tests.fhir.patches import a_patch, an_operation, value
from tests.usecases.builders import a_patient, an_appointment, at, participant, ref


@pytest.fixture
async def app(deps: Deps) -> ASGIApp:
    return await a_clinic(deps)


async def test_every_interaction_is_done_in_the_order_of_the_entries(app: ASGIApp) -> None:
    conflicts = f"Appointment/$check-conflicts?actor=Practitioner/p1&start={at('09:00')}&end="
    patch = a_patch(an_operation("add", "Patient", value(valueCode="male"), name="gender"))
    response = await send(
        app,
        an_entry("POST", "Patient", known_as("1")),
        an_entry("PUT", "Patient/new", a_patient("new")),
        an_entry("PATCH", "Patient/new", patch),
        an_entry("GET", "Patient/new"),
        an_entry("GET", "Patient/new/_history"),
        an_entry("GET", "Patient/new/_history/1"),
        an_entry("GET", "Slot?status=free&_sort=start"),
        an_entry("GET", f"{BASE}/metadata"),
        an_entry("GET", conflicts + at("09:30")),
        an_entry("DELETE", "Patient/new"),
        an_entry("GET", "Patient/new"),
        kind="batch",
    )
    assert response.json()["type"] == "batch-response"
    assert statuses(response) == ["201", "201", *["200"] * 7, "204", "410"]
    kinds = [each["resourceType"] for each in resources(response)]
    assert kinds[3:] == [
        "Patient", "Bundle", "Patient", "Bundle", "CapabilityStatement", "Parameters",
    ]  # fmt: skip


async def test_one_failure_leaves_the_others_alone(app: ASGIApp) -> None:
    response = await send(
        app,
        an_entry("POST", "Appointment", an_appointment("09:00")),
        an_entry("POST", "Appointment", an_appointment("09:00", patient="bob")),
        an_entry("POST", "Appointment", an_appointment("09:30", patient="bob")),
        an_entry("GET", "Patient/none"),
        kind="batch",
    )
    assert statuses(response) == ["201", "409", "201", "404"]
    outcomes = [each["response"].get("outcome") for each in response.json()["entry"]]
    assert outcomes[0] is None
    assert outcomes[1]["issue"][0]["code"] == "conflict"
    assert outcomes[3]["issue"][0]["code"] == "not-found"
    assert await total(app, "Appointment?status=booked") == 2


async def test_preconditions_are_those_of_single_requests(app: ASGIApp) -> None:
    response = await send(
        app,
        an_entry("PUT", "Patient/ann", a_patient("ann", gender="female"), ifMatch='W/"7"'),
        an_entry("PUT", "Patient/ann", a_patient("ann", gender="female"), ifMatch='W/"1"'),
        an_entry("PUT", "Patient/bob", a_patient("bob"), ifNoneMatch="*"),
        an_entry("GET", "Patient/ann", ifNoneMatch='W/"2"'),
        an_entry("GET", "Patient/bob", ifModifiedSince="2000-01-01T00:00:00Z"),
        an_entry("GET", "Patient/bob", ifModifiedSince="2100-01-01T00:00:00Z"),
        an_entry("POST", "Patient", known_as("1"), ifNoneExist="_id=ann"),
        kind="batch",
    )
    assert statuses(response) == ["412", "200", "412", "304", "200", "304", "200"]


async def test_the_client_chooses_what_comes_back(app: ASGIApp) -> None:
    entries = (an_entry("POST", "Patient", known_as("1")), an_entry("HEAD", "Patient/ann"))
    response = await send(app, *entries, kind="batch", Prefer="return=minimal")
    assert statuses(response) == ["201", "200"]
    assert resources(response) == []
    assert "/_history/1" in response.json()["entry"][0]["response"]["location"]


async def test_the_entries_of_a_batch_do_not_point_to_each_other(app: ASGIApp) -> None:
    people = [participant(ANN), participant("Practitioner/p1")]
    response = await send(
        app,
        an_entry("POST", "Patient", known_as("1"), ANN),
        an_entry("POST", "Appointment", an_appointment("09:00", participant=people)),
        kind="batch",
    )
    assert statuses(response) == ["201", "422"]
    assert (
        "transaction"
        in response.json()["entry"][1]["response"]["outcome"]["issue"][0]["diagnostics"]
    )


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (an_entry("POST", f"{BASE}/", {"resourceType": "Bundle", "type": "batch"}), "400"),
        (an_entry("POST", "Patient"), "400"),
        (an_entry("POST", "Patient", {"resourceType": "Slot"}), "400"),
        (an_entry("POST", "Patient", known_as("1", gender="blue")), "422"),
        (an_entry("PATCH", "Patient/ann", {"resourceType": "Binary"}), "400"),
        (an_entry("PATCH", "Patient/ann", {"resourceType": "Binary", "data": "!",
                  "contentType": "application/json-patch+json"}), "400"),
        (an_entry("GET", "http://other.example/fhir/Patient/1"), "404"),
        (an_entry("GET", "Patient?family=%ff"), "400"),
        (an_entry("GET", "Patient?nonsense=1"), "400"),
        (an_entry("PUT", "Slot/x/y/z", {"resourceType": "Slot"}), "404"),
    ],
)  # fmt: skip
async def test_an_entry_that_cannot_be_done_says_why(
    app: ASGIApp, entry: dict[str, Any], status: str
) -> None:
    response = await send(app, entry, an_entry("GET", "Patient/ann"), kind="batch")
    assert statuses(response) == [status, "200"]
    outcome = response.json()["entry"][0]["response"]["outcome"]
    assert outcome["resourceType"] == "OperationOutcome"


async def test_own_addresses_become_relative(app: ASGIApp) -> None:
    link = [{"type": "seealso", "other": ref(f"{BASE}/Patient/bob")}]
    response = await send(app, an_entry("POST", "Patient", known_as("1", link=link)), kind="batch")
    assert resources(response)[0]["link"][0]["other"] == ref("Patient/bob")


async def test_a_bundle_may_be_larger_than_a_resource(app: ASGIApp) -> None:
    photo = [{"contentType": "image/png", "data": "QUJD" * 100_000}]
    entries = [
        an_entry("POST", "Patient", known_as(str(number), photo=photo)) for number in range(4)
    ]
    response = await send(app, *entries, kind="batch", Prefer="return=minimal")
    assert statuses(response) == ["201"] * 4
    alone = await ask(app, "/fhir/Patient", "POST", json=known_as("9", photo=photo * 4))
    assert alone.status_code == 413


async def test_a_bundle_has_its_bounds_too(app: ASGIApp) -> None:
    content = b" " * ((16 << 20) + 1)
    response = await ask(app, "/fhir", "POST", content=content, headers={"content-type": "json"})
    assert response.status_code == 413


async def test_a_bundle_may_be_written_in_xml(app: ASGIApp) -> None:
    body = f"""<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/>
      <entry><fullUrl value="{ANN}"/>
        <resource><Patient><active value="true"/></Patient></resource>
        <request><method value="POST"/><url value="Patient"/></request></entry>
      <entry>
        <resource><RelatedPerson><patient><reference value="{ANN}"/></patient></RelatedPerson>
        </resource>
        <request><method value="POST"/><url value="RelatedPerson"/></request></entry>
    </Bundle>""".encode()
    headers = {"content-type": "application/fhir+xml"}
    response = await ask(app, "/fhir", "POST", content=body, headers=headers)
    patient, related = resources(response)
    assert related["patient"] == ref(f"Patient/{patient['id']}")


async def test_a_patch_may_be_written_in_xml(app: ASGIApp) -> None:
    body = b"""<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
      <part><name value="type"/><valueCode value="add"/></part>
      <part><name value="path"/><valueString value="Patient"/></part>
      <part><name value="name"/><valueString value="gender"/></part>
      <part><name value="value"/><valueCode value="female"/></part></parameter></Parameters>"""
    headers = {"content-type": "application/fhir+xml"}
    response = await ask(app, "/fhir/Patient/ann", "PATCH", content=body, headers=headers)
    assert response.json()["gender"] == "female"
