"""Whose time does an Appointment need?

Practitioners (a PractitionerRole is its practitioner), Devices, and Locations that have a Schedule
of their own are exclusive, and so are the actors of every Slot that is taken; patients are kept to
see their overlaps. Decision 8.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fhir_gateway.core.codes import HOLDING
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval, merged, parse_instant
from fhir_gateway.storage import actors, engagements, resources
from fhir_gateway.storage.actors import ScheduleActor
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction

Resource = dict[str, Any]

_ALWAYS_EXCLUSIVE = frozenset({"Practitioner", "Device"})


@dataclass(frozen=True, slots=True)
class Needs:
    """What an Appointment holds while its status holds time.

    Attributes:
        exclusive: One row for each exclusive actor.
        patients: One row for each patient.
        span: The appointment's own time; None where it holds none.
    """

    exclusive: tuple[Engagement, ...] = ()
    patients: tuple[Engagement, ...] = ()
    span: Interval | None = None

    @property
    def all(self) -> tuple[Engagement, ...]:
        return self.exclusive + self.patients

    @property
    def keys(self) -> frozenset[int]:
        return frozenset(each.actor_key for each in self.exclusive)


def span_of(resource: Resource) -> Interval | None:
    """The time of an Appointment or a Slot; None where it has no start or no end."""
    start, end = resource.get("start"), resource.get("end")
    return Interval(parse_instant(start), parse_instant(end)) if start and end else None


def slot_ids(appointment: Resource) -> tuple[str, ...]:
    """The ids of the Slots that an Appointment names."""
    found = (reference_of(each) for each in appointment.get("slot", ()))
    return tuple(dict.fromkeys(ref.id for ref in found if ref and ref.type == "Slot"))


def participants(appointment: Resource, *types: str) -> tuple[Ref, ...]:
    """Those of its actors that are of these types and have not declined."""
    found = (
        reference_of(each.get("actor"))
        for each in appointment.get("participant", ())
        if each.get("status") != "declined"
    )
    return tuple(dict.fromkeys(ref for ref in found if ref and ref.type in types))


async def needs(tx: Transaction, appointment: Resource) -> Needs:
    """Work out what an Appointment would hold.

    Args:
        tx: Open transaction.
        appointment: Valid; its references exist.

    Raises:
        GatewayError: unprocessable, where its time is not the time of its Slots.
    """
    span = span_of(appointment)
    if appointment["status"] not in HOLDING or span is None:
        return Needs()
    slots = slot_ids(appointment)
    stored = await resources.read_many(tx, "Slot", slots)
    schedules = check_slots(appointment, span, [each.resource() for each in stored.values()])
    owners = await actors.of_schedules(tx, schedules)
    times = await _exclusive_times(tx, appointment, span)
    times = dict.fromkeys((each.reference for each in owners if each.exclusive), span) | times
    people = dict.fromkeys(map(str, participants(appointment, "Patient")), span)
    keys = await actors.keys_of(tx, (*times, *people))
    buffers = await _buffers(tx, times, schedules)
    tentative = appointment["status"] == "pending"

    def row(reference: str, core: Interval, *, exclusive: bool) -> Engagement:
        before, after = buffers.get(reference, (0, 0))
        return Engagement(
            actor_key=keys[reference],
            during=Interval(
                core.start - timedelta(minutes=before), core.end + timedelta(minutes=after)
            ),
            core=core,
            kind=engagements.APPOINTMENT,
            exclusive=exclusive,
            appointment=appointment["id"],
            slots=slots,
            tentative=tentative,
        )

    return Needs(
        tuple(row(each, core, exclusive=True) for each, core in times.items()),
        tuple(row(each, core, exclusive=False) for each, core in people.items()),
        span,
    )


def check_slots(appointment: Resource, span: Interval, slots: Iterable[Resource]) -> frozenset[str]:
    """The Schedules of the Slots, once the time of the Appointment is inside them.

    Raises:
        GatewayError: unprocessable, with reason `outside-slot`.
    """
    by_schedule: dict[str, list[Interval]] = {}
    for each in slots:
        schedule = reference_of(each["schedule"])
        time = span_of(each)
        if schedule is None or time is None:
            continue
        if each["status"] == "entered-in-error" or not time.overlaps(span):
            raise _outside(appointment, f"Slot/{each['id']} is not in the time of the Appointment")
        by_schedule.setdefault(schedule.id, []).append(time)
    for times in by_schedule.values():
        if not any(each.contains(span) for each in merged(times)):
            raise _outside(appointment, "The Appointment is not inside the time of its Slots")
    return frozenset(by_schedule)


def _outside(appointment: Resource, text: str) -> GatewayError:
    expression = "Appointment.start" if appointment.get("slot") else "Appointment.slot"
    return GatewayError(
        Category.UNPROCESSABLE, Issue(text, (expression,), "business-rule", "outside-slot")
    )


async def _exclusive_times(
    tx: Transaction, appointment: Resource, span: Interval
) -> dict[str, Interval]:
    roles = participants(appointment, "PractitionerRole")
    people = await actors.practitioners_of_roles(tx, [each.id for each in roles])
    places = [str(each) for each in participants(appointment, "Location")]
    scheduled = await actors.by_references(tx, places)
    own = {each.reference for each in scheduled if each.exclusive}
    times: dict[str, Interval] = {}
    for each in appointment.get("participant", ()):
        ref = reference_of(each.get("actor"))
        if ref is None or each.get("status") == "declined" or _only_informed(each):
            continue
        name = people.get(ref.id) if ref.type == "PractitionerRole" else str(ref)
        if name is not None and (name in own or name.split("/")[0] in _ALWAYS_EXCLUSIVE):
            times[name] = _period(each) or span
    return times


def _only_informed(participant: Resource) -> bool:
    return participant.get("required") == "information-only"


def _period(participant: Resource) -> Interval | None:
    period = participant.get("period") or {}
    try:
        return span_of(period)
    except ValueError:  # a date without a time of day, or nothing of a length
        return None


async def _buffers(
    tx: Transaction, references: Iterable[str], schedules: frozenset[str]
) -> dict[str, tuple[int, int]]:
    """Of the Schedules that are booked; of all of an actor's Schedules where no Slot is named."""
    found = await actors.by_references(tx, references)
    counted = [each for each in found if each.schedule in schedules] or found
    return {
        reference: (
            max(each.buffer_before for each in group),
            max(each.buffer_after for each in group),
        )
        for reference, group in _grouped(counted).items()
    }


def _grouped(rows: Iterable[ScheduleActor]) -> dict[str, list[ScheduleActor]]:
    groups: dict[str, list[ScheduleActor]] = {}
    for each in rows:
        groups.setdefault(each.reference, []).append(each)
    return groups
