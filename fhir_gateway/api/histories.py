"""How is a history answered over HTTP?

Newest version first, in pages: of one resource, of a type, of everything. FHIR R4 section 3.1.0.12
(history).
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import orjson

from fhir_gateway.api.answers import Answer, etag
from fhir_gateway.api.interactions import ref_of
from fhir_gateway.api.requests import Pairs, Request
from fhir_gateway.api.routing import Place
from fhir_gateway.api.searches import address
from fhir_gateway.api.subsets import Subset, subset_of_read
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.refs import ID
from fhir_gateway.core.time import format_instant, parse_instant
from fhir_gateway.fhir.bundles import HistoryEntry, Link, history
from fhir_gateway.fhir.search_query import CURSOR, DEFAULT_COUNT, MAX_COUNT
from fhir_gateway.usecases.read import Change, Version

_NUMBER = re.compile(r"[0-9]{1,9}")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_VALID = ("_count", "_since", "_summary", "_elements")


#: How the cursor of a way back begins.
_BACK = "~"


@dataclass(frozen=True, slots=True)
class _Asked:
    count: int
    since: datetime | None
    cursor: str | None
    back: bool


async def history_of_instance(service: Service, request: Request, place: Place) -> Answer:
    """One page of the versions of a resource.

    Its parameters are `_count`, `_since`, `_summary`, `_elements` and our cursor. The number of
    all versions is told where all of them are on the page.
    """
    ref = ref_of(place)
    asked = _asked(request.pairs)
    version = _number(asked.cursor, CURSOR)
    found = await service.use_cases.history(
        service.deps,
        request.tenant.id,
        ref,
        before=None if asked.back else version,
        after=version if asked.back else None,
        limit=asked.count + 1,
    )
    recent = [each for each in found if asked.since is None or each.last_updated >= asked.since]
    return _page(request, asked, recent, lambda version: str(version.version))


async def history_of_type(service: Service, request: Request, place: Place) -> Answer:
    """One page of the versions of all resources of a type; see `history_of_all`."""
    return await _changes(service, request, place.type)


async def history_of_all(service: Service, request: Request, _: Place) -> Answer:
    """One page of the versions of all resources; deletions are entries without a resource."""
    return await _changes(service, request, None)


async def _changes(service: Service, request: Request, type_name: str | None) -> Answer:
    asked = _asked(request.pairs)
    found = await service.use_cases.changes(
        service.deps,
        request.tenant.id,
        type_name,
        since=asked.since,
        after=_after(asked.cursor),
        back=asked.back,
        limit=asked.count + 1,
    )
    return _page(request, asked, found, _cursor)


def _page(
    request: Request, asked: _Asked, found: Sequence[Version], cursor: Callable[[Version], str]
) -> Answer:
    """The answer, of the versions of a page and one more where there is one."""
    more = len(found) > asked.count
    page = found[more:] if asked.back else found[: asked.count]
    entries = [_entry(request, each) for each in page]
    pairs = [*request.pairs, *request.form_of_answer]
    further: list[Link] = []
    if page and (more if asked.back else asked.cursor is not None):
        further.append(("previous", _BACK + cursor(page[0])))
    if page and (more or asked.back):
        further.append(("next", cursor(page[-1])))
    links = _links(f"{request.base}/{request.path}", pairs, further)
    total = len(entries) if asked.cursor is None and not more else None
    return Answer(HTTPStatus.OK, history(entries, total, links))


def _asked(pairs: Pairs) -> _Asked:
    given = dict(pairs)
    for name in given:
        if name not in (*_VALID, CURSOR):
            raise _unknown(name)
    count = _number(given.get("_count"), "_count")
    cursor = given.get(CURSOR)
    return _Asked(
        DEFAULT_COUNT if count is None else min(count, MAX_COUNT),
        _since(given.get("_since")),
        cursor and cursor.removeprefix(_BACK),
        cursor is not None and cursor.startswith(_BACK),
    )


def _unknown(name: str) -> GatewayError:
    text = f"A history has no parameter '{name[:60]}'. Valid are: {', '.join(_VALID)}"
    if name == "_at":
        text = "'_at' is not offered; ask for what has changed since a moment: _since"
    return fail(Category.INVALID, text, name[:60], code="not-supported")


def _number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise fail(Category.INVALID, f"'{name}' is a number from 0 on", name, code="value")
    return int(text)


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        # A '+' that the client did not percent-encode arrives as a blank.
        return parse_instant(text.replace(" ", "+"))
    except ValueError as error:
        raise fail(Category.INVALID, f"'_since': {error}", "_since", code="value") from error


def _cursor(last: Version) -> str:
    packed = orjson.dumps([last.last_updated.isoformat(), last.type, last.id])
    return urlsafe_b64encode(packed).decode().rstrip("=")


def _after(cursor: str | None) -> Change | None:
    if cursor is None:
        return None
    try:
        at, kind, id_ = orjson.loads(urlsafe_b64decode(cursor + "=" * 3))
        change = Change(parse_instant(at), kind, id_)
    except (ValueError, TypeError) as error:
        raise _foreign() from error
    if not _TYPE.fullmatch(change.type) or not ID.fullmatch(change.id):
        raise _foreign()
    return change


def _foreign() -> GatewayError:
    text = "This is not a page of this history; begin again with the first page"
    return fail(Category.INVALID, text, CURSOR, code="value")


def _links(path: str, pairs: Pairs, further: Sequence[Link]) -> list[Link]:
    links = [("self", address(path, pairs))]
    asked = [pair for pair in pairs if pair[0] != CURSOR]
    if len(asked) < len(pairs):
        links.append(("first", address(path, asked)))
    return links + [(name, address(path, [*asked, (CURSOR, cursor)])) for name, cursor in further]


def _entry(request: Request, version: Version) -> HistoryEntry:
    created = version.method == "POST"
    wanted = subset_of_read(version.type, request.pairs)
    first = HTTPStatus.CREATED if version.version == 1 else HTTPStatus.OK
    status = HTTPStatus.NO_CONTENT if version.content is None else first
    return HistoryEntry(
        full_url=f"{request.base}/{version.type}/{version.id}",
        content=_content(version, wanted),
        method=version.method,
        url=version.type if created else f"{version.type}/{version.id}",
        status=f"{status.value} {status.phrase}",
        etag=etag(version.version),
        last_modified=format_instant(version.last_updated),
    )


def _content(version: Version, wanted: Subset | None) -> bytes | None:
    if version.content is None or wanted is None:
        return version.content
    return wanted.of(version.type, version.content)
