"""Which free times would meet a placer's wish?

The search of `$find-optimal-slots`, asked in the words of an SRM or SQM and answered in order of
time. hl7v2.md section 1.11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.clinic_time import instant_of
from fhir_gateway.engines.slot_search import ScheduleFacts, search
from fhir_gateway.mapping.intent import ActorIntent
from fhir_gateway.mapping.srm import Wish
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import feed_people, identifying
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.slot_request import MOST_DAYS, SlotRequest
from fhir_gateway.usecases.operations.slot_scene import read_scene

#: How far is looked where the wish has no end.
_DAYS = 30


@dataclass(frozen=True, slots=True)
class FreeTime:
    """One time that can be booked: when, through which Slots, of which Schedule."""

    span: Interval
    slots: tuple[str, ...]
    schedule: ScheduleFacts


async def free_times(
    tx: Transaction, deps: Deps, wish: Wish, patient: str | None = None
) -> list[FreeTime]:
    """All of them by start, those of one start by Schedule.

    Args:
        tx: Open transaction.
        deps: See Deps.
        wish: What is wanted.
        patient: `Patient/7`, who must be free as well.

    Raises:
        GatewayError: not-found, for somebody whom nobody knows here.
        AmbiguousError: an identifier belongs to several.
    """
    request = await _request(tx, deps, wish, patient)
    scene = await read_scene(tx, deps, request)
    found = search(scene.facts.slots, scene.facts.schedules, scene.search)
    times = [
        FreeTime(
            Interval(instant_of(int(found.start[row])), instant_of(int(found.end[row]))),
            tuple(scene.facts.slots.ids[each] for each in found.slots_of(row)),
            scene.facts.schedules[int(found.schedule[row])],
        )
        for row in range(len(found))
    ]
    fitting = [each for each in times if _meets(wish, each)]
    return sorted(fitting, key=lambda each: (each.span.start, each.schedule.id))


def _meets(wish: Wish, found: FreeTime) -> bool:
    start, end = found.span.start, found.span.end
    if wish.exact is not None and start != wish.exact:
        return False
    inside = [
        (low is None or start >= low) and (high is None or end <= high) for low, high in wish.ranges
    ]
    if wish.exact is None and inside and not any(inside):
        return False
    zone = ZoneInfo(found.schedule.zone)
    local, until = start.astimezone(zone), end.astimezone(zone)
    return (
        local.weekday() not in wish.days
        and (wish.earliest is None or local.time() >= wish.earliest)
        and (wish.latest is None or until.time() <= wish.latest)
    )


async def _request(tx: Transaction, deps: Deps, wish: Wish, patient: str | None) -> SlotRequest:
    people = await _references(tx, wish.actors)
    doctors = [each for each in people if each.startswith("Practitioner/")]
    places = [each for each in people if each.startswith("Location/")]
    first = doctors[:1] or places[:1]
    # Whose time it is tells enough: their Schedules may call the service by another name.
    return SlotRequest(
        window=_window(wish, deps.clock.now()),
        dates=frozenset(),
        patient=patient,
        practitioners=tuple(doctors[:1]),
        locations=() if doctors else tuple(places[:1]),
        services=(),
        service_types=wish.services if not first else (),
        specialties=(),
        appointment_type=None,
        required=tuple(each for each in people if each not in first),
        duration=wish.minutes,
        policy=deps.policy.slots,
        weights={},
        explain=False,
        count=0,
        waiting_since=None,
    )


def _window(wish: Wish, now: datetime) -> Interval:
    """Everything between the first and the last that is wanted, from now on."""
    if wish.exact is not None:
        start = wish.exact
        return Interval(start, start + timedelta(minutes=(wish.minutes or 0) + 24 * 60))
    lows = [max(low or now, now) for low, _ in wish.ranges] or [now]
    start = min(lows)
    highs = [high or low + timedelta(days=_DAYS) for low, (_, high) in zip(
        lows, wish.ranges or ((None, None),), strict=True)]  # fmt: skip
    end = min(max(highs), start + timedelta(days=MOST_DAYS))
    return Interval(start, max(end, start + timedelta(minutes=1)))


async def _references(tx: Transaction, wanted: Sequence[ActorIntent]) -> list[str]:
    """Who is meant; nobody is made known by being asked for."""
    found: list[str] = []
    for each in wanted:
        kind = each.resource.get("resourceType")
        keys = identifying.keys_of(each.resource) if kind else ()
        known = await feed_people.find(tx, kind, keys) if kind and keys else None
        if known is None:
            text = f"{each.display[:60] or 'Somebody'} is not known here"
            issue = Issue(text, (each.source,), "not-found", "unknown-resource")
            raise GatewayError(Category.NOT_FOUND, issue)
        found.append(f"{kind}/{known}")
    return list(dict.fromkeys(found))
