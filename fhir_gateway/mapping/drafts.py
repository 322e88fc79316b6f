"""Which resources does a message amount to, before anybody knows what is stored?

Resources have no ids, and refer to each other by identifier. One line for each type of message, as
in `usecases.told_v2`, and with the same readers.

Source: hl7v2.md sections 1.11, 1.12, 2.1 and 6 (N10).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fhir_gateway.core.errors import GatewayError, Issue
from fhir_gateway.core.time import Interval, format_instant
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping import srm
from fhir_gateway.mapping.adt import AdtIntent, PersonIntent, read_adt
from fhir_gateway.mapping.blocks import read_block
from fhir_gateway.mapping.intent import Resource, SiuIntent
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.siu import read_siu
from fhir_gateway.mapping.triggers import BLOCKS, REQUESTS, VISITS, meant

_NOBODY = Issue(
    "The message names nobody; it is refused unless the appointment is known already",
    ("PID", "AIP", "AIL", "AIG"), "required",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What a message amounts to.

    Attributes:
        event: The standard event that it comes to.
        resources: The Appointment, Slots or Patient that it is about, then who takes part.
        issues: What was odd, and on what the rest depends.
        noted: Of elements of the first resource the place where the reader took them.
    """

    event: str
    resources: tuple[Resource, ...]
    issues: tuple[Issue, ...] = ()
    noted: Mapping[str, str] = field(default_factory=dict)


def draft(message: Message, profile: SenderProfile, received_at: datetime) -> Draft:
    """What a message amounts to.

    Args:
        message: As `mapping.intake.take` lets it pass.
        profile: Of its sender.
        received_at: When it came, aware.

    Raises:
        GatewayError: it cannot be read; places are those of the message.
    """
    return DRAWERS[meant(message, profile)[0]](message, profile, received_at)


def _note(text: str, *places: str) -> Issue:
    return Issue(text, places, "informational")


# -- SIU


def _schedule(message: Message, profile: SenderProfile, received_at: datetime) -> Draft:
    if meant(message, profile)[1] in BLOCKS:
        return _block(message, profile, received_at)
    intent = read_siu(message, profile, received_at)
    resources = _of_siu(intent)
    alone = () if "participant" in resources[0] else (_NOBODY,)
    issues = (*intent.warnings, *alone)
    return Draft(intent.event_effective, resources, issues, intent.provenance)


def _of_siu(intent: SiuIntent) -> tuple[Resource, ...]:
    actors = [each.resource for each in intent.actors if each.type]
    people = [each for each in (intent.patient, *intent.other_patients) if each]
    participants = [_taking_part(each, intent.patient_participant or {}) for each in people]
    participants += [
        _taking_part(each.resource, each.participant)
        for each in intent.actors
        if each.action != "D"
    ]
    appointment = {
        "resourceType": "Appointment",
        **intent.appointment,
        **({"participant": participants} if participants else {}),
    }
    return (appointment, *people, *actors)


def _taking_part(resource: Resource, participant: Resource) -> Resource:
    return {"actor": _reference(resource), **participant}


def _reference(resource: Resource) -> Resource:
    kind = resource.get("resourceType")
    if kind is None:
        return {"display": resource.get("display", "")}
    known = resource.get("identifier") or [{}]
    return {"type": kind, "identifier": {k: known[0][k] for k in ("system", "value") if known[0]}}


def _block(message: Message, profile: SenderProfile, received_at: datetime) -> Draft:
    """A Slot for each resource, or for the Schedule that SCH-5 names."""
    intent = read_block(message, profile, received_at)
    slot: Resource = {"resourceType": "Slot"}
    if intent.keys:
        slot["identifier"] = list(intent.keys)
    owners = [(_reference(each.actor.resource), each.span) for each in intent.resources]
    if not owners and intent.schedule:
        owners = [({"type": "Schedule", "identifier": intent.schedule}, intent.span)]
    slots = [
        {
            **slot,
            "schedule": owner,
            "status": "busy-unavailable" if intent.event == "S23" else "free",
            **_span(span),
            **({"comment": intent.comment} if intent.comment else {}),
        }
        for owner, span in owners
    ]
    actors = [each.actor.resource for each in intent.resources]
    return Draft(intent.event, (*(slots or [slot]), *actors), intent.warnings)


def _span(span: Interval | None) -> Resource:
    if span is None:
        return {}
    return {"start": format_instant(span.start), "end": format_instant(span.end)}


# -- ADT


def _visit(message: Message, profile: SenderProfile, received_at: datetime) -> Draft:
    intent = read_adt(message, profile, received_at)
    status = VISITS[intent.event].status
    people = [one for each in intent.people for one in _of_person(each)]
    if status is None:
        return Draft(intent.event, tuple(people), intent.warnings)
    appointment: Resource = {"resourceType": "Appointment", "status": status}
    if intent.visits:
        appointment["identifier"] = list(intent.visits)
    appointment["participant"] = [_taking_part(people[0], {})]
    issues = (*intent.warnings, _if_known(intent))
    return Draft(intent.event, (appointment, *people), issues)


def _if_known(intent: AdtIntent) -> Issue:
    """The Appointment is never made by a visit: it has to be there."""
    trigger = VISITS[intent.event]
    wanted = " or ".join(sorted(trigger.of))
    text = f"Only an appointment of the patient that is {wanted} becomes {trigger.status}: "
    by_time = trigger.hours is not None and not intent.by_number_only
    how = "the one with the number of the visit"
    if by_time and trigger.hours:
        before, after = trigger.hours
        moment = format_instant(intent.happened)
        how += f", else the only one from {before} h before to {after} h after {moment}"
    return _note(text + how, "PV1^1^19")


def _of_person(told: PersonIntent) -> Iterable[Resource]:
    """The patient, and of a merge the record that goes."""
    yield told.patient
    if told.prior:
        yield {
            "resourceType": "Patient",
            "identifier": list(told.prior),
            "active": False,
            "link": [{"other": _reference(told.patient), "type": "replaced-by"}],
        }


# -- SRM and SQM


def _request(message: Message, profile: SenderProfile, received_at: datetime) -> Draft:
    event = meant(message, profile)[1]
    twin = REQUESTS[event]
    try:
        wish = srm.read_wish(message, profile)
        timed = twin in ("S12", "S13")
        # Without a time of its own it is read as of some time, which then is left out.
        start = wish.exact or received_at
        span = Interval(start, start + timedelta(minutes=wish.minutes or 30)) if timed else None
        intent = read_siu(srm.as_siu(message, twin, span), profile, received_at)
    except GatewayError as error:
        raise srm.places(error) from error
    first, *others = _of_siu(intent)
    notes = []
    if timed and wish.exact is None:
        untimed = {k: v for k, v in first.items() if k not in ("start", "end", "minutesDuration")}
        first = untimed | _wanted(wish)
    if timed:
        notes = [_note("A free time is taken; where there is none the answer is AE", "ARQ^1^11")]
    odd = [each for each in wish.warnings if each not in intent.warnings]
    issues = (*srm.requested([*intent.warnings, *odd]), *notes)
    return Draft(event, (first, *others), issues)


def _query(message: Message, profile: SenderProfile, received_at: datetime) -> Draft:
    del received_at
    try:
        wish = srm.read_wish(message, profile)
    except GatewayError as error:
        raise srm.places(error) from error
    appointment: Resource = {"resourceType": "Appointment", "status": "proposed", **_wanted(wish)}
    if wish.services:
        appointment["serviceType"] = list(wish.services)
    taking_part = [_taking_part(each.resource, each.participant) for each in wish.actors]
    if taking_part:
        appointment["participant"] = taking_part
    note = _note("It is answered with free times; nothing is stored", "MSH^1^9")
    actors = [each.resource for each in wish.actors if each.type]
    issues = (*srm.requested(wish.warnings), note)
    return Draft("S25", (appointment, *actors), issues)


def _wanted(wish: srm.Wish) -> Resource:
    """When it may be, and how long."""
    ranges = wish.ranges if wish.exact is None else ((wish.exact, None),)
    periods = [
        {
            name: format_instant(moment)
            for name, moment in (("start", low), ("end", high))
            if moment is not None
        }
        for low, high in ranges
    ]
    found: dict[str, Any] = {"requestedPeriod": periods} if periods else {}
    return found | ({"minutesDuration": wish.minutes} if wish.minutes else {})


#: Message type → what it amounts to.
DRAWERS: Mapping[str, Callable[[Message, SenderProfile, datetime], Draft]] = {
    "ADT": _visit,
    "SIU": _schedule,
    "SQM": _query,
    "SRM": _request,
}
