"""What does a scheduling message do?

A statement of fact by the system of record: applied in the order of the sender's clock, never
refused for an overlap. Decisions 5, 9, 14 and 20; hl7v2.md sections 2.1 and 2.3.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from fhir_gateway.core.codes import HOLDING, TERMINAL, TIMELESS
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.engines.lifecycle import By, transition
from fhir_gateway.fhir.validation import validate
from fhir_gateway.hl7.ack import Reply
from fhir_gateway.mapping.intent import ActorIntent, SiuIntent
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.triggers import ENDINGS, REDUCING, REOPENING
from fhir_gateway.storage import inbox
from fhir_gateway.storage.inbox import FeedState
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import (
    appointments,
    echoes,
    feed_people,
    feed_series,
    feed_slots,
    identifying,
    queue_arrivals,
    tasks,
)
from fhir_gateway.usecases.appointments import Change, TimeTakenError
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.explaining import explained_within, in_words
from fhir_gateway.usecases.feed_merge import merged
from fhir_gateway.usecases.feed_order import is_late, older, remember, superseded
from fhir_gateway.usecases.feed_participants import Cast

Resource = dict[str, Any]

#: What somebody known by name only is, by the segment that names them.
_TYPES = {"AIP": "Practitioner", "AIL": "Location", "SCH": "Practitioner"}


@dataclass(slots=True)
class Applied:
    """What became of a message.

    Attributes:
        appointment: Id of the Appointment; None where none was touched.
        issues: What was odd, for the inbox.
        reply: What is answered besides, to a request or a query.
    """

    appointment: str | None = None
    issues: list[Issue] = field(default_factory=list)
    reply: Reply | None = None


async def apply_siu(
    tx: Transaction,
    deps: Deps,
    intent: SiuIntent,
    profile: SenderProfile,
    *,
    asks: bool = False,
    replayed: bool = False,
) -> Applied:
    """Apply a message in the caller's transaction.

    Equal times of sending count as the order of receipt.

    Args:
        tx: Open transaction.
        deps: See Deps.
        intent: What the message says.
        profile: The sender's.
        asks: Whether it is no statement but a request: about an appointment that has to be known,
            and never left undone in silence.
        replayed: Whether it waited while others came: those of the same moment, or of none, are
            newer then if they were received later.

    Raises:
        AmbiguousError: its identifiers belong to several records.
        GatewayError: not-found or a business rule, for a request; unprocessable, where no valid
            Appointment comes of it; conflict, where a sender that only asks wants a time that is
            taken.
    """
    check_identifiers(intent)
    intent = await echoes.recognised(tx, deps, intent, profile)
    keys = [(each["system"], each["value"]) for each in intent.keys]
    parents = [(each["system"], each["value"]) for each in intent.parents]
    inbox.lock_keys_first(tx, [*keys, *parents])
    known = await feed_people.find(tx, "Appointment", keys)
    told = await inbox.told(tx, known, keys) if known else inbox.Told(None, None, frozenset())
    old, state = told.stored, told.state
    children = await feed_series.children(tx, intent, keys)
    if asks and old is None and not children:
        text = "No such appointment is known"
        raise GatewayError(Category.NOT_FOUND, Issue(text, ("SCH^1^2", "SCH^1^1"), "not-found"))
    if old is None and not children:
        why = await _unapplied_to_unknown(tx, intent, keys, parents)
    else:
        why = _unapplied(intent, old, state, replayed=replayed)
    if why is not None and asks:
        raise GatewayError(Category.UNPROCESSABLE, replace(why, code="business-rule"))
    if why is None and old is not None and not asks:
        why = await echoes.outdated(tx, deps, intent, old)
        if why is not None:
            await echoes.learn(tx, deps, old, intent.keys)
    if why is not None:
        return Applied(old.id if old else None, [*intent.warnings, why])
    cast = await cast_of(tx, deps, intent)
    applied = Applied(None, list(intent.warnings))
    by = By.OPERATION if asks or profile.authority == "placer" else By.FEED
    if old is not None or not children:
        changed = await _change(tx, deps, intent, cast, old, by, told.keys)
        remember(tx, changed.id, intent, state)
        await inbox.set_parents(tx, changed.id, parents)
        applied.appointment = changed.id
        if by is By.FEED:
            applied.issues += await queue_arrivals.follow(tx, deps, old, changed)
    if children:
        await _change_children(tx, deps, intent, children, by, replayed=replayed)
        if intent.event_effective in ENDINGS:
            await inbox.bury(tx, keys, intent.event_effective, _when(intent))
        text = f"{len(children)} of its parts have neither begun nor ended; the same goes for them"
        applied.issues.append(Issue(text, ("SCH^1^2",), "informational", "series"))
    return applied


async def _change_children(
    tx: Transaction,
    deps: Deps,
    intent: SiuIntent,
    children: Sequence[tuple[Stored, SiuIntent]],
    by: By,
    *,
    replayed: bool,
) -> None:
    """Let what is said about a whole go for its parts, unless they have heard something newer."""
    for stored, told in children:
        state = await inbox.feed_state(tx, stored.id)
        if not _is_late(intent, state, replayed=replayed):
            await _change(tx, deps, told, await cast_of(tx, deps, told), stored, by)
            remember(tx, stored.id, intent, state)


def _when(intent: SiuIntent) -> datetime:
    return intent.message_time or intent.received_at


def check_identifiers(intent: SiuIntent) -> None:
    """Refuse what could never be found again.

    Raises:
        GatewayError: unprocessable.
    """
    people = [intent.patient or {}, *intent.other_patients, *(e.resource for e in intent.actors)]
    told = [each for one in people for each in one.get("identifier", ())]
    identifying.check_lengths([*intent.keys, *intent.parents, *told])


def _unapplied(
    intent: SiuIntent, old: Stored | None, state: FeedState | None, *, replayed: bool
) -> Issue | None:
    """Why a message about a known appointment changes nothing; None where it is to be applied."""
    if old is None:
        return None
    if _is_late(intent, state, replayed=replayed):
        return superseded("a newer message about the appointment has been applied")
    before = old.resource()["status"]
    after = intent.status or before
    reopens = before in TERMINAL and after not in TERMINAL
    if transition(before, after, By.FEED) or (reopens and intent.event not in REOPENING):
        return superseded(f"{intent.event} does not make one that is {before} {after}")
    return None


async def _unapplied_to_unknown(
    tx: Transaction,
    intent: SiuIntent,
    keys: list[tuple[str, str]],
    parents: list[tuple[str, str]],
) -> Issue | None:
    """Bury what ends before it is known; let nothing older than that rise again.

    Raises:
        GatewayError: not-found, where there is nothing that could be taken out of it.
    """
    if intent.event_effective in ENDINGS:
        await inbox.bury(tx, keys, intent.event_effective, _when(intent))
        text = "The appointment is not known; a later message about its past will not book it"
        return Issue(text, ("SCH^1^2",), "not-found", "unknown-appointment")
    if intent.event in REDUCING:
        text = "The appointment is not known; nothing can be taken out of it"
        issue = Issue(text, ("SCH^1^2",), "not-found", "unknown-appointment")
        raise GatewayError(Category.NOT_FOUND, issue)
    buried = await inbox.buried_at(tx, [*keys, *parents])
    if buried is not None and (_when(intent) == buried or older(_when(intent), buried)):
        return superseded("the appointment was ended by a newer message")
    return None


def _is_late(intent: SiuIntent, state: FeedState | None, *, replayed: bool) -> bool:
    """S17 is never late: an id entered in error is not used again (hl7v2.md section 2.1)."""
    return intent.event_effective != "S17" and is_late(intent, state, replayed=replayed)


async def cast_of(tx: Transaction, deps: Deps, intent: SiuIntent) -> Cast:
    """Everybody whom a message names, made known where they are not.

    Raises:
        AmbiguousError: the identifiers of one belong to several records.
    """
    everybody = [intent.patient, *intent.other_patients, *(e.resource for e in intent.actors)]
    known = await feed_people.look_up(tx, [each for each in everybody if each is not None])
    patients = []
    if intent.patient is not None:
        actor = await feed_people.patient(
            tx, deps, intent.patient, intent.patient_removed, known=known
        )
        part = intent.patient_participant or {"required": "required", "status": "accepted"}
        patients = [(actor, part)]
        patients += [
            (await feed_people.patient(tx, deps, each, known=known), part)
            for each in intent.other_patients
        ]
    actors = [
        (each, _typed(each, await feed_people.actor(tx, deps, each.resource, known=known)))
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
    by: By,
    registered: Collection[tuple[str, str]] = (),
) -> Stored:
    resource = merged(intent, cast, old.resource() if old else None, deps.ids.new())
    check(resource, intent)
    await _choose_slots(tx, deps, resource, intent)
    keys = [(each["system"], each["value"]) for each in feed_people.foreign(intent.keys)]
    change = Change(
        resource,
        by,
        old,
        method="PUT" if old else "POST",
        keys=tuple(each for each in keys if each not in registered),
    )
    try:
        return (await appointments.apply(tx, deps, change)).stored
    except TimeTakenError as error:
        told = in_words(await explained_within(tx, deps, error))
        places = ("SCH^1^11", "TQ1^1^7")
        raise GatewayError(Category.CONFLICT, replace(told, expression=places)) from error


async def _choose_slots(tx: Transaction, deps: Deps, resource: Resource, intent: SiuIntent) -> None:
    """Set Appointment.slot; what has ended keeps those that it had."""
    if resource["status"] in HOLDING:
        found = await feed_slots.slots_for(tx, deps, resource, intent.schedule)
        resource["slot"] = [tasks.reference(f"Slot/{each}") for each in found]
    if resource["status"] in TIMELESS - {"cancelled"} or not resource.get("slot"):
        resource.pop("slot", None)


def check(resource: Resource, intent: SiuIntent) -> None:
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
        validate(resource, type_name="Appointment")
    except GatewayError as error:
        issues = [replace(e, expression=_places(e.expression, intent)) for e in error.issues]
        raise GatewayError(Category.UNPROCESSABLE, *issues) from error


def _places(expressions: Iterable[str], intent: SiuIntent) -> tuple[str, ...]:
    """FHIRPaths, and the fields that the elements were read from."""
    told = tuple(expressions)
    elements = [each.removeprefix("Appointment.").partition("[")[0] for each in told]
    return told + tuple(intent.provenance[each] for each in elements if each in intent.provenance)
