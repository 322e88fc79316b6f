"""Is the process alive, and can it do its work?

Asked by whoever starts and balances processes; no records are touched and nobody signs in.
What is not FHIR is served by this application, pages included.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from fhir_gateway.api.answers import FHIR_JSON, JSON
from fhir_gateway.api.errors import failure
from fhir_gateway.api.openapi import ADDRESS
from fhir_gateway.core.errors import Category, fail

_METHODS = ["GET", "HEAD"]
_CATEGORIES = {
    HTTPStatus.NOT_FOUND: Category.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: Category.METHOD_NOT_ALLOWED,
}


def make_pages(
    ready: Callable[[], Awaitable[bool]], software_version: str, description: Callable[[], bytes]
) -> FastAPI:
    """The application for everything that is not FHIR.

    Args:
        ready: Whether the process can do its work now.
        software_version: Of the gateway.
        description: Writes the OpenAPI document of the whole server; called once.
    """
    pages = FastAPI(
        title="fhir_gateway", version=software_version, docs_url=None, redoc_url=None,
        openapi_url=None,
    )  # fmt: skip

    @pages.api_route("/health/live", methods=_METHODS)
    async def live() -> dict[str, str]:
        return {"status": "live", "version": software_version}

    @pages.api_route("/health/ready", methods=_METHODS)
    async def is_ready(response: Response) -> dict[str, str]:
        if await ready():
            return {"status": "ready"}
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return {"status": "not ready"}

    written = cache(description)

    @pages.api_route(ADDRESS, methods=_METHODS)
    async def described() -> Response:
        return Response(written(), media_type=JSON.decode())

    @pages.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        category = _CATEGORIES.get(HTTPStatus(error.status_code), Category.INVALID)
        path = request.url.path[:100]
        answer = failure(fail(category, f"There is nothing at '{path}'; FHIR is at /fhir"))
        return Response(
            answer.body,
            error.status_code,
            headers=dict(error.headers or {}),
            media_type=FHIR_JSON.decode(),
        )

    return pages
