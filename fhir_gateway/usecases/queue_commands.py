"""What happens when somebody in a queue is called, served, or goes?

Each command is one transition of one table, in one transaction with the Encounter, the Appointment,
the sums of the hour and the number that those who watch go by. The queue is locked first, so that
two desks never call the same person (row Q9).

Source: engines.md section 3 (commands); decisions 11, 14, 23 and 25.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import parse_instant
from fhir_gateway.engines.clinical_class import ClinicalClass, class_of
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.engines.lifecycle import transition as appointment_transition
from fhir_gateway.engines.queue import Place
from fhir_gateway.engines.queue_facts import LIVE, State
from fhir_gateway.engines.queue_learning import Shown
from fhir_gateway.engines.queue_transitions import (
    APPOINTMENT_STATUS,
    Command,
    Overflow,
    admission,
    transition,
)
from fhir_gateway.storage import queues, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.queues import EntryRow
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import appointments, storing
from fhir_gateway.usecases.appointments import Change
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import participants
from fhir_gateway.usecases.queue_encounters import encounter, moved_on
from fhir_gateway.usecases.queue_priority import judged
from fhir_gateway.usecases.queue_scene import AS_CONFIGURED, Rule, Scene, no_queue, take

Resource = dict[str, Any]

_CANCELLATION = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_BY_PATIENT = {"coding": [{"system": _CANCELLATION, "code": "pat", "display": "Patient"}],
               "text": "The patient left without being seen"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who joins.

    Args:
        patient: Reference; None for the patient of the Appointment, or for nobody we know.
        appointment: Id; None for a walk-in.
        clinical_class: None: as the Appointment's priority says, else routine.
        priority: Points of policy `plan`; None: those of the rule that matches.
    """

    patient: str | None = None
    appointment: str | None = None
    clinical_class: ClinicalClass | None = None
    priority: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left.

    Attributes:
        entry: Somebody now.
        encounter: The version written.
        queue: Reference of the queue that the person is or was in.
        place: Where the person is in it; None for who does not wait.
        scene: That queue.
        called_from: Where the person was when they were called now.
    """

    entry: EntryRow
    encounter: Resource
    queue: str
    place: Place | None
    scene: Scene
    called_from: Place | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One command about somebody.

    Args:
        command: Not check-in, not call-next.
        entry: Id of the Encounter; None where the ticket is given.
        ticket: Number; None where the entry is given.
        to: Reference of the queue to go to.
        desk: Where the person is called to; None leaves it.
        by: Whose word moves the Appointment; the feed has moved it already.
    """

    command: Command
    entry: str | None = None
    ticket: int | None = None
    to: str | None = None
    desk: str | None = None
    by: By = By.OPERATION


async def check_in(
    tx: Transaction, deps: Deps, queue: str, arrival: Arrival, *, by: By = By.OPERATION
) -> Done:
    """Let somebody join a queue, or the one that it sends people on to.

    Args:
        tx: Open transaction.
        deps: See Deps.
        queue: Reference.
        arrival: What is named in it exists.
        by: Whose word it is: the feed has changed the Appointment already.

    Raises:
        GatewayError: not-found, for no such queue; conflict, where it takes nobody in or the
            person is in it already; unprocessable, for an Appointment that nobody can arrive at.
    """
    stored = await _appointment(tx, arrival.appointment)
    appointment = stored.resource() if stored else None
    patient = _patient(arrival, appointment)
    found = await judged(tx, queue, arrival.priority, appointment, deps.clock.now())
    scene = _admitted(await take(tx, deps, queue, overflow=True), queue)
    if await _is_here(tx, scene.reference, patient, arrival.appointment):
        text = "The person is in a queue already"
        raise GatewayError(Category.CONFLICT, Issue(text, (), "conflict", "in-queue"))
    points = found.points(scene.rules.policy)
    row = _joining(deps, scene, arrival, appointment, points.value)
    scene.state.entries.append(row)
    scene.learnt = scene.learnt.arrived(ClinicalClass(row.clinical_class), scene.now)
    scene.count(Command.CHECK_IN, row)
    place = scene.place_of(row)
    if place is not None and place.estimate.shown is not None:
        row.shown = json.dumps(asdict(place.estimate.shown))
    written = encounter(row, scene.rules, patient, points.rule)
    await storing.add(tx, deps, written)
    if stored is not None and by is By.OPERATION:
        await _move_appointment(tx, deps, stored, Command.CHECK_IN)
    scene.save(tx, [row])
    return Done(row, written, scene.reference, place, scene)


def _patient(arrival: Arrival, appointment: Resource | None) -> str | None:
    known = [str(each) for each in participants(appointment or {}, "Patient")]
    if arrival.patient is not None and known and arrival.patient not in known:
        text = "The Appointment is of another patient"
        raise GatewayError(Category.UNPROCESSABLE, Issue(text, ("patient",), "business-rule"))
    return arrival.patient or next(iter(known), None)


def _admitted(scenes: dict[str, Scene], queue: str) -> Scene:
    """The queue that somebody joins.

    Raises:
        GatewayError: conflict, with the reason why nobody can.
    """
    scene = scenes[queue]
    found = admission(scene.rules, scene.waiting)
    if isinstance(found, Overflow):
        if found.to not in scenes:
            raise no_queue(found.to)
        scene = scenes[found.to]
        found = _staying(scene)
    if isinstance(found, Refusal):
        raise refused(found)
    return scene


def _staying(scene: Scene) -> Refusal | None:
    """May one more join, who is not sent on once more?"""
    found = admission(replace(scene.rules, overflow=False), scene.waiting)
    return found if isinstance(found, Refusal) else None


async def _is_here(
    tx: Transaction, queue: str, patient: str | None, appointment: str | None
) -> bool:
    if appointment is not None and await queues.entry_of_appointment(tx, appointment):
        return True
    return patient is not None and await queues.is_waiting(tx, queue, patient)


def _joining(
    deps: Deps, scene: Scene, arrival: Arrival, appointment: Resource | None, points: Decimal
) -> EntryRow:
    priority = (appointment or {}).get("priority")
    start = (appointment or {}).get("start")
    chosen = arrival.clinical_class
    return EntryRow(
        id=deps.ids.new(),
        queue=scene.reference,
        ticket=scene.next_ticket(),
        state=State.WAITING.value,
        joined=scene.now,
        since=scene.now,
        clinical_class=int(class_of(priority) if chosen is None else chosen),
        priority=points,
        appointment=arrival.appointment,
        appointment_start=parse_instant(start) if start else None,
    )


async def call_next(
    tx: Transaction, deps: Deps, queue: str, desk: str | None, rule: Rule = AS_CONFIGURED
) -> Done:
    """Call whoever is next now.

    Args:
        tx: Open transaction.
        deps: See Deps.
        queue: Reference.
        desk: Where the person is called to.
        rule: Who is next.

    Raises:
        GatewayError: not-found, for no such queue; conflict, where nobody waits; invalid, for a
            rule that cannot be.
    """
    scene = (await take(tx, deps, queue))[queue]
    scene.rules = rule.over(scene.rules)
    row = scene.next()
    if row is None:
        text = "Nobody waits in the queue"
        raise GatewayError(Category.CONFLICT, Issue(text, (), "conflict", "nobody-waiting"))
    place = scene.place_of(row)
    done = await _apply(tx, deps, scene, row, Order(Command.CALL_NEXT, row.id, desk=desk))
    return replace(done, called_from=place)


async def carry_out(tx: Transaction, deps: Deps, queue: str, order: Order) -> Done:
    """Do something with somebody who is in a queue.

    Args:
        tx: Open transaction.
        deps: See Deps.
        queue: Reference of the queue that the person is in.
        order: What to do with whom.

    Raises:
        GatewayError: not-found, where there is no such queue or nobody of that name in it;
            conflict, for what cannot be done in the person's state.
    """
    known = await _known(tx, queue, order)
    stored = None
    if order.by is By.OPERATION and order.command in APPOINTMENT_STATUS:
        stored = await _appointment(tx, known.appointment)
    scenes = await take(tx, deps, queue, *([order.to] if order.to else []))
    scene = scenes[queue]
    row = scene.entry(known.id) or await queues.entry(tx, known.id) or known
    if row.queue != queue:
        raise _nobody(queue)
    if order.to is not None:
        return await _transfer(tx, deps, scenes, row, order)
    done = await _apply(tx, deps, scene, row, order)
    if stored is not None:
        await _move_appointment(tx, deps, stored, order.command)
    return done


async def _known(tx: Transaction, queue: str, order: Order) -> EntryRow:
    if order.entry is not None:
        found = await queues.entry(tx, order.entry)
    else:
        found = await queues.entry_by_ticket(tx, queue, order.ticket or 0)
    if found is None or found.queue != queue:
        raise _nobody(queue)
    return found


def _nobody(queue: str) -> GatewayError:
    text = f"There is nobody of that name in the queue of {queue}"
    return GatewayError(Category.NOT_FOUND, Issue(text, ("entry",), "not-found"))


async def _apply(tx: Transaction, deps: Deps, scene: Scene, row: EntryRow, order: Order) -> Done:
    before = replace(row)
    after = _after(order.command, row)
    _change(scene, row, order, after)
    scene.count(order.command, before)
    written = await _write(tx, deps, scene, row)
    scene.save(tx, [row])
    return Done(row, written, scene.reference, scene.place_of(row), scene)


def _after(command: Command, row: EntryRow) -> State:
    found = transition(command, State(row.state))
    if isinstance(found, Refusal):
        raise refused(found)
    return found


def _change(scene: Scene, row: EntryRow, order: Order, after: State) -> None:
    """What a command changes about somebody, and what the queue learns from it."""
    now, command = scene.now, order.command
    row.state = after.value
    row.desk = order.desk if order.desk is not None else row.desk
    if command is Command.CALL_NEXT and row.shown is not None:
        shown = Shown(**json.loads(row.shown))
        minutes = (now - row.joined) / timedelta(minutes=1)
        scene.learnt = scene.learnt.waited(ClinicalClass(row.clinical_class), shown, minutes)
        row.shown = None
    if command is Command.CALL_NEXT:
        scene.state.row.last_called = now
    if command in (Command.CALL_NEXT, Command.RECALL):
        row.called = now
    elif command is Command.START:
        row.started = now
    elif command is Command.SKIP:
        row.since, row.called, row.desk = now, None, None
    if after in LIVE:
        return
    row.ended = now
    if after is State.FINISHED and row.started is not None:
        scene.learnt = scene.learnt.served((now - row.started) / timedelta(minutes=1))


async def _transfer(
    tx: Transaction, deps: Deps, scenes: dict[str, Scene], row: EntryRow, order: Order
) -> Done:
    """Let somebody go to another queue, with the wait so far."""
    assert order.to is not None  # noqa: S101 - the caller has looked
    here, there = scenes[row.queue], scenes.get(order.to)
    if there is None or there is here:
        raise no_queue(order.to) if there is None else _same_queue()
    before = replace(row)
    row.state = _after(order.command, row).value
    refusal = _staying(there)
    if refusal is not None:
        raise refused(refusal)
    here.state.entries.remove(row)
    here.count(order.command, before)
    if row.ticket in {each.ticket for each in there.state.entries}:
        row.ticket = there.next_ticket()
    row.queue, row.called, row.started = there.reference, None, None
    row.desk = row.shown = None
    there.state.entries.append(row)
    there.count(Command.CHECK_IN, row)
    written = await _write(tx, deps, there, row)
    here.save(tx, [])
    there.save(tx, [row])
    return Done(row, written, there.reference, there.place_of(row), there)


def _same_queue() -> GatewayError:
    text = "The person is in that queue already"
    return GatewayError(Category.CONFLICT, Issue(text, ("to",), "conflict", "in-queue"))


async def _write(tx: Transaction, deps: Deps, scene: Scene, row: EntryRow) -> Resource:
    old = await resources.read(tx, Ref("Encounter", row.id), lock=True)
    assert old is not None  # noqa: S101 - nobody deletes the Encounter of somebody who is here
    written = moved_on(old.resource(), row, scene.rules, scene.now)
    await storing.replace(tx, deps, old, written)
    return written


async def _appointment(tx: Transaction, appointment: str | None) -> Stored | None:
    """The Appointment, before the queue: whoever has it does not wait for us meanwhile."""
    if appointment is None:
        return None
    return await resources.read(tx, Ref("Appointment", appointment), lock=True)


async def _move_appointment(tx: Transaction, deps: Deps, stored: Stored, command: Command) -> None:
    """Give the Appointment the status that follows.

    Somebody who is here is never held up by an Appointment that has ended otherwise meanwhile;
    only nobody arrives at such a one.
    """
    resource, status = stored.resource(), APPOINTMENT_STATUS[command]
    refusal = appointment_transition(resource["status"], status, By.OPERATION)
    if refusal is not None and command is not Command.CHECK_IN:
        return
    changed = resource | {"status": status}
    if command is Command.LEAVE:
        changed["cancelationReason"] = _BY_PATIENT
    await appointments.apply(tx, deps, Change(changed, By.OPERATION, stored))


def refused(refusal: Refusal) -> GatewayError:
    """An engine's no as the failure of a request."""
    return GatewayError(Category.CONFLICT, Issue(refusal.text, (), "business-rule", refusal.reason))
