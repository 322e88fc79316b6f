"""How does a failure look to a FHIR client?

One of the three tables that translate a category: to the OperationOutcome issue code.
FHIR R4 OperationOutcome, IssueType.
"""

from collections.abc import Sequence
from typing import Any

from fhir_gateway.core.codes import SYSTEM_REASON
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.fhir.code_systems import OWN_CODES

#: Category -> R4 issue-type code, for issues that carry none of their own.
ISSUE_CODES: dict[Category, str] = {
    Category.INVALID: "invalid",
    Category.UNPROCESSABLE: "processing",
    Category.NOT_FOUND: "not-found",
    Category.GONE: "deleted",
    Category.CONFLICT: "conflict",
    Category.DUPLICATE: "duplicate",
    Category.PRECONDITION_FAILED: "conflict",
    Category.PRECONDITION_REQUIRED: "required",
    Category.UNSUPPORTED: "not-supported",
    Category.METHOD_NOT_ALLOWED: "not-supported",
    Category.NOT_ACCEPTABLE: "not-supported",
    Category.UNSUPPORTED_MEDIA_TYPE: "not-supported",
    Category.TOO_LARGE: "too-long",
    Category.TOO_COSTLY: "too-costly",
    Category.BUSY: "transient",
    Category.TIMEOUT: "timeout",
    Category.FAULT: "exception",
}

#: What is said where nobody has said anything better.
_SENTENCES: dict[Category, str] = {
    Category.NOT_FOUND: "There is no such resource",
    Category.GONE: "The resource has been deleted",
    Category.BUSY: "The server is busy; try again shortly",
    Category.TIMEOUT: "The time for this request ran out; nothing was changed",
    Category.FAULT: "The server failed; the request is in its log",
}


#: R4 issue-type code -> what it means, in a few words for people.
TITLES: dict[str, str] = {
    "invalid": "This cannot be read as it stands",
    "structure": "The structure is not that of FHIR",
    "required": "Something that is required is missing",
    "value": "A value is not allowed here",
    "invariant": "A rule of the standard is broken",
    "security": "Security stands in the way",
    "login": "Sign in first",
    "unknown": "Whoever asks is not known",
    "expired": "The session has ended",
    "forbidden": "This is not allowed",
    "suppressed": "Something is kept back",
    "processing": "This cannot be carried out",
    "not-supported": "This is not offered here",
    "duplicate": "There is one already",
    "multiple-matches": "More than one fits",
    "not-found": "There is nothing here",
    "deleted": "It has been deleted",
    "too-long": "This is too long",
    "code-invalid": "There is no such code",
    "extension": "The extension is not allowed here",
    "too-costly": "This would take too much",
    "business-rule": "A rule of ours is broken",
    "conflict": "The present state does not allow it",
    "transient": "Try again shortly",
    "lock-error": "Somebody else is changing it",
    "no-store": "It cannot be stored now",
    "exception": "The server failed",
    "timeout": "The time ran out",
    "incomplete": "Not all of it is here",
    "throttled": "These are too many requests",
    "informational": "Note",
}
_REASONS = next(each.codes for each in OWN_CODES if each.url == SYSTEM_REASON)


def outcome(error: GatewayError) -> dict[str, Any]:
    """The OperationOutcome of a failure: at least one issue.

    Each says in `details.text` what kind of thing is wrong, in `diagnostics` what exactly.
    """
    issues = error.issues or (_default_issue(error.category),)
    return outcome_of(issues, code=ISSUE_CODES[error.category])


def outcome_of(
    issues: Sequence[Issue], *, code: str = "informational", severity: str = "error"
) -> dict[str, Any]:
    """An OperationOutcome of these issues.

    Args:
        issues: At least one.
        code: R4 issue-type for issues that name none.
        severity: `fatal`, `error`, `warning` or `information`.
    """
    return {
        "resourceType": "OperationOutcome",
        "issue": [_issue(each, code, severity) for each in issues],
    }


def success(text: str) -> dict[str, Any]:
    """The OperationOutcome that says that all is well (`Prefer: return=OperationOutcome`)."""
    return outcome_of((Issue(text),), severity="information")


def _default_issue(category: Category) -> Issue:
    return Issue(_SENTENCES.get(category, category.value.replace("-", " ").capitalize()))


#: FHIR wants them in no text; a caller's words are repeated without them.
_CONTROLS = {each: "\ufffd" for each in range(32) if chr(each) not in "\t\n\r"}


def _issue(issue: Issue, code: str, severity: str) -> dict[str, Any]:
    diagnostics = issue.diagnostics.translate(_CONTROLS)
    kind = issue.code or code
    details: dict[str, Any] = {"text": _REASONS.get(issue.details or "", TITLES[kind])}
    if issue.details:
        details["coding"] = [{"system": SYSTEM_REASON, "code": issue.details}]
    element: dict[str, Any] = {}
    if issue.extension:
        element["extension"] = [dict(each) for each in issue.extension]
    element |= {
        "severity": severity,
        "code": kind,
        "details": details,
        "diagnostics": diagnostics,
    }
    # A parameter can have an empty name; an expression cannot be empty.
    if places := [each.translate(_CONTROLS) for each in issue.expression if each]:
        element["expression"] = places
    return element
