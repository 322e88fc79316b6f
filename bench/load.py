"""How is a server kept busy?

One asyncio process with keep-alive connections; each sends a prepared request, waits for the whole
answer and sends the next. Answers are read by Content-Length only.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Measured:
    """What came back.

    Attributes:
        seconds: How long it went on.
        latencies: Of each answer, in seconds, in no order.
        statuses: Answers by HTTP status.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds below which that share of the answers came."""
        ordered = sorted(self.latencies)
        place = min(len(ordered) - 1, int(share * len(ordered)))
        return ordered[place] * 1000 if ordered else 0.0


def request(method: str, path: str, body: bytes = b"", host: str = "bench") -> bytes:
    """One HTTP/1.1 request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/fhir+json\r\n"
    if body or method in ("POST", "PUT"):
        head += f"Content-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class _Client(asyncio.Protocol):
    def __init__(self, requests: Sequence[bytes], measured: Measured, *, once: bool) -> None:
        self._left = list(requests)
        self._once = once
        self._measured = measured
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport
        self.stopping = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._next()

    def _next(self) -> None:
        if self.stopping or not self._left:
            self._transport.close()
            return
        chosen = self._left.pop() if self._once else random.choice(self._left)  # noqa: S311
        self._sent = time.perf_counter()
        self._transport.write(chosen)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        place = head.find(b"content-length:")
        length = 0
        if place >= 0:
            length = int(head[place + 15 :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        self._measured.latencies.append(time.perf_counter() - self._sent)
        status = int(self._buffer[9:12])
        self._measured.statuses[status] = self._measured.statuses.get(status, 0) + 1
        self._buffer = self._buffer[end + 4 + length :]
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def keep_busy(
    port: int, requests: Sequence[bytes], *, concurrency: int, seconds: float, once: bool = False
) -> Measured:
    """Send prepared requests for some time.

    Args:
        port: Of the server on this machine.
        requests: Picked at random, or each once.
        concurrency: Connections.
        seconds: How long; with `once` at most so long.
        once: Whether each request is sent one time only.
    """
    loop = asyncio.get_running_loop()
    measured = Measured()
    shares = [requests[n::concurrency] if once else requests for n in range(concurrency)]
    clients = [_Client(share, measured, once=once) for share in shares]
    begun = time.perf_counter()
    for each in clients:
        await loop.create_connection(lambda each=each: each, "127.0.0.1", port)  # type: ignore[misc]
    everybody = asyncio.gather(*(each.done for each in clients))
    try:
        await asyncio.wait_for(asyncio.shield(everybody), seconds)
    except TimeoutError:
        for each in clients:
            each.stopping = True
        await asyncio.wait_for(everybody, 30)
    measured.seconds = time.perf_counter() - begun
    return measured
