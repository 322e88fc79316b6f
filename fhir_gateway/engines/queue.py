"""What does a queue look like now: who is where, why, and for how long?

Source: engines.md section 3; owner's plan, phase 11 (get_queue_status).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from fhir_gateway.engines import queue_best, queue_plan
from fhir_gateway.engines.decision import Factor, KeyPart
from fhir_gateway.engines.queue_estimate import Estimate, estimates
from fhir_gateway.engines.queue_facts import QueueConfiguration, QueueEntry, State
from fhir_gateway.engines.queue_learning import Learnt


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one queue.

    Args:
        configuration: See QueueConfiguration.
        entries: Everybody who is in it, in any order.
        learnt: See Learnt.
        completed: Services that ended within today − 7 … today, queue-local days.
        service_seconds: All of them together.
        last_called: When somebody was last called; None where nobody has been.
    """

    configuration: QueueConfiguration
    entries: Sequence[QueueEntry]
    learnt: Learnt
    completed: int = 0
    service_seconds: int = 0
    last_called: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One person's place.

    Args:
        entry: Waiting.
        position: 1 is next.
        waited: Whole minutes since joining.
        estimate: Until the call.
        total: Points, of the policy that adds.
        factors: Of that policy.
        keys: Of the others: what was compared.
    """

    entry: QueueEntry
    position: int
    waited: int
    estimate: Estimate
    total: Decimal | None = None
    factors: tuple[Factor, ...] = ()
    keys: tuple[KeyPart, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """The queue at a moment.

    Args:
        size: How many wait.
        places: Those of them who were asked for, the next first.
        served: Who has been called or is in service, by the time of the call.
        average_wait: Whole minutes that those who wait have waited; 0 for nobody.
        policy: By which they are ordered.
    """

    size: int
    places: tuple[Place, ...]
    served: tuple[QueueEntry, ...]
    average_wait: int
    policy: str

    def place_of(self, entry_id: str) -> Place | None:
        return next((each for each in self.places if each.entry.id == entry_id), None)


def waited(entry: QueueEntry, now: datetime) -> int:
    """Whole minutes since somebody joined (row Q14)."""
    return max(0, (now - entry.joined) // timedelta(minutes=1))


def look(facts: Facts, now: datetime, *, count: int | None = None, also: str | None = None) -> View:
    """Put everybody in order, with an estimate for each who is asked for (row Q2).

    Args:
        facts: See Facts.
        now: Aware.
        count: How many of those who are next are asked for; None for all.
        also: Id of somebody who is asked for wherever they are.
    """
    rules = facts.configuration
    waiting = _ordered(facts, now)
    served = sorted(
        (each for each in facts.entries if each.state is not State.WAITING),
        key=lambda each: (each.called or each.joined, each.ticket),
    )
    wanted = [
        place
        for place, each in enumerate(waiting)
        if count is None or place < count or each.id == also
    ]
    found = _estimates(facts, waiting, served, wanted, now)
    places = [
        _place(rules, waiting[place], place + 1, estimate, now)
        for place, estimate in zip(wanted, found, strict=True)
    ]
    minutes = [waited(each, now) for each in waiting]
    average = sum(minutes) // len(minutes) if minutes else 0
    return View(len(waiting), tuple(places), tuple(served), average, rules.policy)


def next_of(facts: Facts, now: datetime) -> QueueEntry | None:
    """Whoever is called next; None where nobody waits."""
    return next(iter(_ordered(facts, now)), None)


def _ordered(facts: Facts, now: datetime) -> list[QueueEntry]:
    """By the policy; but who has just not answered lets one other person go first."""
    waiting = [each for each in facts.entries if each.state is State.WAITING]
    found = _by_policy(facts.configuration, waiting, now)
    other = next((place for place, each in enumerate(found) if not _rests(each, facts)), 0)
    return [found[other], *found[:other], *found[other + 1 :]] if other else found


def _rests(entry: QueueEntry, facts: Facts) -> bool:
    """Whether somebody has been passed over, and nobody called since."""
    called = facts.last_called
    return entry.since > entry.joined and (called is None or entry.since >= called)


def _by_policy(
    rules: QueueConfiguration, waiting: Sequence[QueueEntry], now: datetime
) -> list[QueueEntry]:
    if not rules.dynamic:
        return queue_best.first_come(waiting)
    if rules.policy == "plan":
        return queue_plan.ordered(waiting, rules, now)
    return queue_best.ordered(waiting, rules)


def _estimates(
    facts: Facts,
    waiting: Sequence[QueueEntry],
    served: Sequence[QueueEntry],
    wanted: Sequence[int],
    now: datetime,
) -> list[Estimate]:
    rules = facts.configuration
    if rules.policy != "plan":
        return estimates(waiting, served, rules, facts.learnt, now, wanted)
    mean = queue_plan.mean_service(rules, facts.completed, facts.service_seconds)
    factor = queue_plan.load_factor(max(0, len(waiting) - 1), rules.maximum)
    minutes = [queue_plan.estimated_wait(place + 1, mean, factor) for place in wanted]
    return [Estimate(each, each) for each in minutes]


def _place(
    rules: QueueConfiguration, entry: QueueEntry, position: int, estimate: Estimate, now: datetime
) -> Place:
    told = Place(entry, position, waited(entry, now), estimate)
    if not rules.dynamic:
        return replace(told, keys=queue_best.compared_by_arrival(entry))
    if rules.policy == "plan":
        points = queue_plan.points(entry, rules, now)
        return replace(told, total=points.total, factors=points.factors)
    return replace(told, keys=queue_best.compared(entry, rules))
