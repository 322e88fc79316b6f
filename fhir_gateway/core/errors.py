"""How does anything in the gateway say that it failed?

One exception carries a category and the issues; three tables elsewhere translate the category:
HTTP status (`api.errors`), OperationOutcome issue code (`fhir.outcomes`) and acknowledgement code
with ERR-3 condition (`hl7.ack`). Nobody else writes a status number or an ACK code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Category(Enum):
    """What kind of failure it is, free of any protocol."""

    INVALID = "invalid"  #: the request itself cannot be read or is not allowed by its grammar
    UNPROCESSABLE = "unprocessable"  #: well formed, but breaks a rule of the standard or of ours
    NOT_FOUND = "not-found"  #: there never was such a thing (or not for this tenant)
    GONE = "gone"  #: it was there and has been deleted, or its time is over
    CONFLICT = "conflict"  #: the state of the world refuses: time taken, version moved on
    DUPLICATE = "duplicate"  #: an identifying identifier is already in use
    PRECONDITION_FAILED = "precondition-failed"  #: If-Match or a conditional did not hold
    PRECONDITION_REQUIRED = "precondition-required"  #: If-Match is demanded and missing
    UNSUPPORTED = "unsupported"  #: known to the standard, not offered here
    METHOD_NOT_ALLOWED = "method-not-allowed"  #: this address does not take that verb
    NOT_ACCEPTABLE = "not-acceptable"  #: no representation that the client accepts
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"  #: the body's type is not read here
    TOO_LARGE = "too-large"  #: body or URL over its limit
    TOO_COSTLY = "too-costly"  #: the answer would be unreasonably large
    BUSY = "busy"  #: try again later: pool exhausted, record locked
    TIMEOUT = "timeout"  #: the deadline passed; nothing was changed
    FAULT = "fault"  #: our own defect; details stay in the log


#: What another try may mend.
PASSING = frozenset({Category.BUSY, Category.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: what, where, and what would be right.

    Args:
        diagnostics: A sentence for a person; never an internal name, never SQL, never more than
            100 characters of what the caller sent.
        expression: FHIRPath locations (`Appointment.participant[0].actor`), a search parameter or
            header name, or a v2 location (`SCH^1^25`). May be empty.
        code: FHIR issue-type code; None takes the category's own.
        details: A machine-readable reason (`slot-taken`, `offered`, `outside-slot` …) in our
            reason code system; None where the code says it all.
        extension: FHIR extensions for OperationOutcome.issue, such as alternatives.
    """

    diagnostics: str
    expression: tuple[str, ...] = ()
    code: str | None = None
    details: str | None = None
    extension: tuple[Mapping[str, Any], ...] = ()


class GatewayError(Exception):
    """Raised where a request or message cannot be carried out."""

    def __init__(self, category: Category, *issues: Issue) -> None:
        super().__init__("; ".join(issue.diagnostics for issue in issues) or category.value)
        self.category = category
        self.issues = issues


def fail(
    category: Category,
    diagnostics: str,
    *expression: str,
    code: str | None = None,
    details: str | None = None,
) -> GatewayError:
    """Build the error for the common case of a single issue (the caller raises it)."""
    return GatewayError(category, Issue(diagnostics, expression, code, details))
