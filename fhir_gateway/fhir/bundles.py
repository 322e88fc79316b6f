"""How are stored bytes put into a Bundle without reading them?

FHIR R4 Bundle, section 3.1.1.5 (search result). Contents are the stored JSON; the Bundle is their
concatenation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import orjson

from fhir_gateway.fhir.json import dump

Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One hit of a search.

    Args:
        full_url: Absolute address; None leaves it out (unsaved resources).
        content: The resource as JSON bytes.
        mode: Why it is there.
        score: 0 to 1, where the answer is ranked.
    """

    full_url: str | None
    content: bytes
    mode: Literal["match", "include", "outcome"] = "match"
    score: Decimal | float | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version.

    Args:
        full_url: Absolute address of the resource.
        content: The version as JSON bytes; None for a deletion.
        method: `POST`, `PUT`, `PATCH` or `DELETE`.
        url: What was called, relative to the base.
        status: `201 Created`, `200 OK`, `204 No Content`.
        etag: `W/"n"`.
        last_modified: Instant.
    """

    full_url: str
    content: bytes | None
    method: str
    url: str
    status: str
    etag: str
    last_modified: str


@dataclass(frozen=True, slots=True)
class ResponseEntry:
    """The answer to one entry of a batch or transaction.

    Args:
        status: `201 Created` and so on.
        content: The resource, where one is returned.
        outcome: An OperationOutcome as JSON bytes.
        location, etag, last_modified: As in the headers of a single answer.
    """

    status: str
    content: bytes | None = None
    outcome: bytes | None = None
    full_url: str | None = None
    location: str | None = None
    etag: str | None = None
    last_modified: str | None = None


def searchset(
    entries: Iterable[Entry],
    total: int | None,
    links: Sequence[Link],
    *,
    id: str | None = None,  # noqa: A002 - the standard's word
    last_updated: str | None = None,
) -> bytes:
    """The answer to a search.

    Args:
        entries: Hits in order, then what came with them; no `entry` is written for none.
        total: Number of matches over all pages; None where it was not counted.
        links: (relation, absolute address): self, first, previous, next.
        id: Of the Bundle.
        last_updated: Instant at which the search was done.
    """
    return _bundle("searchset", links, map(_search_entry, entries), total, id, last_updated)


def history(entries: Iterable[HistoryEntry], total: int | None, links: Sequence[Link]) -> bytes:
    """The versions of a resource, newest first."""
    return _bundle("history", links, map(_history_entry, entries), total)


def responses(
    kind: Literal["batch-response", "transaction-response"], entries: Iterable[ResponseEntry]
) -> bytes:
    """The answers to a batch or transaction, in the order of its entries."""
    return _bundle(kind, (), map(_response_entry, entries), None)


def collection(contents: Iterable[tuple[str | None, bytes]]) -> bytes:
    """(full url, content) pairs without more ado."""
    pairs = (b"{" + _full_url(url) + b'"resource":' + content + b"}" for url, content in contents)
    return _bundle("collection", (), pairs, None)


def _bundle(
    kind: str,
    links: Sequence[Link],
    entries: Iterable[bytes],
    total: int | None,
    bundle_id: str | None = None,
    last_updated: str | None = None,
) -> bytes:
    head = b'{"resourceType":"Bundle"'
    if bundle_id is not None:
        head += b',"id":' + orjson.dumps(bundle_id)
    if last_updated is not None:
        head += b',"meta":{"lastUpdated":' + orjson.dumps(last_updated) + b"}"
    head += b',"type":' + orjson.dumps(kind)
    if total is not None:
        head += b',"total":%d' % total
    if links:
        head += b',"link":' + orjson.dumps(
            [{"relation": relation, "url": url} for relation, url in links]
        )
    body = b",".join(entries)
    return head + (b',"entry":[' + body + b"]}" if body else b"}")


def _full_url(url: str | None) -> bytes:
    return b"" if url is None else b'"fullUrl":' + orjson.dumps(url) + b","


def _search_entry(entry: Entry) -> bytes:
    score = b"" if entry.score is None else b',"score":' + dump(entry.score)
    mode = entry.mode.encode()
    search = b',"search":{"mode":"' + mode + b'"' + score + b"}}"
    return b"{" + _full_url(entry.full_url) + b'"resource":' + entry.content + search


def _history_entry(entry: HistoryEntry) -> bytes:
    resource = b"" if entry.content is None else b'"resource":' + entry.content + b","
    response = {"status": entry.status, "etag": entry.etag, "lastModified": entry.last_modified}
    tail = {"request": {"method": entry.method, "url": entry.url}, "response": response}
    return b"{" + _full_url(entry.full_url) + resource + orjson.dumps(tail)[1:]


def _response_entry(entry: ResponseEntry) -> bytes:
    resource = b"" if entry.content is None else b'"resource":' + entry.content + b","
    fields = {
        "status": entry.status,
        "location": entry.location,
        "etag": entry.etag,
        "lastModified": entry.last_modified,
    }
    response = orjson.dumps({name: value for name, value in fields.items() if value is not None})
    if entry.outcome is not None:
        response = response[:-1] + b',"outcome":' + entry.outcome + b"}"
    return b"{" + _full_url(entry.full_url) + resource + b'"response":' + response + b"}"
