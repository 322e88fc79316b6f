"""Rows 5 to 9, 14, 16 and 17 of the checklist of client conventions: what is written."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from fhir_gateway.api.app import make_app
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import always_ready, ask
from tests.compat.conftest import outcome_of
from tests.usecases.builders import a_patient, an_appointment, at

MRN = "http://clinic.example/mrn"


def patient(**elements: Any) -> dict[str, Any]:
    """A Patient with an identifier that nobody else has."""
    number = {"system": MRN, "value": uuid4().hex}
    return {"resourceType": "Patient", "identifier": [number]} | elements


def created(http: httpx.Client, **elements: Any) -> dict[str, Any]:
    response = http.post("/Patient", json=patient(**elements))
    assert response.status_code == 201
    resource: dict[str, Any] = response.json()
    return resource


def condition(resource: dict[str, Any]) -> str:
    return f"identifier={MRN}|{resource['identifier'][0]['value']}"


@pytest.mark.parametrize(
    "media",
    [
        "application/fhir+json",
        "application/json",
        "application/json+fhir",
        "application/json; charset=utf-8",
        "application/fhir+json;charset=UTF-8",
        'application/fhir+json; charset="utf8"',
        "application/fhir+json; fhirVersion=4.0",
    ],
)
def test_row_5_a_body_is_json_under_any_of_its_names(http: httpx.Client, media: str) -> None:
    headers = {"content-type": media}
    assert http.post("/Patient", json=patient(), headers=headers).status_code == 201


@pytest.mark.parametrize("media", ["text/plain", "application/json; charset=latin1", ""])
def test_row_5_another_body_is_refused(http: httpx.Client, media: str) -> None:
    response = http.post("/Patient", json=patient(), headers={"content-type": media})
    assert response.status_code == 415
    assert outcome_of(response)["expression"] == ["Content-Type"]


JSON_PATCH = [{"op": "add", "path": "/active", "value": True}]
FHIRPATH_PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "add"},
                {"name": "path", "valueString": "Patient"},
                {"name": "name", "valueString": "active"},
                {"name": "value", "valueBoolean": True},
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json-patch+json", JSON_PATCH),
        ("application/json-patch+json; charset=UTF-8", JSON_PATCH),
        ("application/fhir+json; charset=utf-8", FHIRPATH_PATCH),
        ("application/json", FHIRPATH_PATCH),
        ("application/json", {"resourceType": "Patient", "active": True}),
        ("application/json; charset=UTF-8", {"active": True}),
        ("application/fhir+json", {"resourceType": "Patient", "active": True}),
        ("application/merge-patch+json;charset=utf-8", {"active": True}),
    ],
)
def test_row_6_a_patch_is_of_three_kinds(http: httpx.Client, media: str, body: Any) -> None:
    known = created(http)
    headers = {"content-type": media, "prefer": "return=presentation"}
    patched = http.patch(f"/Patient/{known['id']}", json=body, headers=headers)
    assert patched.status_code == 200
    assert patched.json()["active"] is True
    assert patched.json()["identifier"] == known["identifier"]


def test_row_6_the_partial_resource_is_told_of_as_our_own(http: httpx.Client) -> None:
    rest = http.get("/metadata").json()["rest"][0]
    assert "RFC 7396" in rest["documentation"]


def test_row_7_a_write_says_what_became_of_it(http: httpx.Client) -> None:
    response = http.post("/Patient", json=patient())
    made = response.json()
    place = f"{http.base_url}Patient/{made['id']}"
    assert response.status_code == 201
    assert response.headers["location"] == f"{place}/_history/1"
    assert response.headers["etag"] == 'W/"1"'
    assert response.headers["last-modified"].endswith(" GMT")
    again = http.put(place, json=made | {"active": True})
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"2"')
    assert http.put(f"/Patient/{uuid4()}", json=patient(), headers={}).status_code == 400
    own = f"own-{uuid4()}"
    assert http.put(f"/Patient/{own}", json=a_patient(own)).status_code == 201


@pytest.mark.parametrize(
    ("prefer", "kind"),
    [
        ("return=minimal", ""),
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
        ("return=presentation", "Patient"),
        ("respond-sometime; wait=10", "Patient"),
        ("handling=strict, return=minimal", ""),
    ],
)
def test_row_7_prefer_decides_what_comes_back(http: httpx.Client, prefer: str, kind: str) -> None:
    response = http.post("/Patient", json=patient(), headers={"prefer": prefer})
    assert response.status_code == 201
    assert response.headers["location"]
    assert response.text.startswith('{"resourceType":"' + kind if kind else "")
    assert bool(response.content) is bool(kind)


@pytest.mark.parametrize("tag", ['W/"1"', '"1"', "1"])
def test_row_8_a_version_is_matched_in_any_spelling(http: httpx.Client, tag: str) -> None:
    known = created(http)
    place, change = f"/Patient/{known['id']}", known | {"active": True}
    assert http.get(place, headers={"if-none-match": tag}).status_code == 304
    assert http.put(place, json=change, headers={"if-match": tag}).status_code == 200
    stale = http.put(place, json=change, headers={"if-match": tag})
    assert stale.status_code == 412
    assert outcome_of(stale)["expression"] == ["If-Match"]
    assert http.get(place, headers={"if-none-match": tag}).status_code == 200


def test_row_8_what_has_not_changed_is_not_sent_again(http: httpx.Client) -> None:
    place = f"/Patient/{created(http)['id']}"
    since = {"if-modified-since": http.get(place).headers["last-modified"]}
    response = http.get(place, headers=since)
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == 'W/"1"'


async def test_row_8_a_version_has_to_be_named_where_policy_demands_it(deps: Deps) -> None:
    strict = replace(deps, policy=replace(deps.policy, require_if_match=True))
    app = make_app(strict, ready=always_ready, software_version="1.2.3")
    assert (await ask(app, "/fhir/Patient/ann", "PUT", json=a_patient())).status_code == 201
    response = await ask(app, "/fhir/Patient/ann", "PUT", json=a_patient())
    assert response.status_code == 428
    assert "If-Match" in outcome_of(response)["diagnostics"]


def test_row_9_what_is_there_is_not_created_again(http: httpx.Client) -> None:
    new = patient()
    by_header = {"if-none-exist": condition(new)}
    answers = [
        http.post("/Patient", json=new, headers=by_header),
        http.post("/Patient", json=new, headers=by_header),
        http.post(f"/Patient?{condition(new)}", json=new),
    ]
    assert [each.status_code for each in answers] == [201, 200, 200]
    assert len({each.json()["id"] for each in answers}) == 1


def test_row_9_a_search_names_what_is_updated_and_deleted(http: httpx.Client) -> None:
    known = created(http)
    where = f"/Patient?{condition(known)}"
    updated = http.put(where, json={**known, "active": True})
    assert (updated.status_code, updated.json()["id"]) == (200, known["id"])
    assert http.delete(where).status_code == 204
    assert http.get(f"/Patient/{known['id']}").status_code == 410


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_row_9_several_are_too_many(http: httpx.Client, method: str) -> None:
    family = f"Twin{uuid4().hex}"
    for _ in range(2):
        created(http, name=[{"family": family}])
    body = {"resourceType": "Patient"}
    response = http.request(method, f"/Patient?family={family}", json=body)
    assert response.status_code == 412
    assert outcome_of(response)["code"] == "multiple-matches"


@pytest.mark.parametrize("path", ["", "/"])
@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_row_14_a_bundle_is_taken_with_and_without_slash(
    http: httpx.Client, kind: str, path: str
) -> None:
    entry = {"request": {"method": "GET", "url": "Patient/ann"}}
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [entry]}
    response = http.post(f"{str(http.base_url).rstrip('/')}{path}", json=bundle)
    assert (response.status_code, response.history) == (200, [])
    assert response.json()["type"] == f"{kind}-response"
    assert response.json()["entry"][0]["resource"]["id"] == "ann"


def test_row_14_references_within_and_by_search_are_resolved(http: httpx.Client) -> None:
    known, new = created(http), f"urn:uuid:{uuid4()}"

    def related(reference: str) -> dict[str, Any]:
        resource = {"resourceType": "RelatedPerson", "patient": {"reference": reference}}
        return {"resource": resource, "request": {"method": "POST", "url": "RelatedPerson"}}

    first = {
        "fullUrl": new, "resource": patient(), "request": {"method": "POST", "url": "Patient"}
    }  # fmt: skip
    entries = [first, related(new), related(f"Patient?{condition(known)}")]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    made, *people = (each["resource"] for each in http.post("/", json=bundle).json()["entry"])
    assert [each["patient"]["reference"] for each in people] == [
        f"Patient/{made['id']}", f"Patient/{known['id']}"
    ]  # fmt: skip


def test_row_16_what_was_deleted_is_gone_and_its_history_stays(http: httpx.Client) -> None:
    place = f"/Patient/{created(http)['id']}"
    assert http.delete(place).status_code == 204
    assert http.delete(place).status_code == 204
    gone = http.get(place)
    assert gone.status_code == 410
    assert outcome_of(gone)["code"] == "deleted"
    history = http.get(f"{place}/_history").json()
    assert [each["request"]["method"] for each in history["entry"]] == ["DELETE", "POST"]
    assert http.get(f"{place}/_history/1").json()["meta"]["versionId"] == "1"
    assert http.get(f"{place}/_history/2").status_code == 410


def test_row_17_an_operation_is_invoked_in_both_ways(http: httpx.Client) -> None:
    question = {"actor": "Practitioner/p1", "start": at("09:00"), "end": at("09:30")}
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "actor", "valueReference": {"reference": "Practitioner/p1"}},
            {"name": "start", "valueDateTime": at("09:00")},
            {"name": "end", "valueDateTime": at("09:30")},
        ],
    }
    got = http.get("/Appointment/$check-conflicts", params=question)
    posted = http.post("/Appointment/$check-conflicts", json=parameters)
    assert got.json() == posted.json()
    assert got.json()["resourceType"] == "Parameters"
    assert got.json()["parameter"][0]["valueReference"]["reference"] == "Appointment/booked"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/Patient/ann/$everything"),
        ("POST", "/Patient/ann/$everything"),
        ("GET", "/Patient/ann/$meta"),
        ("POST", "/Patient/$validate"),
        ("POST", "/Patient/ann/$validate"),
    ],
)
def test_row_17_an_operation_is_invoked_where_it_is_stated(
    http: httpx.Client, method: str, path: str
) -> None:
    body = patient() if "validate" in path else None
    assert http.request(method, path, json=body).status_code == 200


def test_row_17_what_changes_something_is_never_done_by_get(http: httpx.Client) -> None:
    stated = http.get("/metadata").json()["rest"][0]["resource"]
    names = {one["definition"] for each in stated for one in each.get("operation", [])}
    definitions = http.get("/OperationDefinition").json()["entry"]
    changing = [
        each["resource"]
        for each in definitions
        if each["resource"]["affectsState"] and each["resource"]["url"] in names
    ]
    paths = [
        f"/{kind}/${each['code']}" if each["type"] else f"/{kind}/any/${each['code']}"
        for each in changing
        for kind in each["resource"]
    ]
    assert [http.get(path).status_code for path in paths] == [405] * len(paths)


def test_a_patient_s_compartment_has_what_belongs_to_the_patient(http: httpx.Client) -> None:
    of_ann = http.get("/Patient/ann/Appointment?status=booked&_count=1").json()
    of_bob = http.get("/Patient/bob/Appointment").json()
    assert [each["resource"]["id"] for each in of_ann["entry"]] == ["booked"]
    assert of_ann["link"][0]["url"].startswith(f"{http.base_url}Patient/ann/Appointment?")
    assert of_bob["total"] == 0
    assert an_appointment()["participant"][0]["actor"]["reference"] == "Patient/ann"
