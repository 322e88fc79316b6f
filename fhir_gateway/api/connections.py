"""What may a client do to a connection before it has asked anything?

A head has a size, a number of fields and a time to arrive in; what is no HTTP is answered as
everything else is. RFC 9110 section 15.5 (408, 431), RFC 9112 sections 2.2 and 3.2
(Host); RFC 6585 section 5.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fhir_gateway.api.answers import FHIR_JSON
from fhir_gateway.api.errors import WireError, failure
from fhir_gateway.api.forwarding import HOST
from fhir_gateway.api.requests import MAX_URL
from fhir_gateway.core.errors import Category, fail

MAX_HEAD = 32 << 10  # bytes: request line and fields; an address alone has its own limit
MAX_FIELDS = 100
#: Seconds from the first byte of a head, or from the connection, to the end of the head.
HEAD_PATIENCE = 10.0


class _HeadTooLargeError(Exception):
    """Ends the reading of a head."""


class _NoHostError(Exception):
    """Ends the reading of a head that does not say to whom it is addressed."""


class GuardedConnection(HttpToolsProtocol):
    """One connection of a client."""

    patience = HEAD_PATIENCE

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._pending = 0
        self._too_large = False
        self._no_host = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._deadline is not None and not self.transport.is_closing():
            self._pending += len(data)
            if self._pending > MAX_HEAD:
                self._too_large = True
                self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_is_there()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > MAX_FIELDS or size > MAX_HEAD:
            self._too_large = True
            raise _HeadTooLargeError
        hosts = [value for name, value in self.headers if name == b"host"]
        missing = not hosts and self.parser.get_http_version() == "1.0"
        if not missing and (len(hosts) != 1 or not HOST.fullmatch(hosts[0])):
            self._no_host = True
            raise _NoHostError
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what could not be read, and hang up."""
        if self._too_large and len(self.url) > MAX_URL:
            text = f"An address has at most {MAX_URL} bytes"
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG, Category.TOO_LARGE, text)
        elif self._too_large:
            text = f"The head has at most {MAX_HEAD} bytes and {MAX_FIELDS} fields"
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, Category.TOO_LARGE, text)
        elif self._no_host:
            text = "A request has one Host header, with a name or an address and perhaps a port"
            self._refuse(HTTPStatus.BAD_REQUEST, Category.INVALID, text)
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, Category.INVALID, msg)

    def _expect_head(self) -> None:
        self._head_is_there()
        self._deadline = self.loop.call_later(self.patience, self._out_of_time)

    def _head_is_there(self) -> None:
        self._pending = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _out_of_time(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._expect_head()  # it is we who keep the client waiting
        elif self._pending:
            text = f"The head did not arrive within {self.patience:.0f} s"
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, Category.TIMEOUT, text)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus, category: Category, text: str) -> None:
        answer = failure(WireError(status, fail(category, text), hang_up=True))
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}".encode(),
            *(b"%s: %s" % header for header in self.server_state.default_headers),
            *(b"%s: %s" % header for header in answer.headers),
            b"content-type: " + FHIR_JSON,
            b"content-length: %d" % len(answer.body),
        ]
        self.transport.write(b"\r\n".join([*lines, b"", answer.body]))
        self.transport.close()
