"""A peer of the server that does exactly what a test tells it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.framing import Decoder, Frame
from tests.hl7.conftest import Listener


class Wire:
    """A peer that writes bytes as told and reads whole frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._decoder = Decoder()
        self._frames: list[bytes] = []

    async def write(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def frame(self) -> bytes | None:
        """The next frame; None once the server has closed."""
        async with asyncio.timeout(60):
            while not self._frames:
                try:
                    data = await self._reader.read(65536)
                except ConnectionError:
                    return None
                if not data:
                    return None
                events = self._decoder.feed(data)
                self._frames += [each.payload for each in events if isinstance(each, Frame)]
        return self._frames.pop(0)

    async def control_ids(self, count: int) -> list[str]:
        frames = [await self.frame() for _ in range(count)]
        return [read_ack(each).control_id for each in frames if each is not None]


@asynccontextmanager
async def connected(listener: Listener) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.005)
