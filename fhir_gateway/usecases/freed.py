"""What happens in the transaction in which booked time is given up?

One Task for each freed contiguous time, and an event for the workers, who then ask the waitlist.
Decision 15.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from fhir_gateway.core.codes import TASK_FILL_SLOT
from fhir_gateway.core.time import Interval, format_instant, merged
from fhir_gateway.engines.waitlist_wave import last_answer
from fhir_gateway.storage import offer_log, outbox, slot_facts
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.slot_facts import FreeSlot
from fhir_gateway.usecases import storing, tasks
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Resource, participants
from fhir_gateway.usecases.waiting import codes_of

#: An outbox event: {task}.
TIME_FREED = "time-freed"

Freed = tuple[Interval, frozenset[int], tuple[str, ...]]


async def open_tasks(
    tx: Transaction, deps: Deps, appointment: Resource, free: Iterable[Freed]
) -> list[str]:
    """Record the time that an Appointment gave up, and have it offered.

    Args:
        tx: Open transaction; Slot statuses are right already.
        deps: See Deps.
        appointment: As it was, with the reason why it was given up.
        free: Times, whose they are (numbers of actors), and the Slots that were booked.

    Returns:
        Ids of the Tasks; none for what begins too soon or is not bookable now.
    """
    soonest = deps.clock.now() + timedelta(minutes=deps.policy.shortest_notice)
    made: list[str] = []
    seen: set[str] = set()
    for span, keys, booked in free:
        if span.start <= soonest:
            continue
        slots, owners = await slot_facts.free_slots_of_actors(tx, keys, span)
        through = [each for each in slots if each.id in booked] or _of_one_schedule(slots)
        openings = _openings([each for each in through if each.id not in seen])
        if not slots and not booked:
            openings = [(span, [])]
        for time, shared in openings:
            seen.update(each.id for each in shared)
            made.append(await _open(tx, deps, appointment, time, owners.values(), shared))
    return made


async def open_capacity(
    tx: Transaction, deps: Deps, keys: frozenset[int], span: Interval
) -> list[str]:
    """Have time offered that is bookable again without having been booked, Slot by Slot.

    Args:
        tx: Open transaction; Slot statuses are right already.
        deps: See Deps.
        keys: Whose time it is (numbers of actors).
        span: The time.

    Returns:
        Ids of the Tasks; none for what begins too soon.

    Source: decision 15 (S24); a block may be days long, and nobody wants all of it.
    """
    soonest = deps.clock.now() + timedelta(minutes=deps.policy.shortest_notice)
    slots, owners = await slot_facts.free_slots_of_actors(tx, keys, span)
    return [
        await _open(tx, deps, {}, each.span, owners.values(), [each])
        for each in _of_one_schedule(slots)
        if each.start > soonest
    ]


def _of_one_schedule(slots: Sequence[FreeSlot]) -> list[FreeSlot]:
    return [each for each in slots if each.schedule == slots[0].schedule]


def _openings(slots: Sequence[FreeSlot]) -> list[tuple[Interval, list[FreeSlot]]]:
    """Contiguous times that all Schedules of these Slots have free, with the Slots of each."""
    by_schedule: dict[str, list[Interval]] = {}
    for each in slots:
        by_schedule.setdefault(each.schedule, []).append(each.span)
    common: list[Interval] | None = None
    for times in map(merged, by_schedule.values()):
        common = list(times) if common is None else _shared(common, times)
    return [(time, [each for each in slots if each.span.overlaps(time)]) for time in common or ()]


def _shared(some: Iterable[Interval], others: Sequence[Interval]) -> list[Interval]:
    return [
        Interval(max(one.start, other.start), min(one.end, other.end))
        for one in some
        for other in others
        if one.overlaps(other)
    ]


async def _open(
    tx: Transaction,
    deps: Deps,
    appointment: Resource,
    time: Interval,
    owners: Iterable[str],
    slots: Sequence[FreeSlot],
) -> str:
    now = deps.clock.now()
    what = "Booked" if appointment else "Blocked"
    task = tasks.new_task(deps.ids.new(), TASK_FILL_SLOT, now, f"{what} time is free again")
    if slots:
        task["focus"] = tasks.reference(f"Slot/{slots[0].id}")
    if appointment:
        task["basedOn"] = [tasks.reference(f"Appointment/{appointment['id']}")]
    if appointment.get("cancelationReason"):
        task["reasonCode"] = appointment["cancelationReason"]
    task["input"] = _inputs(appointment, time, owners, slots)
    last = time.start - last_answer(deps.policy.waitlist, deps.policy.minimum_notice)
    task["input"].append(tasks.entry("expires", valueInstant=format_instant(last)))
    await storing.add(tx, deps, task)
    services = codes_of(each["valueCodeableConcept"] for each in tasks.values(task, "service-type"))
    await offer_log.freed(tx, task["id"], services, time.start)
    await outbox.publish(tx, TIME_FREED, {"task": task["id"]})
    return str(task["id"])


def _inputs(
    appointment: Resource,
    time: Interval,
    owners: Iterable[str],
    slots: Sequence[FreeSlot],
) -> list[dict[str, Any]]:
    places = [str(each) for each in participants(appointment, "Location")]
    who = [each for each in owners if not each.startswith("Schedule/")]
    lines = [tasks.entry("freed-time", valuePeriod=tasks.period(time))]
    lines += [
        tasks.entry("slot", valueReference=tasks.reference(f"Slot/{each.id}")) for each in slots
    ]
    lines += [
        tasks.entry("actor", valueReference=tasks.reference(each))
        for each in dict.fromkeys([*sorted(who), *places])
    ]
    lines += [
        tasks.entry("canceller", valueReference=tasks.reference(each))
        for each in participants(appointment, "Patient")
    ]
    lines += [
        tasks.entry("service-type", valueCodeableConcept=each)
        for each in appointment.get("serviceType", ())
    ]
    return lines
