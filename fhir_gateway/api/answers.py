"""How does an answer leave the house?

Bytes and headers, sent as ASGI messages without a framework in between. FHIR R4 section 3.1.0.1;
RFC 9110 sections 8.8 (validators) and 9.3.2 (HEAD).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus

from starlette.types import Send

Header = tuple[bytes, bytes]

FHIR_JSON = b"application/fhir+json; charset=utf-8"
FHIR_XML = b"application/fhir+xml; charset=utf-8"
NDJSON = b"application/fhir+ndjson"
JSON = b"application/json"
CSV = b"text/csv; charset=utf-8"
#: Records of patients are asked for anew each time; a validator makes that cheap.
_FIXED: tuple[Header, ...] = (
    (b"cache-control", b"private, no-cache"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Accept, Accept-Encoding"),
)
#: A narrative is XHTML; where a browser shows an answer as it is, nothing in it may run or load.
_INERT = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


@dataclass(slots=True)
class Answer:
    """One answer.

    Args:
        status: Of HTTP.
        body: FHIR JSON, unless media says otherwise; may be empty.
        headers: What concerns this answer alone, names in lower case.
        media: The Content-Type of the body.
        pieces: A body that is sent piece by piece, in the place of the other.
    """

    status: HTTPStatus
    body: bytes = b""
    headers: list[Header] = field(default_factory=list)
    media: bytes = FHIR_JSON
    pieces: AsyncIterator[bytes] | None = None


def etag(version: int) -> str:
    """The entity tag of a version: `W/"3"`."""
    return f'W/"{version}"'


def http_date(moment: datetime) -> str:
    """An aware time as HTTP writes it: whole seconds, GMT."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def version_headers(version: int, updated: datetime) -> list[Header]:
    """ETag and Last-Modified of a version of a resource."""
    return [
        (b"etag", etag(version).encode()),
        (b"last-modified", http_date(updated).encode()),
    ]


async def send_answer(
    send: Send, answer: Answer, further: list[Header], *, head: bool = False
) -> None:
    """Send an answer.

    Args:
        send: Of ASGI.
        answer: Of the request.
        further: Headers that concern the request and not its answer.
        head: Whether only the headers were asked for.
    """
    headers = [*_FIXED, *further, *answer.headers]
    if all(name != _INERT[0] for name, _ in answer.headers):
        headers.append(_INERT)
    if answer.pieces is not None:
        await _send_pieces(send, answer, answer.pieces, headers, head=head)
        return
    if answer.status not in _WITHOUT_BODY:
        if answer.body:
            headers.append((b"content-type", answer.media))
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})


async def _send_pieces(
    send: Send, answer: Answer, pieces: AsyncIterator[bytes], headers: list[Header], *, head: bool
) -> None:
    headers.append((b"content-type", answer.media))
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    if not head:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
