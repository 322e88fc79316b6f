"""What does a queue do when the system of record says that somebody has come, or has gone?

An arrival checks in where a service or place of the Appointment has a queue; the end of the visit,
or an arrival that is taken back, ends the entry. Decisions 14 and 23.
"""

from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.engines.queue_transitions import Command
from fhir_gateway.storage import queues
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import participants
from fhir_gateway.usecases.queue_commands import Arrival, Order, carry_out, check_in
from fhir_gateway.usecases.queue_configuration import QUEUED_AT

Resource = dict[str, Any]

_HERE = frozenset({"arrived", "checked-in"})


async def follow(tx: Transaction, deps: Deps, old: Stored | None, new: Stored) -> list[Issue]:
    """Let the queues know what a message has done to an Appointment.

    Args:
        tx: Open transaction, in which it has been done.
        deps: See Deps.
        old: The Appointment before; None for a new one.
        new: The Appointment now.

    Returns:
        Why somebody who is here could not join, for the inbox; the message is never refused.
    """
    appointment = new.resource()
    was_here = old is not None and old.resource()["status"] in _HERE
    is_here = appointment["status"] in _HERE
    if is_here and not was_here:
        return await _joins(tx, deps, appointment)
    if was_here and not is_here:
        await _goes(tx, deps, appointment)
    return []


async def _joins(tx: Transaction, deps: Deps, appointment: Resource) -> list[Issue]:
    named = [str(each) for kind in QUEUED_AT for each in participants(appointment, kind)]
    found = await queues.existing(tx, named) if named else []
    if not found:
        return []
    try:
        await check_in(tx, deps, found[0], Arrival(appointment=appointment["id"]), by=By.FEED)
    except GatewayError as error:
        if error.category not in (Category.CONFLICT, Category.NOT_FOUND):
            raise
        (issue,) = error.issues
        text = f"Who has arrived did not join the queue: {issue.diagnostics}"
        return [Issue(text, ("PV1",), "informational", issue.details)]
    return []


async def _goes(tx: Transaction, deps: Deps, appointment: Resource) -> None:
    entry = await queues.entry_of_appointment(tx, appointment["id"])
    if entry is None:
        return
    ended = appointment["status"] == "fulfilled"
    command = Command.VISIT_ENDED if ended else Command.ARRIVAL_WITHDRAWN
    await carry_out(tx, deps, entry.queue, Order(command, entry.id, by=By.FEED))
