"""Do the clients that people use get along with the gateway, over a real socket?"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fhirclient.client import FHIRClient
from fhirclient.models.appointment import Appointment
from fhirclient.models.bundle import Bundle
from fhirclient.models.slot import Slot
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
from starlette.types import ASGIApp

from fhir_gateway.api.app import make_app
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import always_ready
from tests.usecases.builders import (
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
    at,
)


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The address of a server that runs the app until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    # Who connects before it is up waits in the listener's queue.
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"
    server.should_exit = True
    await running


@pytest.fixture
async def url(deps: Deps) -> AsyncIterator[str]:
    """A clinic with one practitioner, two free Slots and two patients."""
    app = make_app(deps, ready=always_ready, software_version="1.2.3")
    async with serving(app) as address:
        client = AsyncFHIRClient(address)
        people = (a_practitioner(), a_patient("ann"), a_patient("bob"))
        for each in (*people, a_schedule(), a_slot("09:00"), a_slot("09:30")):
            await client.resource(each["resourceType"], **each).save()
        yield address


async def test_fhirpy_creates_changes_and_deletes(url: str) -> None:
    client = AsyncFHIRClient(url)
    patient = client.resource("Patient", name=[{"family": "Maha"}])
    await patient.save()
    assert patient["meta"]["versionId"] == "1"
    patient["active"] = True
    await patient.save()
    assert patient["meta"]["versionId"] == "2"
    await patient.delete()
    with pytest.raises(ResourceNotFound):
        await client.reference("Patient", patient["id"]).to_resource()


async def test_fhirpy_searches_pages_and_counts(url: str) -> None:
    client = AsyncFHIRClient(url)
    slots = client.resources("Slot").search(status="free", start__ge=at("09:00"))
    assert await slots.count() == 2
    assert len(await slots.limit(1).fetch_all()) == 2
    first = await slots.sort("start").first()
    assert first["start"] == at("09:00")
    bundle = await slots.include("Slot", "schedule").fetch_raw()
    assert {each["resource"]["resourceType"] for each in bundle["entry"]} == {"Slot", "Schedule"}
    ann = await client.resources("Patient").search(_id="ann").get()
    assert ann.id == "ann"


async def test_fhirpy_books_and_understands_why_a_second_booking_is_refused(url: str) -> None:
    client = AsyncFHIRClient(url)
    await client.resource("Appointment", **an_appointment("09:00")).save()
    rival = client.resource("Appointment", **an_appointment("09:00", patient="bob"))
    with pytest.raises(OperationOutcome) as raised:
        await rival.save()
    assert raised.value.resource["issue"][0]["code"] == "conflict"


async def test_fhirpy_invokes_an_operation(url: str) -> None:
    query = {"actor": "Practitioner/p1", "start": at("09:00"), "end": at("09:30")}
    client = AsyncFHIRClient(url)
    answer = await client.execute("Appointment/$check-conflicts", method="GET", params=query)
    assert answer["resourceType"] == "Parameters"


async def test_fhirclient_reads_our_resources_into_its_strict_models(url: str) -> None:
    def visit() -> tuple[int, str]:
        client = FHIRClient(settings={"app_id": "test", "api_base": url})
        client.prepare()
        slots = list(Slot.where({"status": "free"}).perform_resources_iter(client.server))
        booked = Appointment(an_appointment("09:00")).create(client.server)
        return len(slots), Appointment.read(booked["id"], client.server).status

    assert await asyncio.to_thread(visit) == (2, "booked")


async def test_fhirpy_patches_in_its_own_way(url: str) -> None:
    client = AsyncFHIRClient(url)
    ann = await client.reference("Patient", "ann").patch(gender="female", active=True)
    assert (ann["gender"], ann["meta"]["versionId"]) == ("female", "2")
    with pytest.warns(
        DeprecationWarning, match="first arg of method patch"
    ):  # said of every patch by search
        ann = await client.resources("Patient").search(_id="ann").patch(active=None)
    assert "active" not in ann
    ann["birthDate"] = "1980-02-29"
    await ann.save(fields=["birthDate"])
    assert (await client.reference("Patient", "ann").to_resource())["gender"] == "female"


async def test_fhirpy_gets_or_creates(url: str) -> None:
    client = AsyncFHIRClient(url)
    number = {"system": "http://clinic.example/mrn", "value": "1"}
    known = client.resources("Patient").search(identifier="http://clinic.example/mrn|1")
    first, created = await known.get_or_create(client.resource("Patient", identifier=[number]))
    again, repeated = await known.get_or_create(client.resource("Patient", identifier=[number]))
    assert (created, repeated, first.id == again.id) == (True, False, True)


async def test_fhirpy_updates_and_deletes_by_search(url: str) -> None:
    client = AsyncFHIRClient(url)
    number = {"system": "http://clinic.example/mrn", "value": "1"}
    known = client.resources("Patient").search(identifier="http://clinic.example/mrn|1")
    first, created = await known.update(client.resource("Patient", identifier=[number]))
    again, repeated = await known.update(client.resource("Patient", identifier=[number]))
    assert (created, repeated, first.id == again.id) == (True, False, True)
    assert (await known.delete())[1] == 204
    assert await known.count() == 0


async def test_fhirpy_sends_a_transaction(url: str) -> None:
    client = AsyncFHIRClient(url)
    new = "urn:uuid:11111111-1111-4111-8111-111111111111"
    visit = an_appointment("09:00")
    visit["participant"][0]["actor"] = {"reference": new}
    bundle = client.resource(
        "Bundle",
        type="transaction",
        entry=[
            {"fullUrl": new, "resource": {"resourceType": "Patient"},
             "request": {"method": "POST", "url": "Patient"}},
            {"resource": visit, "request": {"method": "POST", "url": "Appointment"}},
        ],
    )  # fmt: skip
    answer = await client.execute("", data=bundle.serialize())
    patient, booked = (each["resource"] for each in answer["entry"])
    assert booked["participant"][0]["actor"]["reference"] == f"Patient/{patient['id']}"


async def test_fhirclient_sends_a_batch_and_reads_the_answer(url: str) -> None:
    def visit() -> list[str]:
        client = FHIRClient(settings={"app_id": "test", "api_base": url})
        client.prepare()
        asked = [{"request": {"method": "GET", "url": each}} for each in ("Patient/ann", "Slot")]
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": asked}
        answer = Bundle(client.server.post_json("", bundle).json())
        return [each.resource.resource_type for each in answer.entry]

    assert await asyncio.to_thread(visit) == ["Patient", "Bundle"]
