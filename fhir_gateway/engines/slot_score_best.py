"""What is each candidate worth by the strongest rule known?

The owner's five factors, each made to look at the slot, and four more. Every factor is 0..100:

provider-availability  100 × e^(−minutes passed over / 2880), counted where the same Schedule is
                       free before: time perishes, whoever is booked behind leaves it behind.
patient-priority       100 − p × min(1, days away / limit): the higher the rule's score p, the
                       more each day costs; limit = the rule's maximum wait, else 30 days.
no-show-risk           100 × (1 − probability at this slot's lead time and weekday).
geographic-proximity   100 − ½ (in the rush) or ¼ (otherwise) point per minute of travel; 0 where
                       the patient cannot be there in time; 50 if unknown.
patient-preference     40 weekday + 35 part of day + 25 practitioner; half of each if unknown.
continuity             100 × visits to this practitioner / visits to the most visited; 50 if none.
fragmentation          per side of the visit: 50 if it closes up to the end of the free run, 25 if
                       the gap left can still be booked, 0 if the gap is lost.
load-balance           100 × free minutes of the Schedule that day / those of the freest that day:
                       evens out people, not days.
urgency                100 × e^(−days away / τ of the clinical class).

Source: decision 25; decision record 0024 (availability, load).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fhir_gateway.engines.clinic_time import (
    DAY,
    DAYS,
    PARTS,
    Minutes,
    days,
    hours,
    minute_of,
    part_numbers,
    weekdays,
)
from fhir_gateway.engines.clinical_class import TAU_DAYS, class_of
from fhir_gateway.engines.no_show import slot_risks
from fhir_gateway.engines.priority_rules import AppliedRules
from fhir_gateway.engines.slot_facts import PatientFacts, RankingRequest
from fhir_gateway.engines.slot_score import (
    AVAILABILITY,
    CONTINUITY,
    FRAGMENTATION,
    LOAD,
    NO_SHOW,
    PREFERENCE,
    PRIORITY,
    PROXIMITY,
    URGENCY,
    FactorColumn,
    from_floats,
)
from fhir_gateway.engines.slot_score_plan import in_rush, travel_to
from fhir_gateway.engines.slot_search import (
    Candidates,
    ScheduleFacts,
    SlotColumns,
    wall_of,
)

Floats = npt.NDArray[np.float64]

PERISHES = 2880  # free minutes, six days of eight hours; passed over they leave 37 points
DEFAULT_LIMIT = 30.0  # days
NO_SHOW_NEUTRAL = 75.0  # no patient given
GET_READY = 15  # minutes to leave the house
CLOSES, BOOKABLE, LOST = 50, 25, 0  # points per side


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that the factors look at; n candidates.

    Args:
        wall: Shape (n,), clinic wall clock of each start.
        days_away: Shape (n,), days from now to the start, ≥ 0.
    """

    candidates: Candidates
    slots: SlotColumns
    schedules: Sequence[ScheduleFacts]
    request: RankingRequest
    patient: PatientFacts | None
    applied: AppliedRules
    wall: Minutes
    days_away: Floats

    def per_schedule(self, values: Sequence[float]) -> Floats:
        """Spread one value per Schedule over the candidates."""
        return np.array(values, dtype=np.float64)[self.candidates.schedule]


def scene(
    candidates: Candidates,
    slots: SlotColumns,
    schedules: Sequence[ScheduleFacts],
    request: RankingRequest,
    patient: PatientFacts | None,
    applied: AppliedRules,
) -> Scene:
    """Gather the facts and work out the times that every factor needs."""
    wall = wall_of(candidates.schedule, candidates.start, schedules)
    away = np.maximum(candidates.start - minute_of(request.now), 0) / DAY
    return Scene(candidates, slots, schedules, request, patient, applied, wall, away)


def best_columns(facts: Scene) -> tuple[FactorColumn, ...]:
    """The nine factors of every candidate, in the order of the default weights.

    Source: decision 25.
    """
    return (
        availability(facts),
        priority(facts),
        no_show(facts),
        proximity(facts),
        preference(facts),
        continuity(facts),
        fragmentation(facts),
        load(facts),
        urgency(facts),
    )


def availability(facts: Scene) -> FactorColumn:
    passed = free_before(facts.slots, facts.candidates)
    return FactorColumn(
        AVAILABILITY,
        from_floats(100 * np.exp(-passed / PERISHES)),
        lambda i: f"passes over {passed[i]} minutes that are free before",
    )


def free_before(slots: SlotColumns, candidates: Candidates) -> Minutes:
    """Minutes of the Slots of the same Schedule that start before each candidate; shape (n,)."""
    order = np.lexsort((slots.start, slots.schedule))
    stride = int(slots.start.max(initial=0)) + 1
    laid = (slots.schedule * stride + slots.start)[order]
    sums = np.concatenate(([0], np.cumsum((slots.end - slots.start)[order])))
    schedule = candidates.schedule * stride
    until, since = (np.searchsorted(laid, each) for each in (schedule + candidates.start, schedule))
    passed: Minutes = sums[until] - sums[since]
    return passed


def priority(facts: Scene) -> FactorColumn:
    rule = facts.applied.scoring
    limit = float(rule.max_wait_days) if rule and rule.max_wait_days else DEFAULT_LIMIT
    spent = np.minimum(1.0, facts.days_away / limit)
    named = f"rule {rule.id}" if rule else "no priority rule matches"
    return FactorColumn(
        PRIORITY,
        from_floats(100 - float(facts.applied.score) * spent),
        lambda i: f"{named}; {100 * spent[i]:.0f} % of the acceptable wait",
    )


def no_show(facts: Scene) -> FactorColumn:
    if facts.patient is None:
        neutral = np.full(len(facts.wall), NO_SHOW_NEUTRAL)
        return FactorColumn(NO_SHOW, from_floats(neutral), lambda _: "no patient given")
    risk = slot_risks(
        facts.patient.no_show_model,
        facts.patient.no_show,
        days(facts.wall),
        facts.request.now,
        facts.candidates.schedule,
        [schedule.zone for schedule in facts.schedules],
    )
    return FactorColumn(
        NO_SHOW, from_floats(100 * (1 - risk)), lambda i: f"risk of no-show {100 * risk[i]:.0f} %"
    )


def proximity(facts: Scene) -> FactorColumn:
    trips = [travel_to(schedule, facts.patient) for schedule in facts.schedules]
    trip = facts.per_schedule([np.nan if each is None else float(each) for each in trips])
    per_minute = np.where(in_rush(hours(facts.wall)), 0.5, 0.25)
    reachable = facts.days_away * DAY >= np.where(trip > 0, trip + GET_READY, 0)
    values = np.where(reachable, np.maximum(0, 100 - per_minute * np.nan_to_num(trip)), 0)

    def text(i: int) -> str:
        if np.isnan(trip[i]):
            return "travel time unknown"
        late = "" if reachable[i] else ": too far to be there in time"
        return f"{trip[i]:g} minutes of travel{late}"

    return FactorColumn(PROXIMITY, from_floats(np.where(np.isnan(trip), 50.0, values)), text)


def preference(facts: Scene) -> FactorColumn:
    known = facts.patient or PatientFacts()
    day = _liked(DAYS, known.preferred_days, known)[weekdays(facts.wall)]
    names = tuple(name for name, _ in PARTS)
    part = _liked(names, known.preferred_parts, known)[part_numbers(hours(facts.wall))]
    people = tuple(schedule.practitioner or "" for schedule in facts.schedules)
    person = _liked(people, known.preferred_practitioners, known)[facts.candidates.schedule]

    def text(i: int) -> str:
        named = (("weekday", day), ("part of day", part), ("practitioner", person))
        met = [name for name, shares in named if shares[i] == 1]
        return f"preferred {', '.join(met)}" if met else "no known preference is met"

    return FactorColumn(PREFERENCE, from_floats(40 * day + 35 * part + 25 * person), text)


def _liked(names: Sequence[str], preferred: frozenset[str], known: PatientFacts) -> Floats:
    """How much a preferred name is liked, 0 for another, ½ for all where nothing is preferred."""
    if not preferred:
        return np.full(len(names), 0.5)
    return np.array([known.likings.get(name, 1.0) if name in preferred else 0.0 for name in names])


def continuity(facts: Scene) -> FactorColumn:
    visits = facts.patient.previous_practitioners if facts.patient else {}
    most = max(visits.values(), default=0)
    counts = [visits.get(each.practitioner or "", 0) for each in facts.schedules]
    shares = [100 * count / most if most else 50.0 for count in counts]
    return FactorColumn(
        CONTINUITY,
        from_floats(facts.per_schedule(shares)),
        lambda i: f"{counts[facts.candidates.schedule[i]]} earlier visits to this practitioner",
    )


def fragmentation(facts: Scene) -> FactorColumn:
    since, until = free_runs(facts.slots)
    first = facts.candidates.first_slots
    before = facts.candidates.start - since[first]
    after = until[first] - facts.candidates.end
    points = sum(_side(gap, facts.request.usable_gap) for gap in (before, after))
    return FactorColumn(
        FRAGMENTATION,
        from_floats(np.asarray(points, dtype=np.float64)),
        lambda i: f"leaves {before[i]} minutes free before and {after[i]} after",
    )


def _side(gap: Minutes, usable: int) -> Minutes:
    return np.where(gap <= 0, CLOSES, np.where(gap >= usable, BOOKABLE, LOST))


def free_runs(slots: SlotColumns) -> tuple[Minutes, Minutes]:
    """Start and end of the unbroken free time around each Slot of its Schedule.

    Returns:
        Two arrays of shape (n,), minutes since the epoch, in the order of the rows.
    """
    count = len(slots.start)
    order = np.lexsort((slots.start, slots.schedule))
    schedule, start = slots.schedule[order], slots.start[order]
    stride = int(slots.end.max(initial=0)) + 1
    ends = np.maximum.accumulate(slots.end[order] + schedule * stride) - schedule * stride
    fresh = np.ones(count, dtype=np.bool_)
    fresh[1:] = (schedule[1:] != schedule[:-1]) | (start[1:] > ends[:-1])
    run = np.cumsum(fresh) - 1
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], count)[: len(first)] - 1
    since, until = np.empty_like(slots.start), np.empty_like(slots.end)
    since[order], until[order] = start[first][run], ends[last][run]
    return since, until


def load(facts: Scene) -> FactorColumn:
    wall = wall_of(facts.slots.schedule, facts.slots.start, facts.schedules)
    day, wanted = days(wall), days(facts.wall)
    first, last = (int(day.min()), int(day.max())) if len(day) else (0, 0)
    shape = (len(facts.schedules), last - first + 1)
    sums = np.zeros(shape, dtype=np.int64)
    np.add.at(sums, (facts.slots.schedule, day - first), facts.slots.end - facts.slots.start)
    free, most = (
        sums[facts.candidates.schedule, wanted - first],
        sums.max(axis=0, initial=0)[wanted - first],
    )
    return FactorColumn(
        LOAD,
        from_floats(100 * free / np.maximum(most, 1)),
        lambda i: f"{free[i]} minutes free that day; the freest has {most[i]}",
    )


def urgency(facts: Scene) -> FactorColumn:
    group = class_of(facts.request.priority)
    values = 100 * np.exp(-facts.days_away / TAU_DAYS[group])
    return FactorColumn(
        URGENCY,
        from_floats(values),
        lambda i: f"class {group.name.lower()}, {facts.days_away[i]:.1f} days away",
    )
