"""Messages by way of a socket into the database: the listener as `wiring` puts it together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.hl7.peer import Hooks, Limits, Peer
from fhir_gateway.hl7.server import MllpServer
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.receive_v2 import Line, oversize_answer, receive
from tests.hl7.conftest import Listener
from tests.usecases.clinic import TENANT, Clinic
from tests.usecases.ehr import Ehr


@dataclass(frozen=True, slots=True)
class Hub:
    """What a sender reaches, and a look behind it."""

    listener: Listener
    ehr: Ehr

    @property
    def clinic(self) -> Clinic:
        return self.ehr.clinic

    async def send(self, *messages: bytes) -> list[bytes]:
        """Send messages over one connection, waiting for each answer; the answers as they came."""
        async with MllpClient("127.0.0.1", self.listener.port) as client:
            return [await client.send(each) for each in messages]


@asynccontextmanager
async def hub_of(deps: Deps, limits: Limits | None = None) -> AsyncIterator[Hub]:
    """Listen on a free port."""
    listener = Listener()
    ehr = Ehr(Clinic(deps)).watched()
    deps = ehr.clinic.deps
    oversize = oversize_answer(deps)

    line = Line(ack_mode="original")  # so that every message is answered, whatever it asks for

    async def handle(frame: bytes, peer: Peer) -> bytes | None:
        return await receive(deps, TENANT, frame, f"{peer.host}:{peer.port}", line)

    hooks = Hooks(
        on_error=lambda error, _: listener.errors.append(error),
        on_notice=lambda notice, _: listener.notices.append(notice),
        on_oversize=lambda head, _: oversize(head),
    )
    listener.server = MllpServer(handle, "127.0.0.1", 0, hooks=hooks, limits=limits or Limits())
    await listener.server.start()
    try:
        yield Hub(listener, ehr)
        assert ehr.failures == []
    finally:
        await listener.server.stop(5.0)
