"""How does a hospital send?

One connection, one message at a time, each until its acknowledgement has come; a connection that
breaks is made again and the message is sent again with the same control id. Now and then the
sender itself breaks the connection before the answer. Written with nothing of the gateway.
"""

import asyncio
import random
import socket
import struct
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

from conformance.campaign.traffic import Script

_END = b"\x1c\r"
_AGAIN = 0.05
_PATIENCE = 60.0
#: How often nothing comes in that time before a message is given up.
_TRIES = 5
_BEFORE_THE_ANSWER = 0.02
_BROKEN = (OSError, EOFError)  # TimeoutError is one of the former
_ABRUPTLY = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Ward:
    """All senders, and what they have been answered.

    Attributes:
        port: Of the gateway on this machine.
        resets: Share of messages whose connection the sender breaks before the answer.
        acknowledged: Control id → each acknowledgement, as it came.
        answers: How many have come.
        broken: How many connections broke, or could not be made.
        heard: Set at each acknowledgement.
    """

    port: int
    resets: float
    seed: int
    acknowledged: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    answers: int = 0
    broken: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, script: Script) -> None:
        """Send all that one sender has to say; a message is given up that is never answered."""
        chance = random.Random(f"{self.seed}/{script.sender}")  # noqa: S311
        line = _Line(self.port)
        for message in script.messages:
            if chance.random() < self.resets:
                with suppress(*_BROKEN):
                    await line.write(message.raw)
                    await asyncio.sleep(chance.random() * _BEFORE_THE_ANSWER)
                line.abort()
            answer = await self._ask(line, message.raw)
            if answer is not None:
                self.acknowledged[message.control_id].append(answer)
                self.answers += 1
                self.heard.set()
        line.abort()

    async def _ask(self, line: "_Line", raw: bytes) -> bytes | None:
        unanswered = 0
        while unanswered < _TRIES:
            try:
                return await line.ask(raw)
            except _BROKEN as error:
                self.broken += 1
                unanswered += isinstance(error, TimeoutError)
                line.abort()
                await asyncio.sleep(_AGAIN)
        return None

    async def until(self, answers: int) -> None:
        """Wait until so many acknowledgements have come."""
        while self.answers < answers:
            self.heard.clear()
            await self.heard.wait()


class _Line:
    """One connection, made when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def write(self, raw: bytes) -> asyncio.StreamReader:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(b"\x0b" + raw + _END)
        return reader

    async def ask(self, raw: bytes) -> bytes:
        async with asyncio.timeout(_PATIENCE):
            return await (await self.write(raw)).readuntil(_END)

    def abort(self) -> None:
        """Break the connection without a farewell."""
        if self._streams is None:
            return
        _, writer = self._streams
        self._streams = None
        with suppress(OSError):  # it is closed already
            own = writer.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABRUPTLY)
        writer.transport.abort()
