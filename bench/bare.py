"""B1: the least that an HTTP answer of 1.2 KB costs on this machine."""

from typing import Any

_BODY = b"x" * 1200
_HEADERS = [(b"content-type", b"application/fhir+json"), (b"content-length", b"1200")]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A raw ASGI application."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})
