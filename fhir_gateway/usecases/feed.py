"""What does a scheduling message do?

A statement of fact by the system of record: applied in the order of the sender's clock, never
refused for an overlap. Decisions 5, 9, 14 and 20; hl7v2.md sections 2.1 and 2.3.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from fhir_gateway.core.codes import HOLDING, TIMELESS
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref
from fhir_gateway.engines.lifecycle import By, transition
from fhir_gateway.fhir.validation import validate
from fhir_gateway.mapping.intent import ActorIntent, SiuIntent
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.storage import inbox, resources
from fhir_gateway.storage.inbox import FeedState
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import appointments, echoes, feed_people, feed_slots, tasks
from fhir_gateway.usecases.appointments import Change, TimeTakenError
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_merge import merged
from fhir_gateway.usecases.feed_participants import Cast

Resource = dict[str, Any]

#: Events that end an appointment; for an unknown one they leave a tombstone.
_ENDINGS = frozenset({"S15", "S16", "S17"})
#: What somebody known by name only is, by the segment that names them.
_TYPES = {"AIP": "Practitioner", "AIL": "Location", "SCH": "Practitioner"}
#: HL7 2.3 brought the scheduling messages; a clock that says less was never set.
_FIRST_SIU = 1997
#: Longer values cannot be looked up.
_LONGEST_IDENTIFIER = 500


@dataclass(slots=True)
class Applied:
    """What became of a message.

    Attributes:
        appointment: Id of the Appointment; None where none was touched.
        issues: What was odd, for the inbox.
    """

    appointment: str | None = None
    issues: list[Issue] = field(default_factory=list)


async def apply_siu(
    tx: Transaction, deps: Deps, intent: SiuIntent, profile: SenderProfile
) -> Applied:
    """Apply a message in the caller's transaction.

    Equal times of sending count as the order of receipt.

    Args:
        tx: Open transaction.
        deps: See Deps.
        intent: What the message says.
        profile: The sender's.

    Raises:
        AmbiguousError: its identifiers belong to several records.
        GatewayError: unprocessable, where no valid Appointment comes of it; conflict, where a
            sender that only asks wants a time that is taken.
    """
    _check_identifiers(intent)
    intent = await echoes.recognised(tx, deps, intent, profile)
    keys = [(each["system"], each["value"]) for each in intent.keys]
    await inbox.lock_keys(tx, keys)
    known = await feed_people.find(tx, "Appointment", keys)
    old = await resources.read(tx, Ref("Appointment", known), lock=True) if known else None
    state = await inbox.feed_state(tx, old.id) if old else None
    why = await _unapplied(tx, intent, keys, old, state)
    if why is None and old is not None:
        why = await echoes.outdated(tx, deps, intent, old)
        if why is not None:
            await echoes.learn(tx, deps, old, intent.keys)
    if why is not None:
        return Applied(old.id if old else None, [*intent.warnings, why])
    cast = await _cast(tx, deps, intent)
    changed = await _change(tx, deps, intent, cast, old, profile)
    told = [each for each in (intent.message_time, state and state.message_time) if each]
    newest = FeedState(max(told, default=None), intent.received_at, intent.control_id)
    await inbox.set_feed_state(tx, changed.id, newest)
    return Applied(changed.id, list(intent.warnings))


def _check_identifiers(intent: SiuIntent) -> None:
    """Refuse what could never be found again.

    Raises:
        GatewayError: unprocessable.
    """
    people = [intent.patient or {}, *intent.other_patients, *(e.resource for e in intent.actors)]
    told = [*intent.keys, *(each for one in people for each in one.get("identifier", ()))]
    if any(len(each["system"]) + len(each["value"]) > _LONGEST_IDENTIFIER for each in told):
        text = f"An identifier is longer than {_LONGEST_IDENTIFIER} characters with its system"
        raise GatewayError(Category.UNPROCESSABLE, Issue(text, ("SCH^1",), "too-long"))


async def _unapplied(
    tx: Transaction,
    intent: SiuIntent,
    keys: list[tuple[str, str]],
    old: Stored | None,
    state: FeedState | None,
) -> Issue | None:
    """Why a message changes nothing; None where it is to be applied."""
    if old is None:
        return await _unapplied_to_unknown(tx, intent, keys)
    if _is_late(intent, state):
        return _superseded("a newer message about the appointment has been applied")
    before = old.resource()["status"]
    if transition(before, intent.status or before, By.FEED) is not None:
        return _superseded(f"an appointment that is {before} cannot become {intent.status}")
    return None


async def _unapplied_to_unknown(
    tx: Transaction, intent: SiuIntent, keys: list[tuple[str, str]]
) -> Issue | None:
    """Bury what ends before it is known; let nothing older than that rise again."""
    when = intent.message_time or intent.received_at
    if intent.event_effective in _ENDINGS:
        await inbox.bury(tx, keys, intent.event_effective, when)
        text = "The appointment is not known; a later message about its past will not book it"
        return Issue(text, ("SCH^1^2",), "not-found", "unknown-appointment")
    buried = await inbox.buried_at(tx, keys)
    if buried is not None and (when == buried or _older(when, buried)):
        return _superseded("the appointment was ended by a newer message")
    return None


def _is_late(intent: SiuIntent, state: FeedState | None) -> bool:
    """Whether a newer message about the same appointment has been applied already.

    S17 is never late: an id that was entered in error is not used again (hl7v2.md section 2.1).
    """
    if state is None or state.message_time is None or intent.message_time is None:
        return False
    return intent.event_effective != "S17" and _older(intent.message_time, state.message_time)


def _older(one: datetime, other: datetime) -> bool:
    """Whether a message was sent before another, as far as their clocks can be compared."""
    both_set = (one.year < _FIRST_SIU) == (other.year < _FIRST_SIU)
    return both_set and one < other


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
    actors = [
        (each, _typed(each, await feed_people.actor(tx, deps, each.resource)))
        for each in intent.actors
    ]
    return Cast(tuple(patients), tuple(actors))


def _typed(intent: ActorIntent, actor: Resource) -> Resource:
    """A bare name with what it is the name of, so that it can be replaced by another."""
    kind = _TYPES.get(intent.source.partition("^")[0])
    return actor if "reference" in actor or kind is None else {"type": kind} | actor


async def _change(
    tx: Transaction,
    deps: Deps,
    intent: SiuIntent,
    cast: Cast,
    old: Stored | None,
    profile: SenderProfile,
) -> Stored:
    resource = merged(intent, cast, old.resource() if old else None, deps.ids.new())
    _check(resource, intent)
    await _choose_slots(tx, deps, resource, intent)
    change = Change(
        resource,
        By.FEED if profile.authority == "filler" else By.OPERATION,
        old,
        method="PUT" if old else "POST",
        keys=tuple((each["system"], each["value"]) for each in feed_people.foreign(intent.keys)),
        source=intent.sender,
    )
    try:
        return (await appointments.apply(tx, deps, change)).stored
    except TimeTakenError as error:
        text = "The time is taken; this sender may ask for time but not overbook"
        raise GatewayError(
            Category.CONFLICT, Issue(text, ("SCH^1^11", "TQ1^1^7"), "conflict", "slot-taken")
        ) from error


async def _choose_slots(tx: Transaction, deps: Deps, resource: Resource, intent: SiuIntent) -> None:
    """Set Appointment.slot; what has ended keeps those that it had."""
    if resource["status"] in HOLDING:
        found = await feed_slots.slots_for(tx, deps, resource, intent.schedule)
        resource["slot"] = [tasks.reference(f"Slot/{each}") for each in found]
    if resource["status"] in TIMELESS - {"cancelled"} or not resource.get("slot"):
        resource.pop("slot", None)


def _check(resource: Resource, intent: SiuIntent) -> None:
    """What a message makes must be as valid as what a client sends.

    Raises:
        GatewayError: unprocessable, with the places in the message where they are known.
    """
    if not resource.get("participant"):
        text = "The message names nobody: neither a patient nor a practitioner, place or device"
        raise GatewayError(
            Category.UNPROCESSABLE, Issue(text, ("PID", "AIP", "AIL", "AIG"), "required")
        )
    try:
        validate(resource, type_name="Appointment", second_opinion=False)
    except GatewayError as error:
        issues = [replace(e, expression=_places(e.expression, intent)) for e in error.issues]
        raise GatewayError(Category.UNPROCESSABLE, *issues) from error


def _places(expressions: Iterable[str], intent: SiuIntent) -> tuple[str, ...]:
    """FHIRPaths, and the fields that the elements were read from."""
    told = tuple(expressions)
    elements = [each.removeprefix("Appointment.").partition("[")[0] for each in told]
    return told + tuple(intent.provenance[each] for each in elements if each in intent.provenance)
