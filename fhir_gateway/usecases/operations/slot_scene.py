"""What does the ranking of free times have to know? Rows become the engines' facts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from fhir_gateway.core.refs import first_of
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.clinic_time import minute_from, minute_of
from fhir_gateway.engines.slot_facts import Diary, PatientFacts, RankingRequest
from fhir_gateway.engines.slot_ranking import Facts
from fhir_gateway.engines.slot_search import ScheduleFacts, SlotSearch, columns
from fhir_gateway.storage import actors, engagements, resources, search_facts, visits
from fhir_gateway.storage.actors import ScheduleActor
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.search_facts import Wanted
from fhir_gateway.storage.slot_facts import FreeSlot
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.no_show_facts import facts_of, model_of
from fhir_gateway.usecases.operations.slot_request import SlotRequest
from fhir_gateway.usecases.preferences import preferences_of
from fhir_gateway.usecases.waiting import codes_of
from fhir_gateway.usecases.zones import zone_of

#: Free Slots looked at in one request: 100 practitioners for 90 days and more.
MOST_SLOTS = 400_000
_DEFAULT_MINUTES = 30


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
        service_types=_entries("service-type", request.service_types),
        specialties=_entries("specialty", request.specialties),
        appointment_types=_entries(
            "appointment-type", [request.appointment_type] if request.appointment_type else []
        ),
    )
    ids = await search_facts.schedules(tx, wanted)
    slots = await search_facts.free_slots(tx, ids, wanted, limit=MOST_SLOTS)
    used = sorted({each.schedule for each in slots})
    schedules = await _schedules(tx, deps, used)
    places = {each: place for place, each in enumerate(used)}
    rows = [(places[each.schedule], Interval(each.start, each.end), each.id) for each in slots]
    keys = await actors.keys_of(tx, [*_practitioners(schedules), *_needed(request)])
    named = request.patient
    patient = await _patient(tx, deps, named, request.policy) if named else None
    facts = Facts(
        slots=columns(rows),
        schedules=schedules,
        patient=patient,
        diaries=await _diaries(tx, _practitioners(schedules), keys, request.window),
    )
    search = SlotSearch(
        duration=request.duration or _usual(slots),
        now=deps.clock.now(),
        window=None if request.dates else request.window,
        dates=request.dates,
        busy=await _busy(tx, _needed(request), keys, request.window),
        taken=await _taken(tx, schedules, request.window),
    )
    return Scene(facts, search, _ranking(deps, request))


def _ranking(deps: Deps, request: SlotRequest) -> RankingRequest:
    kind = [request.appointment_type] if request.appointment_type else []
    return RankingRequest(
        now=deps.clock.now(),
        appointment_types=codes_of(kind),
        specialties=codes_of(request.specialties),
        practitioners=request.practitioners,
        waiting_since=request.waiting_since,
    )


def _entries(name: str, concepts: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Index entries that any coding of these concepts is found by."""
    entries = [
        f"{name}|{each['system']}|{each['code']}"
        if each.get("system")
        else f"{name}|={each['code']}"
        for concept in concepts
        for each in concept.get("coding", ())
        if each.get("code")
    ]
    texts = [
        f"{name}|={each['text']}" for each in concepts if "coding" not in each and "text" in each
    ]
    return tuple(dict.fromkeys(entries + texts))


def _needed(request: SlotRequest) -> list[str]:
    return [*request.required, *([request.patient] if request.patient else [])]


def _usual(slots: Sequence[FreeSlot]) -> int:
    """The most frequent length of a Slot, the shorter on a tie."""
    lengths = Counter(int((each.end - each.start).total_seconds() // 60) for each in slots)
    if not lengths:
        return _DEFAULT_MINUTES
    return max(1, min(lengths, key=lambda length: (-lengths[length], length)))


async def _schedules(tx: Transaction, deps: Deps, ids: Sequence[str]) -> list[ScheduleFacts]:
    found = await resources.read_many(tx, "Schedule", ids)
    owners: dict[str, list[ScheduleActor]] = {}
    for each in await actors.of_schedules(tx, ids):
        owners.setdefault(each.schedule, []).append(each)
    facts = []
    for key in ids:
        zone = await zone_of(tx, deps, found[key].resource())
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


async def _diaries(
    tx: Transaction, practitioners: list[str], keys: dict[str, int], window: Interval
) -> dict[str, Diary]:
    around = Interval(window.start - timedelta(days=1), window.end + timedelta(days=1))
    found = await search_facts.diaries(tx, [keys[each] for each in practitioners], around)
    return {
        each: Diary(
            np.array([minute_of(start) for start, _ in found.get(keys[each], ())], dtype=np.int64),
            np.array([minute_from(end) for _, end in found.get(keys[each], ())], dtype=np.int64),
        )
        for each in practitioners
    }


async def _busy(
    tx: Transaction, needed: list[str], keys: dict[str, int], window: Interval
) -> dict[str, list[Interval]]:
    around = Interval(window.start - timedelta(days=1), window.end + timedelta(days=1))
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
    around = Interval(window.start - timedelta(days=1), window.end + timedelta(days=1))
    times = await search_facts.taken(tx, [each.key for each in owners], around)
    found: dict[int, list[Interval]] = {}
    for each in owners:
        spans = [Interval(start, end) for start, end in times.get(each.key, ())]
        found.setdefault(places[each.schedule], []).extend(spans)
    return found


async def _patient(tx: Transaction, deps: Deps, patient: str, policy: str) -> PatientFacts:
    zone = deps.tenants[tx.tenant].zone
    known = await visits.known_of(tx, patient.removeprefix("Patient/"))
    facts = facts_of(known, deps.clock.now(), zone)
    wishes = await preferences_of(tx, known, zone)
    met = Counter(
        name for each in known.visits if each.status == "fulfilled" for name in each.practitioners
    )
    return PatientFacts(
        no_show_rate=facts.rate,
        travel_minutes=wishes.travel,
        preferred_days=frozenset(wishes.days(policy)),
        preferred_parts=frozenset(wishes.parts(policy)),
        preferred_practitioners=frozenset(wishes.practitioners(policy)),
        previous_practitioners=dict(met),
        no_show=facts,
        no_show_model=model_of(known.model),
    )
