"""Gateways that show queues, behind real sockets in the loop of the test, and who watches them."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect

from fhir_gateway.api.app import make_app
from fhir_gateway.api.connections import GuardedConnection
from fhir_gateway.storage.announcements import Announcements
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.queue_watch import QueueWatch
from tests.api.builders import always_ready

#: Seconds; a frame that does not come in this time never comes.
PATIENCE = 60.0
Body = dict[str, Any]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Shown:
    """A gateway.

    Attributes:
        place: Host and port.
        watch: What it shows.
    """

    place: str
    watch: QueueWatch

    def socket(self, path: str = "/ws/queues/HealthcareService/desk", **options: Any) -> connect:
        return connect(f"ws://{self.place}{path}", open_timeout=PATIENCE, **options)


@asynccontextmanager
async def showing(deps: Deps, origins: tuple[str, ...] = ("*",)) -> AsyncIterator[Shown]:
    """A gateway that shows the queues of a database."""
    watch = QueueWatch(deps, Announcements(deps.database))
    app = make_app(deps, ready=always_ready, software_version="1.2.3", origins=origins, watch=watch)
    running = asyncio.create_task(watch.run())
    try:
        async with serving(app) as place:
            yield Shown(place, watch)
            watch.close()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """An application behind a socket; host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            app, http=GuardedConnection, ws="websockets-sansio", ws_max_size=16 << 10,
            ws_per_message_deflate=False, log_config=None, lifespan="off", access_log=False,
            timeout_graceful_shutdown=10,
        )  # fmt: skip
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        host, port = listening.getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            server.should_exit = True
            await serving


async def frame(client: ClientConnection) -> Body:
    """The next frame."""
    async with asyncio.timeout(PATIENCE):
        found: Body = json.loads(await client.recv())
    return found


async def until(client: ClientConnection, seq: int) -> list[Body]:
    """All frames up to that with a number."""
    frames = [await frame(client)]
    while frames[-1].get("seq", 0) < seq:
        frames.append(await frame(client))
    return frames


def applied(body: Body, delta: Body) -> Body:
    """What somebody sees who had a body and gets a delta."""
    entries = {each["ticket"]: each for each in body["entries"]}
    entries |= {each["ticket"]: each for each in delta.get("entries", ())}
    for ticket in delta.get("gone", ()):
        entries.pop(ticket, None)
    told = {name: each for name, each in delta.items() if name not in ("entries", "gone")}
    return body | told | {"entries": sorted(entries.values(), key=lambda each: each["ticket"])}


def sorted_body(body: Body) -> Body:
    """A body whose entries are in the order of tickets, to be compared."""
    return body | {"entries": sorted(body["entries"], key=lambda each: each["ticket"])}
