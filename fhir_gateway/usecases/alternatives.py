"""When else would it go?

Times of the same length at which everybody needed is free, nearest first. Decision 18.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from fhir_gateway.core.time import Interval, merged
from fhir_gateway.engines import conflicts
from fhir_gateway.storage import actors, engagements, resources, slot_facts
from fhir_gateway.storage.actors import ScheduleActor
from fhir_gateway.storage.engagements import Engagement
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.tasks import period
from fhir_gateway.usecases.zones import zone_of

DAYS = 7


async def alternatives(
    tx: Transaction,
    deps: Deps,
    references: Iterable[str],
    span: Interval,
    *,
    ignore: str | None = None,
    count: int = 5,
) -> list[dict[str, str]]:
    """Other times for the same people.

    Args:
        tx: Open transaction.
        deps: See Deps.
        references: Actors, `Type/id`, patients too; PractitionerRoles already resolved. Without
            a Schedule among them there is no bookable time, hence no answer.
        span: The time that was wanted.
        ignore: Id of an Appointment whose time counts as free.
        count: At most so many.

    Returns:
        Periods in the clinic's zone, by distance from the wanted start; within seven days from its
        day.
    """
    wanted = sorted(set(references))
    keys = await actors.keys_of(tx, wanted)
    rows = await actors.by_references(tx, wanted)
    schedules = _by_reference(rows)
    if not schedules:
        return []
    now = deps.clock.now()
    week = Interval(
        max(span.start - timedelta(days=1), now), max(span.start, now) + timedelta(days=DAYS + 1)
    )
    free = await _free(tx, schedules, week)
    busy = await engagements.overlapping(tx, keys.values(), week, without=ignore)
    buffers = {each.key: each for each in rows}
    # A Slot with seats is free or not as a whole, whoever has one of them.
    taken = [
        _with_buffers(each, buffers.get(each.actor_key))
        for each in busy
        if each.active and each.share is None
    ]
    clear = conflicts.clear_of(free, taken)
    schedule = await resources.read_many(tx, "Schedule", [rows[0].schedule])
    tree = next((each.resource() for each in schedule.values()), None)
    zone = await zone_of(tx, deps, tree)
    times = conflicts.alternatives(clear, span, now, zone, count, DAYS)
    return [period(each, zone) for each in times]


def _with_buffers(taken: Engagement, actor: ScheduleActor | None) -> Interval:
    """The time in which no visit may be, so that its own buffers stay clear as well."""
    if actor is None:
        return taken.during
    after, before = timedelta(minutes=actor.buffer_after), timedelta(minutes=actor.buffer_before)
    return Interval(taken.during.start - after, taken.during.end + before)


def _by_reference(rows: Iterable[ScheduleActor]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for each in rows:
        found.setdefault(each.reference, set()).add(each.schedule)
    return {reference: frozenset(schedules) for reference, schedules in found.items()}


async def _free(
    tx: Transaction, schedules: dict[str, frozenset[str]], week: Interval
) -> Sequence[Interval]:
    """Free Slots of the first Schedules that lie in free time of all the others'."""
    free: list[Interval] | None = None
    for group in dict.fromkeys(schedules.values()):
        slots = await slot_facts.free_slots(tx, group, week)
        times = [Interval(each.start, each.end) for each in slots]
        if free is None:
            free = times
            continue
        spans = merged(times)
        free = [each for each in free if any(span.contains(each) for span in spans)]
    return free or []
