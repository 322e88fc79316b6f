"""What does an ADT message say about patients and visits?

No Encounter is made of it; what counts here is who the patient is, whose record goes on as whose,
and which appointment a visit belongs to.

Source: HL7 v2.9.1 chapter 3, 3.3.1 to 3.3.40; PID, PV1, MRG, EVN; hl7v2.md sections 1.5 and 2.1;
decisions 5 and 23.
"""

from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.core.errors import Category, Issue, fail
from fhir_gateway.hl7.message import Message, Segment
from fhir_gateway.mapping.datatypes import cx
from fhir_gateway.mapping.datatypes.xcn import practitioners
from fhir_gateway.mapping.intent import Identifier, Resource
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.segments import pid, pv1
from fhir_gateway.mapping.triggers import MERGES, VISITS

#: PV1-2 of visits that are no arrival at an appointment unless their number says so: inpatients,
#: pre-admissions and newborns.
_BY_NUMBER_ONLY = frozenset({"I", "P", "B"})


@dataclass(frozen=True, slots=True)
class PersonIntent:
    """One patient.

    Attributes:
        patient: Patient without id, with identifier.
        removed: Elements deleted by `""`.
        prior: Identifiers under which the same patient had another record (MRG-1).
    """

    patient: Resource
    removed: tuple[str, ...] = ()
    prior: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class AdtIntent:
    """What an ADT message wants to be done.

    Attributes:
        event: As in `mapping.triggers.VISITS`.
        people: The patient; of a merge each with whom it absorbs.
        visits: Numbers of the visit.
        by_number_only: Whether the time does not tell which appointment is meant.
        attending: Practitioners without id (PV1-7).
        happened: When it happened: EVN-6, else EVN-2, else when it was sent or came.
        message_time: MSH-7.
        received_at: When it came.
        control_id: MSH-10.
        warnings: What was odd.
    """

    event: str
    people: tuple[PersonIntent, ...]
    visits: tuple[Identifier, ...]
    by_number_only: bool
    attending: tuple[Resource, ...]
    happened: datetime
    message_time: datetime | None
    received_at: datetime
    control_id: str
    warnings: tuple[Issue, ...]


def read_adt(message: Message, profile: SenderProfile, received_at: datetime) -> AdtIntent:
    """Read a message about a patient.

    Args:
        message: ADT with one of `mapping.triggers.VISITS`.
        profile: The sender's habits.
        received_at: When it came, aware.

    Raises:
        GatewayError: unprocessable, where the patient has no identifier, or a merge no MRG.
    """
    reading = Reading(message, profile)
    event = VISITS[profile.event(message.event[1])].event
    people = _merges(reading) if event in MERGES else (_person(reading, message.first("PID")),)
    visit = message.first("PV1")
    sent = reading.sent_at(received_at)
    return AdtIntent(
        event=event,
        people=people,
        visits=pv1.visit_numbers(reading),
        by_number_only=visit is not None and part(visit.field(2), 1).upper() in _BY_NUMBER_ONLY,
        attending=_attending(visit, reading),
        happened=_happened(reading) or sent or received_at,
        message_time=sent,
        received_at=received_at,
        control_id=message.control_id,
        warnings=reading.warnings,
    )


def _person(reading: Reading, segment: Segment | None, mrg: Segment | None = None) -> PersonIntent:
    patient = pid.patient(segment, reading) if segment else {}
    if segment is None or "identifier" not in patient:
        told = "the patient has no identifier, and is known by nothing else"
        raise fail(Category.UNPROCESSABLE, told, "PID^1^3", code="required")
    return PersonIntent(patient, pid.removed(segment), _prior(mrg, reading))


def _prior(segment: Segment | None, reading: Reading) -> tuple[Identifier, ...]:
    """MRG-1, with the prior patient id of older versions (4)."""
    if segment is None:
        return ()
    return tuple(
        cx.distinct(
            cx.identifier(field, reading, "patient", segment.location(number))
            for number in (1, 4)
            for field in segment.repetitions(number)
        )
    )


def _merges(reading: Reading) -> tuple[PersonIntent, ...]:
    """Each PID with the MRG that follows it; one message may merge several patients."""
    found: list[PersonIntent] = []
    person: Segment | None = None
    for segment in reading.message.segments:
        if segment.name == "PID":
            person = segment
        elif segment.name == "MRG":
            found.append(_person(reading, person, segment))
    if not found or not all(each.prior for each in found):
        told = "a merge needs an MRG that says which record goes"
        raise fail(Category.UNPROCESSABLE, told, "MRG^1^1", code="required")
    return tuple(found)


def _attending(visit: Segment | None, reading: Reading) -> tuple[Resource, ...]:
    people = practitioners(visit.repetitions(7), reading) if visit else []
    return tuple(each for each in people if "identifier" in each)


def _happened(reading: Reading) -> datetime | None:
    segment = reading.message.first("EVN")
    for number in (6, 2):
        place = segment.location(number) if segment else ""
        moment = reading.moment(segment.text(number), "", place) if segment else None
        if moment is not None and moment.has_time:
            return reading.instant(moment, place)
    return None
