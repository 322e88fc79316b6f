"""Which event is a change of an Appointment to somebody who is told of it?

Nobody is told of wishes: offers and entries of the waitlist are none of the EHR's business until
they are booked.

Source: HL7 v2.9.1 chapter 10, 10.4; hl7v2.md section 2.1; decisions 16 and 19.
"""

from datetime import UTC, datetime

from fhir_gateway.core.codes import EXT_STATUS_REASON, HOLDING
from fhir_gateway.core.time import parse_instant
from fhir_gateway.mapping.intent import Resource

_ENDINGS = {"cancelled": "S15", "noshow": "S26", "entered-in-error": "S17"}
#: Elements that a message tells.
_TOLD = (
    "status", "cancelationReason", "serviceType", "appointmentType", "reasonCode", "priority",
    "comment", "patientInstruction", "participant", "basedOn", "start", "end",
)  # fmt: skip


def event_of(old: Resource | None, new: Resource, *, known: bool) -> str | None:
    """The event that a change is.

    Args:
        old: Before; None for a new Appointment.
        new: After.
        known: Whether the receiver has heard of it, where `old` is over or a mere wish.

    Returns:
        S12, S13, S14, S15, S17 or S26; None where there is nothing to tell.
    """
    before, after = old["status"] if old else None, new["status"]
    heard = before in HOLDING or (known and before is not None)
    if after in HOLDING:
        return _held(old, new) if before in HOLDING else "S12"
    if not heard:
        return None
    if after not in _ENDINGS:  # back to a mere wish
        return "S15" if before in HOLDING else None
    if before != after:
        return _ENDINGS[after]
    return "S14" if _differs(old or {}, new) else None


def _held(old: Resource | None, new: Resource) -> str | None:
    before = old or {}
    if any(_moment(before.get(name)) != _moment(new.get(name)) for name in ("start", "end")):
        return "S13"
    return "S14" if _differs(before, new) else None


def _differs(old: Resource, new: Resource) -> bool:
    return any(_value(old, name) != _value(new, name) for name in _TOLD) or (
        _reason(old) != _reason(new)
    )


def _value(resource: Resource, name: str) -> object:
    """An element; how an instant is written does not count, nor does an empty list."""
    value = resource.get(name) or None
    return _moment(value) if name in ("start", "end") else value


def _reason(resource: Resource) -> list[Resource]:
    return [each for each in resource.get("extension", ()) if each["url"] == EXT_STATUS_REASON]


def _moment(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


def says(status: str | None, start: datetime | None, end: datetime | None) -> str:
    """What a message comes to: the same text for a message and for its echo."""
    times = (f"{each.astimezone(UTC):%Y%m%d%H%M%S}" if each else "" for each in (start, end))
    return "|".join([status or "", *times])


def says_of(appointment: Resource) -> str:
    """The same of an Appointment."""
    start, end = (_moment(appointment.get(name)) for name in ("start", "end"))
    return says(appointment["status"], start, end)
