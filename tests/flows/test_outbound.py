"""What is booked here reaches the EHR, whatever happens to either of them in between."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_gateway.core.clock import SystemClock
from fhir_gateway.demo.echo import echo_of
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.client import MllpClient
from tests.flows.gateway import Gateway, a_gateway
from tests.usecases.builders import (
    SURGERY,
    Resource,
    a_patient,
    a_practitioner,
    a_response,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
    at,
    ref,
)
from tests.usecases.ehr import known_here, known_patient, siu, ts
from tests.workers.receiver import Receiver, hangs_up

pytestmark = pytest.mark.slow

DESTINATION = """\
host: 127.0.0.1
port: {port}
sender: {{application: GATEWAY, facility: HUB}}
receiver: {{application: EHR, facility: CLINIC}}
retry: {{first: 0.05, longest: 0.2}}
circuit: {{first: 0.05, longest: 0.2}}
"""
SERVICE = "AIS|||checkup^Check-up^http://clinic.example/services"


@pytest.fixture
async def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """An EHR that the gateway is told of."""
    one = Receiver()
    await one.start()
    folder = tmp_path / "configuration" / "destinations"
    folder.mkdir(parents=True)
    (folder / "ehr.yaml").write_text(DESTINATION.format(port=one.port), encoding="utf-8")
    monkeypatch.setenv("FHIR_GATEWAY_CONFIG_DIR", str(folder.parent))
    yield one
    await one.stop()


async def put(gateway: Gateway, *resources: Resource) -> None:
    async with httpx.AsyncClient(base_url=gateway.base, timeout=30) as client:
        for each in resources:
            answer = await client.put(f"{each['resourceType']}/{each['id']}", json=each)
            answer.raise_for_status()


async def get(gateway: Gateway, path: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=gateway.base, timeout=30) as client:
        found: dict[str, Any] = (await client.get(path)).raise_for_status().json()
    return found


async def post(gateway: Gateway, resource: Resource) -> Resource:
    async with httpx.AsyncClient(base_url=gateway.base, timeout=30) as client:
        answer = await client.post(resource["resourceType"], json=resource)
        made: Resource = answer.raise_for_status().json()
    return made


async def tell(gateway: Gateway, raw: bytes) -> str:
    """Let the EHR send something; MSA-1 of the answer."""
    host, _, port = gateway.mllp.rpartition(":")
    async with MllpClient(host, int(port)) as client:
        return read_ack(await client.send(raw)).code


async def test_a_booking_and_its_cancellation_reach_an_ehr_that_was_away(
    tmp_path: Path, receiver: Receiver
) -> None:
    with a_gateway(tmp_path) as gateway:
        # given: a booking that the EHR has taken and told back
        name = {"family": "O'Brien & Sons | ^~\\", "given": ["Ann"]}
        await put(gateway, a_practitioner(), a_schedule(), a_slot(), a_patient(name=[name]))
        booked = await post(gateway, an_appointment(slot=[ref("Slot/s1-0900")]))
        (s12,) = await receiver.until(1)
        assert s12.event == ("SIU", "S12", "SIU_S12")
        assert s12.sender == ("GATEWAY", "HUB")
        assert s12.all("SCH")[0].text(1) == booked["id"]
        assert s12.all("PID")[0].field(5).component(1) == name["family"]
        echo = echo_of(receiver.received[0], control_id="E1", now=SystemClock().now())
        assert await tell(gateway, echo) == "AA"
        found = await get(gateway, "Appointment")
        assert found["total"] == 1
        # when: the EHR is away, the booking is cancelled, and the gateway dies at once
        await receiver.stop()
        current = found["entry"][0]["resource"]
        await put(gateway, {**current, "status": "cancelled"})
        gateway.process.kill()
        gateway.process.wait(60)
    # then: both are back, the first answer gets lost, and the message comes again as it was
    receiver.script = [hangs_up]
    with a_gateway(tmp_path):
        await receiver.start()
        _, s15, again = await receiver.until(3)
    assert s15.event == ("SIU", "S15", "SIU_S12")
    assert receiver.received[1] == receiver.received[2]
    assert s15.control_id == again.control_id
    assert s15.control_id != s12.control_id
    assert receiver.events == ["SIU^S12", "SIU^S15", "SIU^S15"]


async def offers(gateway: Gateway, count: int) -> dict[str, Resource]:
    """So many open offers, once they are made, by whom they are made to."""
    async with asyncio.timeout(120):
        while (found := await get(gateway, "Appointment?status=proposed"))["total"] != count:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)
    made = [each["resource"] for each in found["entry"]]
    return {each["participant"][0]["actor"]["reference"]: each for each in made}


async def test_time_that_the_ehr_gives_up_is_filled_from_the_waitlist_and_the_ehr_is_told(
    tmp_path: Path, receiver: Receiver
) -> None:
    with a_gateway(tmp_path, FHIR_GATEWAY_WAITLIST_POLICY="plan") as gateway:
        # given: the EHR has booked Ann; Bob and Cem wait for the same service, Dan for another
        await put(gateway, known_here(), a_schedule(), a_slot(), known_patient())
        await put(gateway, *(a_patient(each) for each in ("bob", "cem", "dan")))
        waiting = [a_waitlist_entry("dan", serviceType=[SURGERY])]
        await put(gateway, a_waitlist_entry("bob"), a_waitlist_entry("cem"), *waiting)
        assert await tell(gateway, siu("S12", more=(SERVICE,))) == "AA"
        assert (await get(gateway, "Slot/s1-0900"))["status"] == "busy"
        # when: it cancels, Cem is the first to accept, and the gateway dies while the EHR is away
        assert await tell(gateway, siu("S15", more=(SERVICE,))) == "AA"
        asked = await offers(gateway, 2)
        assert asked.keys() == {"Patient/bob", "Patient/cem"}
        await receiver.stop()
        offer = asked["Patient/cem"]
        await post(gateway, a_response(f"Appointment/{offer['id']}", actor="Patient/cem"))
        gateway.process.kill()
        gateway.process.wait(60)
    assert receiver.received == []
    with a_gateway(tmp_path) as gateway:
        await receiver.start()
        # then: the EHR hears of Cem, and of nothing that it has said itself
        (s12,) = await receiver.until(1)
        assert s12.event == ("SIU", "S12", "SIU_S12")
        assert s12.all("SCH")[0].text(1) == offer["id"]
        assert s12.all("PID")[0].field(3).component(1) == "cem"
        assert s12.all("AIP")[0].field(3).component(1) == "D1"
        assert s12.all("TQ1")[0].text(7) == ts(at("09:00"))
        # and: its echo is that booking, which it may cancel like any other
        echo = echo_of(receiver.received[0], control_id="E1", now=SystemClock().now())
        assert await tell(gateway, echo) == "AA"
        assert (await get(gateway, "Appointment?status=booked"))["total"] == 1
        cancelled = echo.replace(b"SIU^S12", b"SIU^S15").replace(b"|E1|", b"|E2|")
        assert await tell(gateway, cancelled) == "AA"
        assert (await get(gateway, f"Appointment/{offer['id']}"))["status"] == "cancelled"
        slots = await get(gateway, "Slot/s1-0900/_history")
        assert [e["resource"]["status"] for e in slots["entry"]][::-1][:4] == [
            "free", "busy", "free", "busy",
        ]  # fmt: skip
    assert len(receiver.received) == 1


async def test_a_description_that_is_wrong_is_said_at_the_start(
    tmp_path: Path, receiver: Receiver
) -> None:
    await receiver.stop()
    file = tmp_path / "configuration" / "destinations" / "ehr.yaml"
    file.write_text("host: x\nprot: 1\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"ehr\.yaml: .*prot: Extra inputs"):
        with a_gateway(tmp_path):
            pass
