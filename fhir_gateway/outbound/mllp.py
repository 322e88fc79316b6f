"""How do several of our messages travel over one connection, each to its own acknowledgement?

Unlike `hl7.client` nothing is assumed about the order of answers: each goes to the message that
MSA-2 names, and one that names none that is under way goes to whoever looks after such.

Source: HL7 v2.9.1 appendix C and chapter 2, MSA-2; hl7v2.md section 3.2.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.framing import Decoder, Event, Frame, encode

_READ = 64 * 1024
#: Seconds a CR after FS is waited for.
_END_TIMEOUT = 1.0
#: Seconds a peer has to answer our end of TLS.
_TLS_FAREWELL = 2.0
#: `details` of a failure before anything was written: the message has not arrived.
UNREACHABLE = "unreachable"


class MllpLink:
    """A connection that is opened when needed and kept.

    Args:
        host: Name or address.
        port: TCP port.
        on_other: Gets answers that name no message under way, and what is no answer.
        tls: Implicit TLS.
        server_name: Expected in the certificate; None: the host.
        connect_timeout: Seconds.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        on_other: Callable[[bytes], None],
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        connect_timeout: float = 10.0,
    ) -> None:
        self._place = (host, port)
        self._on_other = on_other
        self._tls = tls
        self._server_name = server_name
        self._connect_timeout = connect_timeout
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()

    async def send(self, control_id: str, raw: bytes, patience: float) -> bytes:
        """Send one message and wait for its acknowledgement.

        Args:
            control_id: Its MSH-10; no message with that id may be under way.
            raw: The message, unframed.
            patience: Seconds for everything after connecting.

        Returns:
            The acknowledgement as it came.

        Raises:
            GatewayError: busy with details UNREACHABLE, where nothing was sent; busy where the
                connection ended without an answer; timeout. The connection is closed then.
        """
        writer = await self._connected()
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[control_id] = answer
        try:
            async with asyncio.timeout(patience):
                writer.write(encode(raw))
                await writer.drain()
                return await answer
        except TimeoutError as error:
            await self.close()
            raise fail(Category.TIMEOUT, "no acknowledgement in time") from error
        except OSError as error:
            await self.close()
            raise _broken() from error
        finally:
            self._waiting.pop(control_id, None)
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # looked at, so that nobody misses it

    async def close(self) -> None:
        """Close the connection, if there is one; whoever waits for an answer is told."""
        writer, self._writer = self._writer, None
        reading, self._reading = self._reading, None
        if reading is not None and reading is not asyncio.current_task():
            reading.cancel()
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        self._give_up()

    async def _connected(self) -> asyncio.StreamWriter:
        async with self._opening:
            if self._writer is not None and not self._writer.is_closing():
                return self._writer
            await self.close()
            try:
                async with asyncio.timeout(self._connect_timeout):
                    reader, self._writer = await asyncio.open_connection(
                        *self._place,
                        ssl=self._tls,
                        server_hostname=self._server_name if self._tls else None,
                        ssl_shutdown_timeout=_TLS_FAREWELL if self._tls else None,
                    )
            except (OSError, ssl.SSLError) as error:  # TimeoutError is one
                why = "the receiver cannot be reached"
                raise fail(Category.BUSY, f"{why}: {error}", details=UNREACHABLE) from error
            self._reading = asyncio.create_task(self._read(reader, self._writer))
            return self._writer

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hand each answer to whoever waits for it, until the peer ends the connection."""
        decoder = Decoder()
        with suppress(OSError):
            while (events := await _events(reader, decoder)) is not None:
                self._hand_over(events)
        self._hand_over(decoder.close())
        writer.close()
        if self._writer is writer:
            self._writer = None
            self._give_up()

    def _hand_over(self, events: list[Event]) -> None:
        for each in events:
            if isinstance(each, Frame):
                self._hand_over_one(each.payload)

    def _hand_over_one(self, frame: bytes) -> None:
        try:
            waiting = self._waiting.get(read_ack(frame).control_id)
        except Unreadable:
            waiting = None
        if waiting is None or waiting.done():
            self._on_other(frame)
        else:
            waiting.set_result(frame)

    def _give_up(self) -> None:
        for each in self._waiting.values():
            if not each.done():
                each.set_exception(_broken())


async def _events(reader: asyncio.StreamReader, decoder: Decoder) -> list[Event] | None:
    """What has come next; None at the end. A peer that leaves out the last CR is not waited for."""
    try:
        async with asyncio.timeout(_END_TIMEOUT if decoder.awaits_end else None):
            data = await reader.read(_READ)
    except TimeoutError:
        return decoder.settle()
    return decoder.feed(data) if data else None


def _broken() -> GatewayError:
    return fail(Category.BUSY, "the connection broke without an acknowledgement")
