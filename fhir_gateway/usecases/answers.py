"""What does an AppointmentResponse do?

On an offer it accepts (the first one wins the time) or declines; on any other Appointment it sets
the participant's status, and a pending Appointment is booked once everybody required has accepted.
Decision 16.
"""

from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.codes import HOLDING, REASON_DECLINED, REASON_FILLED, REASON_SUPERSEDED
from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import parse_instant
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.storage import engagements, offer_log, outbox, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Write
from fhir_gateway.usecases import (
    appointments,
    notices,
    offer_shape,
    storing,
    tasks,
    telling,
    waiting,
)
from fhir_gateway.usecases.appointments import Change, TimeTakenError
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.offers import OFFER_EXPIRY, funnel
from fhir_gateway.usecases.slot_states import areas_of, refresh

Resource = dict[str, Any]

#: Outbox events: {task}.
OFFER_ACCEPTED = "offer-accepted"
OFFER_ANSWERED = "offer-answered"

#: participantStatus of a response that a participant's status can say.
_STATUSES = frozenset({"accepted", "declined", "tentative", "needs-action"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response with what it is about."""

    response: Resource
    appointment: Stored
    tree: Resource
    actor: Ref


async def answer(tx: Transaction, deps: Deps, write: Write) -> Stored:
    """Carry out a new AppointmentResponse and keep it.

    Args:
        tx: Open transaction.
        deps: See Deps.
        write: Its resource is valid and has an id; its references exist.

    Raises:
        GatewayError: unprocessable, where the actor is not asked; conflict, where an offer is not
            open any more or its time is taken. Nothing is kept then.
    """
    given = await _read(tx, write.resource)
    if offer_shape.links(given.tree) is not None:
        await _answer_offer(tx, deps, given)
    else:
        await _answer_appointment(tx, deps, given)
    return await storing.store(tx, deps, write)


async def _read(tx: Transaction, response: Resource) -> Answer:
    ref = reference_of(response.get("appointment"))
    stored = await resources.read(tx, ref) if ref and ref.type == "Appointment" else None
    if stored is None:
        raise fail(
            Category.UNPROCESSABLE,
            "The response needs a reference to an Appointment of this server",
            "AppointmentResponse.appointment",
        )
    actor = reference_of(response.get("actor"))
    if actor is None:
        raise fail(
            Category.UNPROCESSABLE,
            "The response needs a literal reference to who answers",
            "AppointmentResponse.actor",
        )
    return Answer(response, stored, stored.resource(), actor)


async def _speaks_for(tx: Transaction, actor: Ref, patients: tuple[Ref, ...]) -> bool:
    if actor in patients:
        return True
    if actor.type != "RelatedPerson":
        return False
    related = await resources.read(tx, actor)
    return related is not None and reference_of(related.resource().get("patient")) in patients


def _not_asked(given: Answer) -> GatewayError:
    return GatewayError(
        Category.UNPROCESSABLE,
        Issue(
            f"{given.actor} is not asked by Appointment/{given.tree['id']}",
            ("AppointmentResponse.actor",),
            "business-rule",
            "not-a-participant",
        ),
    )


async def _answer_offer(tx: Transaction, deps: Deps, given: Answer) -> None:
    if not await _speaks_for(tx, given.actor, offer_shape.patients_of(given.tree)):
        raise _not_asked(given)
    status = given.response["participantStatus"]
    if status not in ("accepted", "declined"):
        raise fail(
            Category.UNPROCESSABLE,
            "An offer is answered with accepted or declined",
            "AppointmentResponse.participantStatus",
        )
    if given.tree["status"] != "proposed":
        raise closed(given.tree)
    if status == "declined":
        await _decline(tx, deps, given)
    else:
        await _accept(tx, deps, given)


def closed(offer: Resource) -> GatewayError:
    """Why an offer cannot be answered any more."""
    codings = (offer.get("cancelationReason") or {}).get("coding", ())
    code = next((each["code"] for each in codings if each.get("code")), offer["status"])
    return GatewayError(
        Category.CONFLICT,
        Issue(
            f"The offer is not open any more ({code})",
            ("AppointmentResponse.appointment",),
            "conflict",
            REASON_SUPERSEDED if code == REASON_SUPERSEDED else "offer-closed",
        ),
    )


def _with_status(tree: Resource, refs: tuple[Ref, ...], status: str) -> Resource:
    people = [
        {**each, "status": status} if reference_of(each.get("actor")) in refs else each
        for each in tree["participant"]
    ]
    return {**tree, "participant": people}


async def _decline(tx: Transaction, deps: Deps, given: Answer) -> None:
    entry_id, task_id = offer_shape.links(given.tree) or ("", "")
    offer = _with_status(given.tree, offer_shape.patients_of(given.tree), "declined")
    offer["status"] = "cancelled"
    offer["cancelationReason"] = appointments.reason(REASON_DECLINED, "The patient declined")
    await appointments.apply(tx, deps, Change(offer, By.OPERATION, given.appointment))
    await count_refusal(tx, deps, entry_id)
    await offer_log.closed(tx, offer["id"], "declined")
    await outbox.drop_timer(tx, OFFER_EXPIRY, offer["id"])
    await outbox.publish(tx, OFFER_ANSWERED, {"task": task_id})


async def count_refusal(tx: Transaction, deps: Deps, entry_id: str) -> None:
    """Count one more `declined` in an entry of the waitlist."""
    stored = await resources.read(tx, Ref("Appointment", entry_id), lock=True)
    if stored is not None:
        entry = offer_shape.counted(stored.resource(), "declined", deps.clock.now())
        await storing.replace(tx, deps, stored, entry)


async def _accept(tx: Transaction, deps: Deps, given: Answer) -> None:
    """Win the time, or find that somebody else has it; only the guard decides."""
    entry_id, task_id = offer_shape.links(given.tree) or ("", "")
    await _check_in_time(tx, given)
    held = await engagements.of_task(tx, task_id)
    await engagements.release(tx, [each.id for each in held])
    await _give_up_held(tx, deps, entry_id)
    offer = _with_status(given.tree, offer_shape.patients_of(given.tree), "accepted")
    offer["status"] = "booked"
    try:
        await appointments.apply(tx, deps, Change(offer, By.OPERATION, given.appointment))
    except TimeTakenError as error:
        raise _too_late(error) from error
    await refresh(tx, deps, areas_of(held))
    await _close_entry(tx, deps, entry_id, offer)
    await offer_log.closed(tx, offer["id"], "accepted")
    await offer_log.ended(tx, task_id, "filled")
    await _complete(tx, deps, task_id, offer)
    await outbox.drop_timer(tx, OFFER_EXPIRY, offer["id"])
    await outbox.publish(tx, OFFER_ACCEPTED, {"task": task_id})
    await notices.booked(tx, deps, offer)


def _too_late(error: TimeTakenError) -> GatewayError:
    if error.patient_only:
        text, code = "The patient has another appointment at that time", "patient-busy"
    else:
        text, code = "The time has been taken in the meantime", "slot-taken"
    return GatewayError(
        Category.CONFLICT, Issue(text, ("AppointmentResponse.appointment",), "conflict", code)
    )


async def _check_in_time(tx: Transaction, given: Answer) -> None:
    due = await outbox.timer_due(tx, OFFER_EXPIRY, given.tree["id"])
    now = await tx.now()
    if parse_instant(given.tree["start"]) <= now or (due is not None and due <= now):
        raise GatewayError(
            Category.CONFLICT,
            Issue(
                "The time to answer this offer is over",
                ("AppointmentResponse.appointment",),
                "conflict",
                "offer-expired",
            ),
        )


async def _give_up_held(tx: Transaction, deps: Deps, entry_id: str) -> None:
    """The later appointment that the patient leaves for the earlier one; it is free for others."""
    stored = await resources.read(tx, Ref("Appointment", entry_id))
    named = waiting.given_up(stored.resource()) if stored else ()
    for each in (await resources.read_many(tx, "Appointment", named)).values():
        tree = each.resource()
        if tree["status"] in HOLDING - {"fulfilled"}:
            tree["status"] = "cancelled"
            tree["cancelationReason"] = {"text": "Moved to an earlier time from the waitlist"}
            await appointments.apply(tx, deps, Change(tree, By.OPERATION, each))


async def _close_entry(tx: Transaction, deps: Deps, entry_id: str, offer: Resource) -> None:
    stored = await resources.read(tx, Ref("Appointment", entry_id), lock=True)
    if stored is None:
        return
    entry = offer_shape.counted(stored.resource(), "accepted", deps.clock.now())
    if entry["status"] != "waitlist":
        return
    entry["status"] = "cancelled"
    entry["cancelationReason"] = appointments.reason(REASON_FILLED, "Booked from the waitlist")
    booking = tasks.reference(notices.offer_ref(offer))
    entry["supportingInformation"] = [*entry.get("supportingInformation", ()), booking]
    await storing.replace(tx, deps, stored, entry)


async def _complete(tx: Transaction, deps: Deps, task_id: str, offer: Resource) -> None:
    stored = await resources.read(tx, Ref("Task", task_id), lock=True)
    if stored is None:
        return
    task = tasks.moved(stored.resource(), "completed", deps.clock.now())
    booking = tasks.reference(notices.offer_ref(offer))
    task["output"] = [*task.get("output", ()), tasks.entry("appointment", valueReference=booking)]
    tasks.counted(task, await funnel(tx, task_id))
    await storing.replace(tx, deps, stored, task)


async def _answer_appointment(tx: Transaction, deps: Deps, given: Answer) -> None:
    asked = [reference_of(each.get("actor")) for each in given.tree.get("participant", ())]
    if given.actor not in asked:
        raise _not_asked(given)
    status = given.response["participantStatus"]
    if status not in _STATUSES:
        return
    changed = _with_status(given.tree, (given.actor,), status)
    if changed["status"] == "pending" and _agreed(changed):
        confirmed = not await telling.unconfirmed(tx, changed["id"])
        changed["status"] = "booked" if confirmed else "pending"
    if changed != given.tree:
        await appointments.apply(tx, deps, Change(changed, By.OPERATION, given.appointment))


def _agreed(tree: Resource) -> bool:
    """Whether everybody who has to come has accepted (required is the default)."""
    return all(
        each.get("status") == "accepted"
        for each in tree["participant"]
        if each.get("required", "required") == "required"
    )
