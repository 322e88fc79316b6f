"""How does one of our messages go out over TCP and find its acknowledgement?

One message is under way at a time. An answer that names another message closes the connection:
from then on nobody could tell which answer belongs to which message. Only the application
acknowledgement of a message that has been accepted before (enhanced mode) may come late.

Source: HL7 v2.9.1 appendix C and chapter 2, MSA-2; MLLP release 2; hl7v2.md section 3.2.
"""

import asyncio
import ssl
from collections import deque
from types import TracebackType
from typing import Self

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.hl7.ack import AckView, ack_modes, read_ack
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.framing import COMMITTED, NOT_COMMITTED, Decoder, Frame, encode
from fhir_gateway.hl7.peek import Header, peek
from fhir_gateway.hl7.peer import Release

_READ = 64 * 1024
#: Seconds a peer has to answer our end of TLS.
_TLS_FAREWELL = 2.0
#: How often a message is sent again that the receiver refuses by NAK (release 2).
_RETRIES = 2


class _Line:
    """One connection, and what has come over it and is not yet looked at."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._decoder = Decoder()
        self._frames: deque[bytes] = deque()
        #: Messages whose application acknowledgement may still come.
        self.accepted: deque[str] = deque(maxlen=1000)

    @property
    def stale(self) -> bool:
        """Whether the peer has ended it."""
        return self._reader.at_eof() or self.writer.is_closing()

    async def write(self, content: bytes) -> None:
        self.writer.write(encode(content))
        await self.writer.drain()

    async def frame(self) -> bytes:
        """The next frame.

        Raises:
            GatewayError: busy, where the peer has closed the connection.
        """
        while not self._frames:
            data = await self._reader.read(_READ)
            events = self._decoder.feed(data) if data else self._decoder.close()
            self._frames.extend(each.payload for each in events if isinstance(each, Frame))
            if not data and not self._frames:
                text = "the receiver closed the connection without an acknowledgement"
                raise fail(Category.BUSY, text)
        return self._frames.popleft()


class MllpClient:
    """Sends messages to one address; connects when needed and keeps the connection.

    Args:
        host: Name or address.
        port: TCP port.
        tls: Implicit TLS.
        connect_timeout: Seconds.
        release: Of MLLP. `auto` is release 2 from the first block on by which the peer commits.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        connect_timeout: float = 10.0,
        release: Release = "auto",
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._connect_timeout = connect_timeout
        self._release = release
        self._commits = release == "2"
        self._line: _Line | None = None
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
        return self._line is not None and not self._line.stale

    async def send(self, raw: bytes, *, timeout: float = 30.0) -> bytes:  # noqa: ASYNC109
        """Send one message and wait for its acknowledgement.

        Args:
            raw: The message, unframed, with an MSH-10.
            timeout: Seconds for everything after connecting.

        Returns:
            The first acknowledgement as it came; whether it is positive is for `hl7.ack.read_ack`.

        Raises:
            GatewayError: timeout, where it is unknown whether the message arrived; busy, where
                the address cannot be reached, the connection ended without an answer or the
                receiver does not commit the message (release 2); conflict, where the answer names
                another message. In each case the connection is closed.
            Unreadable: `raw` has no header.
        """
        header = peek(raw)
        if header is None:
            raise Unreadable("a message to send without MSH")
        async with self._lock:
            try:
                return await self._exchange(raw, header, timeout)
            except BaseException:
                # Also when cancelled: an answer that comes later must find nobody.
                await self.close()
                raise

    async def close(self) -> None:
        """Close the connection, if there is one."""
        line, self._line = self._line, None
        if line is None:
            return
        line.writer.close()
        try:
            await line.writer.wait_closed()
        except OSError:
            return

    async def _exchange(self, raw: bytes, header: Header, patience: float) -> bytes:
        line = await self._connect()
        try:
            async with asyncio.timeout(patience):
                await line.write(raw)
                return await self._answer(line, raw, header)
        except TimeoutError as error:
            raise fail(Category.TIMEOUT, "no acknowledgement in time") from error
        except OSError as error:
            raise fail(Category.BUSY, "the connection broke without an acknowledgement") from error

    async def _answer(self, line: _Line, raw: bytes, header: Header) -> bytes:
        """Wait for the acknowledgement of a message that has been written."""
        refused = 0
        while True:
            frame = await line.frame()
            if frame == COMMITTED:
                self._commits = self._release != "1"
            elif frame == NOT_COMMITTED:
                refused += 1
                if refused > _RETRIES:
                    raise fail(Category.BUSY, "the receiver does not commit the message")
                await line.write(raw)
            elif await self._is_answer(line, frame, header):
                return frame

    async def _is_answer(self, line: _Line, frame: bytes, header: Header) -> bool:
        view = _read(frame)
        late = view.control_id != header.control_id
        if late and view.control_id not in line.accepted:
            raise fail(Category.CONFLICT, "the acknowledgement names another message")
        if self._commits:
            await line.write(COMMITTED)
        if view.code == "CA" and ack_modes(header).application:
            line.accepted.append(view.control_id)
        return not late

    async def _connect(self) -> _Line:
        """The connection kept from before, unless the peer has ended it."""
        if self._line is not None and self._line.stale:
            await self.close()
        if self._line is None:
            self._line = await self._open()
        return self._line

    async def _open(self) -> _Line:
        try:
            async with asyncio.timeout(self._connect_timeout):
                reader, writer = await asyncio.open_connection(
                    self._host,
                    self._port,
                    ssl=self._tls,
                    ssl_shutdown_timeout=_TLS_FAREWELL if self._tls else None,
                )
                return _Line(reader, writer)
        except OSError as error:  # TimeoutError is one
            raise fail(Category.BUSY, "the receiver cannot be reached") from error


def _read(answer: bytes) -> AckView:
    try:
        return read_ack(answer)
    except Unreadable as error:
        raise fail(Category.CONFLICT, "the answer is no acknowledgement") from error
