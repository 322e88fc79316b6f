"""What would an entry of a Bundle be as a request of its own?

Source: FHIR R4 section 3.1.0.11.1 (Bundle.entry.request); 3.1.0.6 (patches of a Bundle are
Parameters, or a Binary with a JSON Patch).
"""

from base64 import b64decode
from binascii import Error
from email.utils import format_datetime
from typing import Any

from starlette.types import Message

from fhir_gateway.api.conditions import condition_of_create, condition_of_query
from fhir_gateway.api.interactions import (
    check_type,
    new_resource,
    ref_to_write,
    resource_at,
    version_number,
    without_stamps,
)
from fhir_gateway.api.negotiation import patch_kind
from fhir_gateway.api.preconditions import nothing_to_match, version_to_match
from fhir_gateway.api.requests import Request, own_references
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import parse_instant
from fhir_gateway.fhir import json
from fhir_gateway.fhir.bundle_requests import BundleRequest
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.patch import Patch, patch_in
from fhir_gateway.fhir.search_query import parse
from fhir_gateway.usecases.transaction_step import Step

_FHIR_JSON = "application/fhir+json"
#: What an entry takes over from the request that the Bundle came in.
_SHARED = (b"prefer",)


def bundled(request: Request, entry: BundleRequest) -> Request:
    """The request that an entry stands for; its query is still to be taken.

    Args:
        request: In which the Bundle came.
        entry: One of its entries.

    Raises:
        GatewayError: invalid, for a Binary that holds no patch.
    """
    given = {
        b"content-type": _media(entry.resource),
        b"if-match": entry.if_match,
        b"if-none-match": entry.if_none_match,
        b"if-none-exist": entry.if_none_exist,
        b"if-modified-since": _http_date(entry.if_modified_since),
    } | {name: request.header(name) for name in _SHARED}

    async def receive() -> Message:
        return {"type": "http.request", "body": _body(entry.resource)}

    headers = [
        (name, value.encode("latin-1", "replace"))
        for name, value in given.items()
        if value is not None
    ]
    return Request(
        {"method": entry.method, "headers": headers},
        receive,
        tenant=request.tenant,
        base=request.base,
        path=entry.path,
        patience=1.0,
    )


def step_of(request: Request, entry: BundleRequest) -> Step:
    """The step of a transaction that an entry is.

    Args:
        request: What `bundled` made of it, its query taken.
        entry: The entry.

    Raises:
        GatewayError: as the same request alone would be refused; unsupported for what is not done
            in a transaction.
    """
    method = "GET" if entry.method == "HEAD" else entry.method
    steps = entry.path.split("/")
    kind, id_ = steps[0], "".join(steps[1:2])
    _check_served(kind, steps, method)
    if len(steps) == 4:
        return Step(
            entry.index, method, kind, id_, version=version_number(Ref(kind, id_), steps[3])
        )
    read = {
        "GET": _read,
        "POST": _create,
        "PUT": _update,
        "PATCH": _patch,
        "DELETE": _delete,
    }[method]
    return read(request, entry, kind, id_)


def _check_served(kind: str, steps: list[str], method: str) -> None:
    if kind not in CATALOGUE:
        text = f"'{kind[:60]}' is no resource type that is served here"
        raise fail(Category.NOT_FOUND, text, code="not-supported")
    history = len(steps) == 4 and steps[2] == "_history" and method == "GET"
    plain = len(steps) <= 2 and not steps[-1].startswith(("$", "_"))
    if not (history or plain):
        text = f"'{'/'.join(steps)[:100]}' is not done in a transaction; ask for it alone"
        raise fail(Category.UNSUPPORTED, text)
    if len(steps) == 2 and method == "POST":
        text = "POST is for Type, to create; PUT is for Type/id"
        raise fail(Category.METHOD_NOT_ALLOWED, text)


def _read(request: Request, entry: BundleRequest, kind: str, id_: str) -> Step:
    if id_:
        return Step(entry.index, "GET", kind, id_)
    lenient = request.preferences.lenient
    query = parse(kind, request.pairs, zone=request.tenant.zone, base=request.base, lenient=lenient)
    return Step(entry.index, "GET", kind, condition=query)


def _create(request: Request, entry: BundleRequest, kind: str, _: str) -> Step:
    condition = condition_of_create(request, kind)
    resource = new_resource(dict(_resource(entry)), kind)
    return Step(
        entry.index,
        "POST",
        kind,
        condition=condition,
        resource=resource,
        full_url=entry.full_url,
    )


def _update(request: Request, entry: BundleRequest, kind: str, id_: str) -> Step:
    resource = dict(_resource(entry))
    if id_:
        condition = None
        resource = resource_at(resource, ref_to_write(kind, id_))
    else:
        condition = condition_of_query(request, kind)
        check_type(resource, kind)
        resource = without_stamps(resource)
    return Step(
        entry.index,
        "PUT",
        kind,
        id_,
        condition=condition,
        resource=resource,
        full_url=entry.full_url,
        if_match=version_to_match(request.header(b"if-match")),
        only_new=nothing_to_match(request.header(b"if-none-match")),
    )


def _patch(request: Request, entry: BundleRequest, kind: str, id_: str) -> Step:
    resource = _resource(entry)
    named = patch_kind(_media(resource))
    if named is None:
        change = patch_in(resource)
    else:
        body = _body(resource)
        content = json.parse_array(body) if named == "json" else json.parse(body)
        change = own_references(Patch(named, content), request.base)
    return Step(
        entry.index,
        "PATCH",
        kind,
        id_,
        condition=None if id_ else condition_of_query(request, kind),
        change=change,
        if_match=version_to_match(request.header(b"if-match")),
    )


def _delete(request: Request, entry: BundleRequest, kind: str, id_: str) -> Step:
    return Step(
        entry.index,
        "DELETE",
        kind,
        id_,
        condition=None if id_ else condition_of_query(request, kind),
        if_match=version_to_match(request.header(b"if-match")),
    )


def _resource(entry: BundleRequest) -> dict[str, Any]:
    if entry.resource is None:
        text = f"A {entry.method} needs a resource"
        raise fail(Category.INVALID, text, code="required")
    return entry.resource


def _media(resource: dict[str, Any] | None) -> str:
    """The media type of what an entry carries; a Binary is what it holds."""
    if resource is None or resource.get("resourceType") != "Binary":
        return _FHIR_JSON
    media = resource.get("contentType")
    if not isinstance(media, str) or patch_kind(media) is None:
        text = "A Binary holds a patch: its contentType is application/json-patch+json"
        raise fail(Category.INVALID, text, "Binary.contentType")
    return media


def _body(resource: dict[str, Any] | None) -> bytes:
    if resource is None:
        return b""
    if resource.get("resourceType") != "Binary":
        return json.dump(resource)
    try:
        return b64decode(str(resource.get("data", "")), validate=True)
    except (Error, ValueError) as error:
        raise fail(Category.INVALID, "The data are not base64", "Binary.data") from error


def _http_date(instant: str | None) -> str | None:
    return None if instant is None else format_datetime(parse_instant(instant))
