"""How is a resource written over HTTP that the client knows by a search?

Conditional update, patch and delete, at the address of a type with a query.

Source: FHIR R4 sections 3.1.0.4.3, 3.1.0.6 and 3.1.0.7.1.
"""

from fhir_gateway.api.answers import Answer
from fhir_gateway.api.conditions import condition_of_query
from fhir_gateway.api.interactions import check_type, deleted, without_stamps, written
from fhir_gateway.api.preconditions import nothing_to_match, version_to_match
from fhir_gateway.api.requests import Request
from fhir_gateway.api.routing import Place
from fhir_gateway.api.use_cases import Service


async def update_where(service: Service, request: Request, place: Place) -> Answer:
    """A new version of the one resource that is found, or a new resource where none is."""
    condition = condition_of_query(request, place.type)
    if_match = version_to_match(request.header(b"if-match"))
    only_new = nothing_to_match(request.header(b"if-none-match"))
    resource = without_stamps(await request.resource())
    check_type(resource, place.type)
    done = await service.use_cases.update_where(
        service.deps,
        request.tenant.id,
        resource,
        condition,
        if_match=if_match,
        only_new=only_new,
    )
    return written(request, done.stored, created=done.created)


async def patch_where(service: Service, request: Request, place: Place) -> Answer:
    """The one resource that is found, changed."""
    condition = condition_of_query(request, place.type)
    if_match = version_to_match(request.header(b"if-match"))
    stored = await service.use_cases.patch_where(
        service.deps, request.tenant.id, await request.patch(), condition, if_match=if_match
    )
    return written(request, stored, created=False)


async def delete_where(service: Service, request: Request, place: Place) -> Answer:
    """The one resource that is found, deleted; also where none is."""
    condition = condition_of_query(request, place.type)
    if_match = version_to_match(request.header(b"if-match"))
    version = await service.use_cases.delete_where(
        service.deps, request.tenant.id, condition, if_match=if_match
    )
    what = (
        f"What was selected of {place.type}" if version is None else f"{version.type}/{version.id}"
    )
    return deleted(request, what, version)
