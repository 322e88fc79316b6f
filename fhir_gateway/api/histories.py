"""How is the history of a resource answered over HTTP?

Newest version first, in pages. FHIR R4 section 3.1.0.12 (history).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from fhir_gateway.api.answers import Answer, etag
from fhir_gateway.api.interactions import ref_of
from fhir_gateway.api.requests import Pairs, Request
from fhir_gateway.api.routing import Place
from fhir_gateway.api.searches import address
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.time import format_instant, parse_instant
from fhir_gateway.fhir.bundles import HistoryEntry, Link, history
from fhir_gateway.fhir.search_query import CURSOR, DEFAULT_COUNT, MAX_COUNT
from fhir_gateway.usecases.read import Version

_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class _Asked:
    count: int = DEFAULT_COUNT
    since: datetime | None = None
    before: int | None = None


async def history_of_instance(service: Service, request: Request, place: Place) -> Answer:
    """One page of the versions of a resource.

    Its parameters are `_count`, `_since` and our cursor. The number of all versions is told where
    all of them are on the page.
    """
    ref = ref_of(place)
    asked = _asked(request.pairs)
    found = await service.use_cases.history(
        service.deps, request.tenant.id, ref, before=asked.before, limit=asked.count + 1
    )
    page = [each for each in found[: asked.count] if _recent(each, asked.since)]
    more = len(found) > asked.count and len(page) == asked.count and asked.count > 0
    total = None if len(found) > asked.count or asked.before is not None else len(page)
    path = f"{request.base}/{ref}"
    entries = (_entry(path, each) for each in page)
    links = _links(f"{path}/_history", request.pairs, page[-1].version if more else None)
    return Answer(HTTPStatus.OK, history(entries, total, links))


def _asked(pairs: Pairs) -> _Asked:
    given = dict(pairs)
    unknown = [name for name in given if name not in ("_count", "_since", CURSOR)]
    if unknown:
        text = f"A history has no parameter '{unknown[0][:60]}'. Valid are: _count, _since"
        raise fail(Category.INVALID, text, unknown[0][:60], code="not-supported")
    count = min(_number(given, "_count") or 0, MAX_COUNT) if "_count" in given else DEFAULT_COUNT
    return _Asked(count, _since(given.get("_since")), _number(given, CURSOR))


def _number(given: dict[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not _NUMBER.fullmatch(given[name]):
        raise fail(Category.INVALID, f"'{name}' is a number from 0 on", name, code="value")
    return int(given[name])


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        # A '+' that the client did not percent-encode arrives as a blank.
        return parse_instant(text.replace(" ", "+"))
    except ValueError as error:
        raise fail(Category.INVALID, f"'_since': {error}", "_since", code="value") from error


def _recent(version: Version, since: datetime | None) -> bool:
    return since is None or version.last_updated >= since


def _links(path: str, pairs: Pairs, last: int | None) -> list[Link]:
    links = [("self", address(path, pairs))]
    if last is not None:
        asked = [pair for pair in pairs if pair[0] != CURSOR]
        links.append(("next", address(path, [*asked, (CURSOR, str(last))])))
    return links


def _entry(full_url: str, version: Version) -> HistoryEntry:
    created = version.method == "POST"
    deleted = version.content is None
    first = HTTPStatus.CREATED if version.version == 1 else HTTPStatus.OK
    status = HTTPStatus.NO_CONTENT if deleted else first
    return HistoryEntry(
        full_url=full_url,
        content=version.content,
        method=version.method,
        url=version.type if created else f"{version.type}/{version.id}",
        status=f"{status.value} {status.phrase}",
        etag=etag(version.version),
        last_modified=format_instant(version.last_updated),
    )
