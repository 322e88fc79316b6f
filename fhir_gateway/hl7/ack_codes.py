"""Which code answers which outcome, and which answers does a sender want?

The tables here are the only place that knows acknowledgement codes.

Source: HL7 v2.9.1 chapter 2, 2.9.2 and 2.9.3 (original and enhanced mode); tables 0008, 0155 and
0357; hl7v2.md section 3.2; decision 20.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from fhir_gateway.core.errors import Category, Issue
from fhir_gateway.hl7.peek import Header


class AckCode(StrEnum):
    """Table 0008."""

    AA = "AA"  #: application accept
    AE = "AE"  #: application error: the content is at fault
    AR = "AR"  #: application reject: not acceptable as it is
    CA = "CA"  #: commit accept: it is in safe storage
    CE = "CE"  #: commit error
    CR = "CR"  #: commit reject


#: Table 0357, message error condition codes.
CONDITIONS = {
    "0": "Message accepted",
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "104": "Value too long",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}

#: What each category of failure is answered with: MSA-1 and, unless the issue tells, ERR-3.
ANSWERS: dict[Category, tuple[AckCode, str]] = {
    Category.INVALID: (AckCode.AR, "100"),
    Category.UNPROCESSABLE: (AckCode.AE, "102"),
    Category.NOT_FOUND: (AckCode.AE, "204"),
    Category.GONE: (AckCode.AE, "204"),
    Category.CONFLICT: (AckCode.AE, "207"),
    Category.DUPLICATE: (AckCode.AE, "205"),
    Category.PRECONDITION_FAILED: (AckCode.AE, "207"),
    Category.PRECONDITION_REQUIRED: (AckCode.AE, "207"),
    Category.UNSUPPORTED: (AckCode.AR, "200"),
    Category.METHOD_NOT_ALLOWED: (AckCode.AR, "200"),
    Category.NOT_ACCEPTABLE: (AckCode.AR, "203"),
    Category.UNSUPPORTED_MEDIA_TYPE: (AckCode.AR, "203"),
    Category.TOO_LARGE: (AckCode.AR, "104"),
    Category.TOO_COSTLY: (AckCode.AR, "207"),
    Category.BUSY: (AckCode.AR, "206"),
    Category.TIMEOUT: (AckCode.AR, "207"),
    Category.FAULT: (AckCode.AE, "207"),
}

#: Issue.code (FHIR issue type) that says more than the category does.
CONDITION_OF_ISSUE = {
    "structure": "100",
    "required": "101",
    "value": "102",
    "code-invalid": "103",
    "too-long": "104",
    "not-found": "204",
    "duplicate": "205",
    "lock-error": "206",
    "exception": "207",
}

#: For what is unsupported, the place says which condition it is.
CONDITION_OF_PLACE = {
    "MSH^1^9^1^2": "201",
    "MSH^1^9^1^3": "201",
    "MSH^1^11": "202",
    "MSH^1^12": "203",
}

_COMMIT = {AckCode.AA: AckCode.CA, AckCode.AE: AckCode.CE, AckCode.AR: AckCode.CR}


def commit_code(code: AckCode) -> AckCode:
    """The accept acknowledgement (enhanced mode) that goes with an application code."""
    return _COMMIT.get(code, code)


def condition(category: Category | None, issue: Issue) -> str:
    """The table 0357 code of one issue."""
    if category is None:
        return "0"
    if category is Category.UNSUPPORTED:
        places = (CONDITION_OF_PLACE.get(place) for place in issue.expression)
        return next((code for code in places if code), ANSWERS[category][1])
    return CONDITION_OF_ISSUE.get(issue.code or "", ANSWERS[category][1])


@dataclass(frozen=True, slots=True)
class AckModes:
    """MSH-15 and MSH-16 (table 0155): which acknowledgements the sender wants.

    Both empty is original mode: one application acknowledgement, at once. Where only one is
    valued, which the standard does not allow, the other counts as NE.
    """

    accept: str
    application: str

    @property
    def enhanced(self) -> bool:
        return bool(self.accept or self.application)

    def wants_accept(self, success: bool) -> bool:
        """Whether an accept acknowledgement (CA, CE, CR) is due."""
        return self.enhanced and _due(self.accept, success)

    def wants_application(self, success: bool) -> bool:
        """Whether an application acknowledgement (AA, AE, AR) is due."""
        return not self.enhanced or _due(self.application, success)


def _due(wish: str, success: bool) -> bool:
    return wish == "AL" or wish == ("SU" if success else "ER")


#: Which acknowledgements are sent: as MSH-15 and MSH-16 of each message ask, or always in one mode.
AckMode = Literal["message", "original", "enhanced"]
_WISHES = frozenset({"", "AL", "NE", "ER", "SU"})


def ack_modes(header: Header, asked: AckMode = "message") -> AckModes:
    """Read MSH-15 and MSH-16; a value that table 0155 does not have counts as AL.

    Args:
        header: Of the message.
        asked: `original` does not look at them; for `enhanced` an accept acknowledgement is due
            where they are empty.
    """
    if asked == "original":
        return AckModes("", "")
    accept, application = (_wish(header.component(number)) for number in (15, 16))
    return (
        AckModes(accept or "AL", application)
        if asked == "enhanced"
        else AckModes(accept, application)
    )


def _wish(value: str) -> str:
    wish = value.strip().upper()
    return wish if wish in _WISHES else "AL"
