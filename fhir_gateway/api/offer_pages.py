"""How is the one-time link of an offer opened and answered?

GET shows a page and changes nothing, whoever or whatever follows the link; POST of that page's form
decides. An unknown link is 404; one that is used or over is 410 with what to do next. Tokens are in
no log, no link to elsewhere and no cache. reliability-security.md section 7; row W12.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response

from fhir_gateway.api.errors import STATUSES
from fhir_gateway.api.forwarding import Network, client_address
from fhir_gateway.api.offer_page_texts import POLICY, TEXTS, page
from fhir_gateway.api.tries import Tries
from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.usecases import links
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.links import Asked

_MOST_BYTES = 2048
_PATIENCE = 30.0  # seconds that a form may take
_METHODS = ["GET", "HEAD", "POST", "OPTIONS"]
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": POLICY,
}
#: What is told of a failure; anything else is "try again".
_TOLD = {
    Category.NOT_FOUND: "unknown",
    Category.GONE: "gone",
    Category.CONFLICT: "busy",
    Category.INVALID: "choose",
    Category.TOO_LARGE: "choose",
    Category.UNSUPPORTED_MEDIA_TYPE: "choose",
}


def add_offer_pages(
    pages: FastAPI,
    deps: Deps,
    proxies: Sequence[Network] = (),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Serve `/o/{token}`, and `/t/{slug}/o/{token}` for the other tenants.

    Args:
        pages: The application for what is not FHIR.
        deps: See Deps.
        proxies: Where proxies stand whose word about the client's address is believed.
        clock: Seconds that only grow, for the limit of wrong guesses.
    """
    tenants = {each.slug: each.id for each in deps.tenants.values()}
    tries = Tries(clock)

    async def answer(request: Request, token: str, slug: str) -> Response:
        if request.method == "OPTIONS":
            return _response(HTTPStatus.NO_CONTENT, b"", {"Allow": ", ".join(_METHODS)})
        address = client_address(request.scope, proxies)
        wait = tries.wait(address)
        if wait:
            retry = {"Retry-After": str(wait)}
            return _response(HTTPStatus.TOO_MANY_REQUESTS, page(_language(request), "later"), retry)
        try:
            return await _answer(deps, tenants.get(slug), request, token)
        except GatewayError as error:
            if error.category is Category.NOT_FOUND:
                tries.wrong(address)
            return _failed(request, error)
        except Exception as error:  # noqa: BLE001 - a traceback might show the token
            deps.log("offer-page-failed", error=type(error).__name__)
            return _failed(request, GatewayError(Category.FAULT))

    @pages.api_route("/o/{token}", methods=_METHODS)
    async def of_default(request: Request, token: str) -> Response:
        return await answer(request, token, "default")

    @pages.api_route("/t/{slug}/o/{token}", methods=_METHODS)
    async def of_tenant(request: Request, slug: str, token: str) -> Response:
        return await answer(request, token, slug)


async def _answer(deps: Deps, tenant: int | None, request: Request, token: str) -> Response:
    if tenant is None:
        raise GatewayError(Category.NOT_FOUND)
    if request.method != "POST":
        asked = await links.look(deps, tenant, token)
        return _response(HTTPStatus.OK, _page(asked, "asked", asked.form))
    form = await _form(request)
    chosen = form.get("answer", "")
    asked = await links.decide(deps, tenant, token, form.get("form", ""), chosen)
    return _response(HTTPStatus.OK, _page(asked, chosen))


async def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise GatewayError(Category.UNSUPPORTED_MEDIA_TYPE)
    body = b""
    try:
        async with asyncio.timeout(_PATIENCE):
            async for piece in request.stream():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise GatewayError(Category.TOO_LARGE)
    except TimeoutError as error:
        raise GatewayError(Category.TIMEOUT) from error
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=10)
    except ValueError as error:
        raise GatewayError(Category.INVALID) from error
    return {name: values[0] for name, values in found.items()}


def _page(asked: Asked, told: str, form: str = "") -> bytes:
    return page(
        asked.language,
        told,
        asked.clinic,
        form,
        day=f"{asked.start:%d.%m.%Y}",
        time=f"{asked.start:%H:%M}",
        until=f"{asked.until:%d.%m.%Y %H:%M}",
    )


def _failed(request: Request, error: GatewayError) -> Response:
    told = _TOLD.get(error.category, "later")
    if error.category is Category.GONE and any(
        each.details in ("superseded", "slot-taken") for each in error.issues
    ):
        told = "superseded"
    return _response(STATUSES[error.category], page(_language(request), told))


def _language(request: Request) -> str:
    """Of somebody of whom nothing is known."""
    wanted = request.headers.get("accept-language", "").lower()[:2]
    return wanted if wanted in TEXTS else "en"


def _response(status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, {**_HEADERS, **(headers or {})}, "text/html; charset=utf-8")
