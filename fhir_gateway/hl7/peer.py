"""What is a peer, what may it take, and what is the owner of a server told about it?

Source: hl7v2.md section 3.1 (limits to set); decision 20.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from fhir_gateway.hl7.framing import MAX_FRAME, Junk, Oversize, Unfinished


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end.

    Args:
        host: Its address.
        port: Its port.
        server_port: The port it came in by.
        certificate: As `SSLSocket.getpeercert` gives it; None without TLS or client certificate.
    """

    host: str
    port: int
    server_port: int
    certificate: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The server ended a connection, and why."""

    reason: str


Notice = Junk | Oversize | Unfinished | Closed
#: Gets the bytes of one frame; each of its answers goes back in a frame, None sends nothing. If it
#: raises, nothing may have been kept: the connection is closed without an answer, in release 2 the
#: message is refused by NAK.
Handler = Callable[[bytes, Peer], Awaitable[bytes | tuple[bytes, ...] | None]]
#: Of MLLP.
Release = Literal["1", "2", "auto"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What peers may take. Times in seconds, None = without limit.

    Args:
        max_frame: Longest message in bytes.
        max_connections: Connections beyond are closed at once.
        max_per_peer: Connections of one address beyond are closed at once.
        idle_timeout: Silence between frames.
        frame_timeout: From the beginning of a frame to its end.
        handshake_timeout: Of TLS.
        end_timeout: How long a CR after FS is waited for.
        write_timeout: How long a peer may refuse to take an answer.
    """

    max_frame: int = MAX_FRAME
    max_connections: int = 200
    max_per_peer: int = 200
    idle_timeout: float | None = None
    frame_timeout: float | None = 60.0
    handshake_timeout: float = 10.0
    end_timeout: float = 1.0
    write_timeout: float = 30.0


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the owner of a server is told.

    Args:
        on_error: The handler raised; the connection is being closed.
        on_notice: Something was skipped, refused or given up.
        on_oversize: Makes the answer to a frame over the limit from its beginning.
    """

    on_error: Callable[[Exception, Peer], None]
    on_notice: Callable[[Notice, Peer], None] = lambda _notice, _peer: None
    on_oversize: Callable[[bytes, Peer], bytes | None] = lambda _head, _peer: None
