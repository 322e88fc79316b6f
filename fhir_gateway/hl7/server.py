"""How do messages come in over TCP?

The server listens, counts its peers and drains. On each connection frames are handled one after
the other and answered in the order they came; while enough of them wait, nothing more is read
from that peer. What a message means, when it is durable and what the answer says is the handler's
business.

Source: HL7 v2.9.1 appendix C; hl7v2.md sections 3.1 and 3.2; decision 20.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import cast

from fhir_gateway.hl7.framing import Decoder, Event, Frame, Oversize, encode
from fhir_gateway.hl7.peer import DEFAULT_LIMITS, Closed, Handler, Hooks, Limits, Notice, Peer

__all__ = ["Closed", "Handler", "Hooks", "Limits", "MllpServer", "Notice", "Peer"]

#: Seconds a peer has to answer our end of TLS.
_TLS_FAREWELL = 2.0


class Connection(asyncio.Protocol):
    """One peer: a decoder, a bounded queue and one task that works it off."""

    def __init__(self, server: "MllpServer") -> None:
        self._server = server
        self._limits = server.limits
        self._decoder = Decoder(server.limits.max_frame)
        self._queue: deque[Event] = deque()
        self._waiting = 0  #: bytes of the frames in the queue
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()
        self._ended = False  #: nothing more will arrive
        self._draining = False
        self._reading = True
        self._transport: asyncio.Transport
        self.peer: Peer
        self.task: asyncio.Task[None] | None = None

    # --- called by the event loop ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.peer = _peer_of(self._transport)
        _keep_alive(self._transport.get_extra_info("socket"))
        refusal = self._server.refusal(self.peer)
        if refusal is not None:
            self._server.hooks.on_notice(Closed(refusal), self.peer)
            self._transport.abort()
            return
        self.task = asyncio.get_running_loop().create_task(self._work())
        self._server.joined(self)

    def data_received(self, data: bytes) -> None:
        self._enqueue(self._decoder.feed(data))
        full = len(self._queue) >= self._limits.queue or self._waiting >= self._limits.max_frame
        if full and self._reading:
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

    # --- the work ---

    def _enqueue(self, events: list[Event]) -> None:
        self._queue.extend(events)
        self._waiting += sum(len(each.payload) for each in events if isinstance(each, Frame))
        self._wake.set()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._enqueue(self._decoder.close())

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
        while not self._queue:
            if self._ended or (self._draining and self._decoder.idle):
                return None
            self._resume_reading()
            self._wake.clear()
            try:
                async with asyncio.timeout(self._patience()):
                    await self._wake.wait()
            except TimeoutError:
                if not self._out_of_patience():
                    return None
        event = self._queue.popleft()
        self._waiting -= len(event.payload) if isinstance(event, Frame) else 0
        return event

    def _resume_reading(self) -> None:
        if not self._reading and not self._ended:
            self._reading = True
            self._transport.resume_reading()

    def _patience(self) -> float | None:
        if self._decoder.awaits_end:
            return self._limits.end_timeout
        return self._limits.idle_timeout if self._decoder.idle else self._limits.frame_timeout

    def _out_of_patience(self) -> bool:
        """Nothing came in time: take a bare FS for the end, or give up (False)."""
        if self._decoder.awaits_end:
            self._enqueue(self._decoder.settle())
            return True
        self._tell(Closed("silent between messages" if self._decoder.idle else "silent in a frame"))
        return False

    async def _handle(self, event: Event) -> bool:
        """Deal with one event; False ends the connection."""
        if isinstance(event, Frame):
            answer = await self._server.handler(event.payload, self.peer)
        else:
            self._tell(event)
            if not isinstance(event, Oversize):
                return True
            answer = self._server.hooks.on_oversize(event.head, self.peer)
        return answer is None or await self._write(answer)

    async def _write(self, answer: bytes) -> bool:
        if self._transport.is_closing():
            return False
        self._transport.write(encode(answer))
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


class MllpServer:
    """Listens for MLLP connections.

    Args:
        handler: See `Handler`.
        host: Interface to listen on.
        port: 0 takes a free one (see `port`).
        hooks: What to be told.
        limits: What one peer may take.
        tls: Implicit TLS; client certificates as the context demands.
        admit: Which peers may connect; asked before anything is read.
    """

    def __init__(
        self,
        handler: Handler,
        host: str,
        port: int,
        *,
        hooks: Hooks,
        limits: Limits = DEFAULT_LIMITS,
        tls: ssl.SSLContext | None = None,
        admit: Callable[[Peer], bool] = lambda _peer: True,
    ) -> None:
        self.handler = handler
        self.hooks = hooks
        self.limits = limits
        self._host = host
        self._port = port
        self._tls = tls
        self._admit = admit
        self._connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._listener is None or not self._listener.sockets:
            return self._port
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """How many peers are connected."""
        return len(self._connections)

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        farewell = _TLS_FAREWELL if self._tls else None
        self._listener = await loop.create_server(
            lambda: Connection(self),
            self._host,
            self._port,
            ssl=self._tls,
            ssl_shutdown_timeout=farewell,
            backlog=256,
        )

    async def stop(self, grace: float = 20.0) -> None:
        """Accept nobody, finish the frames begun, answer, close; after `grace` seconds abort."""
        if self._listener is not None:
            self._listener.close()
        for connection in self._connections:
            connection.drain()
        tasks = [each.task for each in self._connections if each.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listener is not None:
            await self._listener.wait_closed()
            self._listener = None

    # --- called by connections ---

    def refusal(self, peer: Peer) -> str | None:
        """Why a new peer is turned away; None if it is welcome."""
        if not self._admit(peer):
            return "not admitted"
        if len(self._connections) >= self.limits.max_connections:
            return "too many connections"
        return None

    def joined(self, connection: Connection) -> None:
        self._connections.add(connection)

    def left(self, connection: Connection) -> None:
        self._connections.discard(connection)


def _peer_of(transport: asyncio.Transport) -> Peer:
    remote = transport.get_extra_info("peername") or ("", 0)
    local = transport.get_extra_info("sockname") or ("", 0)
    certificate = transport.get_extra_info("peercert") or None
    return Peer(str(remote[0]), int(remote[1]), int(local[1]), certificate)


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
    }
    for name, value in options.items():
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
