"""Which extensions are ours, and what may stand in them?

Their StructureDefinitions, under our canonical base. FHIR R4 section 2.4 (extensibility),
StructureDefinition; decision 1.
"""

from collections.abc import Iterator
from typing import Any

from fhir_gateway.core.codes import (
    CANONICAL,
    EXT_ALTERNATIVE,
    EXT_AVAILABILITY,
    EXT_ORIGIN,
    EXT_PREDICTION,
    EXT_PREFERENCE,
    EXT_PRIORITY_RULE,
    EXT_QUEUE,
    EXT_QUEUE_CONFIGURATION,
    EXT_QUEUE_PLACE,
    EXT_QUEUE_STATUS,
    EXT_SCORE,
    EXT_STATUS_REASON,
    EXT_WAITLIST,
)
from fhir_gateway.fhir.capability import FHIR_VERSION
from fhir_gateway.fhir.extension_parts import OwnExtension, Part
from fhir_gateway.fhir.extension_parts_queues import (
    QUEUE_CONFIGURATION,
    QUEUE_PLACE,
    QUEUE_STATUS,
)

_PROFILE = "http://hl7.org/fhir/StructureDefinition/"


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
    Part("end", "time", "Closes, by the clock of the zone; before start: on the next day", 1),
)
_EXCEPTION = (
    Part("period", "Period", "The days that are different, both included", 1),
    Part("closed", "boolean", "Whether nothing is offered: all day, or from start to end"),
    Part("start", "time", "Open from then instead of the weekly hours, on holidays too"),
    Part("end", "time", "Until then"),
)
_SCORE = (
    Part("policy", "code", "The rule: best or plan", 1),
    Part("total", "decimal", "0 to 100; absent where the rule is an order and no sum"),
    Part("rank", "positiveInt", "1 is first"),
    Part("factor", None, "One named part of the score", 0, "*", _FACTOR),
)
_AVAILABILITY = (
    Part("zone", "code", "IANA time zone; absent takes the location's, then the tenant's"),
    Part("slotMinutes", "positiveInt", "Length of a slot, minutes", 1),
    Part(
        "alignMinutes",
        "positiveInt",
        "Starts lie on multiples of it, minutes past midnight; absent: each Slot begins as soon as"
        " the buffers after the one before allow",
    ),
    Part("bufferBefore", "unsignedInt", "Minutes kept free before a booking"),
    Part("bufferAfter", "unsignedInt", "Minutes kept free after a booking"),
    Part("capacity", "positiveInt", "Patients that a slot takes; 1"),
    Part("validity", "Period", "First and last day on which the rules apply; open where absent"),
    Part("weekly", None, "Hours that repeat each week", 0, "*", _WEEKLY),
    Part("exception", None, "Days that differ", 0, "*", _EXCEPTION),
    Part(
        "holidays",
        "uri",
        "The calendar of holidays on which nothing is offered: a country, urn:iso:std:iso:3166:DE,"
        " or a part of one, urn:iso:std:iso:3166:-2:DE-BY",
    ),
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
    Part("changed", "instant", "When the last thing was done, by the clock of the queue"),
    Part("class", "code", "emergency, urgent, soon or routine"),
    Part("deadline", "instant", "When the person should have been called"),
    Part("state", "code", "waiting, called, in-service, finished, left or no-show"),
    Part("priorityScore", "decimal", "Given, else of the matching rule, else 0"),
    Part("priorityRule", "Reference", "The rule that it is of", targets=("PlanDefinition",)),
)
_PREDICTION = (
    Part("policy", "code", "The rule: best or plan", 1),
    Part("model", "string", "Which coefficients; for best"),
    Part(
        "part",
        None,
        "One reason for the number",
        1,
        "*",
        (
            Part("code", "code", "What it is about, of our code system no-show", 1),
            Part("effect", "decimal", "best: added to the log-odds; plan: multiplied", 1),
            Part("text", "string", "What it did, for a person"),
        ),
    ),
)
_TRAVEL = (
    Part("location", "Reference", "Where to", 1, targets=("Location",)),
    Part("minutes", "unsignedInt", "Minutes from home", 1),
)
_PREFERENCE = (
    Part("dayOfWeek", "code", "mon, tue, wed, thu, fri, sat or sun", 0, "*"),
    Part("partOfDay", "code", "morning, afternoon or evening", 0, "*"),
    Part("practitioner", "Reference", "With whom", 0, "*", targets=("Practitioner",)),
    Part("travel", None, "How far it is", 0, "*", _TRAVEL),
)
_PRIORITY_RULE = (
    Part("baseScore", "integer", "0 to 100; from 80 on the earliest time comes first", 1),
    Part("urgencyMultiplier", "decimal", "The score is multiplied by it; 1 where absent"),
    Part("maxWaitDays", "unsignedInt", "Only times within so many days of the request"),
    Part("sameDay", "boolean", "Only times of today, where the base score is 80 or more"),
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
        EXT_PREDICTION,
        "Parts of a prediction",
        "How the probability of a no-show was found. It is there to help the patient (a reminder,"
        " a call, an earlier time), never to deny, delay or double-book one.",
        ("RiskAssessment.prediction",),
        parts=_PREDICTION,
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
        EXT_PRIORITY_RULE,
        "Priority rule",
        "Who comes first: for appointments that the useContext of the PlanDefinition describes by"
        " appointment-type, specialty and diagnosis.",
        ("PlanDefinition",),
        parts=_PRIORITY_RULE,
    ),
    OwnExtension(
        EXT_PREFERENCE,
        "Scheduling preference",
        "What a patient has said about times, people and the way; of a Basic resource with the"
        " code scheduling-preference.",
        ("Basic",),
        parts=_PREFERENCE,
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
        parts=QUEUE_CONFIGURATION,
    ),
    OwnExtension(
        EXT_QUEUE_PLACE,
        "Place in a queue",
        "Where somebody is in a queue now; worked out for an answer, never stored.",
        ("Encounter", "List.entry"),
        parts=QUEUE_PLACE,
    ),
    OwnExtension(
        EXT_QUEUE_STATUS,
        "Status of a queue",
        "What a queue looks like now; worked out for an answer, never stored.",
        ("List",),
        parts=QUEUE_STATUS,
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
