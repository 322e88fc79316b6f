"""A wire to the database that can be cut: at any time, or right after a commit was asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo


@dataclass(slots=True)
class Proxy:
    """Passes bytes on between the gateway and the server's own socket.

    Attributes:
        socket: The server's, in the file system.
        away: Whether the server cannot be reached now.
        cut_after: What the gateway says when the wire is to be cut, its answer getting lost.
    """

    socket: Path
    away: bool = False
    cut_after: bytes = b""
    wires: set[asyncio.StreamWriter] = field(default_factory=set)
    _cutting: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.away:
            writer.close()
            return
        with suppress(OSError):
            to, back = await asyncio.open_unix_connection(self.socket)
            self.wires |= {writer, back}
            await asyncio.gather(self._pass(reader, back), self._answer(to, writer))
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                self._cutting = bool(self.cut_after) and self.cut_after in data
                writer.write(data)
                if self._cutting:
                    self.cut_after = b""
                    await asyncio.sleep(0.1)  # the server hears it and commits; nobody learns of it
                    self.cut()
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if not self._cutting:
                    writer.write(data)
        writer.close()

    def cut(self) -> None:
        """Cut every wire there is."""
        for each in self.wires:
            each.transport.abort()
        self.wires.clear()
        self._cutting = False


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server of an address, and the address by way of it."""
    given = conninfo_to_dict(url)
    proxy = Proxy(Path(str(given["host"])) / f".s.PGSQL.{given.get('port') or 5432}")
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield proxy, make_conninfo(url, host="127.0.0.1", port=port)
    server.close()
    proxy.cut()
