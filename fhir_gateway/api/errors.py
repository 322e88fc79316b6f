"""With which HTTP status is a failure answered, and what does the client read?

One of the three tables that translate a category, and the only place of the gateway that chooses
a status for a failure. Every body is an OperationOutcome.

Source: FHIR R4 section 3.1.0.1.7 (status codes), 3.1.0.1.9 (errors); RFC 9110 section 15.
"""

import secrets
from collections.abc import Iterable
from http import HTTPStatus

from fhir_gateway.api.answers import Answer
from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.fhir.json import dump
from fhir_gateway.fhir.outcomes import outcome

STATUSES: dict[Category, HTTPStatus] = {
    Category.INVALID: HTTPStatus.BAD_REQUEST,
    Category.UNPROCESSABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    Category.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Category.GONE: HTTPStatus.GONE,
    Category.CONFLICT: HTTPStatus.CONFLICT,
    Category.DUPLICATE: HTTPStatus.CONFLICT,
    Category.PRECONDITION_FAILED: HTTPStatus.PRECONDITION_FAILED,
    Category.PRECONDITION_REQUIRED: HTTPStatus.PRECONDITION_REQUIRED,
    Category.UNSUPPORTED: HTTPStatus.NOT_IMPLEMENTED,
    Category.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    Category.NOT_ACCEPTABLE: HTTPStatus.NOT_ACCEPTABLE,
    Category.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Category.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Category.TOO_COSTLY: HTTPStatus.UNPROCESSABLE_ENTITY,
    Category.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Category.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    Category.FAULT: HTTPStatus.INTERNAL_SERVER_ERROR,
}

#: Longest advice to a client that comes while we are busy, seconds. Spread, so that those who
#: were refused together do not come back together.
MOST_PATIENCE = 4


class WireError(GatewayError):
    """A failure of HTTP itself, for which the category's own status is too coarse.

    Args:
        status: What is answered instead.
        error: The failure.
        allow: The methods that the address takes, where that was the matter.
        hang_up: Whether the connection cannot be used any further.
    """

    def __init__(
        self,
        status: HTTPStatus,
        error: GatewayError,
        *,
        allow: Iterable[str] = (),
        hang_up: bool = False,
    ) -> None:
        super().__init__(error.category, *error.issues)
        self.status = status
        self.allow = tuple(allow)
        self.hang_up = hang_up


def failure(error: GatewayError) -> Answer:
    """The answer to a failed request.

    Source: RFC 9110 section 10.2.3 (Retry-After), 15.5.6 (Allow with 405).
    """
    status, headers = STATUSES[error.category], []
    if isinstance(error, WireError):
        status = error.status
        if error.allow:
            headers.append((b"allow", ", ".join(error.allow).encode()))
        if error.hang_up:
            headers.append((b"connection", b"close"))
    if error.category is Category.BUSY:
        patience = 1 + secrets.randbelow(MOST_PATIENCE)
        headers.append((b"retry-after", b"%d" % patience))
    return Answer(status, dump(outcome(error)), headers)
