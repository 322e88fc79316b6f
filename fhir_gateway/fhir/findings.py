"""What has been found wrong so far, and where?

FHIR R4 OperationOutcome.issue.expression: simple FHIRPath (`Appointment.participant[0].status`).
"""

from collections.abc import Callable
from typing import Any, Union

from fhir_gateway.core.errors import Issue

MAX_ISSUES = 50

#: A place in a resource, innermost step last: an element name, or an index into the one before.
Path = tuple[Union["Path", None], str | int]
#: Checks a nested resource: the value, the type it must be (None for any), its place.
CheckResource = Callable[[Any, str | None, Path, "Findings"], None]


class Enough(Exception):  # noqa: N818 - not a failure: there is nothing more to learn
    """Raised where the list of issues is full."""


class Findings:
    """Collects issues.

    Attributes:
        issues: In the order in which they were found.
        local: References to contained resources that are still to be looked up.
        resource: How a nested resource is checked.
    """

    def __init__(self, resource: CheckResource) -> None:
        self.issues: list[Issue] = []
        self.local: list[tuple[Path, str]] = []
        self.resource = resource

    def add(self, path: Path, code: str, complaint: str) -> None:
        """Note one issue.

        Args:
            path: Where.
            code: R4 issue-type code.
            complaint: What is wrong and what would be right, to go on after the place.

        Raises:
            Enough: the list is full.
        """
        where = expression(path)
        self.issues.append(Issue(f"{where} {complaint}", (where,), code))
        if len(self.issues) >= MAX_ISSUES:
            raise Enough

    def close(self) -> None:
        """Say that there may be more."""
        self.issues.append(
            Issue(f"Only the first {MAX_ISSUES} issues are listed", code="processing")
        )


def expression(path: Path) -> str:
    """The FHIRPath of a place."""
    steps: list[str] = []
    rest: Path | None = path
    while rest is not None:
        rest, step = rest
        steps.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(reversed(steps)).removeprefix(".")
