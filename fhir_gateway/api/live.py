"""How is a queue watched from a browser, a wall or a phone?

Over a WebSocket, where the client may ask and resume, or as Server-Sent Events, which every browser
resumes by itself. The frames are the same. A bad frame gets an error and the socket stays (row
Q11); whoever does not take what is sent is let go.

Source: decision 24; RFC 6455; HTML Living Standard section 9.2 (server-sent events).
"""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.types import Message, Receive, Scope, Send

from fhir_gateway.api.answers import Answer, send_answer
from fhir_gateway.api.errors import WireError, failure
from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.storage.tenants import Tenant
from fhir_gateway.usecases.queue_watch import TOO_SLOW, QueueWatch, Watcher

_ADDRESS = re.compile(
    r"(?:/t/(?P<tenant>[^/]+))?(?:/fhir)?/(?P<kind>ws|sse)/queues/(?P<name>[^/]+(?:/[^/]+)?)/?"
)
#: Whether somebody may see a queue: scope, tenant, reference. Asked before each frame (row Q12).
Permission = Callable[[Scope, Tenant, str], bool]
#: Seconds of silence after which an event stream says that it is still there.
HEARTBEAT = 15.0
#: Close codes: RFC 6455 section 7.4.1, and our own.
GOING_AWAY, FORBIDDEN, NO_QUEUE = 1001, 4403, 4404
_DEFAULT = "default"


def is_live(scope: Scope) -> bool:
    """Whether a request is for this door."""
    return scope["type"] == "websocket" or (scope["type"] == "http" and "/sse/" in scope["path"])


def everybody(_: Scope, __: Tenant, ___: str) -> bool:
    """Nobody signs in yet; tickets are public."""
    return True


class LiveDoor:
    """Shows queues to whoever watches.

    Args:
        watch: See QueueWatch.
        tenants: By slug.
        origins: Web origins whose pages may watch; `*` for all.
        permitted: See Permission.
    """

    def __init__(
        self,
        watch: QueueWatch,
        tenants: dict[str, Tenant],
        origins: Sequence[str],
        permitted: Permission = everybody,
    ) -> None:
        self._watch = watch
        self._tenants = tenants
        self._origins = frozenset(origins)
        self._permitted = permitted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a queue."""
        is_socket = scope["type"] == "websocket"
        if is_socket:
            await receive()  # websocket.connect
        try:
            tenant, name = self._addressed(scope, "ws" if is_socket else "sse")
            since = _since(scope)
            reference = await self._watch.find(tenant.id, name)
            if not self._permitted(scope, tenant, reference):
                raise fail(Category.NOT_FOUND, f"There is no queue at {name[:100]}")
            watcher = await self._watch.watch(tenant.id, reference, since)
        except GatewayError as error:
            await self._refuse(scope, send, failure(error))
            return

        def permitted() -> bool:
            return self._permitted(scope, tenant, reference)

        try:
            if is_socket:
                await self._socket(watcher, receive, send, permitted)
            else:
                await self._stream(scope, watcher, receive, send, permitted)
        finally:
            self._watch.leave(watcher)

    def _addressed(self, scope: Scope, kind: str) -> tuple[Tenant, str]:
        match = _ADDRESS.fullmatch(scope["path"])
        tenant = self._tenants.get((match["tenant"] or _DEFAULT) if match else "")
        if match is None or match["kind"] != kind or tenant is None:
            text = f"There is nothing at '{scope['path'][:100]}'; queues are at /{kind}/queues/…"
            raise fail(Category.NOT_FOUND, text)
        if kind == "sse" and scope["method"] != "GET":
            error = fail(Category.METHOD_NOT_ALLOWED, "An event stream is read by GET")
            raise WireError(HTTPStatus.METHOD_NOT_ALLOWED, error, allow=("GET",))
        origin = _header(scope, b"origin")
        if kind == "ws" and origin is not None and not self._allows(origin):
            error = fail(Category.INVALID, "Pages of this origin may not watch", "Origin")
            raise WireError(HTTPStatus.FORBIDDEN, error)
        return tenant, match["name"]

    def _allows(self, origin: str) -> bool:
        return "*" in self._origins or origin in self._origins

    async def _refuse(self, scope: Scope, send: Send, answer: Answer) -> None:
        if scope["type"] == "http":
            await send_answer(send, answer, self._permission(scope))
        elif "websocket.http.response" in scope.get("extensions", {}):
            headers = [*answer.headers, (b"content-type", answer.media)]
            start = {"status": int(answer.status), "headers": headers}
            await send({"type": "websocket.http.response.start", **start})
            await send({"type": "websocket.http.response.body", "body": answer.body})
        else:
            await send({"type": "websocket.close", "code": NO_QUEUE})

    def _permission(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        origin = _header(scope, b"origin")
        if origin is None or not self._allows(origin):
            return []
        told = b"*" if "*" in self._origins else origin.encode("latin-1")
        return [(b"access-control-allow-origin", told)]

    async def _socket(
        self, watcher: Watcher, receive: Receive, send: Send, permitted: Callable[[], bool]
    ) -> None:
        await send({"type": "websocket.accept"})
        hearing = asyncio.create_task(self._hear(watcher, receive))
        try:
            while (text := await watcher.next()) is not None:
                if not permitted():
                    await send({"type": "websocket.close", "code": FORBIDDEN})
                    return
                await send({"type": "websocket.send", "text": text})
            if watcher.over != _GONE:
                code = NO_QUEUE if watcher.over == "no-queue" else GOING_AWAY
                await send({"type": "websocket.close", "code": code})
        except OSError:
            return  # nobody is there
        except asyncio.CancelledError:
            if watcher.over != TOO_SLOW:
                raise
        finally:
            hearing.cancel()

    async def _hear(self, watcher: Watcher, receive: Receive) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            try:
                await self._answer(watcher, message)
            except GatewayError as error:
                self._watch.error(watcher, error.category.value, str(error))
        watcher.end(_GONE)

    async def _answer(self, watcher: Watcher, message: Message) -> None:
        """Do what a frame of a client asks for."""
        try:
            asked = json.loads(message.get("text") or "")
            kind = asked["type"]
        except (ValueError, TypeError, KeyError, RecursionError):
            self._watch.error(watcher, "bad-frame", _EXPECTED)
            return
        since = asked.get("since")
        if kind == "get_status":
            await self._watch.refresh(watcher)
        elif kind == "resume" and type(since) is int:
            self._watch.resume(watcher, since)
        else:
            self._watch.error(watcher, "bad-frame", _EXPECTED)

    async def _stream(
        self,
        scope: Scope,
        watcher: Watcher,
        receive: Receive,
        send: Send,
        permitted: Callable[[], bool],
    ) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            *self._permission(scope),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        leaving = asyncio.create_task(_left(watcher, receive))
        try:
            while permitted():
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        text = await watcher.next()
                except TimeoutError:
                    event = b": still here\n\n"
                else:
                    if text is None:
                        break
                    event = _event(text)
                await send({"type": "http.response.body", "body": event, "more_body": True})
            if watcher.over != _GONE:
                await send({"type": "http.response.body", "body": b""})
        except OSError:
            return
        except asyncio.CancelledError:
            if watcher.over != TOO_SLOW:
                raise
        finally:
            leaving.cancel()


_GONE = "gone"
_EXPECTED = 'A frame is {"type": "get_status"} or {"type": "resume", "since": 7}'
_SEQ = re.compile(r'"seq":\s*([0-9]+)')
_TYPE = re.compile(r'"type":\s*"([a-z]+)"')


def _event(text: str) -> bytes:
    """A frame as an event, with the number that a browser says when it comes back."""
    kind, number = _TYPE.search(text), _SEQ.search(text)
    head = f"event: {kind[1]}\n" if kind else ""
    head += f"id: {number[1]}\n" if number else ""
    return f"{head}data: {text}\n\n".encode()


async def _left(watcher: Watcher, receive: Receive) -> None:
    with suppress(OSError):
        while (await receive())["type"] != "http.disconnect":
            pass
    watcher.end(_GONE)


def _since(scope: Scope) -> int | None:
    told = parse_qs(scope["query_string"].decode("latin-1")).get("since", [])
    text = told[0] if told else _header(scope, b"last-event-id")
    if text is None or text == "":
        return None
    if not text.isdecimal() or len(text) > 18:
        raise fail(Category.INVALID, "since is the number of a frame", "since", code="value")
    return int(text)


def _header(scope: Scope, name: bytes) -> str | None:
    found = next((value for key, value in scope["headers"] if key == name), None)
    return None if found is None else found.decode("latin-1")
