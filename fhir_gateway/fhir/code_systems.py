"""Which codes are ours, and what do they mean?

Our CodeSystems, each with a ValueSet of all its codes, under our canonical base. FHIR R4
CodeSystem, ValueSet.
"""

from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.codes import (
    BASIC_PREFERENCE,
    CANONICAL,
    REASON_DECLINED,
    REASON_EXPIRED,
    REASON_FILLED,
    REASON_SUPERSEDED,
    REASON_TOO_LATE,
    SYSTEM_BASIC,
    SYSTEM_FACTOR,
    SYSTEM_METRIC,
    SYSTEM_NO_SHOW,
    SYSTEM_REASON,
    SYSTEM_TASK,
    TASK_FILL_SLOT,
    TASK_MATCH_IDENTITY,
    TASK_RESOLVE_CONFLICT,
)
from fhir_gateway.fhir.measures import METRIC_CODES


@dataclass(frozen=True, slots=True)
class OwnCodes:
    """One code system of ours.

    Args:
        url: Canonical address.
        title: A few words.
        doc: What the codes are about.
        codes: Code -> what it means, for people.
    """

    url: str
    title: str
    doc: str
    codes: dict[str, str]

    @property
    def id(self) -> str:
        return self.url.rsplit("/", 1)[1]


OWN_CODES: tuple[OwnCodes, ...] = (
    OwnCodes(
        SYSTEM_REASON,
        "Reasons",
        "Why a request was refused, or why the gateway itself ended an Appointment.",
        {
            REASON_FILLED: "A waitlist entry ended because its booking was made",
            REASON_SUPERSEDED: "Somebody else took the time, or something newer took its place",
            REASON_DECLINED: "The patient declined an offer",
            REASON_EXPIRED: "The time to answer an offer ran out",
            REASON_TOO_LATE: "The time begins too soon for anybody to answer",
            "offer-closed": "The offer cannot be answered any more",
            "offered": "The time is on offer to a patient of the waitlist",
            "held": "The time is held for somebody else",
            "blocked": "The time is blocked",
            "slot-taken": "The Slot has been taken",
            "actor-busy": "Somebody who is needed is engaged at that time",
            "patient-busy": "The patient has another appointment at that time",
            "outside-slot": "The time is not within its Slots",
            "time-held": "It holds time that has to be given up first",
            "derived-status": "The status of a Slot follows from its bookings",
            "referenced": "Something that is live points to it",
            "identifier-in-use": "An identifier that names one thing names another already",
            "not-a-participant": "Whoever answers takes no part in the Appointment",
            "offer": "An offer changes by its answer alone",
            "unknown-status": "There is no such status",
            "terminal-status": "Nothing follows this status",
            "illegal-transition": "The status cannot follow the present one",
            "unknown-policy": "There is no such policy",
            "unknown-factor": "The policy has no such factor",
            "weight-out-of-range": "A weight is not within 0 and 1",
            "weights-sum": "The weights do not sum to 1",
            "illegal-command": "It cannot be done with somebody who is where they are in the queue",
            "not-accepting": "The queue takes nobody in at present",
            "queue-full": "The queue is full",
            "nobody-waiting": "Nobody waits in the queue",
            "no-queue": "There is no queue at this service or place",
            "in-queue": "The person is in a queue already",
            "queue-occupied": "Somebody is still in the queue",
            "queue-entry": "An entry of a queue changes by the operations of the queue alone",
            "left": "The person has left without being seen",
            "no-show": "The person did not answer the call",
        },
    ),
    OwnCodes(
        SYSTEM_TASK,
        "Tasks",
        "What somebody, or the gateway itself, is to do.",
        {
            TASK_FILL_SLOT: "Fill a time that has become free",
            TASK_RESOLVE_CONFLICT: "Settle two bookings of one person at the same time",
            TASK_MATCH_IDENTITY: "Find out whom the identifiers of a message name",
        },
    ),
    OwnCodes(
        SYSTEM_FACTOR,
        "Score factors",
        "What was judged to rank a time or a waitlist entry; parts of the extension score.",
        {
            "provider-availability": "How free the practitioner is around the time",
            "patient-priority": "How soon a patient of this priority should come",
            "no-show-risk": "How likely the patient is to come",
            "geographic-proximity": "How near the place is",
            "patient-preference": "How well the time fits the patient's wishes",
            "continuity": "Whether the patient knows the practitioner",
            "fragmentation": "How little the time breaks up the day",
            "load-balance": "How evenly the practitioners are used",
            "urgency": "How soon the time is",
            "practitioner": "Whether it is the practitioner who is wished for",
            "date": "How near the day is to the one wished for",
            "time": "How near the hour is to the one wished for",
            "flexibility": "How flexible the patient is",
            "waiting": "How long the patient has been waiting",
            "score": "The sum of the other factors",
            "priority": "The priority that was given",
            "created": "When the wait began",
            "class": "The class of urgency",
            "deadline": "When the patient should have been seen",
            "days-gained": "How much sooner than the present appointment",
            "appointment-time": "How near the appointment is",
            "ticket": "The number that was given out",
        },
    ),
    OwnCodes(
        SYSTEM_BASIC,
        "Records of our own",
        "What a Basic resource is.",
        {BASIC_PREFERENCE: "What a patient wishes for appointments"},
    ),
    OwnCodes(
        SYSTEM_NO_SHOW,
        "No-show predictions",
        "How the probability of a no-show was found, and the parts that made it.",
        {
            "plan": "The owner's rule: parts multiply",
            "best": "Logistic regression: parts add up to the log-odds",
            "new-patient": "The patient has had no appointment yet",
            "early": "Begins before 08:00",
            "monday": "On a Monday",
            "friday-afternoon": "On a Friday from 14:00",
            "base-rate": "The ordinary visit of the clinic",
            "lead-time": "How long before it was booked",
            "history": "How earlier appointments went",
            "age": "The patient's age",
            "sex": "The patient's sex",
            "weekday": "The day of the week",
            "booking-hour": "The hour at which it was booked",
            "other-appointments": "The patient's other appointments of the day",
            "reminder": "Whether the patient is reminded",
        },
    ),
    OwnCodes(
        SYSTEM_METRIC,
        "Metrics",
        "Numbers of a MeasureReport, and what they are made from.",
        METRIC_CODES,
    ),
)


def code_systems() -> tuple[dict[str, Any], ...]:
    """The CodeSystem of each of our code systems, without version and date."""
    return tuple(_code_system(each) for each in OWN_CODES)


def value_sets() -> tuple[dict[str, Any], ...]:
    """A ValueSet of all codes of each of our code systems, without version and date."""
    return tuple(_value_set(each) for each in OWN_CODES)


def _code_system(own: OwnCodes) -> dict[str, Any]:
    concepts = [{"code": code, "display": text} for code, text in own.codes.items()]
    return _head("CodeSystem", own, own.url) | {
        "caseSensitive": True,
        "valueSet": _value_set_url(own),
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


def _value_set(own: OwnCodes) -> dict[str, Any]:
    include = [{"system": own.url}]
    return _head("ValueSet", own, _value_set_url(own)) | {"compose": {"include": include}}


def _value_set_url(own: OwnCodes) -> str:
    return f"{CANONICAL}/ValueSet/{own.id}"


def _head(kind: str, own: OwnCodes, url: str) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "id": own.id,
        "url": url,
        "name": "".join(part.capitalize() for part in own.id.split("-")),
        "title": own.title,
        "status": "active",
        "experimental": False,
        "publisher": "fhir_gateway",
        "description": own.doc,
    }
