"""Whose time does an Appointment need?

Practitioners (a PractitionerRole is its practitioner), Devices, and Locations that have a Schedule
of their own are exclusive, and so are the actors of every Slot that is taken; patients are kept to
see their overlaps. Decision 8.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fhir_gateway.core.codes import HOLDING
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval, merged, parse_instant
from fhir_gateway.storage import actors, booking_facts, engagements
from fhir_gateway.storage.actors import ScheduleActor
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import seats

Resource = dict[str, Any]

_ALWAYS_EXCLUSIVE = frozenset({"Practitioner", "Device"})
#: Whose time is looked at.
_COUNTED = ("Patient", "Practitioner", "Device", "Location")


@dataclass(frozen=True, slots=True)
class Needs:
    """What an Appointment holds while its status holds time.

    Attributes:
        exclusive: One row for each exclusive actor; of a Slot with seats one for each seat.
        patients: One row for each patient.
        span: The appointment's own time; None where it holds none.
        slots: Its Slots as they were read, when nobody had locked them.
    """

    exclusive: tuple[Engagement, ...] = ()
    patients: tuple[Engagement, ...] = ()
    span: Interval | None = None
    slots: tuple[Resource, ...] = ()

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


async def needs(tx: Transaction, appointment: Resource, around: "Around | None" = None) -> Needs:
    """Work out what an Appointment would hold; see `needs_of_all`.

    Args:
        tx: Open transaction.
        appointment: Valid; its references exist.
        around: What is stored around it, where that has been read.
    """
    if around is not None:
        return _needs(appointment, around) if _holds(appointment) else Needs()
    return (await needs_of_all(tx, [appointment]))[0]


async def needs_of_all(tx: Transaction, appointments: Sequence[Resource]) -> list[Needs]:
    """Work out what Appointments would hold, in a query or two for all of them.

    Args:
        tx: Open transaction.
        appointments: Valid; their references exist.

    Raises:
        GatewayError: unprocessable, where the time of one is not the time of its Slots.
    """
    if not any(map(_holds, appointments)):
        return [Needs() for _ in appointments]
    around = await look_around(tx, appointments)
    return [_needs(each, around) if _holds(each) else Needs() for each in appointments]


def _holds(appointment: Resource) -> bool:
    return appointment["status"] in HOLDING and span_of(appointment) is not None


@dataclass(frozen=True, slots=True)
class Around:
    """What is stored around some Appointments.

    Attributes:
        slots: Their Slots by id.
        owners: Actors of the Slots' Schedules, by Schedule.
        roles: PractitionerRole id to practitioner.
        schedules: Schedules of everybody who takes part, by reference.
        keys: Numbers of actors, by reference.
        existing: Which of the resources asked for are there.
    """

    slots: dict[str, Resource]
    owners: dict[str, list[ScheduleActor]]
    roles: dict[str, str]
    schedules: dict[str, list[ScheduleActor]]
    keys: dict[str, int]
    existing: frozenset[Ref]


async def look_around(
    tx: Transaction, appointments: Sequence[Resource], there: Iterable[Ref] = ()
) -> Around:
    """Read what is stored around Appointments; of those that hold no time only what is asked for.

    Args:
        tx: Open transaction.
        appointments: With a status that the standard knows.
        there: Resources of which has to be known whether they are there.
    """
    holding = [each for each in appointments if _holds(each)]
    ids = {slot for each in holding for slot in slot_ids(each)}
    roles = {ref.id for each in holding for ref in participants(each, "PractitionerRole")}
    named = {str(ref) for each in holding for ref in participants(each, *_COUNTED)}
    found = await booking_facts.around(tx, ids, named, roles, there)
    everybody = {each.reference for each in found.owners} | set(found.roles.values())
    unknown = {each for each in named | everybody if each not in found.keys}
    if unknown:
        found.keys.update(await actors.keys_of(tx, unknown))
    return Around(
        {key: each.resource() for key, each in found.slots.items()},
        _grouped(found.owners, lambda each: each.schedule),
        found.roles,
        _grouped(found.schedules, lambda each: each.reference),
        found.keys,
        frozenset(found.existing),
    )


def _grouped(
    rows: Iterable[ScheduleActor], key: Callable[[ScheduleActor], str]
) -> dict[str, list[ScheduleActor]]:
    groups: dict[str, list[ScheduleActor]] = {}
    for each in rows:
        groups.setdefault(key(each), []).append(each)
    return groups


def _needs(appointment: Resource, around: Around) -> Needs:
    span = span_of(appointment)
    if span is None:
        return Needs()
    slots = slot_ids(appointment)
    found = [around.slots[each] for each in slots if each in around.slots]
    schedules = check_slots(appointment, span, found)
    times = _exclusive_times(appointment, span, around)
    owners = [each for key in sorted(schedules) for each in around.owners.get(key, ())]
    times = dict.fromkeys((each.reference for each in owners if each.exclusive), span) | times
    people = dict.fromkeys(map(str, participants(appointment, "Patient")), span)
    tentative = appointment["status"] == "pending"
    seated = seats.shared(found)

    def row(reference: str, core: Interval, *, exclusive: bool) -> Engagement:
        before, after = _buffers(reference, schedules, around)
        whole = (span_of(seated) if seated and exclusive else None) or core
        return Engagement(
            actor_key=around.keys[reference],
            during=Interval(
                min(core.start, whole.start) - timedelta(minutes=before),
                max(core.end, whole.end) + timedelta(minutes=after),
            ),
            core=core,
            kind=engagements.APPOINTMENT,
            exclusive=exclusive,
            appointment=appointment["id"],
            slots=slots,
            tentative=tentative,
            share=engagements.share_of(seated["id"]) if seated and exclusive else None,
            seats=seats.seats_of(seated) if seated and exclusive else 1,
        )

    count = max(1, len(people)) if seated else 1
    return Needs(
        tuple(
            row(each, core, exclusive=True) for each, core in times.items() for _ in range(count)
        ),
        tuple(row(each, core, exclusive=False) for each, core in people.items()),
        span,
        tuple(found),
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


def _exclusive_times(appointment: Resource, span: Interval, around: Around) -> dict[str, Interval]:
    times: dict[str, Interval] = {}
    for each in appointment.get("participant", ()):
        ref = reference_of(each.get("actor"))
        if ref is None or each.get("status") == "declined" or _only_informed(each):
            continue
        name = around.roles.get(ref.id) if ref.type == "PractitionerRole" else str(ref)
        if name is not None and _is_exclusive(name, around):
            times[name] = _period(each) or span
    return times


def _is_exclusive(name: str, around: Around) -> bool:
    kind = name.split("/")[0]
    if kind == "Location":
        return any(each.exclusive for each in around.schedules.get(name, ()))
    return kind in _ALWAYS_EXCLUSIVE


def _only_informed(participant: Resource) -> bool:
    return participant.get("required") == "information-only"


def _period(participant: Resource) -> Interval | None:
    period = participant.get("period") or {}
    try:
        return span_of(period)
    except ValueError:  # a date without a time of day, or nothing of a length
        return None


def _buffers(reference: str, schedules: frozenset[str], around: Around) -> tuple[int, int]:
    """Of the Schedules that are booked; of all of the actor's where no Slot is named."""
    found = around.schedules.get(reference, ())
    counted = [each for each in found if each.schedule in schedules] or found
    return (
        max((each.buffer_before for each in counted), default=0),
        max((each.buffer_after for each in counted), default=0),
    )
