"""A gateway for the command line to talk to: MLLP on loopback, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.hl7.ack import AckCode, acknowledge, refuse
from fhir_gateway.hl7.peek import peek
from fhir_gateway.hl7.server import Hooks, MllpServer, Peer

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass
class Listener:
    """Accepts SIU, refuses every other message as decision 20 says, and keeps what came."""

    port: int = 0
    received: list[bytes] = field(default_factory=list)

    async def answer(self, raw: bytes, _peer: Peer) -> bytes:
        self.received.append(raw)
        header = peek(raw)
        if header is not None and header.event[0] == "SIU":
            return acknowledge(header, AckCode.AA, control_id="1", now=NOW)
        error = fail(Category.UNSUPPORTED, "ADT is not read here", "MSH^1^9^1^2")
        return refuse(header, error, control_id="1", now=NOW)


@contextmanager
def listening() -> Iterator[Listener]:
    listener, loop = Listener(), asyncio.new_event_loop()
    failures: list[Exception] = []
    hooks = Hooks(on_error=lambda error, _peer: failures.append(error))
    server = MllpServer(listener.answer, "127.0.0.1", 0, hooks=hooks)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(60)
        listener.port = server.port
        yield listener
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
    assert failures == []
