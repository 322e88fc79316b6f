"""What happens in the transaction in which booked time is given up?

One Task for each freed contiguous time, and an event for the workers, who then ask the waitlist.
Decision 15.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from fhir_gateway.core.codes import TASK_FILL_SLOT
from fhir_gateway.core.time import Interval
from fhir_gateway.storage import actors, outbox, resources, slot_facts
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Write
from fhir_gateway.storage.slot_facts import FreeSlot
from fhir_gateway.usecases import tasks
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Resource, participants

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
        appointment: As it was.
        free: Times, whose they are (numbers of actors), and the Slots that were booked.

    Returns:
        Ids of the Tasks; none for what begins too soon or is not bookable now.
    """
    soonest = deps.clock.now() + timedelta(minutes=deps.policy.minimum_notice)
    made: list[str] = []
    seen: set[str] = set()
    for span, keys, booked in free:
        if span.start <= soonest:
            continue
        slots = await slot_facts.free_slots_of_actors(tx, keys, span)
        through = [each for each in slots if each.id in booked] or slots
        runs = [run for run in _runs(through) if not seen.intersection(each.id for each in run)]
        for run in runs if slots else [[]]:
            if not run and booked:
                continue
            seen.update(each.id for each in run)
            time = Interval(run[0].start, run[-1].end) if run else span
            made.append(await _open(tx, deps, appointment, time, keys, run))
    return made


def _runs(slots: Sequence[FreeSlot]) -> list[list[FreeSlot]]:
    """Slots of one Schedule that follow each other without a gap."""
    runs: list[list[FreeSlot]] = []
    for each in sorted(slots, key=lambda slot: (slot.schedule, slot.start)):
        if runs and runs[-1][-1].schedule == each.schedule and runs[-1][-1].end == each.start:
            runs[-1].append(each)
        else:
            runs.append([each])
    return runs


async def _open(
    tx: Transaction,
    deps: Deps,
    appointment: Resource,
    time: Interval,
    keys: frozenset[int],
    slots: Sequence[FreeSlot],
) -> str:
    now = deps.clock.now()
    task = tasks.new_task(deps.ids.new(), TASK_FILL_SLOT, now, "Booked time is free again")
    if slots:
        task["focus"] = tasks.reference(f"Slot/{slots[0].id}")
    task["basedOn"] = [tasks.reference(f"Appointment/{appointment['id']}")]
    task["input"] = await _inputs(tx, appointment, time, keys, slots)
    zone = deps.tenants[tx.tenant].zone
    await resources.write(tx, Write(task, method="POST"), now=now, zone=zone)
    await outbox.publish(tx, TIME_FREED, {"task": task["id"]})
    return str(task["id"])


async def _inputs(
    tx: Transaction,
    appointment: Resource,
    time: Interval,
    keys: frozenset[int],
    slots: Sequence[FreeSlot],
) -> list[dict[str, Any]]:
    owners = await actors.references_of(tx, keys)
    places = [str(each) for each in participants(appointment, "Location")]
    who = [each for each in owners.values() if not each.startswith("Schedule/")]
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
