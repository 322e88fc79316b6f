"""What does the ranking of free times have to know? Rows become the engines' facts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import overload

import numpy as np

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import first_of
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.clinic_time import Minutes, minute_of
from fhir_gateway.engines.slot_facts import Diary, PatientFacts, RankingRequest
from fhir_gateway.engines.slot_ranking import Facts
from fhir_gateway.engines.slot_search import ScheduleFacts, SlotColumns, SlotSearch
from fhir_gateway.storage import actors, engagements, resources, search_facts, slot_facts, visits
from fhir_gateway.storage.actors import ScheduleActor
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.search_facts import FreeColumns, Wanted
from fhir_gateway.usecases import priority_plans
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.feed_slots import made_by_feed
from fhir_gateway.usecases.no_show_facts import facts_of, model_of
from fhir_gateway.usecases.operations.slot_request import SlotRequest, entries
from fhir_gateway.usecases.preferences import preferences_of
from fhir_gateway.usecases.waiting import codes_of
from fhir_gateway.usecases.zones import zones_of

#: Free Slots looked at in one request: 100 practitioners for 90 days and more.
MOST_SLOTS = 400_000
_DEFAULT_MINUTES = 30
_MINUTE = 60_000_000  # microseconds
_SINCE_1970 = minute_of(datetime(2000, 1, 1, tzinfo=UTC))  # minutes from then to 2000
_DAY = timedelta(days=1)
#: How long before its start time that is kept for the urgent is given to everybody.
RELEASE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the engines get."""

    facts: Facts
    search: SlotSearch
    ranking: RankingRequest


async def read_scene(tx: Transaction, deps: Deps, request: SlotRequest) -> Scene:
    """Read all that bears on a request, as of now."""
    wanted = Wanted(
        span=request.window,
        practitioners=request.practitioners,
        locations=request.locations,
        services=request.services,
        service_types=entries("service-type", request.service_types),
        specialties=entries("specialty", request.specialties),
        appointment_types=entries(
            "appointment-type", [request.appointment_type] if request.appointment_type else []
        ),
        released=None if request.is_urgent else deps.clock.now() + RELEASE,
    )
    ids = await search_facts.schedules(tx, wanted)
    slots = await search_facts.free_slots(tx, ids, wanted, limit=MOST_SLOTS)
    columns, used = _columns(slots, ids)
    if len(columns.start) >= MOST_SLOTS:
        text = f"More than {MOST_SLOTS} free Slots: name practitioners, places or fewer days"
        raise fail(Category.TOO_COSTLY, text, "end")
    schedules = await _schedules(tx, deps, used)
    keys = await actors.keys_of(tx, [*_practitioners(schedules), *_needed(request)])
    patient = await patient_facts(tx, deps, request) if request.patient else None
    facts = Facts(
        slots=columns,
        schedules=schedules,
        patient=patient,
        rules=await priority_plans.rules(tx),
        diaries=await _diaries(tx, _practitioners(schedules), keys, request.window)
        if request.policy == "plan"
        else {},
    )
    search = SlotSearch(
        duration=request.duration or _usual(columns),
        now=deps.clock.now(),
        window=None if request.dates else request.window,
        dates=request.dates,
        minimum_notice=deps.policy.slot_notice,
        within=await _within(tx, request),
        busy=await _busy(tx, _needed(request), keys, request.window),
        taken=await _taken(tx, schedules, request.window),
    )
    return Scene(facts, search, ranking_request(deps, request))


def ranking_request(deps: Deps, request: SlotRequest) -> RankingRequest:
    """What a request means for the ranking."""
    kind = [request.appointment_type] if request.appointment_type else []
    return RankingRequest(
        now=deps.clock.now(),
        appointment_types=codes_of(kind),
        specialties=codes_of(request.specialties),
        diagnoses=codes_of(request.reasons),
        priority=request.priority,
        practitioners=request.practitioners,
        waiting_since=request.waiting_since,
    )


def _needed(request: SlotRequest) -> list[str]:
    return [*request.required, *([request.patient] if request.patient else [])]


def _columns(slots: FreeColumns, known: Sequence[str]) -> tuple[SlotColumns, list[str]]:
    """Slots of a minute and more by Schedule and start, and the Schedules that have any."""
    places = np.frombuffer(slots.schedules, dtype=">i4").astype(np.int64) - 1
    starts, ends = _minutes(slots.starts), _minutes(slots.ends)
    order = np.argsort((places << 32) + starts, kind="stable")
    order = order[ends[order] > starts[order]]
    used, schedule = np.unique(places[order], return_inverse=True)
    starts, ends = starts[order], ends[order]
    twice = (np.diff(starts) == 0) & (np.diff(schedule) == 0)
    ids = _Names(slots.ids, len(places), order)
    found = SlotColumns(schedule, starts, ends, ids, ordered=not bool(twice.any()))
    return found, [known[place] for place in used.tolist()]


class _Names(Sequence[str]):
    """Some names of a long text in another order, cut out only where somebody asks.

    Args:
        text: With a space between two names.
        count: Of the names in it.
        order: Places of those that count.
    """

    def __init__(self, text: str, count: int, order: Minutes) -> None:
        self._text, self._order = text, order
        width = len(text) // count + 1 if count else 1
        self._width = width
        self._apart = [] if self._is_even(count) else text.split(" ")

    def _is_even(self, count: int) -> bool:
        """Whether all are of one length, as ids of generated Slots are."""
        return len(self._text) == count * self._width - 1 and (
            self._text[self._width - 1 :: self._width] == " " * (count - 1)
        )

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        row = int(self._order[place])
        start = row * self._width
        return self._apart[row] if self._apart else self._text[start : start + self._width - 1]


def _minutes(packed: bytes, *, up: bool = False) -> Minutes:
    """Whole minutes since 1970, the ones that the times lie in, or the next."""
    times = np.frombuffer(packed, dtype=">i8").astype(np.int64)
    whole: Minutes = (-(-times // _MINUTE) if up else times // _MINUTE) + _SINCE_1970
    return whole


def _usual(slots: SlotColumns) -> int:
    """The most frequent length of a Slot, the shorter on a tie."""
    if not len(slots.start):
        return _DEFAULT_MINUTES
    lengths, counts = np.unique(slots.end - slots.start, return_counts=True)
    return int(lengths[np.argmax(counts)])


async def _schedules(tx: Transaction, deps: Deps, ids: Sequence[str]) -> list[ScheduleFacts]:
    found = await resources.read_many(tx, "Schedule", ids)
    owners: dict[str, list[ScheduleActor]] = {}
    for each in await actors.of_schedules(tx, ids):
        owners.setdefault(each.schedule, []).append(each)
    zones = await zones_of(tx, deps, [found[key].content for key in ids])
    facts = []
    for key, zone in zip(ids, zones, strict=True):
        group = owners.get(key, [])
        names = tuple(each.reference for each in group)
        facts.append(
            ScheduleFacts(
                id=key,
                actors=names,
                zone=zone.key,
                practitioner=first_of(names, "Practitioner"),
                location=first_of(names, "Location"),
                buffer_before=max((each.buffer_before for each in group), default=0),
                buffer_after=max((each.buffer_after for each in group), default=0),
            )
        )
    return facts


def _practitioners(schedules: Iterable[ScheduleFacts]) -> list[str]:
    return sorted({each.practitioner for each in schedules if each.practitioner})


def _around(window: Interval) -> Interval:
    return Interval(window.start - _DAY, window.end + _DAY)


async def _diaries(
    tx: Transaction, practitioners: list[str], keys: dict[str, int], window: Interval
) -> dict[str, Diary]:
    around = _around(window)
    found = await search_facts.diaries(tx, [keys[each] for each in practitioners], around)
    return {
        each: Diary(_minutes(found[keys[each]][0]), _minutes(found[keys[each]][1], up=True))
        for each in practitioners
        if keys[each] in found
    }


async def _busy(
    tx: Transaction, needed: list[str], keys: dict[str, int], window: Interval
) -> dict[str, list[Interval]]:
    around = _around(window)
    rows = await engagements.overlapping(tx, [keys[each] for each in needed], around)
    names = {keys[each]: each for each in needed}
    busy: dict[str, list[Interval]] = {}
    for each in rows:
        busy.setdefault(names[each.actor_key], []).append(each.during)
    return busy


async def _taken(
    tx: Transaction, schedules: Sequence[ScheduleFacts], window: Interval
) -> dict[int, list[Interval]]:
    """What the people of Schedules with buffers have, by place of the Schedule."""
    places = {
        each.id: place
        for place, each in enumerate(schedules)
        if each.buffer_before or each.buffer_after
    }
    if not places:
        return {}
    owners = [each for each in await actors.of_schedules(tx, places) if each.exclusive]
    around = _around(window)
    times = await search_facts.taken(tx, [each.key for each in owners], around)
    found: dict[int, list[Interval]] = {}
    for each in owners:
        spans = [Interval(start, end) for start, end in times.get(each.key, ())]
        found.setdefault(places[each.schedule], []).extend(spans)
    return found


async def _within(tx: Transaction, request: SlotRequest) -> dict[str, list[Interval]]:
    """When the required actors are free who have Slots of their own.

    A Schedule that the feed has made says when somebody is booked, not when they are there.
    """
    rows = await actors.by_references(tx, request.required)
    known = await resources.read_many(tx, "Schedule", [each.schedule for each in rows])
    planned = {key for key, each in known.items() if not made_by_feed(each.resource())}
    schedules: dict[str, list[str]] = {}
    for each in rows:
        if each.schedule in planned:
            schedules.setdefault(each.reference, []).append(each.schedule)
    around = Interval(request.window.start - _DAY, request.window.end)
    return {
        name: [each.span for each in await slot_facts.free_slots(tx, ids, around)]
        for name, ids in schedules.items()
    }


async def patient_facts(tx: Transaction, deps: Deps, request: SlotRequest) -> PatientFacts:
    """What is known of the patient of a request; whom the caller prefers goes before all others."""
    zone = deps.tenants[tx.tenant].zone
    known = await visits.known_of(tx, (request.patient or "").removeprefix("Patient/"))
    facts = facts_of(known, deps.clock.now(), zone)
    wishes = await preferences_of(tx, known, zone)
    met = Counter(
        name for each in known.visits if each.status == "fulfilled" for name in each.practitioners
    )
    return PatientFacts(
        no_show_rate=facts.rate,
        travel_minutes=wishes.travel,
        preferred_days=frozenset(wishes.days(request.policy)),
        preferred_parts=frozenset(wishes.parts(request.policy)),
        preferred_practitioners=frozenset(
            request.preferred or wishes.practitioners(request.policy)
        ),
        likings=wishes.likings(request.preferred),
        previous_practitioners=dict(met),
        no_show=facts,
        no_show_model=model_of(known.model),
    )
