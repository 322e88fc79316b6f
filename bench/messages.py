"""How fast are HL7 v2 messages taken, beside other listeners and another parser?

Each connection sends a message, waits for its acknowledgement and sends the next. What is compared
runs one after the other on the same machine: hl7apy's server and that of the hl7 package as their
own documentation shows them, our listener with as little behind it, and the gateway with its
database behind it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench import servers
from bench.load import Measured
from fhir_gateway.hl7.message import Message

CONNECTIONS = 20
_DOCTORS, _PATIENTS = 40, 400
_START = datetime(2031, 1, 6, 8, tzinfo=UTC)
_END = b"\x1c\r"


@dataclass(frozen=True, slots=True)
class Beside:
    """One thing that was measured, and how many times as fast as another it is.

    Attributes:
        name: What was done.
        per_second: How often.
        median: Milliseconds; 0 where nothing was waited for.
        slow: Milliseconds of one in a hundred.
        beside: Name of what it is compared with.
        ratio: How many times as fast; 1 for what others are compared with.
        wrong: Answers that were no AA.
    """

    name: str
    per_second: float
    median: float
    slow: float
    beside: str
    ratio: float
    wrong: int = 0


def message(event: str, number: int, note: str = "") -> bytes:
    """A message about the number-th appointment; no two want the same person at one time."""
    start = _START + timedelta(minutes=15 * (number // _DOCTORS))
    doctor, patient = number % _DOCTORS, number % _PATIENTS
    rows = [
        f"MSH|^~\\&|EHR|CLINIC|GW|HUB|20260301090000+0000||SIU^{event}^SIU_S12|{event}-{number}|P|2.5.1",
        f"SCH||B-{number}^EHR|||||ROUTINE^Routine|CHECKUP^Check-up|15|MIN^minutes|||||||||||||||Booked",
        f"TQ1|1||||||{start:%Y%m%d%H%M%S+0000}|{start + timedelta(minutes=15):%Y%m%d%H%M%S+0000}",
        f"NTE|1||{note or 'Please bring the letter of your doctor'}",
        f"PID|1||P{patient:05}^^^EHR^MR||Family{patient}^Given||19700101|F|||1 Main Street^^Town",
        "PV1|1|O",
        "RGS|1|A",
        "AIS|1|A|GEN^General|||||15|MIN",
        f"AIP|1|A|D{doctor:04}^Doctor{doctor}^Sam|ATND",
    ]
    return ("\r".join(rows) + "\r").encode()


class _Sender(asyncio.Protocol):
    """One connection; connects anew where the server hangs up after each answer."""

    def __init__(self, lane: "_Lane") -> None:
        self._lane = lane
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._next()

    def _next(self) -> None:
        raw = self._lane.following()
        if raw is None:
            self._transport.close()
        else:
            self._transport.write(b"\x0b" + raw + _END)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._buffer.endswith(_END):
            return
        self._lane.answered(b"MSA|AA|" in self._buffer)
        self._buffer = b""
        if self._lane.reconnects:
            self._transport.close()
        else:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lane.hung_up.set()


class _Lane:
    """The messages of one connection."""

    def __init__(
        self, raws: Sequence[bytes], until: float, measured: Measured, *, reconnects: bool
    ):
        self._left = list(reversed(raws))
        self._until = until
        self._measured = measured
        self._sent = 0.0
        self.reconnects = reconnects
        self.hung_up = asyncio.Event()

    @property
    def more(self) -> bool:
        return bool(self._left) and time.perf_counter() < self._until

    def following(self) -> bytes | None:
        if not self.more:
            return None
        self._sent = self._sent if self.reconnects else time.perf_counter()
        return self._left.pop()

    def answered(self, accepted: bool) -> None:
        self._measured.latencies.append(time.perf_counter() - self._sent)
        status = 200 if accepted else 500
        self._measured.statuses[status] = self._measured.statuses.get(status, 0) + 1

    async def run(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        while self.more:
            self._sent = time.perf_counter()
            self.hung_up.clear()
            await loop.create_connection(lambda: _Sender(self), "127.0.0.1", port)
            await self.hung_up.wait()


async def deliver(
    port: int, raws: Sequence[bytes], seconds: float, *, reconnects: bool = False
) -> Measured:
    """Send messages over several connections, at most so long.

    Args:
        port: Of the listener on this machine.
        raws: Each is sent once.
        seconds: How long.
        reconnects: Whether each message has a connection of its own.
    """
    measured = Measured()
    begun = time.perf_counter()
    lanes = [
        _Lane(raws[n::CONNECTIONS], begun + seconds, measured, reconnects=reconnects)
        for n in range(CONNECTIONS)
    ]
    await asyncio.gather(*(each.run(port) for each in lanes))
    measured.seconds = time.perf_counter() - begun
    return measured


def measure(mllp_port: int, seconds: float) -> list[Beside]:
    """All rows; the gateway's clinic is filled with what the messages name first."""
    rows = _parsers(seconds)
    bare: dict[str, Beside] = {}
    for kind, reconnects in (("hl7apy", True), ("hl7", False), ("gateway", False)):
        with servers.listener(kind) as server:
            raws = [message("S12", n) for n in range(int(20_000 * seconds))]
            found = asyncio.run(deliver(server.port, raws, seconds, reconnects=reconnects))
        name = f"listener of {kind}" + (" with parse_message" if reconnects else ", only answering")
        bare[kind] = _row(name, found, bare.get("hl7apy"))
    rows += bare.values()
    most = int(1000 * seconds)
    asyncio.run(deliver(mllp_port, [message("S12", n) for n in range(_PATIENTS)], 60))
    for name, event in (("S12, new, durable", "S12"), ("S14, changed, durable", "S14")):
        raws = [message(event, n, "Changed") for n in range(_PATIENTS, _PATIENTS + most)]
        rows.append(_row(name, asyncio.run(deliver(mllp_port, raws, seconds)), bare["hl7apy"]))
    return rows


def _row(name: str, found: Measured, other: Beside | None) -> Beside:
    wrong = sum(count for status, count in found.statuses.items() if status >= 400)
    ratio = found.per_second / other.per_second if other else 1.0
    beside = other.name if other else ""
    return Beside(
        name, found.per_second, found.percentile(0.5), found.percentile(0.99), beside, ratio, wrong
    )


def _parsers(seconds: float) -> list[Beside]:
    from hl7apy.parser import parse_message

    raw = message("S12", 1)
    text = raw.decode()
    slow = _rate(lambda: parse_message(text, find_groups=True), seconds / 3)
    own = _rate(lambda: Message.parse(raw), seconds / 3)
    values = _rate(lambda: _twelve_values(Message.parse(raw)), seconds / 3)
    name = "hl7apy parse_message"
    return [
        Beside(name, slow, 1e3 / slow, 0, "", 1),
        Beside("our parser", own, 1e3 / own, 0, name, own / slow),
        Beside("our parser and twelve values", values, 1e3 / values, 0, name, values / slow),
    ]


def _twelve_values(read: Message) -> list[str]:
    wanted = (("SCH", 2), ("SCH", 7), ("SCH", 25), ("TQ1", 7), ("TQ1", 8), ("NTE", 3), ("PID", 3),
              ("PID", 5), ("PID", 7), ("PID", 8), ("AIS", 3), ("AIP", 3))  # fmt: skip
    return [segment.text(number) for name, number in wanted for segment in read.all(name)]


def _rate(work: Callable[[], object], seconds: float) -> float:
    work()
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - begun)
