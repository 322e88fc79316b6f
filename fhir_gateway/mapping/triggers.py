"""Which SIU events are accepted, and what does each mean for the appointment?

The table is the one truth: acknowledgements of unsupported events and the published claims come
from it.

Source: HL7 v2.9.1 chapter 10, 10.4; hl7v2.md sections 2.1 and 2.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_gateway.core.errors import Issue
from fhir_gateway.hl7.message import Message
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
    """

    event: str
    meaning: str
    fixed: str | None = None
    default: str | None = None
    times: bool = False


TRIGGERS: Mapping[str, Trigger] = {
    each.event: each
    for each in (
        Trigger("S12", "a new appointment is booked", default="booked", times=True),
        Trigger("S13", "an appointment is moved to another time", default="booked", times=True),
        Trigger("S14", "something about an appointment changes, other than its time"),
        Trigger("S15", "an appointment is cancelled before it takes place", fixed="cancelled"),
        Trigger("S16", "an appointment, or what remains of it, is stopped", fixed="cancelled"),
        Trigger("S17", "an appointment had been entered in error", fixed="entered-in-error"),
        Trigger("S26", "the patient did not come", fixed="noshow"),
    )
}

#: The event that a status stands for where it comes in S13 or S14 (an S14 that cancels is an S15).
EVENT_OF_STATUS: Mapping[str, str] = {
    trigger.fixed: trigger.event for trigger in reversed([*TRIGGERS.values()]) if trigger.fixed
}


#: Types of which at least one event belongs to scheduling; what else comes is a foreign type.
_TYPES = frozenset({"SIU", "ADT"})


def unsupported(message: Message, profile: SenderProfile = DEFAULT_PROFILE) -> Issue | None:
    """What keeps a message from being read here, if anything.

    Args:
        message: Any.
        profile: Its own events (`Z02`) count as those they stand for.

    Returns:
        An issue whose location tells the type (table 0357 code 200) from the event (201).
    """
    kind, event, _ = message.event
    if kind not in _TYPES:
        return Issue(
            f"message type '{kind[:20]}' is not accepted here; SIU is",
            ("MSH^1^9^1^1",),
            "not-supported",
        )
    if kind != "SIU" or profile.event(event) not in TRIGGERS:
        known = ", ".join(TRIGGERS)
        return Issue(
            f"event '{event[:20]}' of {kind} is not accepted here; {known} of SIU are",
            ("MSH^1^9^1^2",),
            "not-supported",
        )
    return None
