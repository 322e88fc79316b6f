"""How is an operation invoked over HTTP?

By POST with a Parameters resource, or by GET where it need not change anything. The operation's own
declaration says what is read.

Source: FHIR R4 section 3.2.0.1 (executing an operation).
"""

from http import HTTPStatus

from fhir_gateway.api.answers import Answer
from fhir_gateway.api.interactions import ref_of
from fhir_gateway.api.requests import Request
from fhir_gateway.api.routing import Handler, Place
from fhir_gateway.api.searches import address
from fhir_gateway.api.use_cases import Service
from fhir_gateway.fhir import parameters
from fhir_gateway.usecases.operations import Accepted, Call, Document, Operation


def invocation(operation: Operation) -> Handler:
    """Who answers the addresses of an operation: with the resource that it returns."""

    async def invoke(service: Service, request: Request, place: Place) -> Answer:
        safe = request.method in ("GET", "HEAD")
        body = None if safe else await request.resource_if_any()
        values = parameters.read(operation.spec, body, request.pairs)
        asked = [*request.pairs, *request.form_of_answer]
        called = address(f"{request.base}/{request.path}", asked)
        ref = ref_of(place) if place.id else None
        csv = place.csv and request.wants_csv
        call = Call(ref, values, request.base, called, place.type, safe, csv)
        content = await operation.run(service.deps, request.tenant.id, call)
        if isinstance(content, Accepted):
            location = f"{request.base}/{content.place}".encode()
            headers = [(b"content-location", location)]
            return Answer(HTTPStatus.ACCEPTED, content.content, headers)
        if isinstance(content, Document):
            return Answer(HTTPStatus.OK, content.content, media=content.media.encode())
        return Answer(HTTPStatus.OK, content)

    return invoke
