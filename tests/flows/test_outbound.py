"""What is booked here reaches the EHR, whatever happens to either of them in between."""

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
    Resource,
    a_patient,
    a_practitioner,
    a_schedule,
    a_slot,
    an_appointment,
    ref,
)
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


async def test_a_description_that_is_wrong_is_said_at_the_start(
    tmp_path: Path, receiver: Receiver
) -> None:
    await receiver.stop()
    file = tmp_path / "configuration" / "destinations" / "ehr.yaml"
    file.write_text("host: x\nprot: 1\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"ehr\.yaml: .*prot: Extra inputs"):
        with a_gateway(tmp_path):
            pass
