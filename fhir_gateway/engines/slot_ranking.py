"""Which of the candidates is best for this patient, and why?

`plan` is the owner's rule, exact; `best` is the default. Both are sums of named parts. Priority
rules bind both: their limits filter all candidates, then the routing rule puts the earliest
first, then the answer is cut; the totals stay what they are (row S6).

Source: owner's plan, phase 10 (find_optimal_slots, apply_priority_routing); decisions 18 and 25.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from fhir_gateway.engines.clinic_time import Minutes
from fhir_gateway.engines.decision import Factor, Refusal
from fhir_gateway.engines.priority_rules import (
    AppliedRules,
    Note,
    PriorityRule,
    apply_rules,
    notes_on,
    within_rules,
)
from fhir_gateway.engines.slot_facts import Diary, PatientFacts, RankingRequest
from fhir_gateway.engines.slot_score import (
    DEFAULT_WEIGHTS,
    FactorColumn,
    factors_of,
    totals,
    weights_for,
)
from fhir_gateway.engines.slot_score_best import best_columns, scene
from fhir_gateway.engines.slot_score_plan import plan_columns
from fhir_gateway.engines.slot_search import (
    Candidates,
    Flags,
    ScheduleFacts,
    SlotColumns,
    wall_of,
)

POLICIES = tuple(DEFAULT_WEIGHTS)


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What the ranking looks at beside the request.

    Args:
        slots: Free Slots that the candidates were found in.
        schedules: What the schedule columns point into.
        patient: None where no patient was given.
        rules: Priority rules, in any order.
        diaries: By practitioner reference, for `plan`; absent = nothing booked.
    """

    slots: SlotColumns
    schedules: Sequence[ScheduleFacts]
    patient: PatientFacts | None = None
    rules: Iterable[PriorityRule] = ()
    diaries: Mapping[str, Diary] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate of the answer.

    Args:
        candidate: Row of the Candidates.
        total: 0..100, two decimals, half to even.
        rank: 1 is first.
        factors: Parts of the total, unrounded.
        notes: Codes that hold for this candidate: `routed`, `outside-rule`.
    """

    candidate: int
    total: Decimal
    rank: int
    factors: tuple[Factor, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer: its first so many candidates, how many there are, what else is to be said."""

    ranked: tuple[Ranked, ...]
    count: int
    notes: tuple[Note, ...] = ()


def rank(
    policy: str,
    candidates: Candidates,
    facts: Facts,
    request: RankingRequest,
    weights: Mapping[str, Decimal] | None = None,
    top: int = 10,
) -> Ranking | Refusal:
    """Score every candidate, keep the rules, sort, cut.

    Args:
        policy: `plan` or `best`.
        candidates: n of them, possibly none.
        facts: Slots, Schedules, patient, rules, diaries.
        request: Types, order of practitioners, start of the wait.
        weights: Replace the default weights that they name.
        top: At most so many are returned.

    Returns:
        By total descending, then start, then the order of the practitioners, then Slot id;
        routed: by start first. Or the Refusal of the weights, or `unknown-policy`.

    Source: owner's plan, phase 10, rows S5 to S8; decisions 18 and 25.
    """
    found = worth(policy, candidates, facts, request, weights)
    if isinstance(found, Refusal):
        return found
    return _answer(candidates, facts, request, found, top) if len(candidates) else Ranking((), 0)


@dataclass(frozen=True, slots=True, eq=False)
class Worth:
    """What every candidate is worth for one patient.

    Attributes:
        points: Shape (n,) int64, hundredths of the totals.
        within: Shape (n,), whether the priority rules allow it.
        applied: The rules that matched.
        columns: The factors.
        weights: Of the factors.
    """

    points: Minutes
    within: Flags
    applied: AppliedRules
    columns: Sequence[FactorColumn]
    weights: Mapping[str, Decimal]

    def ranked(self, candidate: int, place: int, notes: tuple[str, ...] = ()) -> Ranked:
        """One candidate with its parts, as the answer tells it."""
        total = Decimal(int(self.points[candidate])).scaleb(-2)
        parts = factors_of(self.columns, self.weights, candidate)
        return Ranked(candidate, total, place, parts, notes)


def worth(
    policy: str,
    candidates: Candidates,
    facts: Facts,
    request: RankingRequest,
    weights: Mapping[str, Decimal] | None = None,
) -> Worth | Refusal:
    """Score every candidate; arguments and refusals as for `rank`."""
    if policy not in DEFAULT_WEIGHTS:
        return Refusal("unknown-policy", f"'{policy[:40]}' is no policy: plan or best")
    chosen = weights_for(policy, weights)
    if isinstance(chosen, Refusal):
        return chosen
    applied = apply_rules(facts.rules, request, policy)
    columns = _columns(policy, candidates, facts, request, applied)
    within = within_rules(applied, candidates, facts.schedules, request)
    return Worth(totals(columns, chosen), within, applied, columns, chosen)


def _columns(
    policy: str,
    candidates: Candidates,
    facts: Facts,
    request: RankingRequest,
    applied: AppliedRules,
) -> tuple[FactorColumn, ...]:
    if policy == "plan":
        wall = wall_of(candidates.schedule, candidates.start, facts.schedules)
        return plan_columns(
            candidates, facts.schedules, wall, facts.patient, applied, facts.diaries
        )
    return best_columns(
        scene(
            candidates,
            facts.slots,
            facts.schedules,
            request,
            facts.patient,
            applied,
        )
    )


def _answer(
    candidates: Candidates, facts: Facts, request: RankingRequest, found: Worth, top: int
) -> Ranking:
    routing = bool(found.applied.routing)
    within = np.flatnonzero(found.within)
    notes = notes_on(found.applied, any_within=bool(len(within)))
    codes = tuple(note.code for note in notes)
    if len(within):
        rows = _Keys(candidates, facts, request, found.points, routing).first(within, top)
    else:
        everything = np.arange(len(candidates), dtype=np.int64)
        rows = _Keys(candidates, facts, request, found.points, True).first(everything, min(top, 1))
    ranked = tuple(found.ranked(row, place, codes) for place, row in enumerate(rows, start=1))
    return Ranking(ranked, len(within) or len(ranked), notes)


@dataclass(frozen=True, slots=True, eq=False)
class _Keys:
    """The order of candidates."""

    candidates: Candidates
    facts: Facts
    request: RankingRequest
    points: Minutes
    earliest: bool

    def first(self, rows: Minutes, top: int) -> list[int]:
        """The first so many rows in order; all ties at the cut are looked at."""
        if top <= 0:
            return []
        leading = self.candidates.start if self.earliest else -self.points
        if len(rows) > top:
            limit = np.partition(leading[rows], top - 1)[top - 1]
            rows = rows[leading[rows] <= limit]
        start, points = self.candidates.start[rows], -self.points[rows]
        majors = (points, start) if self.earliest else (start, points)
        keys = (self._practitioners(rows), *majors)
        order = np.lexsort(keys)
        last = order[min(top, len(order)) - 1]
        tied = np.flatnonzero(np.all([key[order] == key[last] for key in keys], axis=0))
        rows = rows[
            order[: max(top, int(tied[-1]) + 1)]
        ]  # names are dear: only of those that count
        tied_keys = [key[order[: len(rows)]] for key in keys]
        order = np.lexsort((self._names(rows), *tied_keys))
        return [int(row) for row in rows[order[:top]]]

    def _practitioners(self, rows: Minutes) -> Minutes:
        asked = self.request.practitioners
        places = [
            asked.index(each.practitioner) if each.practitioner in asked else len(asked)
            for each in self.facts.schedules
        ]
        return np.array(places, dtype=np.int64)[self.candidates.schedule[rows]]

    def _names(self, rows: Minutes) -> Minutes:
        names = [self.facts.slots.ids[slot] for slot in self.candidates.first_slots[rows].tolist()]
        ranks = {name: place for place, name in enumerate(sorted(set(names)))}
        return np.array([ranks[name] for name in names], dtype=np.int64)
