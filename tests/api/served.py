"""The whole house behind a real socket, and somebody who sends bytes to it."""

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPResponse
from queue import Queue
from typing import Any

import uvicorn

from fhir_gateway.api.app import make_app
from fhir_gateway.api.connections import GuardedConnection
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.tenants import DEFAULT
from fhir_gateway.usecases import seed
from tests.api.builders import Log, always_ready
from tests.conftest import deps_on

#: Seconds after which a server that says nothing is taken to hang.
HANGS = 30.0


@dataclass(frozen=True, slots=True)
class Sent:
    """One request, as bytes where they may be odd.

    Args:
        target: Path and query, as on the request line.
        headers: Without Host and Content-Length.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __bytes__(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: clinic.example"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1", "replace") + self.body


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer to a request.

    Args:
        headers: Names in lower case.
        body: As it was before it was compressed.
        seconds: From the first byte that was sent to the last that came back.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Caller:
    """Sends one request after the other over a connection that is kept."""

    def __init__(self, place: tuple[str, int]) -> None:
        self._place = place
        self._socket: socket.socket | None = None

    def send(self, sent: Sent) -> Heard:
        """Send a request as it is and wait for its answer."""
        began = time.monotonic()
        if self._socket is None:
            self._socket = socket.create_connection(self._place, timeout=HANGS)
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before the last byte
            self._socket.sendall(bytes(sent))
        response = HTTPResponse(self._socket, method=sent.method)
        response.begin()
        body = response.read()
        if response.will_close:
            self.close()
        headers = {name.lower(): value for name, value in response.getheaders()}
        if body and headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return Heard(response.status, headers, body, time.monotonic() - began)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@dataclass(frozen=True, slots=True)
class Served:
    """A running server.

    Args:
        place: Host and port.
        log: What it has logged.
    """

    place: tuple[str, int]
    log: Log = field(default_factory=Log)

    @property
    def address(self) -> str:
        return f"http://{self.place[0]}:{self.place[1]}"

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Requests that ended in a defect of ours, with where it was."""
        return [each for each in self.log.lines if each["action"] == "request-failed"]


@contextmanager
def served(
    database_url: str,
    resources: Sequence[dict[str, Any]] = (),
    connections: type[GuardedConnection] = GuardedConnection,
) -> Iterator[Served]:
    """Serve a database on a free port until the end of the block.

    Args:
        database_url: Of a migrated database.
        resources: Written into the default tenant first, which is empty.
        connections: How each is guarded.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    house = Served(listening.getsockname())
    started: Queue[uvicorn.Server | BaseException] = Queue()
    thread = threading.Thread(
        target=_run,
        args=(database_url, listening, house.log, resources, connections, started),
    )
    thread.start()
    server = started.get(timeout=120)
    if isinstance(server, BaseException):
        raise server
    try:
        yield house
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _run(
    url: str,
    listening: socket.socket,
    log: Log,
    resources: Sequence[dict[str, Any]],
    connections: type[GuardedConnection],
    started: "Queue[uvicorn.Server | BaseException]",
) -> None:
    async def serve() -> None:
        database = await open_database(url, size=4)
        try:
            deps = replace(await deps_on(database), log=log)
            if resources:
                await seed.fill(deps, DEFAULT, resources)
            app = make_app(deps, ready=always_ready, software_version="1.2.3")
            config = uvicorn.Config(
                app,
                http=connections,
                log_config=None,
                lifespan="off",
                access_log=False,
                timeout_keep_alive=60,
            )
            server = uvicorn.Server(config)
            started.put(server)
            await server.serve(sockets=[listening])
        finally:
            await database.close()

    try:
        asyncio.run(serve())
    except BaseException as error:  # noqa: BLE001 - told to whoever waits
        started.put(error)
