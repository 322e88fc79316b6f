"""Are many requests carried out as one? FHIR R4 section 3.1.0.11.2."""

import asyncio
from base64 import b64encode

import orjson
import pytest
from starlette.types import ASGIApp

from fhir_gateway.usecases.deps import Deps
from tests.api.builders import BASE, ask
from tests.api.bundling import (
    ANN,
    BOB,
    MRN,
    a_clinic,
    an_entry,
    booking_for,
    known_as,
    linked,
    resources,
    send,
    statuses,
    total,
    where,
)
from tests.fhir.patches import a_patch, an_operation, value
from tests.usecases.builders import (
    a_patient,
    a_related_person,
    a_schedule,
    a_slot,
    an_appointment,
    ref,
)


@pytest.fixture
async def app(deps: Deps) -> ASGIApp:
    return await a_clinic(deps)


async def test_entries_point_to_each_other_by_their_full_urls(app: ASGIApp) -> None:
    related = a_related_person("r", "x") | {"patient": ref(ANN)}
    response = await send(
        app,
        an_entry("POST", "RelatedPerson", related),
        an_entry("POST", "Appointment", booking_for(ANN)),
        an_entry("POST", "Patient", known_as("1"), ANN),
    )
    assert statuses(response) == ["201", "201", "201"]
    related, booked, patient = resources(response)
    assert related["patient"] == ref(f"Patient/{patient['id']}")
    assert booked["participant"][0]["actor"] == ref(f"Patient/{patient['id']}")
    assert response.json()["type"] == "transaction-response"


async def test_an_answer_says_where_each_resource_is(app: ASGIApp) -> None:
    response = await send(app, an_entry("POST", "Patient", known_as("1")))
    (entry,) = response.json()["entry"]
    patient = entry["resource"]
    assert entry["fullUrl"] == f"{BASE}/Patient/{patient['id']}"
    assert entry["response"]["location"] == f"{entry['fullUrl']}/_history/1"
    assert entry["response"]["etag"] == 'W/"1"'
    assert patient["meta"]["lastUpdated"].startswith(entry["response"]["lastModified"][:19])


@pytest.mark.parametrize(
    ("prefer", "element"),
    [("return=minimal", None), ("return=representation", "resource"),
     ("return=OperationOutcome", "outcome")],
)  # fmt: skip
async def test_the_client_chooses_what_comes_back(
    app: ASGIApp, prefer: str, element: str | None
) -> None:
    entries = (an_entry("POST", "Patient", known_as("1")), an_entry("GET", "Patient/ann"))
    response = await send(app, *entries, Prefer=prefer)
    written, read = response.json()["entry"]
    present = {"resource": "resource" in written, "outcome": "outcome" in written["response"]}
    assert present == {each: each == element for each in ("resource", "outcome")}
    assert read["resource"]["id"] == "ann"


async def test_references_are_resolved_wherever_they_are(app: ASGIApp) -> None:
    patient = known_as("1", link=[{"type": "seealso", "other": ref(BOB)}])
    patient["contained"] = [
        {"resourceType": "RelatedPerson", "id": "c", "patient": ref(BOB)},
    ]
    patient["extension"] = [
        {"url": "http://a.example/in", "extension": [{"url": "r", "valueReference": ref(BOB)}]},
        {"url": "http://a.example/uri", "valueUri": BOB},
        {"url": "http://a.example/by", "valueReference": ref("#c")},
    ]
    response = await send(
        app,
        an_entry("POST", "Patient", patient, ANN),
        an_entry("POST", "Patient", known_as("2"), BOB),
    )
    assert statuses(response) == ["201", "201"]
    one, two = resources(response)
    assert BOB not in orjson.dumps(one).decode()
    assert orjson.dumps(one).decode().count(f"Patient/{two['id']}") == 4


async def test_resources_may_point_to_each_other_in_a_circle(app: ASGIApp) -> None:
    response = await send(
        app,
        an_entry("POST", "Patient", linked("1", BOB), ANN),
        an_entry("POST", "Patient", linked("2", ANN), BOB),
    )
    one, two = resources(response)
    assert one["link"][0]["other"] == ref(f"Patient/{two['id']}")
    assert two["link"][0]["other"] == ref(f"Patient/{one['id']}")


async def test_relative_references_lead_to_entries_of_the_same_sender(app: ASGIApp) -> None:
    there = "http://other.example/fhir"
    response = await send(
        app,
        an_entry("POST", "Patient", known_as("1", id="7"), f"{there}/Patient/7"),
        an_entry("POST", "Appointment", booking_for("Patient/7"), f"{there}/Appointment/1"),
    )
    patient, booked = resources(response)
    assert booked["participant"][0]["actor"] == ref(f"Patient/{patient['id']}")


async def test_a_whole_schedule_comes_in_one_bundle_in_any_order(app: ASGIApp) -> None:
    booked = an_appointment("09:00", schedule="s2", others=("Practitioner/p2",))
    slot = a_slot("09:00", schedule="s2")
    schedule = a_schedule("s2", "Practitioner/p2")
    response = await send(
        app,
        an_entry("POST", "Appointment", booked),
        an_entry("PUT", f"Slot/{slot['id']}", slot),
        an_entry("PUT", "Schedule/s2", schedule),
        an_entry("PUT", "Practitioner/p2", {"resourceType": "Practitioner", "id": "p2"}),
    )
    assert statuses(response) == ["201"] * 4
    assert resources(response)[1]["status"] == "busy"


async def test_a_reference_may_be_a_search(app: ASGIApp) -> None:
    there = await ask(app, "/fhir/Patient", "POST", json=known_as("1"))
    search = f"Patient?identifier={MRN}|1"
    response = await send(
        app,
        an_entry("POST", "Appointment", booking_for(search)),
        an_entry("PUT", f"Patient?identifier={MRN}|2", known_as("2")),
        an_entry("POST", "Appointment", booking_for(f"Patient?identifier={MRN}|2", "09:30")),
    )
    first, second, other = resources(response)
    assert first["participant"][0]["actor"] == ref(f"Patient/{there.json()['id']}")
    assert other["participant"][0]["actor"] == ref(f"Patient/{second['id']}")


async def test_of_bundles_that_want_the_same_time_one_gets_it(app: ASGIApp) -> None:
    bundles = (
        send(
            app,
            an_entry("POST", "Patient", known_as(str(number)), ANN),
            an_entry("POST", "Appointment", booking_for(ANN)),
            an_entry("POST", "Appointment", booking_for(ANN, "09:30")),
        )
        for number in range(12)
    )
    codes = [each.status_code for each in await asyncio.gather(*bundles)]
    assert (codes.count(200), codes.count(409)) == (1, 11)
    assert await total(app, "Appointment?status=booked") == 2
    assert await total(app, f"Patient?identifier={MRN}|") == 1


async def test_deletions_come_first_and_reads_last(app: ASGIApp) -> None:
    response = await send(
        app,
        an_entry("GET", "Patient?identifier:missing=false"),
        an_entry("GET", "Patient/ann"),
        an_entry("PUT", "Patient/ann", a_patient("ann", gender="female")),
        an_entry("POST", "Patient", linked("1", "Patient/ann")),
        an_entry("DELETE", "Patient/bob"),
    )  # fmt: skip
    assert statuses(response) == ["200", "200", "200", "201", "204"]
    found, ann, *_ = resources(response)
    assert found["total"] == 1
    assert found["link"][0]["url"] == f"{BASE}/Patient?identifier:missing=false"
    assert ann["gender"] == "female"


async def test_what_goes_together_may_be_deleted_together(app: ASGIApp) -> None:
    paths = ("Practitioner/p1", "Schedule/s1", "Slot/s1-0900", "Slot/s1-0930")
    partly = await send(app, *(an_entry("DELETE", each) for each in paths[:3]))
    assert partly.status_code == 409
    assert where(partly) == ["Bundle.entry[1]"]
    assert statuses(await send(app, *(an_entry("DELETE", each) for each in paths))) == ["204"] * 4
    assert statuses(await send(app, *(an_entry("DELETE", each) for each in paths))) == ["204"] * 4


async def test_preconditions_are_those_of_single_requests(app: ASGIApp) -> None:
    there = await ask(app, "/fhir/Patient", "POST", json=known_as("1"))
    one, two = (f"identifier={MRN}|{number}" for number in (1, 2))
    response = await send(
        app,
        an_entry("POST", "Patient", known_as("1"), ANN, ifNoneExist=one),
        an_entry("POST", "Patient", known_as("2"), BOB, ifNoneExist=two),
        an_entry("POST", "Patient", known_as("2"), ifNoneExist=two),
        an_entry("PUT", "Patient/ann", a_patient("ann", gender="female"), ifMatch='W/"1"'),
        an_entry("PUT", "Patient/new", a_patient("new"), ifNoneMatch="*"),
        an_entry("POST", "Appointment", booking_for(ANN)),
        an_entry("POST", "Appointment", booking_for(BOB, "09:30")),
    )
    assert statuses(response) == ["200", "201", "200", "200", "201", "201", "201"]
    found, made, same, *_, first, second = resources(response)
    assert found["id"] == there.json()["id"]
    assert same["id"] == made["id"]
    assert first["participant"][0]["actor"] == ref(f"Patient/{found['id']}")
    assert second["participant"][0]["actor"] == ref(f"Patient/{made['id']}")


async def test_patches_come_as_parameters_or_in_a_binary(app: ASGIApp) -> None:
    operations = [{"op": "add", "path": "/gender", "value": "female"}]
    binary = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": b64encode(orjson.dumps(operations)).decode(),
    }
    link = [
        {"name": "type", "valueCode": "refer"},
        {"name": "other", "valueReference": ref(ANN)},
    ]
    patch = a_patch(an_operation("add", "Patient", value(part=link), name="link"))
    response = await send(
        app,
        an_entry("PATCH", "Patient/ann", binary),
        an_entry("PATCH", "Patient/bob", patch),
        an_entry("POST", "Patient", known_as("1"), ANN),
        an_entry("PATCH", "Practitioner/p1", {"resourceType": "Practitioner", "active": True}),
    )
    assert statuses(response) == ["200", "200", "201", "200"]
    ann, bob, new, practitioner = resources(response)
    assert practitioner["active"] is True
    assert ann["gender"] == "female"
    assert bob["link"][0]["other"] == ref(f"Patient/{new['id']}")


async def test_a_read_may_name_the_version_that_the_client_has(app: ASGIApp) -> None:
    response = await send(
        app,
        an_entry("GET", "Patient/ann", ifNoneMatch='W/"1"'),
        an_entry("GET", f"{BASE}/Patient/ann/_history/1"),
        an_entry("HEAD", "Patient/ann"),
    )
    assert statuses(response) == ["304", "200", "200"]
    assert [each["id"] for each in resources(response)] == ["ann"]


@pytest.mark.parametrize("path", ["/fhir", "/fhir/"])
async def test_an_empty_transaction_is_answered(app: ASGIApp, path: str) -> None:
    body = {"resourceType": "Bundle", "type": "transaction"}
    response = await ask(app, path, "POST", json=body)
    assert response.json() == {"resourceType": "Bundle", "type": "transaction-response"}
