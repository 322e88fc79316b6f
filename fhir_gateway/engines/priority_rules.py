"""Which priority rule applies, and what does it demand of the candidates?

Source: owner's plan, phase 10 (AppointmentPriorityRule, apply_priority_routing), rows S5 to S7.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from fhir_gateway.engines.clinic_time import Minutes, days, minute_of
from fhir_gateway.engines.slot_facts import RankingRequest
from fhir_gateway.engines.slot_search import Candidates, Flags, ScheduleFacts, wall_of

ROUTING_SCORE = 80  # base score, without the multiplier
UNRULED = Decimal(50)
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """A clinic's rule on who comes first.

    Args:
        id: Of the PlanDefinition.
        created: Aware; the oldest rule that matches wins in `plan`.
        appointment_types: Codes; any of them. Lists that are not empty must all match, and a rule
            whose lists are all empty never does.
        specialties: Codes; any of them.
        diagnoses: Codes; any of them.
        base_score: 0..100, larger first.
        multiplier: Urgency, ≥ 0.
        max_wait_days: Clinic-local days from the start of the wait, inclusive.
        same_day: Only today's candidates.
        active: Inactive rules never match.
    """

    id: str
    created: datetime
    appointment_types: frozenset[str] = frozenset()
    specialties: frozenset[str] = frozenset()
    diagnoses: frozenset[str] = frozenset()
    base_score: int = 0
    multiplier: Decimal = Decimal(1)
    max_wait_days: int | None = None
    same_day: bool = False
    active: bool = True

    @property
    def score(self) -> Decimal:
        """Base score × multiplier, held within 0..100."""
        return min(max(self.base_score * self.multiplier, Decimal(0)), _HUNDRED)

    def matches(self, request: RankingRequest) -> bool:
        """Non-empty lists AND, inside a list OR; all empty: never."""
        pairs = (
            (self.appointment_types, request.appointment_types),
            (self.specialties, request.specialties),
            (self.diagnoses, request.diagnoses),
        )
        named = [(mine, theirs) for mine, theirs in pairs if mine]
        return self.active and bool(named) and all(mine & theirs for mine, theirs in named)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the answer has to say beside the scores: `routed`, `outside-rule`."""

    code: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class AppliedRules:
    """The rule that gives the score and the one that routes (often the same); oldest first."""

    scoring: PriorityRule | None
    routing: PriorityRule | None

    @property
    def score(self) -> Decimal:
        """Patient priority 0..100; 50 where no rule matches."""
        return self.scoring.score if self.scoring else UNRULED

    @property
    def limits(self) -> tuple[PriorityRule, ...]:
        """The rules whose maximum wait and same-day demand bind the candidates."""
        distinct = (self.scoring,) if self.scoring is self.routing else (self.scoring, self.routing)
        return tuple(rule for rule in distinct if rule)


def apply_rules(
    rules: Iterable[PriorityRule], request: RankingRequest, policy: str
) -> AppliedRules:
    """Choose among the rules that match.

    Args:
        rules: In any order.
        request: Its types, specialties and diagnoses decide.
        policy: `plan`: the oldest scores, then by id; `best`: the highest score, then the oldest.

    Returns:
        The scoring rule, and the oldest rule with a base score of 80 or more as the routing one.

    Source: owner's plan, phase 10, row S5.
    """
    matching = sorted(
        (rule for rule in rules if rule.matches(request)),
        key=lambda rule: (rule.created.astimezone(UTC), rule.id),
    )
    routing = next((rule for rule in matching if rule.base_score >= ROUTING_SCORE), None)
    if policy == "best":
        matching.sort(key=lambda rule: -rule.score)
    return AppliedRules(next(iter(matching), None), routing)


def within_rules(
    applied: AppliedRules,
    candidates: Candidates,
    schedules: Sequence[ScheduleFacts],
    request: RankingRequest,
) -> Flags:
    """Which candidates keep the rules' maximum wait and same-day demand.

    Only the routing rule may demand the same day, as the owner wrote it. Days are the clinic's;
    the last day of the wait is included.

    Source: owner's plan, phase 10, row S7.
    """
    fits = np.ones(len(candidates), dtype=np.bool_)
    if not applied.limits or not len(candidates):
        return fits
    day = days(wall_of(candidates.schedule, candidates.start, schedules))
    today = _day_at(request.now, candidates, schedules)
    since = _day_at(request.waiting_since or request.now, candidates, schedules)
    for rule in applied.limits:
        if rule.max_wait_days is not None:
            fits &= day <= since + rule.max_wait_days
    if applied.routing and applied.routing.same_day:
        fits &= day == today
    return fits


def _day_at(
    moment: datetime, candidates: Candidates, schedules: Sequence[ScheduleFacts]
) -> Minutes:
    minutes = np.full(len(candidates), minute_of(moment), dtype=np.int64)
    return days(wall_of(candidates.schedule, minutes, schedules))


def notes_on(applied: AppliedRules, any_within: bool) -> tuple[Note, ...]:
    """What the answer says about routing; no notes where there was no candidate at all."""
    notes = []
    if applied.routing:
        text = "a high-priority rule applies: earliest first"
        notes.append(Note("routed", applied.routing.id, text))
    if not any_within:
        rule = applied.routing or applied.scoring
        text = "no time satisfies the priority rule; the earliest is offered outside of it"
        notes.append(Note("outside-rule", rule.id if rule else "", text))
    return tuple(notes)
