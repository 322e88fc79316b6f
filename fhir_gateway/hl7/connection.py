"""What happens on one connection of a listener?

Frames are handled one after the other and answered in the order they came. What has been received
and not yet been read is bounded; beyond it the peer has to wait. In release 2 each message is
committed (ACK) or refused (NAK) by a block of its own before its answer, and the peer does the same
with our answers.

Source: HL7 v2.9.1 appendix C; MLLP release 2; hl7v2.md sections 3.1 and 3.2; decision 20.
"""

import asyncio
import socket
from collections import deque
from dataclasses import replace
from typing import Protocol, cast

from fhir_gateway.hl7.framing import (
    COMMITTED,
    NOT_COMMITTED,
    Decoder,
    Event,
    Frame,
    Junk,
    Oversize,
    encode,
)
from fhir_gateway.hl7.peer import Closed, Handler, Hooks, Limits, Notice, Peer, Release

#: Bytes that are cut into frames before others have their turn.
_SLICE = 16 * 1024
#: As many bytes may wait to be cut into frames; then nothing more is read.
_READ_AHEAD = 64 * 1024
#: How often an answer is sent again that the peer has not committed (release 2).
_RETRIES = 2


class Owner(Protocol):
    """The server that a connection belongs to."""

    handler: Handler
    hooks: Hooks
    limits: Limits
    release: Release

    def joined(self, connection: "Connection") -> None: ...

    def left(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """One peer: a decoder and one task that works off what comes."""

    def __init__(self, server: Owner, peer: Peer) -> None:
        self._server = server
        self._limits = server.limits
        self.peer = peer
        self._decoder = Decoder(server.limits.max_frame)
        self._unread = bytearray()
        self._events: deque[Event] = deque()
        self._begun: float | None = None  #: since when the rest of a frame is waited for
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()
        self._ended = False  #: nothing more will arrive
        self._draining = False
        self._reading = True
        self._commits = server.release == "2"
        #: Answers that the peer has not committed yet, and how often each was sent again.
        self._uncommitted: deque[tuple[bytes, int]] = deque(maxlen=16)
        self._transport: asyncio.Transport
        self.task: asyncio.Task[None] | None = None

    # --- called by the event loop ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        certificate = transport.get_extra_info("peercert") or None
        self.peer = replace(self.peer, certificate=certificate)
        _keep_alive(transport.get_extra_info("socket"))
        self.task = asyncio.get_running_loop().create_task(self._work())
        self._server.joined(self)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._wake.set()
        if self._reading and len(self._unread) >= _READ_AHEAD:
            self._reading = False
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The peer may have closed only its own direction: answers are still written."""
        self._end()
        return self._transport.get_extra_info("sslcontext") is None  # TLS knows no half-close

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._writable.set()
        self._lost.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # --- called by the server ---

    def drain(self) -> None:
        """Finish the frames begun, then close."""
        self._draining = True
        self._wake.set()

    def abort(self) -> None:
        """Close now, whatever is going on."""
        if self.task is not None:
            self.task.cancel()
        self._transport.abort()

    # --- what comes in ---

    def _end(self) -> None:
        self._ended = True
        self._wake.set()

    def _tell(self, notice: Notice) -> None:
        self._server.hooks.on_notice(notice, self.peer)

    async def _work(self) -> None:
        try:
            while (event := await self._next()) is not None:
                if not await self._handle(event):
                    break
            await self._shut()
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the frame is not safe
            self._transport.close()
            self._server.hooks.on_error(error, self.peer)
        finally:
            self._server.left(self)

    async def _next(self) -> Event | None:
        """The next event in order; None when the connection is to be closed."""
        while not self._events:
            if self._unread:
                self._cut()
                if self._unread:
                    await asyncio.sleep(0)  # a flood of bytes must not keep others waiting
            elif self._ended:
                self._events.extend(self._decoder.close())
                if not self._events:
                    return None
            elif (self._draining and self._decoder.idle) or not await self._more():
                return None
        return self._events.popleft()

    def _cut(self) -> None:
        """Cut some of what has come into frames."""
        found = self._decoder.feed(bytes(self._unread[:_SLICE]))
        del self._unread[:_SLICE]
        self._events.extend(found)
        if found or self._decoder.idle:
            self._begun = None

    async def _more(self) -> bool:
        """Wait until more has come; False where the connection is to be closed."""
        self._wake.clear()
        if not self._reading:
            self._reading = True
            self._transport.resume_reading()
        patience = self._patience()
        if patience is None:
            return await self._wake.wait()
        try:
            async with asyncio.timeout(patience):
                await self._wake.wait()
        except TimeoutError:
            return self._out_of_patience()
        return True

    def _patience(self) -> float | None:
        if self._decoder.awaits_end:
            return self._limits.end_timeout
        if self._decoder.idle:
            return self._limits.idle_timeout
        if self._limits.frame_timeout is None:
            return None
        now = asyncio.get_running_loop().time()
        self._begun = now if self._begun is None else self._begun
        return max(0.0, self._begun + self._limits.frame_timeout - now)

    def _out_of_patience(self) -> bool:
        """Nothing came in time: take a bare FS for the end, or give up (False)."""
        if self._decoder.awaits_end:
            self._events.extend(self._decoder.settle())
            return True
        idle = self._decoder.idle
        self._tell(Closed("silent between messages" if idle else "a message took too long"))
        return False

    # --- what goes out ---

    async def _handle(self, event: Event) -> bool:
        """Deal with one event; False ends the connection."""
        if isinstance(event, Frame):
            if event.payload in (COMMITTED, NOT_COMMITTED):
                return await self._committed(event.payload)
            return await self._answer(event.payload)
        self._tell(event)
        if not isinstance(event, Oversize):
            return True
        refused = self._server.hooks.on_oversize(event.head, self.peer)
        return await self._commit(COMMITTED) and await self._write_all(refused)

    async def _answer(self, payload: bytes) -> bool:
        try:
            answers = await self._server.handler(payload, self.peer)
        except Exception as error:
            if not self._commits:
                raise
            self._server.hooks.on_error(error, self.peer)
            return await self._commit(NOT_COMMITTED)
        return await self._commit(COMMITTED) and await self._write_all(answers)

    async def _committed(self, block: bytes) -> bool:
        """The peer has judged our oldest answer that it has not yet judged."""
        if self._server.release == "1":
            self._tell(Junk(len(block)))
            return True
        self._commits = True
        if not self._uncommitted:
            return True
        answer, retries = self._uncommitted.popleft()
        if block == COMMITTED:
            return True
        if retries == _RETRIES:
            self._tell(Closed("the peer does not commit our answer"))
            return False
        self._uncommitted.appendleft((answer, retries + 1))
        return await self._write(answer)

    async def _commit(self, block: bytes) -> bool:
        return await self._write(block) if self._commits else True

    async def _write_all(self, answers: bytes | tuple[bytes, ...] | None) -> bool:
        each_of = (answers,) if isinstance(answers, bytes) else answers or ()
        for answer in each_of:
            if self._server.release != "1":
                self._uncommitted.append((answer, 0))
            if not await self._write(answer):
                return False
        return True

    async def _write(self, content: bytes) -> bool:
        if self._transport.is_closing():
            return False
        self._transport.write(encode(content))
        if self._writable.is_set():
            return not self._transport.is_closing()
        try:
            async with asyncio.timeout(self._limits.write_timeout):
                await self._writable.wait()
        except TimeoutError:
            self._tell(Closed("the peer does not take its answers"))
            self._transport.abort()
            return False
        return not self._transport.is_closing()

    async def _shut(self) -> None:
        """Close after what is written has left, or without regard once the peer is deaf."""
        self._transport.close()
        try:
            async with asyncio.timeout(self._limits.write_timeout):
                await self._lost.wait()
        except TimeoutError:
            self._transport.abort()


def _keep_alive(sock: socket.socket | None) -> None:
    """Notice a peer that vanished within two minutes, although silence has no limit."""
    if sock is None:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": 60,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 6,
        "TCP_USER_TIMEOUT": 30_000,
        "TCP_NODELAY": 1,
    }
    for name, value in options.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
