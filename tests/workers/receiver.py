"""The hospital's own system as a receiver: it answers as it is told, and keeps what has come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fhir_gateway.core.clock import SystemClock
from fhir_gateway.hl7.ack import AckCode, acknowledge
from fhir_gateway.hl7.framing import Decoder, Frame, encode
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header, peek
from fhir_gateway.outbound.destinations import Destination
from fhir_gateway.storage import dispatches
from fhir_gateway.storage.dispatches import Dispatch
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.workers.sender import send
from tests.usecases.clinic import TENANT, Clinic

#: What goes back for a message: answers; bytes as they are, and the end; None for the end at once.
Reply = Callable[[Header], list[bytes] | bytes | None]
#: Longest wait for anything; a test that reaches it has failed.
PATIENCE = 20.0


def ack(header: Header, code: AckCode) -> bytes:
    now = SystemClock().now()
    return acknowledge(header, code, control_id=f"E{header.control_id[:12]}", now=now)


def says(*codes: AckCode) -> Reply:
    """Answers with these codes, one frame each."""
    return lambda header: [ack(header, each) for each in codes]


def word(sent: Message, code: AckCode, wants: str = "AL") -> bytes:
    """The application acknowledgement as a message of its own."""
    raw = acknowledge(sent, code, control_id="E-1", now=datetime(2026, 3, 1, tzinfo=UTC))
    head, _, rest = raw.partition(b"\r")
    fields = head.split(b"|")
    fields += [b""] * (16 - len(fields))
    fields[14:16] = [wants.encode(), b"NE"]
    return b"|".join(fields) + b"\r" + rest


ACCEPTS = says(AckCode.AA)


def silent(_: Header) -> list[bytes]:
    return []


def hangs_up(_: Header) -> None:
    return None


def breaks_off(header: Header) -> bytes:
    """Ends the connection in the middle of saying yes."""
    return encode(ack(header, AckCode.AA))[:-3]


def about_another(header: Header) -> list[bytes]:
    """First an answer to a message that nobody sent, then what is no answer, then the right one."""
    right = ack(header, AckCode.AA)
    wrong = right.replace(header.control_id.encode(), b"SOMETHING-ELSE")
    return [wrong, b"MSH|^~\\&|nonsense\r", right]


@dataclass(slots=True)
class Receiver:
    """Listens on a free port; gone and back again on the same one."""

    received: list[bytes] = field(default_factory=list)
    script: list[Reply] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone: nobody listens, every connection has ended."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            for each in list(self._writers):
                each.close()
            await server.wait_closed()

    async def until(self, count: int) -> list[Message]:
        """Wait for so many messages; all that came."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.received) >= count)
        return self.messages

    @property
    def messages(self) -> list[Message]:
        return [Message.parse(each) for each in self.received]

    @property
    def events(self) -> list[str]:
        return ["^".join(each.event[:2]) for each in self.messages]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        decoder = Decoder()
        with suppress(OSError):
            while data := await reader.read(65536):
                frames = [e.payload for e in decoder.feed(data) if isinstance(e, Frame)]
                self.most_at_once = max(self.most_at_once, len(frames))
                for each in frames:
                    await self._answer(each, writer)
        self._writers.discard(writer)
        writer.close()

    async def _answer(self, raw: bytes, writer: asyncio.StreamWriter) -> None:
        header = peek(raw)
        assert header is not None
        reply = (self.script.pop(0) if self.script else ACCEPTS)(header)
        if isinstance(reply, list):
            writer.writelines([encode(each) for each in reply])
        else:
            writer.write(reply or b"")
            writer.close()
        async with self._changed:
            self.received.append(raw)
            self._changed.notify_all()


@dataclass(slots=True)
class Log:
    """What has been logged, to be waited for."""

    entries: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, action: str, **ids: Any) -> None:
        self.entries.append((action, ids))
        self._changed.set()

    def of(self, action: str) -> list[dict[str, Any]]:
        return [ids for name, ids in self.entries if name == action]

    async def until(self, action: str, count: int = 1, **having: Any) -> None:
        """Wait until an action has been logged so often with these ids."""
        async with asyncio.timeout(PATIENCE):
            while sum(having.items() <= each.items() for each in self.of(action)) < count:
                self._changed.clear()
                await self._changed.wait()


@dataclass(frozen=True, slots=True)
class Line:
    """A clinic whose changes go to a receiver."""

    clinic: Clinic
    receiver: Receiver
    log: Log

    async def sent(self, *states: str) -> list[Dispatch]:
        """What there is of messages, in order; of these states only, where some are named."""
        async with self.clinic.deps.database.transaction(TENANT) as tx:
            found = await dispatches.found(tx, states=states or dispatches.STATES)
        return found[::-1]

    async def states(self) -> list[str]:
        return [each.state for each in await self.sent()]

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send, as a process does."""
        stop = asyncio.Event()
        task = asyncio.create_task(send(self.clinic.deps, stop))
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(PATIENCE):
                await task

    async def delivered(self, count: int = 1) -> None:
        """Send until so many more messages have been accepted."""
        before = len(self.log.of("outbound.accepted"))
        async with self.sending():
            await self.log.until("outbound.accepted", before + count)


def a_destination(port: int, **changes: Any) -> Destination:
    """An EHR of the loopback interface that is asked again after an instant."""
    told: dict[str, Any] = {
        "name": "ehr", "host": "127.0.0.1", "port": port,
        "sender": {"application": "GATEWAY", "facility": "HUB"},
        "receiver": {"application": "EHR", "facility": "CLINIC"},
        "ack_timeout": 5.0,
        "retry": {"first": 0.01, "longest": 0.01},
        "circuit": {"first": 0.01, "longest": 0.01},
    }  # fmt: skip
    return Destination.model_validate(told | changes)


async def a_line(deps: Deps, receiver: Receiver, *destinations: Destination) -> Line:
    """A clinic with free Slots at 09:00 and 09:30 that tells these destinations."""
    log = Log()
    told = destinations or (a_destination(receiver.port),)
    clinic = Clinic(replace(deps, destinations={TENANT: told}, log=log))
    await clinic.settle()
    return Line(clinic, receiver, log)
