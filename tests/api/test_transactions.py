"""Are many requests carried out as one? FHIR R4 section 3.1.0.11.2."""

import asyncio
from base64 import b64encode
from typing import Any

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
    known_as,
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
    participant,
    ref,
)


@pytest.fixture
async def app(deps: Deps) -> ASGIApp:
    return await a_clinic(deps)


def booking_for(patient: str, start: str = "09:00") -> dict[str, Any]:
    people = [participant(patient), participant("Practitioner/p1")]
    return an_appointment(start, participant=people)


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
        an_entry("POST", "Patient", known_as("1", link=[{"type": "refer", "other": ref(BOB)}]), ANN),
        an_entry("POST", "Patient", known_as("2", link=[{"type": "refer", "other": ref(ANN)}]), BOB),
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
        an_entry("POST", "Patient", known_as("1", link=[])  | {"link": [
            {"type": "refer", "other": ref("Patient/ann")}]}),
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


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (an_entry("PUT", "Patient/ann", a_patient("ann"), ifMatch='W/"7"'), 412),
        (an_entry("PUT", "Patient/ann", a_patient("ann"), ifNoneMatch="*"), 412),
        (an_entry("DELETE", "Patient/ann", ifMatch='W/"7"'), 412),
        (an_entry("POST", "Patient", known_as("1"), ifNoneExist="gender:missing=true"), 412),
        (an_entry("POST", "Patient", known_as("1"), ifNoneExist=""), 422),
        (an_entry("POST", "Patient", known_as("1"), ifNoneExist="nonsense=1"), 400),
        (an_entry("POST", "Patient?identifier=1", known_as("1")), 501),
        (an_entry("POST", "Patient", known_as("1", gender="blue")), 422),
        (an_entry("POST", "Patient", {"resourceType": "Slot"}), 400),
        (an_entry("POST", "Patient"), 400),
        (an_entry("POST", "Patient/ann", a_patient("ann")), 405),
        (an_entry("PUT", "Patient/ann", a_patient("bob")), 400),
        (an_entry("PUT", "Patient/a_b", a_patient("a_b")), 400),
        (an_entry("PUT", "Patient?gender:missing=true", known_as("1")), 412),
        (an_entry("PATCH", "Patient/none", {"gender": "male"}), 400),
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
        (an_entry("PUT", "Patient/x", a_patient("x")), an_entry("PUT", "Patient/x", a_patient("x"))),
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
    )
    assert statuses(response) == ["200", "200", "201"]
    ann, bob, new = resources(response)
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
