"""What did the client send?

One request below a tenant's base address, read as far as its handler asks, within limits.

Source: FHIR R4 section 3.1.0.1; RFC 9110 section 15.5; RFC 3986 section 2.
"""

import asyncio
import re
import secrets
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from fhir_gateway.api.errors import WireError
from fhir_gateway.api.negotiation import (
    Shown,
    answer_format,
    body_format,
    check_form,
    patch_kind,
    prefers_csv,
)
from fhir_gateway.api.preconditions import Preferences, preferences
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import rewrite_references, to_relative
from fhir_gateway.fhir import json, xml_reading
from fhir_gateway.fhir.patch import Patch, patch_in
from fhir_gateway.storage.tenants import Tenant

MAX_BODY = 1 << 20  # bytes: one resource
MAX_BUNDLE = 16 << 20  # bytes: a batch or transaction
#: Brackets and commas in the JSON of a batch or transaction.
MAX_BUNDLE_TOKENS = 1_000_000
LARGE_XML = 64 << 10  # bytes from which others go on while it is read
#: Bytes of a body over its limit that are heard out, so that the client hears why it is refused.
MAX_DISCARDED = 64 << 20
PATIENCE_TO_DISCARD = 5.0  # seconds
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

    @property
    def form_of_answer(self) -> Pairs:
        """`_format` and `_pretty` as they were given, for links that lead to more of the same."""
        named = [] if self.format is None else [("_format", self.format)]
        return [*named, ("_pretty", "true")] if self.pretty else named

    @property
    def wants_csv(self) -> bool:
        """Whether the client would rather have CSV, where there is any."""
        return prefers_csv(self.header(b"accept") or "", self.format)

    def answer_format(self) -> Shown:
        """The format in which the client wants its answer.

        Raises:
            GatewayError: not-acceptable, where it takes none of ours.
        """
        looking = self.method in ("GET", "HEAD")
        return answer_format(self.header(b"accept") or "", self.format, looking=looking)

    def take_query(self, query: bytes) -> None:
        """Read a query string, or a form; its pairs are added to those that were read before.

        Raises:
            GatewayError: invalid, where it is not UTF-8, has a NUL or too many pairs.
        """
        for name, text in read_pairs(query):
            if name in _FORM_OF_ANSWER:
                self._shape(name, text)
            else:
                self.pairs.append((name, text))

    def _shape(self, name: str, text: str) -> None:
        if name == "_format":
            self.format = text
        else:
            self.pretty = text == "true"

    async def body(self, limit: int = MAX_BODY) -> bytes:
        """All bytes of the body; empty where there is none.

        Args:
            limit: Most bytes that it may have.

        Raises:
            WireError: too large, or not there in time.
            ClientGoneError: the client hung up.
        """
        announced = self.header(b"content-length") or "0"
        if announced.isdecimal() and int(announced) > limit:
            if int(announced) <= MAX_DISCARDED:
                await self._discard()
            raise _too_large(limit)
        try:
            async with asyncio.timeout(self._patience):
                return await self._read(limit)
        except TimeoutError as error:
            raise WireError(
                HTTPStatus.REQUEST_TIMEOUT,
                fail(Category.TIMEOUT, f"The body did not arrive within {self._patience:.0f} s"),
                hang_up=True,
            ) from error

    async def _discard(self) -> None:
        """Let a client say the rest; one that is cut off while it sends never reads the answer.

        Source: RFC 9112 section 9.6.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(min(self._patience, PATIENCE_TO_DISCARD)):
                more = True
                while more:
                    message = await self._receive()
                    more = message["type"] == "http.request" and message.get("more_body", False)

    async def _read(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
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
            raise fail(Category.INVALID, "The body is empty; it must be a resource as JSON or XML")
        return found

    async def bundle(self) -> dict[str, Any]:
        """As `resource`, within the limits of a batch or transaction."""
        found = await self.resource_if_any(limit=MAX_BUNDLE, most=MAX_BUNDLE_TOKENS)
        if found is None:
            raise fail(Category.INVALID, "The body is empty; it must be a Bundle")
        return found

    async def patch(self) -> Patch:
        """The patch in the body; what kind it is follows from its media type and shape.

        Raises:
            GatewayError: unsupported-media-type, or invalid, saying what is wrong.
        """
        kind = patch_kind(self.header(b"content-type") or "")
        if kind is None:
            return own_references(patch_in(await self.resource()), self.base)
        self._check_encoding()
        body = await self.body()
        content = json.parse_array(body) if kind == "json" else json.parse(body)
        return own_references(Patch(kind, content), self.base)

    async def resource_if_any(
        self, *, limit: int = MAX_BODY, most: int = json.MAX_TOKENS
    ) -> dict[str, Any] | None:
        """As `resource`; None for an empty body.

        Args:
            limit: Most bytes that it may have.
            most: Most brackets and commas that it may have.
        """
        self._check_encoding()
        body = await self.body(limit)
        if not body:
            return None
        written = body_format(self.header(b"content-type") or "")
        if written == "json":
            resource = json.parse(body, most=most)
        elif len(body) < LARGE_XML:
            resource = xml_reading.read(body, most=most)
        else:
            resource = await asyncio.to_thread(xml_reading.read, body, most=most)
        rewrite_references(resource, lambda text: to_relative(text, self.base))
        return resource

    def _check_encoding(self) -> None:
        encoding = self.header(b"content-encoding")
        if encoding is not None and encoding.strip().lower() != "identity":
            raise fail(
                Category.UNSUPPORTED_MEDIA_TYPE,
                f"The body must not be encoded; Content-Encoding was '{encoding[:60]}'",
                "Content-Encoding",
            )

    async def form(self) -> None:
        """Read the form in the body; its pairs come after those of the query.

        Source: FHIR R4 section 3.1.0.8 (search by POST).
        """
        body = await self.body()
        if body:
            check_form(self.header(b"content-type") or "")
            self.take_query(body)


def read_pairs(query: bytes) -> Pairs:
    """The pairs of a query string, percent-decoded, in order.

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
    if any("\0" in name or "\0" in text for name, text in found):
        raise fail(Category.INVALID, "A parameter contains the character NUL")
    return found


def own_references(patch: Patch, base: str) -> Patch:
    """The same patch, with references to our own base made relative."""
    rewrite_references(patch.content, lambda text: to_relative(text, base))
    if patch.kind == "json":
        for each in patch.content:
            if isinstance(each, dict) and str(each.get("path")).endswith("/reference"):
                value = each.get("value")
                each |= {"value": to_relative(value, base)} if isinstance(value, str) else {}
    return patch


def _headers(lines: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    headers = dict(lines)
    if len(headers) != len(lines):
        headers = {}
        for name, value in lines:
            headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def _too_large(limit: int) -> WireError:
    error = fail(Category.TOO_LARGE, f"A body has at most {limit} bytes")
    return WireError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error, hang_up=True)
