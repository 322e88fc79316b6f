"""A gateway that dies at any moment has lost nothing it acknowledged and does nothing twice.

A process of its own is killed again and again while a hospital sends; the sender sends again what
was not acknowledged, as senders do. Decision 20.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.client import MllpClient
from tests.flows.gateway import Gateway, a_gateway
from tests.usecases.builders import Resource, at
from tests.usecases.ehr import BASE, siu

pytestmark = pytest.mark.slow

KILLS = 6
LANES = 3
VISITS = 44


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment, all that is sent about it and what it comes to."""

    number: int

    @property
    def name(self) -> str:
        return f"F-{self.number}"

    @property
    def ended(self) -> bool:
        return self.number % 2 == 1

    @property
    def start(self) -> str:
        return _clock(self.number * 15 + 7)

    @property
    def messages(self) -> list[bytes]:
        lane = self.number % LANES
        people = ({3: f"D{lane}^Doctor"},)
        sent = [("S12", _clock(self.number * 15)), ("S13", self.start)]
        sent += [("S15", self.start)] if self.ended else []
        return [
            siu(event, start, 5, id_=self.name, people=people, control=f"{self.name}-{event}")
            for event, start in sent
        ]


def _clock(minutes: int) -> str:
    return f"{6 + minutes // 60:02}:{minutes % 60:02}"


@dataclass(slots=True)
class Lane:
    """One connection of the hospital: each message until it is acknowledged, then the next."""

    left: list[bytes]
    acknowledged: list[str] = field(default_factory=list)

    async def send(self, gateway: Gateway, keep: int) -> None:
        """Send all but so many, until they are acknowledged or the gateway is gone."""
        host, _, port = gateway.mllp.rpartition(":")
        with suppress(GatewayError):
            async with MllpClient(host, int(port)) as client:
                while len(self.left) > keep:
                    view = read_ack(await client.send(self.left[0]))
                    assert view.code == "AA"
                    self.acknowledged.append(view.control_id)
                    del self.left[0]


@dataclass(slots=True)
class Hospital:
    """Several connections, each with its own visits."""

    lanes: list[Lane]

    @classmethod
    def with_visits(cls, visits: Sequence[Visit]) -> "Hospital":
        own = [[v for v in visits if v.number % LANES == lane] for lane in range(LANES)]
        return cls([Lane([raw for visit in each for raw in visit.messages]) for each in own])

    @property
    def left(self) -> int:
        return sum(len(each.left) for each in self.lanes)

    async def send(
        self, gateway: Gateway, until_left: int = 0, keep: int = 0
    ) -> asyncio.Future[list[None]]:
        """Send until so many are left; what goes on sending then is returned.

        Args:
            gateway: The receiver.
            until_left: Of all lanes together.
            keep: How many each lane does not send, however fast the gateway is.
        """
        sending = asyncio.gather(*(each.send(gateway, keep) for each in self.lanes))
        while self.left > until_left and not sending.done():  # noqa: ASYNC110 - a lane has no event
            await asyncio.sleep(0.001)
        return sending


async def check(gateway: Gateway, visits: Sequence[Visit]) -> None:
    """Every message has been applied, and once."""
    async with httpx.AsyncClient(base_url=gateway.base, timeout=300) as client:
        for visit in visits:
            found = await _found(client, visit)
            history = (
                await client.get(f"{gateway.base}/Appointment/{found['id']}/_history")
            ).json()
            assert history["total"] == len(visit.messages), visit.name
            assert found["status"] == ("cancelled" if visit.ended else "booked")
            assert found["start"] == at(visit.start)
        slots = (await client.get(f"{gateway.base}/Slot?status=busy&_count=200")).json()
        assert slots["total"] == sum(not each.ended for each in visits)


async def _found(client: httpx.AsyncClient, visit: Visit) -> Resource:
    """The only Appointment of a visit."""
    identifier = f"{BASE}:appointment-filler|{visit.name}"
    found = await client.get(f"{client.base_url}Appointment", params={"identifier": identifier})
    (entry,) = found.json()["entry"]
    resource: Resource = entry["resource"]
    return resource


async def test_a_gateway_killed_at_any_moment_applies_each_message_once(tmp_path: Path) -> None:
    chance = random.Random(20260301)
    visits = [Visit(number) for number in range(VISITS)]
    hospital = Hospital.with_visits(visits)
    for later_kills in reversed(range(KILLS)):
        with a_gateway(tmp_path) as gateway:
            goal = hospital.left - chance.randint(3, 8)
            sending = await hospital.send(gateway, goal, keep=1 + 4 * later_kills)
            await asyncio.sleep(chance.random() * 0.05)
            gateway.process.kill()
            await sending
        assert hospital.left > 0
    with a_gateway(tmp_path) as gateway:
        await (await hospital.send(gateway))
        assert hospital.left == 0
        await check(gateway, visits)


async def test_a_gateway_that_is_asked_to_stop_finishes_what_it_has_begun(tmp_path: Path) -> None:
    visits = [Visit(number) for number in range(12)]
    hospital = Hospital.with_visits(visits)
    with a_gateway(tmp_path) as gateway:
        sending = await hospital.send(gateway, until_left=24)
        gateway.process.terminate()
        await sending
        assert hospital.left > 0
        assert gateway.process.wait(300) == 0
    with a_gateway(tmp_path) as gateway:
        await (await hospital.send(gateway))
        await check(gateway, visits)
