"""What does it do when the EHR blocks somebody's time, or gives it back?

A block is a Slot of its own on the resource's Schedule, busy-unavailable, known by the ids of SCH.
It takes what is free; a booking that is in its time stays, people are asked, and what the booking
gives back later belongs to the block. S24 gives back what lies ahead, which is then offered.
hl7v2.md sections 1.12 and 2.1; decisions 9, 14 and 15.
"""

from dataclasses import dataclass, field
from typing import Any

from fhir_gateway.core.codes import EXT_ORIGIN
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import reference_of
from fhir_gateway.core.time import Interval, format_instant
from fhir_gateway.mapping.blocks import Blocked, BlockIntent
from fhir_gateway.storage import actors, engagements, inbox, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases import blocking, feed_people, feed_slots, freed, identifying, storing
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.engaging import span_of
from fhir_gateway.usecases.feed_order import is_late, older, remember

Resource = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one resource's time is entered: a Schedule, numbers of actors, the time."""

    schedule: str
    keys: frozenset[int]
    span: Interval | None


@dataclass(slots=True)
class _Work:
    """One message in the course of being applied."""

    tx: Transaction
    deps: Deps
    intent: BlockIntent
    issues: list[Issue] = field(default_factory=list)

    def note(self, text: str, details: str, *places: str) -> None:
        self.issues.append(Issue(text, places or ("SCH^1^2",), "informational", details))


async def apply_block(tx: Transaction, deps: Deps, intent: BlockIntent) -> list[Issue]:
    """Block or unblock in the caller's transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        intent: What the message says.

    Returns:
        What was odd, for the inbox.

    Raises:
        AmbiguousError: identifiers of a resource belong to several records.
        GatewayError: not-found, for a Schedule (SCH-5) that nobody knows where no resource is
            named.
    """
    work = _Work(tx, deps, intent, [*intent.warnings])
    named = [each.actor.resource["identifier"] for each in intent.resources]
    identifying.check_lengths([*intent.keys, *(one for each in named for one in each)])
    keys = [(each["system"], each["value"]) for each in intent.keys]
    await inbox.lock_keys(tx, keys)
    known = await _known(tx, keys)
    if await _superseded(tx, intent, keys, known):
        work.note("Not applied: a newer message about the block came first", "superseded")
        return work.issues
    if intent.event == "S23":
        places = [await _place(work, each) for each in intent.resources]
        places = places or await _places_named(work)
        for each in places:
            await _block(work, each, known)
    else:
        await _unblock(work, keys, known)
    return work.issues


async def _known(tx: Transaction, keys: list[Key]) -> list[Stored]:
    """The Slots of a block, locked."""
    ids: set[str] = set()
    for system, value in keys:
        ids.update(await resources.with_tokens(tx, "Slot", [f"identifier|{system}|{value}"]))
    return [*(await resources.read_many(tx, "Slot", ids, lock=True)).values()] if ids else []


async def _superseded(
    tx: Transaction, intent: BlockIntent, keys: list[Key], known: list[Stored]
) -> bool:
    buried = await inbox.buried_at(tx, keys) if keys else None
    if buried is not None and older(intent.when, buried):
        return True
    states = [await inbox.feed_state(tx, each.id) for each in known]
    return any(is_late(intent.message_time, each) for each in states)


# -- S23


async def _place(work: _Work, wanted: Blocked) -> _Place:
    """The Schedule of a resource, which is made where nobody knows it."""
    reference = await feed_people.actor(work.tx, work.deps, wanted.actor.resource)
    owner = reference_of(reference)
    assert owner is not None  # noqa: S101 - the mapping keeps only who has an identifier
    home = await feed_slots.schedule_of(work.tx, work.deps, owner, work.intent.schedule)
    rows = await actors.of_schedules(work.tx, [home])
    own = {str(owner), f"Schedule/{home}"}
    keys = frozenset(each.key for each in rows if each.exclusive and each.reference in own)
    if not keys:
        text = f"{owner} may be in use more than once at a time; there is nothing to block"
        work.note(text, "not-exclusive", wanted.actor.source)
    return _Place(home, keys, wanted.span)


async def _places_named(work: _Work) -> list[_Place]:
    """The Schedules that SCH-5 names.

    Raises:
        GatewayError: not-found, where it names none.
    """
    found = await feed_slots.named_schedules(work.tx, work.intent.schedule)
    if not found:
        issue = Issue("No Schedule goes by that id", ("SCH^1^5",), "not-found", "unknown-schedule")
        raise GatewayError(Category.NOT_FOUND, issue)
    rows = await actors.of_schedules(work.tx, found)
    return [
        _Place(
            each,
            frozenset(one.key for one in rows if one.schedule == each and one.exclusive),
            work.intent.span,
        )
        for each in found
    ]


async def _block(work: _Work, place: _Place, known: list[Stored]) -> None:
    if place.span is None or not place.keys:
        return
    tx, deps = work.tx, work.deps
    old = next((each for each in known if _home(each) == place.schedule), None)
    slot = _slot(work, place, old)
    if old is not None:
        stored = await storing.replace(tx, deps, old, slot)
    else:
        stored = await storing.add(tx, deps, slot)
    beside = await blocking.hold(tx, deps, stored.id, dict.fromkeys(place.keys, place.span))
    if beside:
        names = ", ".join(f"Appointment/{each}" for each in beside)
        work.note(f"Booked in that time, and left as booked: {names}", "booked")
    remember(tx, stored.id, work.intent, None)


def _slot(work: _Work, place: _Place, old: Stored | None) -> Resource:
    assert place.span is not None  # noqa: S101 - looked at by the caller
    made: Resource = {"resourceType": "Slot", "id": work.deps.ids.new()}
    slot = old.resource() if old else made
    slot["extension"] = [{"url": EXT_ORIGIN, "valueCode": "feed"}]
    if work.intent.keys:
        slot["identifier"] = list(work.intent.keys)
    slot["schedule"] = {"reference": f"Schedule/{place.schedule}"}
    slot["status"] = "busy-unavailable"
    slot["start"] = format_instant(place.span.start)
    slot["end"] = format_instant(place.span.end)
    if work.intent.comment:
        slot["comment"] = work.intent.comment
    return slot


# -- S24


async def _unblock(work: _Work, keys: list[Key], known: list[Stored]) -> None:
    tx, intent = work.tx, work.intent
    if keys:
        # A block that is told late must not come back.
        await inbox.bury(tx, keys, intent.event, intent.when)
    places = [await _place(work, each) for each in intent.resources]
    spans = {each.schedule: each.span for each in places}
    found = [(each, spans[home]) for each in known if (home := _home(each)) in spans]
    found = found or [(each, intent.span) for each in known]
    if not found:
        found = await _blocks_in_time(work, places)
    if not found:
        work.note("No such block is known", "unknown-block")
    for stored, span in found:
        await _give_back(work, stored, span)


async def _blocks_in_time(
    work: _Work, places: list[_Place]
) -> list[tuple[Stored, Interval | None]]:
    """Blocks without id of the named resources, by the time that the message tells."""
    found: dict[str, Interval | None] = {}
    for place in places:
        if place.span is None:
            continue
        for row in await engagements.overlapping(work.tx, place.keys, place.span):
            if row.kind == engagements.BLOCK:
                found[row.slots[0]] = place.span
    stored = await resources.read_many(work.tx, "Slot", found, lock=True) if found else {}
    return [(each, found[key]) for key, each in stored.items() if _nameless(each.resource())]


def _home(slot: Stored) -> str:
    """Id of the Schedule of a Slot."""
    return str(slot.resource()["schedule"]["reference"]).removeprefix("Schedule/")


def _nameless(slot: Resource) -> bool:
    """Whether it is a block of a feed that has no id; those of clients are theirs."""
    return "identifier" not in slot and any(
        each["url"] == EXT_ORIGIN and each.get("valueCode") == "feed"
        for each in slot.get("extension", ())
    )


async def _give_back(work: _Work, stored: Stored, told: Interval | None) -> None:
    """Free what is told of a block, or all of it, as far as it lies ahead."""
    slot = stored.resource()
    whole = span_of(slot)
    assert whole is not None  # noqa: S101 - we wrote it
    span = told if told and told.overlaps(whole) else whole
    start, end = max(span.start, whole.start, work.intent.when), min(span.end, whole.end)
    if start >= end:
        work.note("The block is over; nothing is left to be given back", "past")
        return
    given = Interval(start, end)
    rows = await engagements.of_slot(work.tx, stored.id)
    kept = await blocking.release(work.tx, work.deps, rows, given)
    present = await resources.read(work.tx, stored.ref) or stored
    if kept:
        hull = Interval(min(e.core.start for e in kept), max(e.core.end for e in kept))
        slot["start"], slot["end"] = format_instant(hull.start), format_instant(hull.end)
        await storing.replace(work.tx, work.deps, present, slot)
    else:
        await resources.remove(work.tx, present, now=work.deps.clock.now())
    keys = frozenset(each.actor_key for each in rows)
    await freed.open_capacity(work.tx, work.deps, keys, given)
