"""How does an Appointment change?

The half that lives inside a caller's transaction: REST, operations, the waitlist and the feed all
come through here, so that time is taken, given back and explained in one way. Decisions 8, 9, 14
and 15.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from fhir_gateway.core.codes import HOLDING, SYSTEM_REASON
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.time import Interval, subtract
from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.lifecycle import By, transition
from fhir_gateway.storage import engagements, outbox, promotions, resources
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import RaceLostError, Transaction
from fhir_gateway.storage.resources import Stored, Write
from fhir_gateway.storage.slot_statuses import SlotState
from fhir_gateway.usecases import (
    conflict_tasks,
    counting,
    freed,
    identifying,
    seats,
    storing,
    telling,
)
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import Around, Needs, Resource, needs, slot_ids, span_of
from fhir_gateway.usecases.slot_states import areas_of, refresh

#: An outbox event: the EHR took time that was on offer; the offers have to be withdrawn.
OFFER_DISPLACED = "offer-displaced"


class TimeTakenError(Exception):
    """The time is somebody else's; the caller rolls back and explains.

    Attributes:
        appointment: What was to be booked.
        needs: What it would have held.
        patient_only: Whether it is the patient who is elsewhere.
    """

    def __init__(self, appointment: Resource, wanted: Needs, *, patient_only: bool = False) -> None:
        super().__init__("time taken")
        self.appointment = appointment
        self.needs = wanted
        self.patient_only = patient_only


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one Appointment.

    Args:
        resource: As it shall be, with id.
        by: Whose word it is. The feed's is never refused (decision 14).
        old: What it replaces; None for a new one.
        method: For the history.
        revives: The deletion that comes before a new one with the same id.
        keys: Identifiers that identify it; None reads them from the resource.
        around: What is stored around it, where that has been read in this transaction.
    """

    resource: Resource
    by: By
    old: Stored | None = None
    method: str = "PUT"
    revives: Write | None = None
    keys: tuple[tuple[str, str], ...] | None = None
    around: Around | None = None


@dataclass(slots=True)
class Changed:
    """What became of it.

    Attributes:
        stored: The version written.
        overlaps: Rows of the EHR's booking that stand beside somebody else's.
        freed: Ids of the Tasks made for time that was given up.
    """

    stored: Stored
    overlaps: list[Engagement] = field(default_factory=list)
    freed: list[str] = field(default_factory=list)


async def apply(tx: Transaction, deps: Deps, change: Change) -> Changed:
    """Carry out a change with all that follows from it in the same transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        change: The resource has been validated and its references exist.

    Raises:
        GatewayError: unprocessable, for a status that cannot follow or a time outside its Slots;
            duplicate, for an identifier that is in use.
        TimeTakenError: for all but the feed.
    """
    old = change.old.resource() if change.old else None
    awaits = _awaits(tx, deps, old, change)
    if awaits or await _awaited(tx, old, change):
        change = replace(change, resource={**change.resource, "status": "pending"})
    _check_transition(old, change)
    wanted = await needs(tx, change.resource, change.around)
    before = await engagements.of_appointment(tx, change.resource["id"]) if old else []
    lost, added, judged = _difference(before, wanted)
    await engagements.release(tx, (each.id for each in lost))
    await promotions.certain(tx, (each.id for each in judged), tentative=_is_pending(change))
    overlaps, ended = await _take(tx, change, wanted, added)
    promoted = await promotions.promote(
        tx, {each.actor_key for each in lost if each.exclusive}, _hull(lost)
    ) if any(each.exclusive for each in lost) else []  # fmt: skip
    stored = await _write(tx, deps, change)
    counting.moved(tx, old, change.resource, stored.last_updated)
    states = await refresh(tx, deps, areas_of([*lost, *ended, *added, *judged, *promoted]))
    if any(each.exclusive for each in added) and not _are_there(wanted, added, states):
        raise RaceLostError  # somebody took a Slot away meanwhile, or some of its time or seats
    await telling.tell(tx, deps, old, change.resource, awaits=awaits)
    changed = Changed(stored, overlaps)
    for each in overlaps:
        await conflict_tasks.open_task(tx, deps, stored.id, each)
    settled = [each.appointment for each in promoted if each.appointment]
    if len(settled) < len(promoted) and not await _beside_block(tx, wanted):
        settled.append(stored.id)
    await conflict_tasks.close_tasks(tx, deps, settled)
    if old is not None and _gives_up(old, change.resource):
        free = _given_up(lost, added, promoted)
        why = change.resource.get("cancelationReason")
        given_up = {**old, "cancelationReason": why} if why else old
        changed.freed = await freed.open_tasks(tx, deps, given_up, free)
    return changed


def _awaits(tx: Transaction, deps: Deps, old: Resource | None, change: Change) -> bool:
    """Whether a client's booking is pending until the EHR's application has confirmed it."""
    booked = change.by is By.CLIENT and change.resource["status"] == "booked"
    held = old is not None and old["status"] in HOLDING
    return booked and not held and telling.awaited(tx, deps)


async def _awaited(tx: Transaction, old: Resource | None, change: Change) -> bool:
    """Whether a client calls booked what the EHR's application has still to confirm."""
    if change.by is not By.CLIENT or change.resource["status"] != "booked":
        return False
    pending = old is not None and old["status"] == "pending"
    return pending and await telling.unconfirmed(tx, change.resource["id"])


def _is_pending(change: Change) -> bool:
    return bool(change.resource["status"] == "pending")


def _are_there(wanted: Needs, added: Sequence[Engagement], states: Iterable[SlotState]) -> bool:
    """Whether the Slots that are booked are what they were, now that they are locked.

    Where somebody's time stays taken as it was, not all are locked, nor can they have changed.
    """
    locked = {each.id: each.stored for each in states if each.stored is not None}
    anew = set(wanted.exclusive).issubset(added)
    times = [each.during for each in added if each.exclusive]
    for each in wanted.slots:
        now, span = locked.get(each["id"]), span_of(each)
        if now is not None and not seats.offers_the_same(each, now):
            return False
        if now is None and anew and span is not None and all(map(span.overlaps, times)):
            return False
    return True


async def _beside_block(tx: Transaction, wanted: Needs) -> bool:
    """Whether a block waits for time that is held."""
    for each in wanted.exclusive:
        others = await engagements.overlapping(tx, [each.actor_key], each.during)
        if any(other.kind == engagements.BLOCK and not other.active for other in others):
            return True
    return False


def _check_transition(old: Resource | None, change: Change) -> None:
    if old is None:
        return
    refusal = transition(old["status"], change.resource["status"], change.by)
    if refusal is not None:
        raise refused(refusal, "Appointment.status")


def refused(refusal: Refusal, expression: str) -> GatewayError:
    """An engine's no as the failure of a request."""
    return GatewayError(
        Category.UNPROCESSABLE, Issue(refusal.text, (expression,), "business-rule", refusal.reason)
    )


def _same(one: Engagement, other: Engagement) -> bool:
    return (
        one.actor_key == other.actor_key
        and one.during == other.during
        and one.core == other.core
        and one.slots == other.slots
        and one.exclusive == other.exclusive
        and (one.share, one.seats) == (other.share, other.seats)
    )


def _difference(
    before: Sequence[Engagement], wanted: Needs
) -> tuple[list[Engagement], list[Engagement], list[Engagement]]:
    """Rows to give back, rows to take, and those that only become certain or uncertain.

    What is held is not judged anew; what stays the same is not touched.
    """
    lost, added, judged = list(before), [], []
    for each in wanted.all:
        there = next((other for other in lost if _same(each, other)), None)
        if there is None:
            added.append(each)
        else:
            lost.remove(there)
            if there.tentative != each.tentative:
                judged.append(there)
    return lost, added, judged


async def _take(
    tx: Transaction, change: Change, wanted: Needs, added: list[Engagement]
) -> tuple[list[Engagement], list[Engagement]]:
    """Take the time.

    Returns:
        The rows that the feed's word put beside others, and the holds that ended for it.
    """
    if not added:
        return [], []
    taken = await engagements.take(tx, added, change.resource["id"])
    by_feed = change.by is By.FEED
    if taken.missing and not by_feed:
        raise TimeTakenError(change.resource, wanted)
    if taken.elsewhere and not by_feed:
        raise TimeTakenError(change.resource, wanted, patient_only=True)
    if not taken.missing:
        return [], list(taken.ended)
    ended = [*taken.ended, *await displace(tx, taken.missing)]
    return await _overlap(tx, taken.missing), ended


async def displace(tx: Transaction, missing: Sequence[Engagement]) -> list[Engagement]:
    """Take back the offers and holds that are in the way of what the EHR says.

    Of those that have seats of the same Slot so many as seats are missing.
    """
    displaced: dict[int, Engagement] = {}
    for each, rows in zip(missing, await engagements.beside(tx, missing), strict=True):
        held = [other for other in rows if other.kind in (engagements.OFFER, engagements.HOLD)]
        sharing = (e for e in held if e.shares_with(each) and e.id not in displaced)
        others = (e for e in held if not e.shares_with(each))
        displaced |= {other.id: other for other in (*others, *islice(sharing, 1))}
    for task in sorted({each.task for each in displaced.values() if each.task}):
        await outbox.publish(tx, OFFER_DISPLACED, {"task": task})
    await engagements.release(tx, displaced)
    return list(displaced.values())


async def _overlap(tx: Transaction, missing: Sequence[Engagement]) -> list[Engagement]:
    """Let the EHR's booking stand beside the one that is there."""
    beside = list(missing)
    for each in await engagements.insert(tx, missing):
        beside.remove(replace(each, id=0))  # one row: of an actor's seats some may be free by now
    overlaps = [replace(each, active=False, kind=engagements.OVERLAP) for each in beside]
    return await engagements.insert(tx, overlaps)


def _hull(rows: Sequence[Engagement]) -> Interval:
    return Interval(min(each.during.start for each in rows), max(each.during.end for each in rows))


async def _write(tx: Transaction, deps: Deps, change: Change) -> Stored:
    if change.old is not None:
        write = resources.replacing(change.old, change.resource, change.method)
    else:
        write = change.revives or Write(change.resource, method=change.method)
    stored = await storing.store(tx, deps, write)
    await identifying.register(tx, change.resource, change.keys, new=change.old is None)
    return stored


def _gives_up(old: Resource, new: Resource) -> bool:
    """Whether booked time may have been given up, as against never having been booked."""
    if old["status"] not in HOLDING or counting.ended_by_waitlist(new):
        return False
    if new["status"] not in HOLDING:
        return True
    return span_of(old) != span_of(new) or slot_ids(old) != slot_ids(new)


def _given_up(
    lost: Iterable[Engagement], added: Iterable[Engagement], promoted: Iterable[Engagement]
) -> list[tuple[Interval, frozenset[int], tuple[str, ...]]]:
    """Times that are free now with whose they are, and the Slots that they were booked through."""
    taken: dict[int, list[Interval]] = {}
    for each in (*added, *promoted):
        taken.setdefault(each.actor_key, []).append(each.core)
    free: dict[Interval, set[int]] = {}
    slots: tuple[str, ...] = ()
    for each in lost:
        if each.exclusive and each.active:
            slots = slots or each.slots
            for span in subtract(each.core, taken.get(each.actor_key, ())):
                free.setdefault(span, set()).add(each.actor_key)
    return [(span, frozenset(keys), slots) for span, keys in sorted(free.items())]


def reason(code: str, text: str) -> dict[str, Any]:
    """Appointment.cancelationReason in our own codes."""
    return {"coding": [{"system": SYSTEM_REASON, "code": code, "display": text}], "text": text}
