"""Who joins a queue, is called, served, passed over, sent on, or goes? One operation each."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.engines.queue_transitions import APPOINTMENT_STATUS, Command
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.parameters import Values
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import queue_commands
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call, Operation
from fhir_gateway.usecases.operations.queue_words import (
    DESK,
    ENTRY,
    RULE,
    TICKET,
    answer,
    desk_of,
    existing,
    queue_of,
    rule_of,
    spec_maker,
    who,
)
from fhir_gateway.usecases.queue_commands import Arrival, Order
from fhir_gateway.usecases.queue_configuration import CLASSES, QUEUED_AT

_MOST_POINTS = 100

_CHECK_IN = spec_maker(
    "check-in",
    "Join the queue",
    "Somebody is here: for an appointment, which becomes checked-in, or without one. Where the"
    " queue sends people on, the answer says to which. Refused while it is paused or full.",
    OperationParameter("patient", "in", 0, 1, "Reference", "Who; absent: the Appointment's",
                       target_types=("Patient",)),
    OperationParameter("appointment", "in", 0, 1, "Reference", "For which; absent for a walk-in",
                       target_types=("Appointment",)),
    OperationParameter("class", "in", 0, 1, "code",
                       f"{', '.join(CLASSES)}; absent: by Appointment.priority, else routine"),
    OperationParameter("priority-score", "in", 0, 1, "decimal",
                       "Points of policy plan, 0 to 100; absent: those of the PlanDefinition with"
                       " a priority-rule that matches the Appointment, or the specialty of the"
                       " service, else 0"),
)  # fmt: skip
_CALL_NEXT = spec_maker(
    "call-next", "Call whoever is next",
    "The order is worked out anew, and the first is called; two desks never get the same person.",
    DESK,
    *RULE,
)  # fmt: skip
_TO = OperationParameter(
    "to", "in", 1, 1, "Reference", "The other queue", target_types=QUEUED_AT
)  # fmt: skip

#: What can be done with somebody who is in the queue.
_OF_ENTRIES = {
    Command.RECALL: ("Call again", "Somebody who has been called is called once more.", (DESK,)),
    Command.START: ("Begin the service", "Somebody who has been called is served now.", ()),
    Command.FINISH: (
        "End the service",
        "The Encounter is finished, and the appointment fulfilled.",
        (),
    ),
    Command.SKIP: (
        "Pass over",
        "Who has been called does not answer, and waits on as if just come, behind somebody else.",
        (),
    ),
    Command.TRANSFER: (
        "Send to another queue",
        "The wait so far counts there. Refused where that queue is paused or full.",
        (_TO,),
    ),
    Command.LEAVE: (
        "Go without being seen",
        "The Encounter is cancelled, and so is the appointment.",
        (),
    ),
    Command.NO_SHOW: (
        "Not come when called",
        "The Encounter is cancelled, and the appointment noshow.",
        (),
    ),
}


async def check_in(spec: OperationSpec, deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with the entry that has been made."""
    queue, values = queue_of(call), call.values
    chosen = values.first("class")
    if chosen is not None and chosen not in CLASSES:
        text = f"class is one of {', '.join(CLASSES)}"
        raise fail(Category.INVALID, text, "class", code="value")
    points = _points(values)

    async def work(tx: Transaction) -> bytes:
        patient, appointment = values.first("patient"), values.first("appointment")
        if patient is not None:
            patient = str(await existing(tx, patient, "patient", "Patient"))
        if appointment is not None:
            appointment = (await existing(tx, appointment, "appointment", "Appointment")).id
        arrival = Arrival(patient, appointment, CLASSES.get(chosen), points)
        return answer(spec, await queue_commands.check_in(tx, deps, queue, arrival))

    locks = "queue and overflow" if values.first("appointment") is None else None
    return await deps.turns.run(tenant, queue, work, locks=locks)


def _points(values: Values) -> Decimal | None:
    given = values.first("priority-score")
    if given is None:
        return None
    points = Decimal(given)
    if not 0 <= points <= _MOST_POINTS:
        text = f"priority-score is 0 to {_MOST_POINTS}"
        raise fail(Category.INVALID, text, "priority-score", code="value")
    return round(points, 4)


async def call_next(spec: OperationSpec, deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with whoever has been called."""
    queue, desk, rule = queue_of(call), desk_of(call.values), rule_of(call.values)

    async def work(tx: Transaction) -> bytes:
        return answer(spec, await queue_commands.call_next(tx, deps, queue, desk, rule))

    return await deps.turns.run(tenant, queue, work, locks="queue")


async def of_entry(
    command: Command, spec: OperationSpec, deps: Deps, tenant: int, call: Call
) -> bytes:
    """Answer with the person as the command has left them."""
    queue = queue_of(call)
    entry, ticket = who(call.values)
    desk = desk_of(call.values)

    async def work(tx: Transaction) -> bytes:
        to = call.values.first("to")
        if to is not None:
            to = str(await existing(tx, to, "to", *QUEUED_AT))
        order = Order(command, entry, ticket, to=to, desk=desk)
        return answer(spec, await queue_commands.carry_out(tx, deps, queue, order))

    # An Appointment and another queue must not be waited for with the queue locked for others.
    more = command is Command.TRANSFER or command in APPOINTMENT_STATUS
    locks = None if more else "queue"
    return await deps.turns.run(tenant, queue, work, locks=locks)


def _both(
    declared: Callable[[str], OperationSpec], run: Callable[..., Any]
) -> tuple[Operation, ...]:
    specs = [declared(each) for each in QUEUED_AT]
    return tuple(Operation(each, partial(run, each)) for each in specs)


def _of_entries() -> tuple[Operation, ...]:
    found: tuple[Operation, ...] = ()
    for command, (title, doc, more) in _OF_ENTRIES.items():
        declared = spec_maker(command.value, title, doc, ENTRY, TICKET, *more)
        found += _both(declared, partial(of_entry, command))
    return found


#: On HealthcareService and on Location.
COMMANDS: tuple[Operation, ...] = (
    *_both(_CHECK_IN, check_in),
    *_both(_CALL_NEXT, call_next),
    *_of_entries(),
)
