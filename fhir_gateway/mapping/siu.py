"""What does an SIU message want to be done?

The trigger wins over SCH-25 where it states a status itself (S15, S16, S17, S26), SCH-25 wins over
the trigger otherwise. A field that is empty leaves what is held, `""` deletes it.

Source: HL7 v2.9.1 chapter 10, 10.4; v2-to-FHIR SIU_S12; hl7v2.md sections 1.3, 2.1 and 2.3;
decisions 14 and 20.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from fhir_gateway.core.codes import EXT_STATUS_REASON
from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.time import format_instant
from fhir_gateway.hl7.message import Message, Segment
from fhir_gateway.mapping.intent import (
    ActorIntent,
    Concept,
    Identifier,
    Resource,
    ServiceIntent,
    SiuIntent,
)
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.roster import actors_of, complete_lists, services_of
from fhir_gateway.mapping.segments import ais, nte, pid, pv1, sch, tq1
from fhir_gateway.mapping.segments.aix import Frame
from fhir_gateway.mapping.segments.rgs import resource_rows
from fhir_gateway.mapping.times import Times, read_times
from fhir_gateway.mapping.triggers import EVENT_OF_STATUS, TRIGGERS, Trigger, unsupported

__all__ = ["ActorIntent", "Identifier", "ServiceIntent", "SiuIntent", "read_siu"]

#: Statuses under which a start without time of day may turn the appointment into a proposal.
_PLANNED = frozenset({None, "booked", "pending", "proposed", "waitlist"})


@dataclass(frozen=True, slots=True)
class _State:
    """What has become of the appointment."""

    event: str
    effective: str
    status: str | None
    flag: str


def read_siu(message: Message, profile: SenderProfile, received_at: datetime) -> SiuIntent:
    """Read a scheduling message.

    Args:
        message: SIU with one of `mapping.triggers.TRIGGERS`.
        profile: The sender's habits.
        received_at: When it came, aware.

    Raises:
        GatewayError: unsupported for another type or event; unprocessable where SCH, an identity
            or a needed start is missing.
    """
    issue = unsupported(message, profile)
    trigger = TRIGGERS.get(profile.event(message.event[1]))
    if issue is not None or trigger is None:
        raise GatewayError(Category.UNSUPPORTED, *([issue] if issue else []))
    reading = Reading(message, profile)
    head = sch.header(reading)
    keys = sch.keys(head, reading)
    rows = resource_rows(reading, trigger.rows)
    times = read_times(reading, rows)
    state = _with_times(_state(trigger, reading), trigger, times, reading)
    frame = Frame(state.status, times.start, times.end)
    single = trigger.rows is not None
    services = services_of(rows, reading, single=single)
    actors = actors_of(rows, head, reading, frame, single=single)
    reason = sch.event_reason(head, reading)
    appointment, removed = _appointment(reading, head, keys, state, times, services, reason)
    patient = _patient(reading, frame)
    return SiuIntent(
        event=trigger.event,
        event_effective=state.effective,
        keys=keys,
        status=state.status,
        start=times.start,
        end=times.end,
        end_assumed=times.assumed,
        appointment=appointment,
        removed=removed,
        patient=patient.resource,
        patient_participant=patient.participant,
        patient_removed=patient.removed,
        other_patients=patient.others,
        actors=actors,
        services=services,
        snapshot=complete_lists(rows, actors, services),
        reason=reason,
        declines=trigger.declines,
        parents=sch.parents(head, reading),
        overbooked=state.flag == "overbooked",
        schedule=sch.schedule(head, reading),
        message_time=reading.sent_at(received_at),
        received_at=received_at,
        control_id=message.control_id,
        sender=message.sender,
        provenance=reading.provenance,
        warnings=reading.warnings,
    )


def _appointment(
    reading: Reading,
    head: Segment,
    keys: tuple[Identifier, ...],
    state: _State,
    times: Times,
    services: tuple[ServiceIntent, ...],
    reason: Concept | None,
) -> tuple[Resource, tuple[str, ...]]:
    """The elements that the message sets, and those that it deletes."""
    note, note_deleted = nte.comment(reading)
    from_tq1, removed_by_tq1 = tq1.elements(reading)
    reasons = _reasons(state, reason)
    extensions = [*reasons.pop("extension", ()), *sch.links(head, reading)]
    optional = {"comment": note, "basedOn": sch.based_on(head, reading), "extension": extensions}
    elements = {
        "identifier": _identifiers(keys, head, reading),
        **reasons,
        **_services(services),
        **sch.types(head, reading),
        **from_tq1,
        **_times(state, times),
        **{name: value for name, value in optional.items() if value},
    }
    removed = [*sch.removed(head), *removed_by_tq1, *ais.removed(reading)]
    if note_deleted:
        removed.append("comment")
    return elements, tuple(name for name in dict.fromkeys(removed) if name not in elements)


@dataclass(frozen=True, slots=True)
class _Patient:
    """What the PIDs say."""

    resource: Resource | None = None
    participant: Resource | None = None
    removed: tuple[str, ...] = ()
    others: tuple[Resource, ...] = ()


def _patient(reading: Reading, frame: Frame) -> _Patient:
    pids = reading.message.all("PID")
    if not pids:
        reading.warn("there is no PID: the message names no patient", "PID")
        return _Patient()
    if len(pids) > 1:
        reading.warn(f"{len(pids)} patients share the appointment", pids[1].location())
    first, *others = (pid.patient(each, reading) for each in pids)
    participant: Resource = {"required": "required", "status": frame.acceptance}
    return _Patient(first, participant, pid.removed(pids[0]), tuple(others))


def _state(trigger: Trigger, reading: Reading) -> _State:
    """Status of trigger and SCH-25 together, and the event that it comes to."""
    said = sch.stated_status(reading)
    if trigger.fixed:
        if said.status not in (None, trigger.fixed):
            told = f"{trigger.event} says {trigger.fixed}, the status field says {said.status}"
            reading.warn(f"{told}; the event wins", "MSH^1^9", "SCH^1^25", details="conflict")
        flag = "discontinued" if trigger.event == "S16" else ""
        return _State(trigger.event, trigger.event, trigger.fixed, flag)
    status = said.status if said.status or said.unknown else trigger.default
    effective = trigger.event
    if trigger.event not in ("S12", "S27") and status:
        effective = EVENT_OF_STATUS.get(status, trigger.event)
    return _State(trigger.event, effective, status, said.flag)


def _with_times(state: _State, trigger: Trigger, times: Times, reading: Reading) -> _State:
    """The state as far as the times allow it.

    Raises:
        GatewayError: unprocessable, where a start is needed and there is none.
    """
    if not trigger.times or times.start or state.status not in _PLANNED:
        if times.day and not times.start:
            reading.warn("a start without time of day is not used", times.day_place)
        return state
    if times.day is None:
        if state.status in ("proposed", "waitlist"):
            return state
        told = f"{trigger.event} needs a start: TQ1-7 or SCH-11.4 with date and time"
        raise fail(Category.UNPROCESSABLE, told, "SCH^1^11", "TQ1^1^7", code="required")
    if reading.profile.date_only == "reject" or times.day.precision in ("year", "month"):
        told = "the start has no time of day"
        raise fail(Category.UNPROCESSABLE, told, times.day_place, code="value")
    reading.warn("the start has no time of day: proposed for that day", times.day_place)
    return replace(state, status="waitlist" if state.status == "waitlist" else "proposed")


def _times(state: _State, times: Times) -> Resource:
    if times.start and times.end:
        seconds = int((times.end - times.start).total_seconds())
        return {
            "start": format_instant(times.start),
            "end": format_instant(times.end),
            "minutesDuration": max(1, -(-seconds // 60)),
        }
    if times.day and state.status in ("proposed", "waitlist"):
        return {"requestedPeriod": [{"start": times.day.date, "end": times.day.date}]}
    return {}


def _identifiers(keys: tuple[Identifier, ...], head: Segment, reading: Reading) -> list[Identifier]:
    """Those that identify, then those that several appointments share."""
    shared = (sch.group(head, reading), pv1.visit_number(reading))
    known = {(each["system"], each["value"]) for each in keys}
    return [*keys, *(e for e in shared if e and (e["system"], e["value"]) not in known)]


def _reasons(state: _State, reason: Concept | None) -> Resource:
    """Why it came to that: cancelationReason where R4 allows it, else our extension."""
    if state.flag == "discontinued" and state.status == "cancelled":
        reason = {"text": "discontinued"} | (reason or {})
    found: Resource = {"status": state.status} if state.status else {}
    if reason is None:
        return found
    if state.status == "cancelled":
        found["cancelationReason"] = reason
    elif state.status in ("noshow", "entered-in-error"):
        found["extension"] = [{"url": EXT_STATUS_REASON, "valueCodeableConcept": reason}]
    return found


def _services(services: tuple[ServiceIntent, ...]) -> Resource:
    kept: list[Concept] = []
    for each in services:
        if each.action != "D" and each.concept not in kept:
            kept.append(each.concept)
    return {"serviceType": kept} if kept else {}
