"""Which Slots does a booking of the EHR take?

Those of its people that are there already, where they fit its time. Where the first of them has
none, one is made, on a Schedule that is made too where there is none. Decision 9; hl7v2.md 1.12.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.codes import EXT_ORIGIN
from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.core.time import Interval
from fhir_gateway.storage import actors, engagements, locks, resources, slot_facts
from fhir_gateway.storage.actors import ScheduleActor
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import schedules, storing
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import span_of
from fhir_gateway.usecases.zones import extension

Resource = dict[str, Any]

#: Whose Schedule a booking belongs to, the first of them that takes part.
_OWNERS = ("Practitioner", "Device", "Location")
_FEED = "feed"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A Slot that might be taken."""

    id: str
    time: Interval
    made_by_feed: bool


def made_by_feed(resource: Resource) -> bool:
    """Whether a Schedule or a Slot was made for a booking of the EHR."""
    return bool((extension(resource, EXT_ORIGIN) or {}).get("valueCode") == _FEED)


async def slots_for(
    tx: Transaction, deps: Deps, appointment: Resource, schedule: Resource | None
) -> list[str]:
    """Ids of the Slots that a booking takes; empty where nobody is known whose time it is.

    Args:
        tx: Open transaction.
        deps: See Deps.
        appointment: With start and end, its participants known.
        schedule: SCH-5 as an Identifier; with its owner it names the Schedule.
    """
    span = span_of(appointment)
    owners = _owners(appointment)
    if span is None or not owners:
        return []
    known = await actors.by_references(tx, map(str, owners))
    named = await named_schedules(tx, schedule)
    taken: list[str] = []
    seen: set[str] = set()
    for owner in owners:
        own = _ordered(known, owner, named, first=owner == owners[0])
        if not seen.isdisjoint(own):
            continue
        home, found = await _fitting_of(tx, own, span, appointment["id"])
        if not found and owner == owners[0]:
            home = await _home(tx, deps, owner, own, schedule, named)
            found = [await _make_slot(tx, deps, home, appointment)]
        taken += found
        seen |= {home} if found else set()
    return taken


async def schedule_of(tx: Transaction, deps: Deps, owner: Ref, schedule: Resource | None) -> str:
    """Id of the Schedule on which time of somebody is entered; made where there is none.

    Args:
        tx: Open transaction.
        deps: See Deps.
        owner: Whose time it is.
        schedule: SCH-5 as an Identifier, as in `slots_for`.
    """
    named = await named_schedules(tx, schedule)
    known = await actors.by_references(tx, [str(owner)])
    own = _ordered(known, owner, named, first=True)
    return await _home(tx, deps, owner, own, schedule, named)


def _owners(appointment: Resource) -> list[Ref]:
    """Those whose time it is, practitioners first; of the others only who is there all the time."""
    refs: list[Ref] = []
    whole: list[Ref] = []
    for each in appointment["participant"]:
        ref = reference_of(each.get("actor"))
        informed = each.get("required") == "information-only"
        if ref is None or each.get("status") == "declined" or informed:
            continue
        refs.append(ref)
        whole += [ref] if "period" not in each else []
    ordered = [ref for kind in _OWNERS for ref in dict.fromkeys(refs) if ref.type == kind]
    return ordered[:1] + [ref for ref in ordered[1:] if ref in whole]


async def named_schedules(tx: Transaction, schedule: Resource | None) -> list[str]:
    """Ids of the Schedules that go by SCH-5; none where it is not told."""
    if schedule is None:
        return []
    entry = f"identifier|{schedule['system']}|{schedule['value']}"
    return await resources.with_tokens(tx, "Schedule", [entry])


def _ordered(
    known: Sequence[ScheduleActor], owner: Ref, named: Sequence[str], *, first: bool
) -> list[str]:
    """Schedules of an owner, those with the name first.

    One name may be used for the Schedules of many people; whose it is decides. A place that is
    not the owner of the booking counts only where it is exclusive (decision 8).
    """
    own = [each for each in known if each.reference == str(owner) and (first or each.exclusive)]
    return sorted({each.schedule for each in own}, key=lambda each: (each not in named, each))


async def _fitting_of(
    tx: Transaction, own: Sequence[str], span: Interval, appointment: str
) -> tuple[str, list[str]]:
    """The first of these Schedules whose Slots fit, and the Slots."""
    for each in own:
        found = await _fitting(tx, each, span, appointment)
        if found:
            return each, found
    return "", []


async def _fitting(tx: Transaction, schedule: str, span: Interval, appointment: str) -> list[str]:
    """Slots that cover the time without a gap."""
    left = await _candidates(tx, schedule, span, appointment)
    taken: list[str] = []
    reached = span.start
    while reached < span.end:
        on = [each for each in left if each.time.start <= reached < each.time.end]
        if not on:
            return []
        best = min(on, key=lambda e: (reached - e.time.start, abs(e.time.end - span.end), e.id))
        taken.append(best.id)
        reached = best.time.end
    return taken


async def _candidates(
    tx: Transaction, schedule: str, span: Interval, appointment: str
) -> list[_Candidate]:
    """Slots in the time; one made for a booking serves another only if it is free and no longer."""
    stored, keys = await slot_facts.slots_around(tx, schedule, span)
    slots = [
        _Candidate(each["id"], time, made_by_feed(each))
        for each in (one.resource() for one in stored)
        if (time := span_of(each)) is not None
    ]
    if not any(each.made_by_feed for each in slots):
        return slots
    others = await _taken_by_others(tx, keys, span, appointment)
    return [
        each
        for each in slots
        if not each.made_by_feed or (span.contains(each.time) and each.id not in others)
    ]


async def _taken_by_others(
    tx: Transaction, keys: Sequence[int], span: Interval, appointment: str
) -> set[str]:
    """Slots that other Appointments have, or a block is; offers and holds give way to the EHR."""
    rows = await engagements.overlapping(tx, keys, span, without=appointment)
    lasting = [each for each in rows if each.appointment or each.kind == engagements.BLOCK]
    return {slot for each in lasting for slot in each.slots}


async def _home(
    tx: Transaction,
    deps: Deps,
    owner: Ref,
    own: Sequence[str],
    schedule: Resource | None,
    named: Sequence[str],
) -> str:
    """The Schedule for a new Slot: the one named, else any of the owner's, else a new one."""
    if _serves(own, schedule, named):
        return own[0]
    # Bookings that come at once must not make a Schedule each.
    await locks.hold(tx, [f"feed schedule|{owner}"])
    named = await named_schedules(tx, schedule)
    own = _ordered(await actors.by_references(tx, [str(owner)]), owner, named, first=True)
    if _serves(own, schedule, named):
        return own[0]
    return await _make_schedule(tx, deps, owner, schedule)


def _serves(own: Sequence[str], schedule: Resource | None, named: Sequence[str]) -> bool:
    return bool(own) and (schedule is None or own[0] in named)


async def _make_schedule(tx: Transaction, deps: Deps, owner: Ref, schedule: Resource | None) -> str:
    made: Resource = {
        "resourceType": "Schedule",
        "id": deps.ids.new(),
        "extension": [{"url": EXT_ORIGIN, "valueCode": _FEED}],
        "actor": [{"reference": str(owner)}],
    }
    if schedule is not None:
        made["identifier"] = [schedule]
    await storing.add(tx, deps, made)
    await schedules.register(tx, made)
    return str(made["id"])


async def _make_slot(tx: Transaction, deps: Deps, schedule: str, appointment: Resource) -> str:
    """Make a Slot of exactly the booking's time, as the message told it."""
    made: Resource = {
        "resourceType": "Slot",
        "id": deps.ids.new(),
        "extension": [{"url": EXT_ORIGIN, "valueCode": _FEED}],
        "schedule": {"reference": f"Schedule/{schedule}"},
        "status": "free",
        "start": appointment["start"],
        "end": appointment["end"],
    }
    for name in ("serviceType", "specialty", "appointmentType"):
        if name in appointment:
            made[name] = appointment[name]
    await storing.add(tx, deps, made)
    return str(made["id"])
