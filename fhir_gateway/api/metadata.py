"""What does the gateway publish about itself over HTTP?

The CapabilityStatement, and our own definitions.

Source: FHIR R4 sections 3.1.0.9 (capabilities) and 3.1.0.2 (read).
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fhir_gateway.api.answers import Answer, http_date
from fhir_gateway.api.preconditions import unchanged
from fhir_gateway.api.requests import Request
from fhir_gateway.api.routing import Handler, Place
from fhir_gateway.api.searches import address
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.fhir.bundles import Entry, searchset
from fhir_gateway.fhir.capability import capability
from fhir_gateway.fhir.definitions import DEFINED, own_definitions
from fhir_gateway.fhir.folding import fold
from fhir_gateway.fhir.json import dump
from fhir_gateway.fhir.operations import OperationSpec
from fhir_gateway.fhir.search_query import CURSOR, IGNORED, MAX_COUNT

#: Statements that are kept; the base address comes from the client where none is configured.
MOST_KEPT = 16


#: A resource, and its bytes.
Definition = tuple[dict[str, Any], bytes]


class Metadata:
    """What is said about the gateway, written once.

    Args:
        specs: Every operation that is served.
        software_version: Of the gateway.
        since: When what is said last changed; aware.
    """

    def __init__(
        self, specs: Iterable[OperationSpec], software_version: str, since: datetime
    ) -> None:
        self._specs = tuple(specs)
        self._software_version = software_version
        self._since = since
        self._statements: dict[tuple[int, str], bytes] = {}
        self._definitions: dict[str, dict[str, Definition]] = {name: {} for name in DEFINED}
        for each in own_definitions(self._specs):
            self._definitions.setdefault(each["resourceType"], {})[each["id"]] = (each, dump(each))

    @property
    def types(self) -> tuple[str, ...]:
        """The types of which only our own definitions are served."""
        return DEFINED

    def beside(self, read: Handler) -> Handler:
        """Who reads what is stored, and where there is nothing our own definition of that name."""

        async def read_either(service: Service, request: Request, place: Place) -> Answer:
            try:
                return await read(service, request, place)
            except GatewayError as error:
                found = self._definitions.get(place.type, {}).get(place.id)
                if error.category is not Category.NOT_FOUND or found is None:
                    raise
                return self._published(request, found[1])

        return read_either

    async def statement(self, _: Service, request: Request, __: Place) -> Answer:
        """The CapabilityStatement of the request's tenant and base address."""
        key = (request.tenant.id, request.base)
        content = self._statements.get(key)
        if content is None:
            if len(self._statements) >= MOST_KEPT:
                self._statements.clear()
            content = self._statements[key] = self._statement(request)
        return self._published(request, content)

    async def definition(self, _: Service, request: Request, place: Place) -> Answer:
        """One of our own definitions."""
        found = self._definitions[place.type].get(place.id)
        if found is None:
            text = f"There is no {place.type}/{place.id[:64]}; only our own are served"
            raise fail(Category.NOT_FOUND, text)
        return self._published(request, found[1])

    async def search(self, _: Service, request: Request, place: Place) -> Answer:
        """Our own definitions of one type."""
        criteria = [pair for pair in request.pairs if pair[0] not in _PAGING and pair != _COUNTED]
        for name, _value in criteria:
            if name not in _FITS:
                text = f"{place.type} has no search parameter '{name[:60]}'. Valid are: "
                valid = ", ".join((*_FITS, "_count"))
                raise fail(Category.INVALID, text + valid, name[:60], code="not-supported")
        matches = [
            Entry(f"{request.base}/{place.type}/{resource['id']}", content)
            for resource, content in self._definitions[place.type].values()
            if all(_fits(resource, *pair) for pair in criteria)
        ]
        path = f"{request.base}/{place.type}"
        asked = [pair for pair in request.pairs if pair[0] not in (CURSOR, *IGNORED)]
        asked += request.form_of_answer
        begin = _number(request, CURSOR, 0)
        count = 0 if _COUNTED in request.pairs else _number(request, "_count", MAX_COUNT)
        here = [(CURSOR, str(begin))] if begin else []
        links = [("self", address(path, [*asked, *here]))]
        if 0 < count < len(matches) - begin:
            links.append(("next", address(path, [*asked, (CURSOR, str(begin + count))])))
        return Answer(HTTPStatus.OK, searchset(matches[begin : begin + count], len(matches), links))

    def _statement(self, request: Request) -> bytes:
        return dump(
            capability(
                base=request.base,
                software_version=self._software_version,
                date=self._since,
                operations=self._specs,
                zone_name=request.tenant.zone.key,
                update_create=True,
            )
        )

    def _published(self, request: Request, content: bytes) -> Answer:
        tag = f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'
        headers = [
            (b"etag", tag.encode()),
            (b"last-modified", http_date(self._since).encode()),
        ]
        if_none_match = request.header(b"if-none-match")
        since = request.header(b"if-modified-since")
        if unchanged(if_none_match, since, tag=tag, updated=self._since):
            return Answer(HTTPStatus.NOT_MODIFIED, b"", headers)
        return Answer(HTTPStatus.OK, content, headers)


#: What a search takes beside its criteria.
_PAGING = frozenset({"_count", CURSOR, *IGNORED})
_COUNTED = ("_summary", "count")


def _number(request: Request, name: str, default: int) -> int:
    """A number of the query; its last one, where it was given several times."""
    text = dict(request.pairs).get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise fail(Category.INVALID, f"{name} is a number", name, code="value")
    return int(text)


def _named(resource: dict[str, Any], text: str) -> bool:
    return fold(resource["name"]).startswith(fold(text))


_FITS: dict[str, Callable[[dict[str, Any], str], bool]] = {
    "_id": lambda resource, text: bool(resource["id"] == text),
    "url": lambda resource, text: bool(resource["url"] == text),
    "name": _named,
    "status": lambda resource, text: bool(resource["status"] == text.rpartition("|")[2]),
}


def _fits(resource: dict[str, Any], name: str, text: str) -> bool:
    """Whether a definition fits one pair; commas separate alternatives."""
    return any(_FITS[name](resource, each) for each in text.split(","))
