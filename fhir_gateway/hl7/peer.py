"""What is a peer, what may it take, and what is the owner of a server told about it?

Source: hl7v2.md section 3.1 (limits to set); decision 20.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

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
#: Gets the bytes of one frame; its answer goes back in a frame, None sends nothing. If it raises,
#: the connection is closed without an answer, since nothing may have been kept.
Handler = Callable[[bytes, Peer], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer may take. Times in seconds, None = without limit.

    Args:
        max_frame: Longest message in bytes.
        max_connections: Connections beyond are closed at once.
        queue: Frames of one connection that may wait for the handler.
        idle_timeout: Silence between frames.
        frame_timeout: Silence within a frame.
        end_timeout: How long a CR after FS is waited for.
        write_timeout: How long a peer may refuse to take an answer.
    """

    max_frame: int = MAX_FRAME
    max_connections: int = 200
    queue: int = 16
    idle_timeout: float | None = None
    frame_timeout: float | None = 60.0
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
