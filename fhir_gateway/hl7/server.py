"""How do messages come in over TCP?

The server listens, admits peers before anything of theirs is read, counts them and drains. What
happens on a connection is `hl7.connection`; what a message means, when it is durable and what the
answer says is the handler's business.

Source: HL7 v2.9.1 appendix C; hl7v2.md sections 3.1 and 3.2; decision 20.
"""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable

from fhir_gateway.hl7.connection import Connection
from fhir_gateway.hl7.peer import (
    DEFAULT_LIMITS,
    Closed,
    Handler,
    Hooks,
    Limits,
    Notice,
    Peer,
    Release,
)

__all__ = ["Closed", "Handler", "Hooks", "Limits", "MllpServer", "Notice", "Peer"]

#: Seconds a peer has to answer our end of TLS.
_TLS_FAREWELL = 2.0
#: Seconds until the next try where the system gives no connection (no file handles left).
_BREATH = 0.2


class MllpServer:
    """Listens for MLLP connections.

    Args:
        handler: See `Handler`.
        host: Interface to listen on.
        port: 0 takes a free one (see `port`).
        hooks: What to be told.
        limits: What peers may take.
        tls: Implicit TLS; client certificates as the context demands.
        admit: Which peers may connect; asked before anything is read.
        release: Of MLLP. `auto` is release 1 until a peer commits an answer as in release 2.
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
        release: Release = "auto",
    ) -> None:
        self.handler = handler
        self.hooks = hooks
        self.limits = limits
        self.release: Release = release
        self._host = host
        self._port = port
        self._tls = tls
        self._admit = admit
        self._seats: Counter[str] = Counter()  #: by address of the peer, also before the handshake
        self._connections: set[Connection] = set()
        self._entering: set[asyncio.Task[None]] = set()
        self._listening: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    @property
    def connections(self) -> int:
        """How many peers are connected."""
        return len(self._connections)

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be had.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._listening = socket.create_server((self._host, self._port), family=family, backlog=256)
        self._listening.setblocking(False)
        self._port = int(self._listening.getsockname()[1])
        self._accepting = asyncio.get_running_loop().create_task(self._accept(self._listening))

    async def stop(self, grace: float = 20.0) -> None:
        """Accept nobody, finish the frames begun, answer, close; after `grace` seconds abort."""
        await self._close_the_door()
        for connection in self._connections:
            connection.drain()
        tasks = [each.task for each in self._connections if each.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _close_the_door(self) -> None:
        doing = [*self._entering, *([self._accepting] if self._accepting else [])]
        for each in doing:
            each.cancel()
        await asyncio.gather(*doing, return_exceptions=True)
        self._accepting = None
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    # --- who comes in ---

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, address = await loop.sock_accept(listening)
            except OSError as error:
                self.hooks.on_error(error, Peer("", 0, self._port))
                await asyncio.sleep(_BREATH)
                continue
            peer = Peer(str(address[0]), int(address[1]), self._port)
            refusal = self._refusal(peer)
            if refusal is not None:
                self.hooks.on_notice(Closed(refusal), peer)
                sock.close()
                continue
            self._seats[peer.host] += 1
            entering = loop.create_task(self._enter(sock, peer))
            self._entering.add(entering)
            entering.add_done_callback(self._entering.discard)

    def _refusal(self, peer: Peer) -> str | None:
        """Why a new peer is turned away; None if it is welcome."""
        if not self._admit(peer):
            return "not admitted"
        if self._seats.total() >= self.limits.max_connections:
            return "too many connections"
        if self._seats[peer.host] >= self.limits.max_per_peer:
            return "too many connections of one peer"
        return None

    async def _enter(self, sock: socket.socket, peer: Peer) -> None:
        """Shake hands where TLS is asked for; from then on the connection looks after itself."""
        options = {}
        if self._tls is not None:
            options = {
                "ssl_handshake_timeout": self.limits.handshake_timeout,
                "ssl_shutdown_timeout": _TLS_FAREWELL,
            }
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self, peer), sock, ssl=self._tls, **options
            )
        except OSError as error:  # so are the errors of TLS and its timeout
            self._unseat(peer)
            why = getattr(error, "reason", None) or type(error).__name__
            self.hooks.on_notice(Closed(f"no TLS: {why}"), peer)
        except asyncio.CancelledError:
            self._unseat(peer)
            raise

    def _unseat(self, peer: Peer) -> None:
        self._seats[peer.host] -= 1
        if self._seats[peer.host] <= 0:
            del self._seats[peer.host]

    # --- called by connections ---

    def joined(self, connection: Connection) -> None:
        self._connections.add(connection)

    def left(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._unseat(connection.peer)
