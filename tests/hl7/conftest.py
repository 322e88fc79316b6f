"""What the tests of this floor share: the samples, a fixed time, a server that tells all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fhir_gateway.hl7.ack import AckCode, acknowledge
from fhir_gateway.hl7.peek import peek
from fhir_gateway.hl7.server import Handler, Hooks, Limits, MllpServer, Notice, Peer

SAMPLES = Path(__file__).parents[2] / "conformance" / "samples" / "hl7v2"
NOW = datetime(2026, 3, 2, 9, 30, 0, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def sample_files() -> list[Path]:
    """The public samples, in order."""
    return sorted(SAMPLES.glob("*.hl7"))


def message(control_id: str = "1", body: str = "", charset: str = "") -> bytes:
    """An S12 with that MSH-10 and, after its SCH, that body."""
    header = f"MSH|^~\\&|EHR|CLINIC|GW|HUB|20260302093000||SIU^S12^SIU_S12|{control_id}|P|2.5.1"
    return f"{header}||||||{charset}\rSCH||4711\r{body}".encode()


async def accept(payload: bytes, _peer: Peer) -> bytes | None:
    """A handler that keeps nothing and accepts everything."""
    return acknowledge(peek(payload), AckCode.AA, control_id="gw-1", now=NOW)


class Listener:
    """A running server and everything it told."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.notices: list[Notice] = []
        self.server: MllpServer

    @property
    def port(self) -> int:
        return self.server.port


Listen = Callable[..., Awaitable[Listener]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Starts servers on free ports of the loopback interface and stops them after the test."""
    async with AsyncExitStack() as stack:

        async def start(
            handler: Handler = accept, limits: Limits | None = None, **options: Any
        ) -> Listener:
            listener = Listener()
            hooks = Hooks(
                on_error=lambda error, _peer: listener.errors.append(error),
                on_notice=lambda notice, _peer: listener.notices.append(notice),
                on_oversize=lambda head, _peer: acknowledge(
                    peek(head), AckCode.AR, control_id="gw-2", now=NOW
                ),
            )
            listener.server = MllpServer(
                handler, "127.0.0.1", 0, hooks=hooks, limits=limits or Limits(), **options
            )
            await listener.server.start()
            stack.push_async_callback(listener.server.stop, 1.0)
            return listener

        yield start
