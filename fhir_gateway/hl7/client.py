"""How does one of our messages go out over TCP and find its acknowledgement?

One message is under way at a time. An answer that names another message closes the connection:
from then on nobody could tell which answer belongs to which message.

Source: HL7 v2.9.1 appendix C and chapter 2, MSA-2; hl7v2.md section 3.2.
"""

import asyncio
import ssl
from types import TracebackType
from typing import Self

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.hl7.ack import AckView, read_ack
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.framing import Decoder, Event, Frame, encode
from fhir_gateway.hl7.peek import peek

_READ = 64 * 1024
#: Seconds a peer has to answer our end of TLS.
_TLS_FAREWELL = 2.0


class MllpClient:
    """Sends messages to one address; connects when needed and keeps the connection.

    Args:
        host: Name or address.
        port: TCP port.
        tls: Implicit TLS.
        connect_timeout: Seconds.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        connect_timeout: float = 10.0,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._connect_timeout = connect_timeout
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Whether there is a connection that the peer has not ended."""
        return self._streams is not None and not _stale(self._streams)

    async def send(self, raw: bytes, *, timeout: float = 30.0) -> bytes:  # noqa: ASYNC109
        """Send one message and wait for its acknowledgement.

        Args:
            raw: The message, unframed, with an MSH-10.
            timeout: Seconds for everything after connecting.

        Returns:
            The acknowledgement as it came; whether it is positive is for `hl7.ack.read_ack`.

        Raises:
            GatewayError: timeout, where it is unknown whether the message arrived; busy, where
                the address cannot be reached or the connection ended without an answer; conflict,
                where the answer names another message. In each case the connection is closed.
            Unreadable: `raw` has no header.
        """
        header = peek(raw)
        if header is None:
            raise Unreadable("a message to send without MSH")
        async with self._lock:
            try:
                return await self._exchange(raw, header.control_id, timeout)
            except BaseException:
                # Also when cancelled: an answer that comes later must find nobody.
                await self.close()
                raise

    async def close(self) -> None:
        """Close the connection, if there is one."""
        streams, self._streams = self._streams, None
        if streams is None:
            return
        streams[1].close()
        try:
            await streams[1].wait_closed()
        except OSError:
            return

    async def _exchange(self, raw: bytes, control_id: str, patience: float) -> bytes:
        reader, writer = await self._connect()
        try:
            async with asyncio.timeout(patience):
                writer.write(encode(raw))
                await writer.drain()
                answer = await _first_frame(reader)
        except TimeoutError as error:
            raise fail(Category.TIMEOUT, "no acknowledgement in time") from error
        except OSError as error:
            raise fail(Category.BUSY, "the connection broke without an acknowledgement") from error
        _check(answer, control_id)
        return answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection kept from before, unless the peer has ended it."""
        if self._streams is not None and _stale(self._streams):
            await self.close()
        if self._streams is None:
            self._streams = await self._open()
        return self._streams

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(self._connect_timeout):
                return await asyncio.open_connection(
                    self._host,
                    self._port,
                    ssl=self._tls,
                    ssl_shutdown_timeout=_TLS_FAREWELL if self._tls else None,
                )
        except OSError as error:  # TimeoutError is one
            raise fail(Category.BUSY, "the receiver cannot be reached") from error


def _stale(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bool:
    reader, writer = streams
    return reader.at_eof() or writer.is_closing()


async def _first_frame(reader: asyncio.StreamReader) -> bytes:
    decoder = Decoder()
    while data := await reader.read(_READ):
        if (frame := _frame_in(decoder.feed(data))) is not None:
            return frame
    if (frame := _frame_in(decoder.close())) is not None:
        return frame
    raise fail(Category.BUSY, "the receiver closed the connection without an acknowledgement")


def _frame_in(events: list[Event]) -> bytes | None:
    return next((event.payload for event in events if isinstance(event, Frame)), None)


def _check(answer: bytes, control_id: str) -> None:
    try:
        view: AckView = read_ack(answer)
    except Unreadable as error:
        raise fail(Category.CONFLICT, "the answer is no acknowledgement") from error
    if view.control_id != control_id:
        raise fail(Category.CONFLICT, "the acknowledgement names another message")
