"""How is one resource read and written over HTTP?

read, vread, create, update, patch and delete: from a request to a use case and back; nothing is
decided here.

Source: FHIR R4 sections 3.1.0.1 to 3.1.0.8; decisions 3 and 4.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fhir_gateway.api.answers import Answer, Header, etag, version_headers
from fhir_gateway.api.conditions import condition_of_create
from fhir_gateway.api.preconditions import nothing_to_match, unchanged, version_to_match
from fhir_gateway.api.requests import Request
from fhir_gateway.api.routing import Place
from fhir_gateway.api.subsets import subset_of_read
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import ID, Ref
from fhir_gateway.fhir.json import dump
from fhir_gateway.fhir.outcomes import success
from fhir_gateway.usecases.read import Stored, Version

_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_STAMPS = ("versionId", "lastUpdated")


async def read(service: Service, request: Request, place: Place) -> Answer:
    """The present version; 304 where the client has it.

    Source: FHIR R4 section 3.1.0.2.
    """
    ref = ref_of(place)
    stored = await service.use_cases.read(service.deps, request.tenant.id, ref)
    return shown(request, stored, stored.content)


async def vread(service: Service, request: Request, place: Place) -> Answer:
    """One version.

    Source: FHIR R4 section 3.1.0.3.
    """
    ref = ref_of(place)
    number = version_number(ref, place.version)
    version = await service.use_cases.vread(service.deps, request.tenant.id, ref, number)
    if version.content is None:
        raise fail(Category.GONE, f"Version {number} of {ref} is its deletion")
    return shown(request, version, version.content)


async def create(service: Service, request: Request, place: Place) -> Answer:
    """A new resource, or the one that is there already; the id that the client sent does not count.

    Source: FHIR R4 sections 3.1.0.8 and 3.1.0.8.1 (If-None-Exist).
    """
    if_none_exist = condition_of_create(request, place.type)
    resource = new_resource(await request.resource(), place.type)
    if if_none_exist is not None:
        done = await service.use_cases.create_where(
            service.deps, request.tenant.id, resource, if_none_exist
        )
        return written(request, done.stored, created=done.created, by_post=True)
    stored = await service.use_cases.create(service.deps, request.tenant.id, resource)
    return written(request, stored, created=True, asked=resource)


async def update(service: Service, request: Request, place: Place) -> Answer:
    """A new version, or a new resource under the client's id.

    Source: FHIR R4 section 3.1.0.4; RFC 9110 section 13.1.2 (If-None-Match: *).
    """
    ref = ref_to_write(place.type, place.id)
    if_match = version_to_match(request.header(b"if-match"))
    only_new = nothing_to_match(request.header(b"if-none-match"))
    resource = resource_at(await request.resource(), ref)
    done = await service.use_cases.update(
        service.deps, request.tenant.id, ref, resource, if_match=if_match, only_new=only_new
    )
    return written(request, done.stored, created=done.created, asked=resource)


async def patch(service: Service, request: Request, place: Place) -> Answer:
    """The present version, changed.

    Source: FHIR R4 section 3.1.0.6.
    """
    ref = ref_of(place)
    if_match = version_to_match(request.header(b"if-match"))
    stored = await service.use_cases.patch(
        service.deps, request.tenant.id, ref, await request.patch(), if_match=if_match
    )
    return written(request, stored, created=False)


async def delete(service: Service, request: Request, place: Place) -> Answer:
    """Delete; also where there is nothing any more.

    Source: FHIR R4 section 3.1.0.7; decision 4.
    """
    ref = ref_of(place)
    if_match = version_to_match(request.header(b"if-match"))
    version = await service.use_cases.delete(
        service.deps, request.tenant.id, ref, if_match=if_match
    )
    return deleted(request, str(ref), version)


def version_number(ref: Ref, text: str) -> int:
    """The version that an address names.

    Raises:
        GatewayError: not-found, where no version can have that number.
    """
    if not _VERSION.fullmatch(text):
        raise fail(Category.NOT_FOUND, f"There is no version '{text[:60]}' of {ref}")
    return int(text)


def ref_of(place: Place) -> Ref:
    """The resource that an address names.

    Raises:
        GatewayError: not-found, where nothing can have that id.
    """
    if not ID.fullmatch(place.id):
        raise fail(Category.NOT_FOUND, f"There is no {place.type}/{place.id[:64]}")
    return Ref(place.type, place.id)


def ref_to_write(type_name: str, id_: str) -> Ref:
    """The resource that a client may put under an id of its own.

    Raises:
        GatewayError: invalid, where nothing can have that id.
    """
    if not ID.fullmatch(id_):
        text = "An id has 1 to 64 letters, digits, hyphens and dots"
        raise fail(Category.INVALID, text, f"{type_name}.id", code="value")
    return Ref(type_name, id_)


def new_resource(resource: dict[str, Any], type_name: str) -> dict[str, Any]:
    """The resource of a create, without id and stamps; changed in place.

    Raises:
        GatewayError: invalid, where it is of another type.
    """
    check_type(resource, type_name)
    resource.pop("id", None)
    return without_stamps(resource)


def resource_at(resource: dict[str, Any], ref: Ref) -> dict[str, Any]:
    """The resource of an update, without stamps; changed in place.

    Raises:
        GatewayError: invalid, where it is another one than the address says.
    """
    check_type(resource, ref.type)
    if resource.get("id") != ref.id:
        text = f"The id in the body must be the one in the address, '{ref.id}'"
        raise fail(Category.INVALID, text, f"{ref.type}.id", code="value")
    return without_stamps(resource)


def shown(request: Request, version: Stored | Version, content: bytes) -> Answer:
    """The answer to a read; 304 where the client has that version."""
    headers = version_headers(version.version, version.last_updated)
    if_none_match = request.header(b"if-none-match")
    since = request.header(b"if-modified-since")
    if (if_none_match is not None or since is not None) and unchanged(
        if_none_match, since, tag=etag(version.version), updated=version.last_updated
    ):
        return Answer(HTTPStatus.NOT_MODIFIED, b"", headers)
    if request.pairs:
        wanted = subset_of_read(version.type, request.pairs)
        content = wanted.of(version.type, content) if wanted else content
    return Answer(HTTPStatus.OK, content, headers)


def written(
    request: Request,
    stored: Stored,
    *,
    created: bool,
    by_post: bool = False,
    asked: Mapping[str, Any] | None = None,
) -> Answer:
    """The answer to a write.

    Args:
        request: Its Prefer says what comes back.
        stored: The version now.
        created: Whether there was none before.
        by_post: Whether it may have been there already; the client asks where in any case.
        asked: What the client sent, where it may have been taken and not done yet (202).
    """
    address = f"{request.base}/{stored.type}/{stored.id}/_history/{stored.version}"
    headers = version_headers(stored.version, stored.last_updated)
    name = b"location" if created or by_post else b"content-location"
    headers.append((name, address.encode()))
    status = HTTPStatus.CREATED if created else HTTPStatus.OK
    if asked is not None and _awaits(asked, stored):
        status = HTTPStatus.ACCEPTED
    return Answer(status, _returned(request, stored, created=created), headers)


def _awaits(asked: Mapping[str, Any], stored: Stored) -> bool:
    """Whether somebody else's system has to confirm what the client wants booked (decision 19)."""
    booked = stored.type == "Appointment" and asked.get("status") == "booked"
    return booked and stored.resource()["status"] == "pending"


def deleted(request: Request, what: str, version: Version | None) -> Answer:
    """The answer to a deletion.

    Args:
        request: Its Prefer says what comes back.
        what: The resource, for a person.
        version: The entry of the history; None where there was nothing to delete.
    """
    headers: list[Header] = [] if version is None else [(b"etag", etag(version.version).encode())]
    if request.preferences.returns == "OperationOutcome":
        return Answer(HTTPStatus.OK, dump(success(f"{what} is deleted")), headers)
    return Answer(HTTPStatus.NO_CONTENT, b"", headers)


def _returned(request: Request, stored: Stored, *, created: bool) -> bytes:
    returns = request.preferences.returns
    if returns == "minimal":
        return b""
    if returns == "OperationOutcome":
        done = "created" if created else "updated"
        return dump(success(f"{stored.type}/{stored.id} is {done}, version {stored.version}"))
    return stored.content


def check_type(resource: dict[str, Any], type_name: str) -> None:
    """Make sure that a resource is of the type that the address names.

    Raises:
        GatewayError: invalid.
    """
    found = resource.get("resourceType")
    if found != type_name:
        text = f"The address is for {type_name}; resourceType was '{str(found)[:60]}'"
        raise fail(Category.INVALID, text, "resourceType", code="value")


def without_stamps(resource: dict[str, Any]) -> dict[str, Any]:
    """Without what the server alone says about a version."""
    meta = resource.get("meta")
    if isinstance(meta, dict):
        for name in _STAMPS:
            meta.pop(name, None)
        if not meta:
            del resource["meta"]
    return resource
