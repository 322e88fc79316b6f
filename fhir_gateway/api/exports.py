"""How is a bulk export fetched over HTTP?

A manifest, a file for each type, and DELETE to end it. FHIR Bulk Data Access 2.0, section 2.4 (the
status and file requests).
"""

from http import HTTPStatus

import orjson

from fhir_gateway.api.answers import JSON, NDJSON, Answer, http_date
from fhir_gateway.api.requests import Request
from fhir_gateway.api.routing import Place
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.time import format_instant
from fhir_gateway.fhir.json import dump
from fhir_gateway.fhir.outcomes import success
from fhir_gateway.usecases import exports


async def export_status(service: Service, request: Request, place: Place) -> Answer:
    """The manifest; there is nothing to wait for, because files are made as they are read."""
    found = await exports.manifest(service.deps, request.tenant.id, place.id)
    address = f"{request.base}/_export/{place.id}"
    told = {
        "transactionTime": format_instant(found.job.created_at),
        "request": found.job.request,
        "requiresAccessToken": False,
        "output": [{"type": name, "url": f"{address}/{name}"} for name in found.types],
        "error": [],
    }
    headers = [(b"expires", http_date(found.expires).encode()), (b"x-progress", b"100%")]
    return Answer(HTTPStatus.OK, orjson.dumps(told), headers, JSON)


async def export_file(service: Service, request: Request, place: Place) -> Answer:
    """One file; it is sent while it is read."""
    lines = await exports.lines(service.deps, request.tenant.id, place.id, place.type)
    return Answer(HTTPStatus.OK, media=NDJSON, pieces=lines)


async def export_end(service: Service, request: Request, place: Place) -> Answer:
    """End an export; its addresses are not found from then on."""
    await exports.cancel(service.deps, request.tenant.id, place.id)
    return Answer(HTTPStatus.ACCEPTED, dump(success("The export is ended")))
