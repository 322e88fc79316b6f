"""Bundles as clients send them, to a clinic with a database behind it."""

from typing import Any

import httpx
from starlette.types import ASGIApp

from fhir_gateway.api.app import make_app
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import always_ready, ask
from tests.usecases.builders import (
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
    participant,
)

Resource = dict[str, Any]
MRN = "http://clinic.example/mrn"
ANN = "urn:uuid:11111111-1111-4111-8111-111111111111"
BOB = "urn:uuid:22222222-2222-4222-8222-222222222222"


def bare_clinic(deps: Deps) -> ASGIApp:
    """A clinic in which there is nothing yet."""
    return make_app(deps, ready=always_ready, software_version="1.2.3")


async def a_clinic(deps: Deps) -> ASGIApp:
    """Practitioner/p1 with free Slots at 09:00 and 09:30, and the patients ann and bob."""
    app = bare_clinic(deps)
    people = (a_practitioner(), a_patient("ann"), a_patient("bob"))
    for each in (*people, a_schedule(), a_slot("09:00"), a_slot("09:30")):
        path = f"/fhir/{each['resourceType']}/{each['id']}"
        assert (await ask(app, path, "PUT", json=each)).status_code == 201
    return app


def known_as(number: str, **elements: Any) -> Resource:
    """A Patient with that medical record number."""
    identifier = [{"system": MRN, "value": number}]
    return {"resourceType": "Patient", "identifier": identifier} | elements


def booking_for(patient: str, start: str = "09:00") -> Resource:
    """An Appointment with p1 for a patient, named as the reference says."""
    people = [participant(patient), participant("Practitioner/p1")]
    return an_appointment(start, participant=people)


def linked(number: str, other: str) -> Resource:
    """A Patient that refers to another."""
    return known_as(number, link=[{"type": "refer", "other": {"reference": other}}])


def an_entry(
    method: str, url: str, resource: Resource | None = None, full_url: str = "", **headers: str
) -> Resource:
    """One entry; headers are `ifMatch` and so on."""
    entry: Resource = {"request": {"method": method, "url": url} | headers}
    entry |= {} if resource is None else {"resource": resource}
    return entry | ({"fullUrl": full_url} if full_url else {})


def a_bundle(*entries: Resource, kind: str = "transaction") -> Resource:
    bundle: Resource = {"resourceType": "Bundle", "type": kind}
    return bundle | ({"entry": list(entries)} if entries else {})


async def send(
    app: ASGIApp, *entries: Resource, kind: str = "transaction", **headers: str
) -> httpx.Response:
    """Post a Bundle to the base address; headers as `Prefer="return=minimal"`."""
    return await ask(app, "/fhir", "POST", json=a_bundle(*entries, kind=kind), headers=headers)


def statuses(response: httpx.Response) -> list[str]:
    """What became of each entry: `201`, `409` …"""
    assert response.status_code == 200, response.text
    return [each["response"]["status"][:3] for each in response.json().get("entry", [])]


def resources(response: httpx.Response) -> list[Resource]:
    """The resources of the answer's entries that have one."""
    return [each["resource"] for each in response.json()["entry"] if "resource" in each]


def where(response: httpx.Response) -> list[str]:
    """The places that the issues of a refusal name."""
    return [place for issue in response.json()["issue"] for place in issue.get("expression", ())]


async def total(app: ASGIApp, query: str) -> int:
    """How many resources a search finds."""
    response = await ask(app, f"/fhir/{query}&_total=accurate")
    assert response.status_code == 200, response.text
    return int(response.json()["total"])
