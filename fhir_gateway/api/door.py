"""How does a FHIR request find its use case, and how does every failure find its answer?

A thin ASGI endpoint: address by dictionary, no framework, one place where exceptions end.

Source: FHIR R4 section 3.1.0; RFC 9110 section 9 (methods); Fetch standard (CORS).
"""

import traceback
from collections.abc import Sequence
from http import HTTPStatus
from types import TracebackType

from starlette.types import Receive, Scope, Send

from fhir_gateway.api.answers import Answer, Header, send_answer
from fhir_gateway.api.bundles import Bundles
from fhir_gateway.api.compression import compress
from fhir_gateway.api.conditionals import delete_where, patch_where, update_where
from fhir_gateway.api.errors import WireError, failure
from fhir_gateway.api.exports import export_end, export_file, export_status
from fhir_gateway.api.histories import history_of_all, history_of_instance, history_of_type
from fhir_gateway.api.interactions import create, delete, patch, read, update, vread
from fhir_gateway.api.invocations import invocation
from fhir_gateway.api.metadata import Metadata
from fhir_gateway.api.representations import represent
from fhir_gateway.api.requests import MAX_URL, ClientGoneError, Request
from fhir_gateway.api.routing import Handlers, Place, Router
from fhir_gateway.api.searches import search, search_by_form
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.storage.tenants import Tenant

_EXPOSED = (
    b"Content-Location, ETag, Expires, Last-Modified, Location, Retry-After, X-Progress,"
    b" X-Request-Id"
)
_ALLOWED = (
    b"Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist,"
    b" If-None-Match, Prefer, X-Request-Id"
)
_PREFLIGHT_AGE = b"600"  # seconds that a browser remembers the permission


class FhirDoor:
    """Answers what is asked below the base address of a tenant.

    Args:
        service: See Service.
        software_version: Of the gateway, for the CapabilityStatement.
        origins: Web origins whose pages may read answers; `*` for all.
    """

    def __init__(self, service: Service, software_version: str, origins: Sequence[str]) -> None:
        self._service = service
        self._origins = frozenset(origins)
        specs = [each.spec for each in service.use_cases.operations]
        metadata = Metadata(specs, software_version, service.deps.clock.now())
        handlers = Handlers(
            interactions={
                "read": metadata.beside(read),
                "vread": vread,
                "create": create,
                "update": update,
                "patch": patch,
                "delete": delete,
                "conditional-update": update_where,
                "conditional-patch": patch_where,
                "conditional-delete": delete_where,
                "search-type": search,
                "history-instance": history_of_instance,
                "history-type": history_of_type,
            },
            search_by_form=search_by_form,
            history=history_of_all,
            operation=invocation,
            metadata=metadata.statement,
            definition=metadata.definition,
            definitions=metadata.search,
            export={"GET": export_status, "DELETE": export_end},
            export_file=export_file,
            system={
                "GET": _no_system_search,
                "POST": Bundles(self._answered),
                "OPTIONS": metadata.statement,
            },
        )
        self._router = Router(handlers, service.use_cases.operations, metadata.types)

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, *, tenant: Tenant, base: str, path: str
    ) -> None:
        """Answer one request.

        Args:
            scope, receive, send: Of ASGI, of an HTTP request.
            tenant: Whose base address it is.
            base: That address, absolute, without slash at the end.
            path: What comes after it, percent-decoded.
        """
        request = Request(
            scope,
            receive,
            tenant=tenant,
            base=base,
            path=path,
            patience=self._service.patience,
        )
        try:
            answer = await self._answered(request, scope["query_string"])
        except ClientGoneError:
            return
        try:
            await represent(answer, request)
        except Exception as error:  # noqa: BLE001 - here as well
            answer = self._fault(request, error)
        await compress(answer, request.header(b"accept-encoding") or "")
        further: list[Header] = [(b"x-request-id", request.id.encode())]
        origin = request.header(b"origin")
        if origin is not None:
            further += self._permission(origin)
        await send_answer(send, answer, further, head=request.method == "HEAD")

    async def _answered(self, request: Request, query: bytes) -> Answer:
        """The answer in the house's own format, whatever happens."""
        try:
            return await self._carried_out(request, query)
        except GatewayError as error:
            return failure(error)
        except ClientGoneError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the client gets an answer
            return self._fault(request, error)

    def _fault(self, request: Request, error: Exception) -> Answer:
        self._service.deps.log(
            "request-failed",
            request=request.id,
            error=type(error).__name__,
            where=_frames(error.__traceback__),
        )
        return failure(fail(Category.FAULT, f"The server failed; incident {request.id}"))

    async def _carried_out(self, request: Request, query: bytes) -> Answer:
        if len(query) + len(request.path) > MAX_URL:
            error = fail(Category.TOO_LARGE, f"An address has at most {MAX_URL} bytes")
            raise WireError(HTTPStatus.REQUEST_URI_TOO_LONG, error)
        if query:
            request.take_query(query)
        place = self._router.find(request.path)
        if request.method == "OPTIONS" and not _asks_capabilities(request, place):
            return _options(place)
        handler = place.methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            raise _not_allowed(request.method, place)
        if place.is_fhir and not (place.csv and request.wants_csv):
            request.answer_format()  # whoever cannot read the answer changes nothing
        return await handler(self._service, request, place)

    def _permission(self, origin: str) -> list[Header]:
        if "*" in self._origins:
            allowed: list[Header] = [(b"access-control-allow-origin", b"*")]
        elif origin in self._origins:
            allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))]
        else:
            return [(b"vary", b"Origin")]
        return [*allowed, (b"vary", b"Origin"), (b"access-control-expose-headers", _EXPOSED)]


def _asks_capabilities(request: Request, place: Place) -> bool:
    """OPTIONS of the base address is an old way to ask for metadata; browsers mean another."""
    preflight = request.header(b"access-control-request-method") is not None
    return "OPTIONS" in place.methods and not preflight


def _options(place: Place) -> Answer:
    allow = ", ".join(place.allow).encode()
    headers = [
        (b"allow", allow),
        (b"access-control-allow-methods", allow),
        (b"access-control-allow-headers", _ALLOWED),
        (b"access-control-max-age", _PREFLIGHT_AGE),
    ]
    return Answer(HTTPStatus.NO_CONTENT, b"", headers)


def _not_allowed(method: str, place: Place) -> WireError:
    text = f"{method[:20]} is not taken here. Allowed: {', '.join(place.allow)}"
    error = fail(Category.METHOD_NOT_ALLOWED, text)
    return WireError(HTTPStatus.METHOD_NOT_ALLOWED, error, allow=place.allow)


async def _no_system_search(_: Service, __: Request, ___: Place) -> Answer:
    raise fail(
        Category.UNSUPPORTED,
        "A search over all types is not offered; name a type. What is offered is at metadata",
    )


def _frames(trace: TracebackType | None) -> list[str]:
    """Where it happened, without what was in the variables or in the message."""
    return [f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_tb(trace)]
