"""How soon do a thousand people who watch a queue see fifty changes?

Usage: python -m bench.queues [--watchers 1000] [--rounds 20]

A gateway with an embedded database, people who join and are called over HTTP, and watchers over
raw WebSockets. A change counts for each watcher from the moment at which the command is sent (and,
apart from that, from the moment at which its answer has come) to the first frame that shows it.
"""

import argparse
import asyncio
import base64
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from bench import servers
from bench.load import request

_SERVICE = "/fhir/HealthcareService/desk"
_URL = "https://fhir-gateway.example/fhir/StructureDefinition/queue-configuration"
_SEQ = b'"seq":'
_PING = 9


class _Watcher(asyncio.Protocol):
    """Notes when each number arrives; frames of a server are not masked."""

    def __init__(self, ready: asyncio.Future[None]) -> None:
        self._ready = ready
        self._buffer = b""
        self._upgraded = False
        self.seen: list[tuple[int, float]] = []
        self.bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(
            f"GET /ws/queues/HealthcareService/desk HTTP/1.1\r\nHost: bench\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._buffer += data
        if not self._upgraded:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head:
                raise RuntimeError(head[:100])
            self._upgraded, self._buffer = True, rest
        for payload in self._frames():
            self.bytes += len(payload)
            place = payload.find(_SEQ)
            if place >= 0:
                number = payload[place + len(_SEQ) : place + len(_SEQ) + 20].split(b",", 1)[0]
                self.seen.append((int(number), now))
            if not self._ready.done():
                self._ready.set_result(None)

    def _frames(self) -> Iterator[bytes]:
        while len(self._buffer) >= 2:
            length, start = self._buffer[1] & 127, 2
            if length == 126:
                length, start = int.from_bytes(self._buffer[2:4]), 4
            elif length == 127:
                length, start = int.from_bytes(self._buffer[2:10]), 10
            if len(self._buffer) < start + length:
                return
            kind, payload = self._buffer[0] & 15, self._buffer[start : start + length]
            self._buffer = self._buffer[start + length :]
            if kind == _PING:
                self._transport.write(bytes([0x8A, 0x80 | length, 0, 0, 0, 0]) + payload)
            else:
                yield payload


@dataclass(slots=True)
class _Commands:
    """What was sent, and when.

    Attributes:
        sent, answered: By the number of the change.
        wrong: Answers that were no success.
    """

    sent: dict[int, float] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    wrong: int = 0


class _Line:
    """Sends commands one after the other; the server may have closed the connection meanwhile."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._busy = asyncio.Lock()

    async def post(self, path: str, commands: _Commands) -> None:
        body = request("POST", f"{_SERVICE}/{path}", b'{"resourceType": "Parameters"}')
        begun = time.perf_counter()
        async with self._busy:
            try:
                answer = await self._asked(body)
            except (ConnectionError, asyncio.IncompleteReadError):
                self._streams = None  # closed for having been idle, before it has read anything
                answer = await self._asked(body)
        now = time.perf_counter()
        numbers = [each["valueInteger"] for each in answer.get("parameter", ())
                   if each["name"] == "sequence"]  # fmt: skip
        if not numbers:
            commands.wrong += 1
            return
        commands.sent[numbers[0]], commands.answered[numbers[0]] = begun, now

    async def _asked(self, body: bytes) -> Any:
        if self._streams is None or self._streams[0].at_eof():
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n", 1)[0])
        return json.loads(await reader.readexactly(length))


def main() -> int:
    """Measure and print; the exit status says whether every command was a success."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=50, help="at once")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, servers.gateway(Path(folder)) as server:
        parts = [{"url": "name", "valueString": "Desk"}, {"url": "servers", "valuePositiveInt": 4}]
        service = {"resourceType": "HealthcareService", "id": "desk",
                   "extension": [{"url": _URL, "extension": parts}]}  # fmt: skip
        servers.put_all(server.port, [service])
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_measure(server, given))


async def _measure(server: servers.Server, given: argparse.Namespace) -> int:
    loop = asyncio.get_running_loop()
    watchers = []
    before = server.memory()
    for _ in range(given.watchers):
        ready = loop.create_future()
        watcher = _Watcher(ready)
        await loop.create_connection(lambda watcher=watcher: watcher, "127.0.0.1", server.port)  # type: ignore[misc]
        await ready
        watchers.append(watcher)
    memory = server.memory() - before
    lines = [_Line(server.port) for _ in range(given.changes)]
    table = Table(box=None)
    for head in ("what", "changes", "per s", "frames", "p50 ms", "p99 ms", "max ms", "p99 after",
                 "CPU s", "wrong"):  # fmt: skip
        table.add_column(head, justify="left" if head == "what" else "right")
    wrong = 0
    for name, pause in (("at once", None), ("50 a second", 0.02)):
        if pause is not None:
            await _at_once(lines, _Commands(), 1)  # nobody is called from an empty queue
        for each in watchers:
            each.seen.clear()
        commands, cpu, begun = _Commands(), server.cpu(), time.perf_counter()
        if pause is None:
            await _at_once(lines, commands, given.rounds)
        else:
            await _spread(lines, commands, given.rounds, pause)
        seconds = time.perf_counter() - begun
        await _settle(watchers, max(commands.sent))
        wrong += commands.wrong
        _add(table, name, watchers, commands, seconds, server.cpu() - cpu)
    console = Console(width=120)
    console.print(f"{given.watchers} watchers, {memory / 1e6:.0f} MB of the server for them")
    console.print(table)
    return int(wrong > 0)


async def _at_once(lines: list[_Line], commands: _Commands, rounds: int) -> None:
    """Everybody at the same moment, again and again: as many leave as have come."""
    for number in range(rounds):
        path = "$call-next" if number % 2 else "$check-in"
        await asyncio.gather(*(each.post(path, commands) for each in lines))
        await asyncio.sleep(0.5)


async def _spread(lines: list[_Line], commands: _Commands, rounds: int, pause: float) -> None:
    """One after the other at a fixed pace, whether or not answers have come."""
    running = []
    for number in range(rounds * len(lines)):
        path = "$call-next" if number % 2 else "$check-in"
        running.append(asyncio.create_task(lines[number % len(lines)].post(path, commands)))
        await asyncio.sleep(pause)
    await asyncio.gather(*running)


async def _settle(watchers: list[_Watcher], last: int) -> None:
    """Wait until everybody has seen the last change."""
    async with asyncio.timeout(60):
        while any(not each.seen or each.seen[-1][0] < last for each in watchers):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _add(
    table: Table, name: str, watchers: list[_Watcher], commands: _Commands, seconds: float,
    cpu: float,
) -> None:  # fmt: skip
    whole, after = [], []
    for watcher in watchers:
        seen = iter(watcher.seen)
        number, moment = next(seen)
        for change in sorted(commands.sent):
            while number < change:
                number, moment = next(seen)
            whole.append(moment - commands.sent[change])
            after.append(moment - commands.answered[change])
    whole.sort()
    after.sort()
    place = int(0.99 * len(whole))
    table.add_row(
        name, str(len(commands.sent)), f"{len(commands.sent) / seconds:.0f}",
        str(len(watchers[0].seen)), *(f"{each * 1000:.1f}" for each in
        (whole[len(whole) // 2], whole[place], whole[-1], after[place])), f"{cpu:.1f}",
        str(commands.wrong),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
