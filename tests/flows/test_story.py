"""The whole story: the EHR cancels, the waitlist is asked, somebody accepts, the time is filled.

MLLP and HTTP at the front, the real database and the worker behind. Decisions 14 to 17.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from fhir_gateway.api.app import make_app
from fhir_gateway.core.codes import REASON_FILLED, REASON_SUPERSEDED
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.usecases.deps import Deps, Policy
from fhir_gateway.workers.loop import work
from tests.flows.hub import Hub, hub_of
from tests.usecases.builders import (
    Resource,
    a_patient,
    a_response,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    at,
    ref,
)
from tests.usecases.ehr import known_here, known_patient, siu
from tests.usecases.waiting_room import reason_of

BASE = "http://clinic.example/fhir"
SERVICE = "AIS|||checkup^Check-up^http://clinic.example/services"


class Client:
    """An application that speaks FHIR."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str) -> Resource:
        answer = await self._http.get(f"{BASE}/{path}")
        assert answer.status_code == 200, answer.text
        found: Resource = answer.json()
        return found

    async def put(self, resource: Resource) -> None:
        path = f"{BASE}/{resource['resourceType']}/{resource['id']}"
        answer = await self._http.put(path, json=resource)
        assert answer.status_code == 201, answer.text

    async def post(self, resource: Resource) -> httpx.Response:
        return await self._http.post(f"{BASE}/{resource['resourceType']}", json=resource)

    async def entries(self, path: str, mode: str = "match") -> list[Resource]:
        bundle = await self.get(path)
        return [
            each["resource"] for each in bundle.get("entry", ()) if each["search"]["mode"] == mode
        ]

    async def status(self, reference: str) -> str:
        return str((await self.get(reference))["status"])

    async def eventually(self, path: str, count: int) -> list[Resource]:
        """What a search finds once it finds so many."""
        async with asyncio.timeout(120):
            while len(found := await self.entries(path)) != count:  # noqa: ASYNC110 - far away
                await asyncio.sleep(0.02)
        return found


@asynccontextmanager
async def _working(hub: Hub) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(work(hub.clinic.deps, stop))
    try:
        yield
    finally:
        stop.set()
        await worker


@pytest.fixture
async def hub(deps: Deps) -> AsyncIterator[Hub]:
    """Three are asked at once, and the time is kept for them."""
    policy = Policy(waitlist="plan", offer_hold=True)
    async with hub_of(replace(deps, policy=policy)) as running:
        yield running


async def _ready() -> bool:
    return True


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[Client]:
    """A client of the gateway whose listener is `hub`; its worker is at work."""
    app = make_app(hub.clinic.deps, ready=_ready, software_version="1")
    transport = httpx.ASGITransport(app=app)
    headers = {"Content-Type": "application/fhir+json"}
    async with httpx.AsyncClient(transport=transport, headers=headers) as http, _working(hub):
        yield Client(http)


@pytest.fixture
async def clinic(hub: Hub, client: Client) -> None:
    """Doctor Doe with two Slots, Ann booked at nine by the EHR, three who wait."""
    for each in (known_here(), a_schedule(), a_slot("09:00"), a_slot("09:30"), known_patient()):
        await client.put(each)
    for day, name in enumerate(("bob", "cem", "dan"), start=1):
        await client.put(a_patient(name))
        await client.put(a_waitlist_entry(name, created=f"2026-01-0{day}T09:00:00Z"))
    (answer,) = await hub.send(siu("S12", more=(SERVICE,), control="BOOK"))
    assert read_ack(answer).control_id == "BOOK"


async def test_a_cancellation_fills_its_time_from_the_waitlist(
    hub: Hub, client: Client, clinic: None
) -> None:
    assert await client.status("Slot/s1-0900") == "busy"

    await hub.send(siu("S15", more=(SERVICE,)))
    offers = await client.eventually("Appointment?status=proposed", 3)
    (task,) = await client.entries("Task?code=fill-slot")
    assert (task["status"], task["focus"]) == ("in-progress", ref("Slot/s1-0900"))
    assert await client.status("Slot/s1-0900") == "busy-tentative"
    assert {each["start"] for each in offers} == {at("09:00")}
    told = await client.entries("Communication?_sort=_lastUpdated")
    assert sorted(each["recipient"][0]["reference"] for each in told) == [
        "Patient/bob", "Patient/cem", "Patient/dan",
    ]  # fmt: skip

    offer = next(e for e in offers if e["participant"][0]["actor"]["reference"] == "Patient/cem")
    accepted = await client.post(a_response(f"Appointment/{offer['id']}", actor="Patient/cem"))
    assert accepted.status_code == 201
    booked = await client.get(f"Appointment/{offer['id']}")
    assert (booked["status"], booked["slot"]) == ("booked", [ref("Slot/s1-0900")])
    assert await client.status("Slot/s1-0900") == "busy"
    entry = await client.get("Appointment/wait-cem")
    assert (entry["status"], reason_of(entry)) == ("cancelled", REASON_FILLED)

    for other in (each for each in offers if each["id"] != offer["id"]):
        closed = await client.get(f"Appointment/{other['id']}")
        assert (closed["status"], reason_of(closed)) == ("cancelled", REASON_SUPERSEDED)
        patient = other["participant"][0]["actor"]["reference"]
        late = await client.post(a_response(f"Appointment/{other['id']}", actor=patient))
        assert late.status_code == 409
    assert await client.status(f"Task/{task['id']}") == "completed"
    assert await client.status("Appointment/wait-bob") == "waitlist"
    assert await hub.clinic.wrong_slots() == []


async def test_a_time_on_offer_that_the_ehr_books_itself_is_withdrawn(
    hub: Hub, client: Client, clinic: None
) -> None:
    await hub.send(siu("S15", more=(SERVICE,)))
    offers = await client.eventually("Appointment?status=proposed", 3)
    await hub.send(siu("S12", id_="F-2", more=(SERVICE,), patient={3: "Z1", 5: "Zoe"}))
    assert await client.status("Slot/s1-0900") == "busy"
    await client.eventually("Appointment?status=proposed", 0)
    patient = offers[0]["participant"][0]["actor"]["reference"]
    late = await client.post(a_response(f"Appointment/{offers[0]['id']}", actor=patient))
    assert late.status_code == 409
    (task,) = await client.entries("Task?code=fill-slot")
    assert task["status"] == "cancelled"


async def test_a_found_time_is_booked_and_not_found_again(
    hub: Hub, client: Client, clinic: None
) -> None:
    window = f"start={at('08:00')}&end={at('12:00')}"
    asked = f"Appointment/$find-optimal-slots?{window}&patient=Patient/bob"
    (found,) = await client.entries(asked)
    assert (found["status"], found["start"]) == ("proposed", at("09:30"))
    assert found["slot"] == [ref("Slot/s1-0930")]
    people = [{"actor": ref("Patient/bob"), "status": "accepted"}] + [
        {"actor": each["actor"], "status": "accepted"}
        for each in found["participant"]
        if not each["actor"]["reference"].startswith("Patient/")
    ]
    names = ("resourceType", "start", "end", "slot")
    wanted = {name: found[name] for name in names} | {"status": "booked", "participant": people}
    first, second = await asyncio.gather(client.post(wanted), client.post(wanted))
    assert sorted((first.status_code, second.status_code)) == [201, 409]
    assert await client.status("Slot/s1-0930") == "busy"
    assert await client.entries(asked) == []


async def test_a_booking_by_rest_that_the_ehr_moves_over_is_shown_to_people(
    hub: Hub, client: Client, clinic: None
) -> None:
    people = [{"actor": ref(each), "status": "accepted"}
              for each in ("Patient/bob", "Practitioner/p1")]  # fmt: skip
    booking = {
        "resourceType": "Appointment", "status": "booked", "start": at("09:30"),
        "end": at("10:00"), "slot": [ref("Slot/s1-0930")], "participant": people,
    }  # fmt: skip
    assert (await client.post(booking)).status_code == 201
    await hub.send(siu("S13", start="09:30", more=(SERVICE,)))
    assert (await client.get("Slot/s1-0930"))["overbooked"] is True
    (task,) = await client.entries("Task?code=resolve-conflict")
    assert task["status"] == "requested"
    assert (await client.post(booking)).status_code == 409
