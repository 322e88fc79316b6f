"""Which extensions are ours, and what may stand in them?

Their StructureDefinitions, under our canonical base. FHIR R4 section 2.4 (extensibility),
StructureDefinition; decision 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fhir_gateway.core.codes import (
    CANONICAL,
    EXT_ALTERNATIVE,
    EXT_AVAILABILITY,
    EXT_ORIGIN,
    EXT_QUEUE,
    EXT_QUEUE_CONFIGURATION,
    EXT_QUEUE_PLACE,
    EXT_QUEUE_STATUS,
    EXT_SCORE,
    EXT_STATUS_REASON,
    EXT_WAITLIST,
)
from fhir_gateway.fhir.capability import FHIR_VERSION

_PROFILE = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Part:
    """One extension inside an extension.

    Args:
        name: Its url.
        type: R4 type of its value; None where it has parts.
        doc: What it means, unit included.
        min: 0 or 1.
        max: 1 or `*`.
        parts: Its own parts.
        targets: What a Reference may point to.
    """

    name: str
    type: str | None
    doc: str
    min: int = 0
    max: Literal["1", "*"] = "1"
    parts: tuple["Part", ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnExtension:
    """One extension of ours.

    Args:
        url: Canonical address.
        title: A few words.
        doc: What it says.
        contexts: Where it stands: FHIRPath of elements.
        type: R4 type of its value; None where it has parts.
        max: How often it stands in one place.
        parts: Its parts.
        targets: What a Reference may point to.
    """

    url: str
    title: str
    doc: str
    contexts: tuple[str, ...]
    type: str | None = None
    max: Literal["1", "*"] = "1"
    parts: tuple[Part, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.url.rsplit("/", 1)[1]


_FACTOR = (
    Part("code", "code", "What was judged, of our code system score-factor", 1),
    Part("value", "decimal", "0 to 100; absent for a part of an order that is no sum"),
    Part("weight", "decimal", "0 to 1"),
    Part("contribution", "decimal", "value × weight; the contributions sum to the total"),
    Part("text", "string", "Why, for a person"),
)
_WEEKLY = (
    Part("daysOfWeek", "code", "mon, tue, wed, thu, fri, sat or sun", 1, "*"),
    Part("start", "time", "Opens, by the clock of the zone", 1),
    Part("end", "time", "Closes, by the clock of the zone", 1),
)
_EXCEPTION = (
    Part("period", "Period", "The days that are different", 1),
    Part("closed", "boolean", "Whether nothing is offered on them"),
    Part("start", "time", "Opens on these days"),
    Part("end", "time", "Closes on these days"),
)
_SCORE = (
    Part("policy", "code", "The rule: best or plan", 1),
    Part("total", "decimal", "0 to 100 where the rule is a sum", 1),
    Part("rank", "positiveInt", "1 is first"),
    Part("factor", None, "One named part of the score", 0, "*", _FACTOR),
)
_AVAILABILITY = (
    Part("zone", "code", "IANA time zone; absent takes the location's, then the tenant's"),
    Part("slotMinutes", "positiveInt", "Length of a slot, minutes", 1),
    Part("alignMinutes", "positiveInt", "Starts lie on multiples of it, minutes past midnight"),
    Part("bufferBefore", "unsignedInt", "Minutes kept free before a booking"),
    Part("bufferAfter", "unsignedInt", "Minutes kept free after a booking"),
    Part("capacity", "positiveInt", "Seats of a slot; 1 where absent"),
    Part("validity", "Period", "When the rules apply"),
    Part("weekly", None, "Hours that repeat each week", 0, "*", _WEEKLY),
    Part("exception", None, "Days that differ", 0, "*", _EXCEPTION),
    Part("holidays", "uri", "The calendar of holidays on which nothing is offered"),
)
_WAITLIST = (
    Part("flexibility", "integer", "0 (this time only) to 100 (any time)"),
    Part("channel", "code", "How to reach the person: sms, email, push or voice", 0, "*"),
    Part("preferredDate", "date", "The day that would suit best"),
    Part("preferredTime", "time", "The hour that would suit best, clinic time"),
    Part("offered", "integer", "Offers made"),
    Part("accepted", "integer", "Offers accepted"),
    Part("declined", "integer", "Offers declined"),
    Part("lastOffered", "instant", "When the last offer was made"),
)
_QUEUE = (
    Part(
        "queue",
        "Reference",
        "The queue stood in",
        1,
        targets=("HealthcareService", "Location"),
    ),
    Part("ticket", "string", "What is shown and called", 1),
    Part("joined", "instant", "When the person joined", 1),
    Part("class", "code", "emergency, urgent, soon or routine"),
    Part("deadline", "instant", "When the person should have been called"),
    Part("state", "code", "waiting, called, in-service, finished, left or no-show"),
    Part("priorityScore", "decimal", "Given, or of the matching rule"),
)
_TARGET = (
    Part("class", "code", "emergency, urgent, soon or routine", 1),
    Part("minutes", "unsignedInt", "Minutes within which somebody of the class is called", 1),
)
_QUEUE_CONFIGURATION = (
    Part("name", "string", "What people call the queue; absent takes the resource's own name"),
    Part("maximumSize", "positiveInt", "Most people waiting; absent for any number"),
    Part("accepting", "boolean", "Whether anybody may join; absent: yes"),
    Part("overflow", "boolean", "Whether people are sent on from the threshold; absent: no"),
    Part(
        "overflowTo",
        "Reference",
        "The queue that they are sent to",
        targets=("HealthcareService", "Location"),
    ),
    Part("overflowThreshold", "positiveInt", "People waiting from which others are sent on; 10"),
    Part("dynamicPositioning", "boolean", "Whether the policy orders; false: first come first"),
    Part("ordering", "code", "Of policy plan: formula (absent) or weighted"),
    Part("priorityWeight", "decimal", "Of ordering weighted: 0 to 1, together 1; 0.5"),
    Part("waitWeight", "decimal", "The same; 0.3"),
    Part("appointmentWeight", "decimal", "The same; 0.2"),
    Part("historicalData", "boolean", "Whether plan estimates from the last seven days; yes"),
    Part("serviceMinutes", "positiveInt", "Length of a service while nothing is known; 20"),
    Part("liveUpdates", "boolean", "Whether changes are pushed to those who watch; yes"),
    Part("updateSeconds", "positiveInt", "Seconds between two looks at the clock; 30"),
    Part("policy", "code", "best or plan; absent: as the gateway is set"),
    Part("servers", "positiveInt", "People served at once; 1"),
    Part("target", None, "Minutes by class, of policy best; 0, 30, 60, 120", 0, "*", _TARGET),
)
_QUEUE_PLACE = (
    Part("ticket", "string", "What is shown and called", 1),
    Part("state", "code", "waiting, called or in-service", 1),
    Part("position", "positiveInt", "1 is next; absent for who has been called"),
    Part("waited", "unsignedInt", "Minutes since the person joined"),
    Part("estimatedWaitLow", "unsignedInt", "Minutes until the call, at least"),
    Part("estimatedWaitHigh", "unsignedInt", "Minutes until the call, at most"),
)
_QUEUE_STATUS = (
    Part("queue", "Reference", "Which", 1, targets=("HealthcareService", "Location")),
    Part("sequence", "integer", "Number of the last change", 1),
    Part("size", "unsignedInt", "People waiting", 1),
    Part("maximumSize", "positiveInt", "Most people waiting; absent for any number"),
    Part("averageWait", "unsignedInt", "Minutes that those who wait have waited, on average", 1),
    Part("accepting", "boolean", "Whether anybody may join", 1),
    Part("policy", "code", "best or plan", 1),
)

OWN_EXTENSIONS: tuple[OwnExtension, ...] = (
    OwnExtension(
        EXT_SCORE,
        "Score",
        "Why something was ranked where it is: the total and every part of it.",
        ("Appointment", "Slot", "Encounter"),
        parts=_SCORE,
    ),
    OwnExtension(
        EXT_AVAILABILITY,
        "Availability",
        "The rules from which the Slots of a Schedule are generated.",
        ("Schedule",),
        parts=_AVAILABILITY,
    ),
    OwnExtension(
        EXT_WAITLIST,
        "Waitlist entry",
        "What somebody on the waitlist wishes, and what has been offered so far.",
        ("Appointment",),
        parts=_WAITLIST,
    ),
    OwnExtension(
        EXT_QUEUE,
        "Queue entry",
        "The place in a queue of somebody who is here.",
        ("Encounter",),
        parts=_QUEUE,
    ),
    OwnExtension(
        EXT_QUEUE_CONFIGURATION,
        "Queue configuration",
        "That people can queue here, and how the queue works.",
        ("HealthcareService", "Location"),
        parts=_QUEUE_CONFIGURATION,
    ),
    OwnExtension(
        EXT_QUEUE_PLACE,
        "Place in a queue",
        "Where somebody is in a queue now; worked out for an answer, never stored.",
        ("Encounter", "List.entry"),
        parts=_QUEUE_PLACE,
    ),
    OwnExtension(
        EXT_QUEUE_STATUS,
        "Status of a queue",
        "What a queue looks like now; worked out for an answer, never stored.",
        ("List",),
        parts=_QUEUE_STATUS,
    ),
    OwnExtension(
        EXT_STATUS_REASON,
        "Reason for the status",
        "Why it has its status, where R4 has no element for that.",
        ("Appointment", "Encounter"),
        type="CodeableConcept",
    ),
    OwnExtension(
        EXT_ALTERNATIVE,
        "Alternative time",
        "A time that is free instead of the one that was refused.",
        ("OperationOutcome.issue",),
        type="Period",
        max="*",
    ),
    OwnExtension(
        EXT_ORIGIN,
        "Origin of a Slot",
        "Who made the Slot: generated (from availability), feed or client.",
        ("Slot",),
        type="code",
    ),
    OwnExtension(
        f"{CANONICAL}/StructureDefinition/parent-appointment",
        "Parent appointment",
        "The appointment that this one is a part or an occurrence of (SCH-23, SCH-24).",
        ("Appointment",),
        type="Reference",
        max="*",
        targets=("Appointment",),
    ),
    OwnExtension(
        f"{CANONICAL}/StructureDefinition/occurrence-number",
        "Occurrence number",
        "Which occurrence of its parent the appointment is (SCH-3).",
        ("Appointment",),
        type="positiveInt",
    ),
)


def structure_definitions() -> tuple[dict[str, Any], ...]:
    """The StructureDefinition of each of our extensions, without version and date."""
    return tuple(_definition(each) for each in OWN_EXTENSIONS)


def _definition(extension: OwnExtension) -> dict[str, Any]:
    head = {"id": "Extension", "path": "Extension", "short": extension.title}
    root = head | {"definition": extension.doc, "min": 0, "max": extension.max}
    elements = [root, *_contents("Extension", "Extension", extension)]
    return {
        "resourceType": "StructureDefinition",
        "id": extension.id,
        "url": extension.url,
        "name": "".join(part.capitalize() for part in extension.id.split("-")),
        "title": extension.title,
        "status": "active",
        "publisher": "fhir_gateway",
        "description": extension.doc,
        "fhirVersion": FHIR_VERSION,
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": each} for each in extension.contexts],
        "type": "Extension",
        "baseDefinition": f"{_PROFILE}Extension",
        "derivation": "constraint",
        "differential": {"element": elements},
    }


def _contents(element_id: str, path: str, of: OwnExtension | Part) -> Iterator[dict[str, Any]]:
    """The elements below an extension: its parts, its url and its value, in R4's order."""
    if not of.parts:
        yield {"id": f"{element_id}.extension", "path": f"{path}.extension", "max": "0"}
    for part in of.parts:
        yield from _slice(f"{element_id}.extension:{part.name}", f"{path}.extension", part)
    url = of.url if isinstance(of, OwnExtension) else of.name
    yield {"id": f"{element_id}.url", "path": f"{path}.url", "fixedUri": url}
    value = {"id": f"{element_id}.value[x]", "path": f"{path}.value[x]"}
    if of.type is None:
        yield value | {"max": "0"}
        return
    kind: dict[str, Any] = {"code": of.type}
    if of.targets:
        kind["targetProfile"] = [f"{_PROFILE}{each}" for each in of.targets]
    yield value | {"min": 1, "type": [kind]}


def _slice(element_id: str, path: str, part: Part) -> Iterator[dict[str, Any]]:
    yield {
        "id": element_id,
        "path": path,
        "sliceName": part.name,
        "short": part.doc,
        "min": part.min,
        "max": part.max,
    }
    yield from _contents(element_id, path, part)
