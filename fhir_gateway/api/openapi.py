"""How is the interface described to tools that read OpenAPI?

The statuses of `api.errors` are put into the document of `fhir.openapi`, and what is not FHIR is
added. OpenAPI 3.1.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fhir_gateway.api.errors import STATUSES
from fhir_gateway.fhir.json import dump
from fhir_gateway.fhir.openapi import openapi
from fhir_gateway.fhir.openapi_answers import (
    ACCEPTED,
    CREATED,
    EMPTY,
    FOUND,
    LONG_ADDRESS,
    SLOW_BODY,
    UNCHANGED,
)
from fhir_gateway.fhir.operations import OperationSpec

ADDRESS = "/openapi.json"

#: Of each word in which `fhir.openapi_answers` speaks.
WORDS: dict[str, int] = {each.value: status.value for each, status in STATUSES.items()} | {
    FOUND: HTTPStatus.OK.value,
    CREATED: HTTPStatus.CREATED.value,
    ACCEPTED: HTTPStatus.ACCEPTED.value,
    EMPTY: HTTPStatus.NO_CONTENT.value,
    UNCHANGED: HTTPStatus.NOT_MODIFIED.value,
    LONG_ADDRESS: HTTPStatus.REQUEST_URI_TOO_LONG.value,
    SLOW_BODY: HTTPStatus.REQUEST_TIMEOUT.value,
}


def document(operations: Sequence[OperationSpec], software_version: str) -> bytes:
    """The OpenAPI document of all that this server answers, as JSON.

    Args:
        operations: All that are served.
        software_version: Of the gateway.
    """
    told = openapi(software_version=software_version, operations=operations, statuses=WORDS)
    told["paths"] |= {
        "/health/live": _page("live", "Whether the process is alive", HTTPStatus.OK),
        "/health/ready": _page(
            "ready",
            "Whether it can do its work",
            HTTPStatus.OK,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
        ADDRESS: _page("openapi", "This document", HTTPStatus.OK),
    }
    return dump(told)


def _page(name: str, summary: str, *statuses: HTTPStatus) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    responses = {
        str(each.value): {"description": each.phrase, "content": content} for each in statuses
    }
    told = {"operationId": name, "tags": ["process"], "summary": summary, "responses": responses}
    return {"get": told}
