"""What does a scheduling message do?

A statement of fact by the system of record: applied in the order of the sender's clock, never
refused for an overlap. Decisions 5, 9, 14 and 20; hl7v2.md sections 2.1 and 2.3.
"""

from dataclasses import dataclass, field
from typing import Any

from fhir_gateway.core.codes import HOLDING, TASK_MATCH_IDENTITY, TIMELESS
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.lifecycle import By
from fhir_gateway.fhir.validation import validate
from fhir_gateway.mapping.intent import SiuIntent
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.storage import inbox, resources
from fhir_gateway.storage.inbox import FeedState
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Write
from fhir_gateway.usecases import appointments, feed_people, feed_slots, tasks
from fhir_gateway.usecases.appointments import Change, TimeTakenError
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import slot_ids
from fhir_gateway.usecases.feed_merge import Cast, merged
from fhir_gateway.usecases.feed_people import AmbiguousError

Resource = dict[str, Any]

#: Events that end an appointment; for an unknown one they leave a tombstone.
_ENDINGS = frozenset({"S15", "S16", "S17"})


@dataclass(slots=True)
class Applied:
    """What became of a message.

    Attributes:
        appointment: Id of the Appointment; None where none was touched.
        issues: What was odd, for the inbox.
        quarantined: Whether people have to decide whom it is about.
    """

    appointment: str | None = None
    issues: list[Issue] = field(default_factory=list)
    quarantined: bool = False


async def apply_siu(
    tx: Transaction, deps: Deps, intent: SiuIntent, profile: SenderProfile
) -> Applied:
    """Apply a message in the caller's transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        intent: What the message says.
        profile: The sender's.

    Raises:
        GatewayError: unprocessable, where no valid Appointment comes of it; conflict, where a
            sender that only asks wants a time that is taken.
    """
    keys = [(each["system"], each["value"]) for each in intent.keys]
    await inbox.lock_keys(tx, keys)
    issues = list(intent.warnings)
    try:
        known = await feed_people.find(tx, "Appointment", keys)
        if known is None and not await _is_news(tx, intent, keys, issues):
            return Applied(None, issues)
        old = await resources.read(tx, Ref("Appointment", known), lock=True) if known else None
        if old is not None and await _is_late(tx, intent, old.id, issues):
            return Applied(old.id, issues)
        cast = await _cast(tx, deps, intent)
    except AmbiguousError as error:
        await _open_match_task(tx, deps, intent, error)
        return Applied(None, [*issues, feed_people.quarantine(error.refs)], quarantined=True)
    changed = await _change(tx, deps, intent, cast, old, profile, keys)
    state = FeedState(intent.message_time, intent.received_at, intent.control_id)
    await inbox.set_feed_state(tx, changed.id, state)
    return Applied(changed.id, issues)


async def _is_news(
    tx: Transaction, intent: SiuIntent, keys: list[tuple[str, str]], issues: list[Issue]
) -> bool:
    """Whether a message about an unknown appointment is to be applied."""
    when = intent.message_time or intent.received_at
    if intent.event_effective in _ENDINGS:
        await inbox.bury(tx, keys, intent.event_effective, when)
        text = "The appointment is not known; a later message about its past will not book it"
        issues.append(Issue(text, ("SCH^1^2",), "not-found", "unknown-appointment"))
        return False
    buried = await inbox.buried_at(tx, keys)
    if buried is not None and when <= buried:
        issues.append(_superseded("the appointment was ended by a newer message"))
        return False
    return True


async def _is_late(
    tx: Transaction, intent: SiuIntent, appointment: str, issues: list[Issue]
) -> bool:
    """Whether a newer message about the same appointment has been applied already."""
    state = await inbox.feed_state(tx, appointment)
    if state is None or state.message_time is None or intent.message_time is None:
        return False
    if intent.message_time >= state.message_time:
        return False
    issues.append(_superseded(f"message {state.control_id[:40]} is newer and has been applied"))
    return True


def _superseded(why: str) -> Issue:
    return Issue(f"Not applied: {why}", ("MSH^1^7",), "informational", "superseded")


async def _cast(tx: Transaction, deps: Deps, intent: SiuIntent) -> Cast:
    patients = []
    if intent.patient is not None:
        actor = await feed_people.patient(tx, deps, intent.patient, intent.patient_removed)
        part = intent.patient_participant or {"required": "required", "status": "accepted"}
        patients = [(actor, part)]
        patients += [
            (await feed_people.patient(tx, deps, each), part) for each in intent.other_patients
        ]
    actors = [(each, await feed_people.actor(tx, deps, each.resource)) for each in intent.actors]
    return Cast(tuple(patients), tuple(actors))


async def _change(
    tx: Transaction,
    deps: Deps,
    intent: SiuIntent,
    cast: Cast,
    old: Stored | None,
    profile: SenderProfile,
    keys: list[tuple[str, str]],
) -> Stored:
    before = old.resource() if old else None
    resource = merged(intent, cast, before, deps.ids.new())
    _check(resource)
    if resource["status"] in HOLDING:
        held = slot_ids(before) if before else ()
        found = await feed_slots.slots_for(tx, deps, resource, held, intent.schedule)
        resource["slot"] = [tasks.reference(f"Slot/{each}") for each in found]
    if not resource.get("slot"):
        resource.pop("slot", None)
    if resource["status"] in TIMELESS - {"cancelled"} and "start" not in intent.appointment:
        resource.pop("slot", None)
    by = By.FEED if profile.authority == "filler" else By.OPERATION
    change = Change(resource, by, old, method="PUT" if old else "POST", keys=tuple(keys))
    try:
        return (await appointments.apply(tx, deps, change)).stored
    except TimeTakenError as error:
        text = "The time is taken; this sender may ask for time but not overbook"
        raise GatewayError(
            Category.CONFLICT, Issue(text, ("SCH^1^11", "TQ1^1^7"), "conflict", "slot-taken")
        ) from error


def _check(resource: Resource) -> None:
    """What a message makes must be as valid as what a client sends."""
    if not resource.get("participant"):
        text = "The message names nobody: neither a patient nor a practitioner, place or device"
        raise GatewayError(
            Category.UNPROCESSABLE, Issue(text, ("PID", "AIP", "AIL", "AIG"), "required")
        )
    try:
        validate(resource, type_name="Appointment")
    except GatewayError as error:
        raise GatewayError(Category.UNPROCESSABLE, *error.issues) from error


async def _open_match_task(
    tx: Transaction, deps: Deps, intent: SiuIntent, error: AmbiguousError
) -> None:
    """Ask people whom a message is about."""
    now = deps.clock.now()
    task = tasks.new_task(
        deps.ids.new(), TASK_MATCH_IDENTITY, now, "The identifiers of a message belong to several"
    )
    task["input"] = [tasks.entry("message", valueString=intent.control_id[:200] or "-")] + [
        tasks.entry("candidate", valueReference=tasks.reference(each)) for each in error.refs
    ]
    zone = deps.tenants[tx.tenant].zone
    await resources.write(tx, Write(task, method="POST"), now=now, zone=zone)
