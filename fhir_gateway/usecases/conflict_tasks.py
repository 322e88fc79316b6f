"""What do people get to see where the EHR has booked over somebody else's time, or blocked it?

A Task with code resolve-conflict about the Appointment that stands beside another, or in time that
is blocked (decision 14).
"""

from collections.abc import Iterable

from fhir_gateway.core.codes import SYSTEM_TASK, TASK_RESOLVE_CONFLICT
from fhir_gateway.core.refs import Ref
from fhir_gateway.storage import engagements, resources
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import storing, tasks
from fhir_gateway.usecases.deps import Deps

BOOKED_TWICE = "Two bookings of one person at the same time"
BLOCKED = "A booking in time that is blocked"


async def open_task(
    tx: Transaction, deps: Deps, appointment: str, row: Engagement, why: str = BOOKED_TWICE
) -> None:
    """Ask people to look at a double booking; once for each Appointment at a time.

    Args:
        tx: Open transaction.
        deps: See Deps.
        appointment: Id of the Appointment that cannot stay as it is.
        row: The time that it shares.
        why: For people.
    """
    ref = Ref("Appointment", appointment)
    if await _open(tx, ref):
        return
    others = await engagements.overlapping(tx, [row.actor_key], row.during, without=ref.id)
    now = deps.clock.now()
    task = tasks.new_task(deps.ids.new(), TASK_RESOLVE_CONFLICT, now, why)
    task["focus"] = tasks.reference(ref)
    task["input"] = [tasks.entry("overlap", valuePeriod=tasks.period(row.core))] + [
        tasks.entry("appointment", valueReference=tasks.reference(f"Appointment/{each}"))
        for each in sorted({each.appointment for each in others if each.appointment})
    ]
    await storing.add(tx, deps, task)


async def close_tasks(tx: Transaction, deps: Deps, appointments: Iterable[str]) -> None:
    """Complete the Tasks of Appointments that have the time for themselves now."""
    for each in sorted(set(appointments) - {""}):
        rows = await engagements.of_appointment(tx, each)
        if any(not row.active for row in rows):
            continue
        for stored in await _open(tx, Ref("Appointment", each)):
            now = deps.clock.now()
            task = tasks.moved(stored.resource(), "completed", now, "The other booking has gone")
            await storing.replace(tx, deps, stored, task)


async def _open(tx: Transaction, ref: Ref) -> list[Stored]:
    """Those about a double booking; a message that was not taken is a conflict of its own."""
    ids = await resources.with_tokens(
        tx,
        "Task",
        (f"code|{SYSTEM_TASK}|{TASK_RESOLVE_CONFLICT}", f"focus|{ref}", "status|=requested"),
    )
    found = await resources.read_many(tx, "Task", ids)
    return [each for each in found.values() if tasks.values(each.resource(), "overlap")]
