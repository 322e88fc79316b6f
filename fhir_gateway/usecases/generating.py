"""Which Slots shall a Schedule have from now on, and what is to be done about those that it has?

The rules say which times are offered; Slots are made for those that have none, and taken away where
the rules no longer offer them. Only Slots that were generated are touched, and of these none that
holds time. Decision 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_AVAILABILITY, EXT_ORIGIN
from fhir_gateway.core.ids import slot_id
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import Interval, format_instant
from fhir_gateway.engines.availability import days_of, overlapping, slot_times
from fhir_gateway.fhir import json
from fhir_gateway.fhir.date_ranges import period_range
from fhir_gateway.storage import generated_slots, locks, resource_batches, resources, slot_statuses
from fhir_gateway.storage.generated_slots import OwnSlot
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Write
from fhir_gateway.usecases import storing
from fhir_gateway.usecases.availability import Availability, availability_of
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.holiday_dates import holidays
from fhir_gateway.usecases.seats import with_seats
from fhir_gateway.usecases.slot_states import is_stale, refresh_slots
from fhir_gateway.usecases.zones import extension, part, zone_of

Resource = dict[str, Any]

#: How far ahead there are Slots (decision 9).
HORIZON = timedelta(days=90)
GENERATED = "generated"
_WITHDRAWN = "entered-in-error"
#: What a Slot has from its Schedule.
_INHERITED = ("serviceCategory", "serviceType", "specialty")
_BATCH = 500


@dataclass(slots=True)
class Outcome:
    """What was done, or would be.

    Attributes:
        created: New Slots.
        kept: Generated Slots that stay as they are, and those that hold time.
        changed: Free generated Slots that got another length or other services.
        removed: Free generated Slots that the rules no longer offer.
        blocked: Times of the rules for which there is no Slot, because another Slot lies there.
    """

    created: int = 0
    kept: int = 0
    changed: int = 0
    removed: int = 0
    blocked: int = 0


@dataclass(slots=True)
class _Plan:
    """What is to be done: whole Slots, and ids."""

    new: list[Resource] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    changed: dict[str, Resource] = field(default_factory=dict)
    surplus: list[str] = field(default_factory=list)
    blocked: int = 0


async def generate(tx: Transaction, deps: Deps, schedule: Stored, *, dry: bool = False) -> Outcome:
    """Bring the Slots of a Schedule to what its rules say, from now to the horizon.

    Args:
        tx: Open transaction.
        deps: See Deps.
        schedule: As read in it. Without rules, or inactive, it offers nothing.
        dry: Whether only to say what would be done.

    Returns:
        Counts; a second call at the same time counts nothing but kept and blocked.
    """
    if not dry:
        await locks.hold(tx, [f"generate|{schedule.ref}"])
        schedule = await resources.read(tx, schedule.ref) or schedule  # who waited reads it anew
    tree = schedule.resource()
    zone = await zone_of(tx, deps, tree)
    now = deps.clock.now()
    span = Interval(now, now + HORIZON)
    offered = _offered(tree, availability_of(tree, zone), zone, span)
    there = await generated_slots.slots_of(tx, schedule.id, span)
    plan = _plan(tree, offered, zone, there, now)
    outcome = Outcome(
        len(plan.new), len(plan.kept), len(plan.changed), len(plan.surplus), plan.blocked
    )
    if not dry:
        await _carry_out(tx, deps, plan, outcome)
    return outcome


def _plan(
    schedule: Resource,
    offered: Sequence[Interval],
    zone: ZoneInfo,
    there: Sequence[OwnSlot],
    now: datetime,
) -> _Plan:
    wanted = {slot_id(schedule["id"], each.start): each for each in offered}
    trees = {each.id: json.parse(each.content) for each in there if each.status != _WITHDRAWN}
    generated = {key for key, tree in trees.items() if _origin(tree) == GENERATED}
    live = [each for each in there if each.id in trees]
    ours = [each for each in live if each.id in generated]
    loose = {each.id for each in ours if each.status == "free" and each.start >= now}
    staying = [each.span for each in live if each.id not in loose]
    names = list(wanted)
    in_the_way = {names[place] for place in overlapping(offered, staying)}
    plan = _Plan()
    for each in ours:
        time = wanted.get(each.id)
        fitting = _slot(schedule, each.id, time, zone, trees[each.id]) if time else None
        if each.id not in loose or fitting == trees[each.id]:
            plan.kept.append(each.id)
        elif fitting is None or each.id in in_the_way:
            plan.surplus.append(each.id)
        else:
            plan.changed[each.id] = fitting
    plan.blocked = len(in_the_way.difference(plan.kept))
    missing = [each for each in wanted if each not in trees and each not in in_the_way]
    plan.new = [_slot(schedule, each, wanted[each], zone) for each in missing]
    return plan


def _origin(slot: Resource) -> str | None:
    origin: str | None = (extension(slot, EXT_ORIGIN) or {}).get("valueCode")
    return origin


def _offered(
    schedule: Resource, availability: Availability | None, zone: ZoneInfo, span: Interval
) -> tuple[Interval, ...]:
    """What the rules offer inside the time that the Schedule says it is planned for."""
    if availability is None or schedule.get("active") is False:
        return ()
    planned = period_range(schedule.get("planningHorizon") or {}, zone)
    if planned is not None:
        start, end = max(span.start, planned[0]), min(span.end, planned[1])
        if start >= end:
            return ()
        span = Interval(start, end)
    rules = availability.rules
    return slot_times(rules, span, holidays(availability.calendar, days_of(rules, span)))


def _slot(
    schedule: Resource, name: str, time: Interval, zone: ZoneInfo, before: Resource | None = None
) -> Resource:
    """The Slot of a time, as the Schedule has it; one that is there keeps what is its own."""
    kept = {key: value for key, value in (before or {}).items() if key not in _INHERITED}
    made = {
        "resourceType": "Slot",
        "id": name,
        "extension": [{"url": EXT_ORIGIN, "valueCode": GENERATED}],
        "schedule": {"reference": f"Schedule/{schedule['id']}"},
        "status": "free",
    }
    given = {each: schedule[each] for each in _INHERITED if each in schedule}
    times = {
        "start": format_instant(time.start.astimezone(zone)),
        "end": format_instant(time.end.astimezone(zone)),
    }
    slot = made | kept | given | times
    seats = part(extension(schedule, EXT_AVAILABILITY), "capacity") or 1
    return slot | {"extension": with_seats(slot["extension"], seats)}


async def _carry_out(tx: Transaction, deps: Deps, plan: _Plan, outcome: Outcome) -> None:
    outcome.removed = await _withdraw(tx, deps, plan.surplus)
    outcome.kept += len(plan.surplus) - outcome.removed
    outcome.changed = await _rewrite(tx, deps, plan.changed)
    outcome.kept += len(plan.changed) - outcome.changed
    await _create(tx, deps, plan.new)
    ids = [*(each["id"] for each in plan.new), *plan.kept, *plan.changed]
    stale = [each.id for each in await slot_statuses.states_of_slots(tx, ids) if is_stale(each)]
    await refresh_slots(tx, deps, stale)


async def _free(tx: Transaction, ids: list[str]) -> dict[str, Stored]:
    """Those of some Slots in which nobody is, locked, so that nobody books them meanwhile."""
    return {
        each.id: each.stored
        for each in await slot_statuses.locked(tx, ids)
        if each.status == each.derived == "free" and not each.seated and each.stored is not None
    }


async def _withdraw(tx: Transaction, deps: Deps, ids: list[str]) -> int:
    """Delete Slots; those that something points to stay, and are no longer offered."""
    if not ids:
        return 0
    free = await _free(tx, ids)
    named = await resource_batches.referenced(tx, [Ref("Slot", each) for each in free])
    kept = [free[each.id] for each in named]
    withdrawn = [
        resources.replacing(each, each.resource() | {"status": _WITHDRAWN}) for each in kept
    ]
    await storing.store_all(tx, deps, withdrawn)
    gone = [each for each in free.values() if each.ref not in named]
    await resource_batches.remove(tx, gone, now=deps.clock.now())
    return len(free)


async def _rewrite(tx: Transaction, deps: Deps, changed: dict[str, Resource]) -> int:
    if not changed:
        return 0
    free = await _free(tx, list(changed))
    writes = [resources.replacing(each, changed[key]) for key, each in free.items()]
    await storing.store_all(tx, deps, writes)
    return len(writes)


async def _create(tx: Transaction, deps: Deps, new: list[Resource]) -> None:
    """Add Slots, also such as were there before and have been deleted or withdrawn."""
    ids = [each["id"] for each in new]
    withdrawn = await resources.read_many(tx, "Slot", ids, lock=True)
    again = [resources.replacing(withdrawn[e["id"]], e) for e in new if e["id"] in withdrawn]
    await storing.store_all(tx, deps, again)
    fresh = [each for each in new if each["id"] not in withdrawn]
    before = await resource_batches.deleted(tx, "Slot", [each["id"] for each in fresh])
    zone = deps.tenants[tx.tenant].zone
    for first in range(0, len(fresh), _BATCH):
        writes = [_first(each, before.get(each["id"])) for each in fresh[first : first + _BATCH]]
        await resource_batches.add(tx, "Slot", writes, now=deps.clock.now(), zone=zone)


def _first(slot: Resource, gone: Stored | None) -> Write:
    if gone is None:
        return Write(slot, method="POST")
    return Write(slot, gone.version, gone.last_updated, "POST", revives=True)
