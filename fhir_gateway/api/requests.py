"""What did the client send?

One request below a tenant's base address, read as far as its handler asks, within limits.

Source: FHIR R4 section 3.1.0.1; RFC 9110 section 15.5; RFC 3986 section 2.
"""

import asyncio
import re
import secrets
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from fhir_gateway.api.errors import WireError
from fhir_gateway.api.negotiation import check_content_type
from fhir_gateway.api.preconditions import Preferences, preferences
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import rewrite_references, to_relative
from fhir_gateway.fhir import json
from fhir_gateway.storage.tenants import Tenant

MAX_BODY = 1 << 20  # bytes: one resource
MAX_URL = 16 << 10  # bytes: path and query
MAX_PAIRS = 200

Pairs = list[tuple[str, str]]

_ASKED_ID = re.compile(r"[A-Za-z0-9.\-_]{1,64}")
#: They concern the form of the answer, for every request alike.
_FORM_OF_ANSWER = frozenset({"_format", "_pretty"})


class ClientGoneError(Exception):
    """The client hung up before it had said what it wanted; nobody waits for an answer."""


class Request:
    """One request.

    Args:
        scope, receive: Of ASGI.
        patience: Seconds that a body may take from the first read to its last byte.

    Attributes:
        method: Of HTTP, upper case.
        tenant: Whose records it is about.
        base: The tenant's base address, without slash at the end.
        path: What comes after it, percent-decoded, without slash at either end.
        id: By which both sides find it in their logs.
        pairs: The query, decoded, in order, without `_format` and `_pretty`.
        format: `_format`; None where it was not given.
        pretty: Whether the answer is to be indented.
    """

    __slots__ = (
        "_headers", "_patience", "_receive", "base", "format", "id", "method", "pairs", "path",
        "pretty", "tenant",
    )  # fmt: skip

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        *,
        tenant: Tenant,
        base: str,
        path: str,
        patience: float,
    ) -> None:
        self.method: str = scope["method"]
        self.tenant = tenant
        self.base = base
        self.path = path.strip("/")
        self.pairs: Pairs = []
        self.format: str | None = None
        self.pretty = False
        self._receive = receive
        self._patience = patience
        self._headers = _headers(scope["headers"])
        asked = self.header(b"x-request-id")
        self.id = asked if asked and _ASKED_ID.fullmatch(asked) else secrets.token_hex(8)

    def header(self, name: bytes) -> str | None:
        """The value of a header, name in lower case; lines of one name are joined by commas."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def preferences(self) -> Preferences:
        """What Prefer asks for."""
        return preferences(self.header(b"prefer") or "")

    def take_query(self, query: bytes) -> None:
        """Read a query string, or a form; its pairs are added to those that were read before.

        Raises:
            GatewayError: invalid, where it is not UTF-8, has a NUL or too many pairs.
        """
        try:
            found = parse_qsl(
                query.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_PAIRS,
            )
        except UnicodeDecodeError as error:
            raise fail(Category.INVALID, "The query is not percent-encoded UTF-8") from error
        except ValueError as error:
            raise fail(
                Category.INVALID, f"More than {MAX_PAIRS} parameters", code="too-costly"
            ) from error
        for name, text in found:
            if "\0" in text or "\0" in name:
                raise fail(Category.INVALID, "A parameter contains the character NUL")
            if name in _FORM_OF_ANSWER:
                self._shape(name, text)
            else:
                self.pairs.append((name, text))

    def _shape(self, name: str, text: str) -> None:
        if name == "_format":
            self.format = text
        else:
            self.pretty = text == "true"

    async def body(self) -> bytes:
        """All bytes of the body; empty where there is none.

        Raises:
            WireError: too large, or not there in time.
            ClientGoneError: the client hung up.
        """
        announced = self.header(b"content-length") or "0"
        if announced.isdecimal() and int(announced) > MAX_BODY:
            raise _too_large()
        try:
            async with asyncio.timeout(self._patience):
                return await self._read()
        except TimeoutError as error:
            raise WireError(
                HTTPStatus.REQUEST_TIMEOUT,
                fail(Category.TIMEOUT, f"The body did not arrive within {self._patience:.0f} s"),
                hang_up=True,
            ) from error

    async def _read(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > MAX_BODY:
                raise _too_large()
            pieces.append(piece)
            if not message.get("more_body", False):
                return b"".join(pieces)

    async def resource(self) -> dict[str, Any]:
        """The resource in the body; references to our own base are relative in it.

        Raises:
            GatewayError: unsupported-media-type, or invalid, saying what is wrong.
        """
        found = await self.resource_if_any()
        if found is None:
            raise fail(Category.INVALID, "The body is empty; it must be a resource as JSON")
        return found

    async def resource_if_any(self) -> dict[str, Any] | None:
        """As `resource`; None for an empty body."""
        encoding = self.header(b"content-encoding")
        if encoding is not None and encoding.strip().lower() != "identity":
            raise fail(
                Category.UNSUPPORTED_MEDIA_TYPE,
                f"The body must not be encoded; Content-Encoding was '{encoding[:60]}'",
                "Content-Encoding",
            )
        body = await self.body()
        if not body:
            return None
        check_content_type(self.header(b"content-type") or "")
        resource = json.parse(body)
        rewrite_references(resource, lambda text: to_relative(text, self.base))
        return resource

    async def form(self) -> None:
        """Read the form in the body; its pairs come after those of the query.

        Source: FHIR R4 section 3.1.0.8 (search by POST).
        """
        body = await self.body()
        if body:
            check_content_type(self.header(b"content-type") or "", form=True)
            self.take_query(body)


def _headers(lines: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    headers = dict(lines)
    if len(headers) != len(lines):
        headers = {}
        for name, value in lines:
            headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def _too_large() -> WireError:
    error = fail(Category.TOO_LARGE, f"A body has at most {MAX_BODY} bytes")
    return WireError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error, hang_up=True)
