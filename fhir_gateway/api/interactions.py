"""How is one resource read and written over HTTP?

read, vread, create, update and delete: from a request to a use case and back; nothing is decided
here.

Source: FHIR R4 sections 3.1.0.1 to 3.1.0.8; decisions 3 and 4.
"""

import re
from http import HTTPStatus
from typing import Any

from fhir_gateway.api.answers import Answer, Header, etag, version_headers
from fhir_gateway.api.preconditions import unchanged, version_to_match
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
    return _shown(request, stored, stored.content)


async def vread(service: Service, request: Request, place: Place) -> Answer:
    """One version.

    Source: FHIR R4 section 3.1.0.3.
    """
    ref = ref_of(place)
    if not _VERSION.fullmatch(place.version):
        raise fail(Category.NOT_FOUND, f"There is no version '{place.version[:60]}' of {ref}")
    number = int(place.version)
    version = await service.use_cases.vread(service.deps, request.tenant.id, ref, number)
    if version.content is None:
        raise fail(Category.GONE, f"Version {number} of {ref} is its deletion")
    return _shown(request, version, version.content)


async def create(service: Service, request: Request, place: Place) -> Answer:
    """A new resource; the id that the client sent does not count.

    Source: FHIR R4 section 3.1.0.8.
    """
    if request.header(b"if-none-exist") is not None or request.pairs:
        raise fail(
            Category.UNSUPPORTED,
            "Conditional create is not offered; search first, then create",
            "If-None-Exist",
        )
    resource = _without_stamps(await request.resource())
    _check_type(resource, place)
    resource.pop("id", None)
    stored = await service.use_cases.create(service.deps, request.tenant.id, resource)
    return _written(request, stored, created=True)


async def update(service: Service, request: Request, place: Place) -> Answer:
    """A new version, or a new resource under the client's id.

    Source: FHIR R4 section 3.1.0.4; RFC 9110 section 13.1.2 (If-None-Match: *).
    """
    if not ID.fullmatch(place.id):
        text = "An id has 1 to 64 letters, digits, hyphens and dots"
        raise fail(Category.INVALID, text, f"{place.type}.id", code="value")
    if request.header(b"if-none-match") is not None:
        text = "An update on condition that nothing is there is not offered"
        raise fail(Category.UNSUPPORTED, text, "If-None-Match")
    if_match = version_to_match(request.header(b"if-match"))
    resource = _without_stamps(await request.resource())
    _check_type(resource, place)
    if resource.get("id") != place.id:
        text = f"The id in the body must be the one in the address, '{place.id}'"
        raise fail(Category.INVALID, text, f"{place.type}.id", code="value")
    ref = Ref(place.type, place.id)
    done = await service.use_cases.update(
        service.deps, request.tenant.id, ref, resource, if_match=if_match
    )
    return _written(request, done.stored, created=done.created)


async def delete(service: Service, request: Request, place: Place) -> Answer:
    """Delete; also where there is nothing any more.

    Source: FHIR R4 section 3.1.0.7; decision 4.
    """
    ref = ref_of(place)
    if_match = version_to_match(request.header(b"if-match"))
    version = await service.use_cases.delete(
        service.deps, request.tenant.id, ref, if_match=if_match
    )
    headers: list[Header] = [] if version is None else [(b"etag", etag(version.version).encode())]
    if request.preferences.returns == "OperationOutcome":
        return Answer(HTTPStatus.OK, dump(success(f"{ref} is deleted")), headers)
    return Answer(HTTPStatus.NO_CONTENT, b"", headers)


def ref_of(place: Place) -> Ref:
    """The resource that an address names.

    Raises:
        GatewayError: not-found, where nothing can have that id.
    """
    if not ID.fullmatch(place.id):
        raise fail(Category.NOT_FOUND, f"There is no {place.type}/{place.id[:64]}")
    return Ref(place.type, place.id)


def _shown(request: Request, version: Stored | Version, content: bytes) -> Answer:
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


def _written(request: Request, stored: Stored, *, created: bool) -> Answer:
    address = f"{request.base}/{stored.type}/{stored.id}/_history/{stored.version}"
    headers = version_headers(stored.version, stored.last_updated)
    headers.append((b"location" if created else b"content-location", address.encode()))
    status = HTTPStatus.CREATED if created else HTTPStatus.OK
    return Answer(status, _returned(request, stored, created=created), headers)


def _returned(request: Request, stored: Stored, *, created: bool) -> bytes:
    returns = request.preferences.returns
    if returns == "minimal":
        return b""
    if returns == "OperationOutcome":
        done = "created" if created else "updated"
        return dump(success(f"{stored.type}/{stored.id} is {done}, version {stored.version}"))
    return stored.content


def _check_type(resource: dict[str, Any], place: Place) -> None:
    found = resource.get("resourceType")
    if found != place.type:
        text = f"The address is for {place.type}; resourceType was '{str(found)[:60]}'"
        raise fail(Category.INVALID, text, "resourceType", code="value")


def _without_stamps(resource: dict[str, Any]) -> dict[str, Any]:
    """Without what the server alone says about a version."""
    meta = resource.get("meta")
    if isinstance(meta, dict):
        for name in _STAMPS:
            meta.pop(name, None)
        if not meta:
            del resource["meta"]
    return resource
