"""What does an ADT message do?

The patient is brought up to date, or absorbs another; where the event says that a visit begins or
ends, the Appointment that it belongs to changes its status. That one is found by the number of the
visit, else by patient and time, and only where there is exactly one: of several, nobody guesses.
hl7v2.md section 2.1; decisions 5, 20 and 23; 0016.
"""

from datetime import timedelta
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.mapping.adt import AdtIntent, PersonIntent
from fhir_gateway.mapping.triggers import MERGES, VISITS, Visit
from fhir_gateway.storage import actors, engagements, identities, inbox, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import (
    appointments,
    feed_merges,
    feed_people,
    identifying,
    queue_arrivals,
)
from fhir_gateway.usecases.appointments import Change
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import participants
from fhir_gateway.usecases.feed import Applied
from fhir_gateway.usecases.feed_order import is_late, remember, superseded

Resource = dict[str, Any]


async def apply_adt(
    tx: Transaction, deps: Deps, intent: AdtIntent, *, replayed: bool = False
) -> Applied:
    """Apply a message about a patient in the caller's transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        intent: What the message says.
        replayed: See `told_v2.Told`.

    Raises:
        AmbiguousError: its identifiers belong to several patients.
        GatewayError: unprocessable, where no valid Patient comes of it.
    """
    applied = Applied(None, [*intent.warnings])
    for each in intent.people:
        identifying.check_lengths([*each.patient["identifier"], *each.prior], "PID^1")
    if intent.event in MERGES:
        for each in intent.people:
            applied.issues += await feed_merges.merge(tx, deps, each)
        return applied
    patient = await _patient(tx, deps, intent, applied, replayed=replayed)
    trigger = VISITS[intent.event]
    if trigger.status is not None:
        stored = await _the_appointment(tx, intent, trigger, patient, applied)
        if stored is not None:
            await _change(tx, deps, intent, trigger.status, stored, applied, replayed=replayed)
    return applied


async def _patient(
    tx: Transaction, deps: Deps, intent: AdtIntent, applied: Applied, *, replayed: bool
) -> Ref:
    """The patient, brought up to date unless something newer has been said.

    Raises:
        GatewayError: unprocessable, where nothing identifies the patient.
    """
    (told,) = intent.people
    if not identifying.keys_of(told.patient):
        text = "The patient has no identifier of their own, only numbers of visits or accounts"
        raise GatewayError(Category.UNPROCESSABLE, Issue(text, ("PID^1^3",), "required"))
    known = await _known(tx, told)
    state = await inbox.feed_state(tx, f"Patient/{known}") if known else None
    if known and is_late(intent, state, replayed=replayed):
        applied.issues.append(superseded("newer data of the patient have been applied"))
        stored = await feed_people.surviving(tx, known)
        return stored.ref if stored else Ref("Patient", known)
    ref = reference_of(await feed_people.patient(tx, deps, told.patient, told.removed))
    assert ref is not None  # noqa: S101 - it has an identifier
    remember(tx, str(ref), intent, state)
    return ref


async def _known(tx: Transaction, told: PersonIntent) -> str | None:
    return await feed_people.find(tx, "Patient", identifying.keys_of(told.patient))


async def _the_appointment(
    tx: Transaction, intent: AdtIntent, trigger: Visit, patient: Ref, applied: Applied
) -> Stored | None:
    """The one that is meant; None, with a note, where there is none or more than one."""
    found = await _by_number(tx, intent, patient)
    if not found and trigger.hours is not None and not intent.by_number_only:
        found = await _by_time(tx, intent, trigger.hours, patient)
    fitting = [each for each in found if each.resource()["status"] in trigger.of]
    if len(fitting) > 1:
        fitting = await _with_attending(tx, intent, fitting) or fitting
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(str(each.ref) for each in fitting[:5])
        text = f"It may be about several: {names}. Nothing was done to them"
        applied.issues.append(Issue(text, ("PV1^1^19",), "informational", "ambiguous-visit"))
    else:
        wanted = " or ".join(sorted(trigger.of))
        text = f"The visit belongs to no appointment that is {wanted}"
        applied.issues.append(Issue(text, ("PV1^1^19",), "informational", "no-appointment"))
    return None


async def _by_number(tx: Transaction, intent: AdtIntent, patient: Ref) -> list[Stored]:
    ids: set[str] = set()
    for each in intent.visits:
        entry = f"identifier|{each['system']}|{each['value']}"
        ids.update(await resources.with_tokens(tx, "Appointment", [entry]))
    return await _of_patient(tx, ids, patient)


async def _by_time(
    tx: Transaction, intent: AdtIntent, hours: tuple[int, int], patient: Ref
) -> list[Stored]:
    """Those of the patient that begin around the event."""
    before, after = (timedelta(hours=each) for each in hours)
    # One that begins exactly at the end of the time counts.
    window = Interval(intent.happened - before, intent.happened + after + timedelta(seconds=1))
    keys = await actors.keys_of(tx, [str(patient)])
    rows = await engagements.overlapping(tx, keys.values(), window)
    starting = [each for each in rows if window.start <= each.core.start < window.end]
    return await _of_patient(tx, {e.appointment for e in starting if e.appointment}, patient)


async def _of_patient(tx: Transaction, ids: set[str], patient: Ref) -> list[Stored]:
    found = await resources.read_many(tx, "Appointment", ids, lock=True) if ids else {}
    return [each for each in found.values() if patient in participants(each.resource(), "Patient")]


async def _with_attending(tx: Transaction, intent: AdtIntent, found: list[Stored]) -> list[Stored]:
    """Those of them that are with the doctor of the visit."""
    keys = [key for each in intent.attending for key in identifying.keys_of(each)]
    doctors = {
        Ref("Practitioner", each)
        for each in (await identities.find(tx, "Practitioner", keys)).values()
    }
    return [each for each in found if doctors & {*participants(each.resource(), "Practitioner")}]


async def _change(
    tx: Transaction,
    deps: Deps,
    intent: AdtIntent,
    status: str,
    stored: Stored,
    applied: Applied,
    *,
    replayed: bool,
) -> None:
    applied.appointment = stored.id
    state = await inbox.feed_state(tx, stored.id)
    if is_late(intent, state, replayed=replayed):
        why = "a newer message about the appointment has been applied"
        applied.issues.append(superseded(why))
        return
    changed = stored.resource() | {"status": status}
    done = await appointments.apply(tx, deps, Change(changed, By.FEED, stored))
    applied.issues += await queue_arrivals.follow(tx, deps, stored, done.stored)
    remember(tx, stored.id, intent, state)
