"""Which SIU events are accepted, and what does each mean for the appointment?

The table is the one truth: acknowledgements of unsupported events and the published claims come
from it.

Source: HL7 v2.9.1 chapter 10, 10.4; hl7v2.md sections 2.1 and 2.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_gateway.core.errors import Issue
from fhir_gateway.hl7.message import Message
from fhir_gateway.hl7.peek import Header
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger event.

    Attributes:
        event: MSH-9.2.
        meaning: For people.
        fixed: Status that the event itself states, whatever SCH-25 says.
        default: Status where SCH-25 is empty; None leaves what is held.
        times: Whether the event is about times: a message without start cannot be carried out.
        rows: What a service or resource without action code of its own means (table 0206), where
            the event is about single ones; None where the message tells all of them.
        declines: Whether who is taken out stays as somebody who has declined.
    """

    event: str
    meaning: str
    fixed: str | None = None
    default: str | None = None
    times: bool = False
    rows: str | None = None
    declines: bool = False


TRIGGERS: Mapping[str, Trigger] = {
    each.event: each
    for each in (
        Trigger("S12", "a new appointment is booked", default="booked", times=True),
        Trigger("S13", "an appointment is moved to another time", default="booked", times=True),
        Trigger("S14", "something about an appointment changes, other than its time"),
        Trigger("S15", "an appointment is cancelled before it takes place", fixed="cancelled"),
        Trigger("S16", "an appointment, or what remains of it, is stopped", fixed="cancelled"),
        Trigger("S17", "an appointment had been entered in error", fixed="entered-in-error"),
        Trigger("S18", "a service or resource is added", rows="A"),
        Trigger("S19", "a service or resource is modified", rows="U"),
        Trigger("S20", "a service or resource is cancelled", rows="D", declines=True),
        Trigger("S21", "a service or resource is given up for what remains of an appointment",
                rows="D", declines=True),
        Trigger("S22", "a service or resource had been entered in error", rows="D"),
        Trigger("S26", "the patient did not come", fixed="noshow"),
        Trigger("S27", "an upcoming appointment is told again", times=True),
    )
}  # fmt: skip

#: Events about somebody's time that are no appointment.
BLOCKS: Mapping[str, str] = {
    "S23": "time of a resource is blocked",
    "S24": "time of a resource is not blocked any more",
}

#: Events that give up a service or resource of an appointment that has to be there.
REDUCING = frozenset({"S20", "S21", "S22"})
#: Events that stop an appointment; one that has children stops those that have not begun.
ENDINGS = frozenset({"S15", "S16", "S17"})
#: Events at which an appointment that has ended may be opened again.
REOPENING = frozenset({"S12", "S13", "S14"})

#: The event that a status stands for where it comes in one about changes (an S14 that cancels is
#: an S15).
EVENT_OF_STATUS: Mapping[str, str] = {
    trigger.fixed: trigger.event for trigger in reversed([*TRIGGERS.values()]) if trigger.fixed
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One event of ADT.

    Attributes:
        event: MSH-9.2.
        meaning: For people.
        status: What becomes of the visit's Appointment; None where only the patient is meant.
        of: Statuses of Appointments that it may be about.
        hours: Where no visit number tells which one: how long before and after the event it may
            begin. None: only by number.
    """

    event: str
    meaning: str
    status: str | None = None
    of: frozenset[str] = frozenset()
    hours: tuple[int, int] | None = None


_PLANNED = frozenset({"pending", "booked"})
_PRESENT = frozenset({"arrived", "checked-in"})
_OVER = frozenset({"fulfilled"})

VISITS: Mapping[str, Visit] = {
    each.event: each
    for each in (
        Visit("A01", "a patient is admitted", "arrived", _PLANNED, (2, 4)),
        Visit("A03", "a visit has ended", "fulfilled", _PRESENT, (12, 0)),
        Visit("A04", "a patient is registered", "arrived", _PLANNED, (2, 4)),
        Visit("A05", "a patient is pre-admitted"),
        Visit("A08", "data of a patient change"),
        Visit("A09", "a patient leaves", "fulfilled", _PRESENT, (12, 0)),
        Visit("A10", "a patient is arriving", "arrived", _PLANNED, (2, 4)),
        Visit("A11", "an admission or registration is taken back", "booked", _PRESENT, (12, 4)),
        Visit("A13", "the end of a visit is taken back", "arrived", _OVER, (12, 0)),
        Visit("A18", "records of a patient are merged, as before 2.3"),
        Visit("A28", "a person is added"),
        Visit("A30", "persons are merged, as before 2.4"),
        Visit("A31", "data of a person change"),
        Visit("A32", "the arrival of a patient is taken back", "booked", _PRESENT, (12, 4)),
        Visit("A33", "that a patient leaves is taken back", "arrived", _OVER, (12, 0)),
        Visit("A34", "patients are merged, as before 2.4"),
        Visit("A36", "patients and accounts are merged, as before 2.4"),
        Visit("A38", "a pre-admission is taken back", "cancelled", _PLANNED),
        Visit("A39", "persons are merged, by their external numbers"),
        Visit("A40", "patients are merged"),
        Visit("A46", "the external number of a patient changes"),
        Visit("A47", "the numbers of a patient change"),
    )
}

#: Events of ADT after which two records are one: that of MRG goes, that of PID stays. A new number
#: for an old one (A46, A47) comes to the same.
MERGES = frozenset({"A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"})

#: Event of SRM -> the event of SIU with which a filler tells that it has been done.
REQUESTS: Mapping[str, str] = {
    "S01": "S12", "S02": "S13", "S03": "S14", "S04": "S15", "S05": "S16", "S06": "S17",
    "S07": "S18", "S08": "S19", "S09": "S20", "S10": "S21", "S11": "S22",
}  # fmt: skip

#: Message type -> type and structure of the message that answers it, where that is no ACK.
RESPONSES: Mapping[str, tuple[str, str]] = {
    "SRM": ("SRR", "SRR_S01"), "SQM": ("SQR", "SQR_S25"),
}  # fmt: skip

#: Message type -> event -> what it means. Everything that is read here.
EVENTS: Mapping[str, Mapping[str, str]] = {
    "SIU": {**{each.event: each.meaning for each in TRIGGERS.values()}, **BLOCKS},
    "SRM": {
        event: f"it is asked that {TRIGGERS[twin].meaning}" for event, twin in REQUESTS.items()
    },
    "SQM": {"S25": "free times are asked for"},
    "ADT": {each.event: each.meaning for each in VISITS.values()},
}


_KINDS: Mapping[str, str] = {event: kind for kind, known in EVENTS.items() for event in known}


def meant(message: Message | Header, profile: SenderProfile = DEFAULT_PROFILE) -> tuple[str, str]:
    """Type and event as which a message is read: those of MSH-9 unless the profile says that its
    event stands for another, maybe of another type (`A05` for `S12`)."""
    kind, own, _ = message.event
    event = profile.event(own)
    return (kind, own) if event == own else (_KINDS.get(event, kind), event)


def unsupported(
    message: Message | Header, profile: SenderProfile = DEFAULT_PROFILE
) -> Issue | None:
    """What keeps a message from being read here, if anything.

    Args:
        message: Any, or its header.
        profile: Its own events (`Z02`) count as those they stand for.

    Returns:
        An issue whose location tells the type (table 0357 code 200) from the event (201).
    """
    kind, event = meant(message, profile)
    if kind not in EVENTS:
        return Issue(
            f"message type '{kind[:20]}' is not accepted here; {', '.join(EVENTS)} are",
            ("MSH^1^9^1^1",),
            "not-supported",
        )
    if event not in EVENTS[kind]:
        known = ", ".join(EVENTS[kind])
        return Issue(
            f"event '{event[:20]}' of {kind} is not accepted here; {known} are",
            ("MSH^1^9^1^2",),
            "not-supported",
        )
    return None
