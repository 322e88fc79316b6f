"""What does the gateway publish about itself over HTTP?

The CapabilityStatement, and our own OperationDefinitions, StructureDefinitions and
SearchParameters.

Source: FHIR R4 sections 3.1.0.9 (capabilities) and 3.1.0.2 (read).
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from itertools import chain

from fhir_gateway.api.answers import Answer, http_date
from fhir_gateway.api.preconditions import unchanged
from fhir_gateway.api.requests import Request
from fhir_gateway.api.routing import Place
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.capability import capability
from fhir_gateway.fhir.json import dump
from fhir_gateway.fhir.operation_definitions import operation_definition
from fhir_gateway.fhir.operations import OperationSpec
from fhir_gateway.fhir.search_parameters import search_parameters
from fhir_gateway.fhir.structure_definitions import structure_definitions

#: Statements that are kept; the base address comes from the client where none is configured.
MOST_KEPT = 16


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
        self._definitions: dict[str, dict[str, bytes]] = {
            "OperationDefinition": {},
            "SearchParameter": {},
            "StructureDefinition": {},
        }
        operations = (operation_definition(each) for each in self._specs)
        for each in chain(operations, search_parameters(), structure_definitions()):
            self._definitions[each["resourceType"]][each["id"]] = dump(each)

    @property
    def types(self) -> tuple[str, ...]:
        """The types of which only our own definitions are served."""
        return tuple(self._definitions)

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
        content = self._definitions[place.type].get(place.id)
        if content is None:
            text = f"There is no {place.type}/{place.id[:64]}; only our own are served"
            raise fail(Category.NOT_FOUND, text)
        return self._published(request, content)

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
