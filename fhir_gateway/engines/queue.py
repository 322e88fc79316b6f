"""What does a queue look like now: who is where, why, and for how long?

Source: engines.md section 3; owner's plan, phase 11 (get_queue_status).
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    configuration: QueueConfiguration
    entries: Sequence[QueueEntry]
    learnt: Learnt
    completed: int = 0
    service_seconds: int = 0


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
        places: Who waits, the next first.
        served: Who has been called or is in service, by the time of the call.
        average_wait: Whole minutes that those who wait have waited; 0 for nobody.
        policy: By which they are ordered.
    """

    places: tuple[Place, ...]
    served: tuple[QueueEntry, ...]
    average_wait: int
    policy: str

    def place_of(self, entry_id: str) -> Place | None:
        return next((each for each in self.places if each.entry.id == entry_id), None)


def waited(entry: QueueEntry, now: datetime) -> int:
    """Whole minutes since somebody joined (row Q14)."""
    return max(0, (now - entry.joined) // timedelta(minutes=1))


def look(facts: Facts, now: datetime) -> View:
    """Put everybody in order, with an estimate for each (row Q2).

    Args:
        facts: See Facts.
        now: Aware.
    """
    waiting = [each for each in facts.entries if each.state is State.WAITING]
    served = sorted(
        (each for each in facts.entries if each.state is not State.WAITING),
        key=lambda each: (each.called or each.joined, each.ticket),
    )
    places = _plan(facts, waiting, now) if _by_plan(facts) else _best(facts, waiting, served, now)
    minutes = [each.waited for each in places]
    average = sum(minutes) // len(minutes) if minutes else 0
    return View(tuple(places), tuple(served), average, facts.configuration.policy)


def _by_plan(facts: Facts) -> bool:
    return facts.configuration.policy == "plan"


def _plan(facts: Facts, waiting: Sequence[QueueEntry], now: datetime) -> list[Place]:
    rules = facts.configuration
    mean = queue_plan.mean_service(rules, facts.completed, facts.service_seconds)
    factor = queue_plan.load_factor(max(0, len(waiting) - 1), rules.maximum)

    def estimate(position: int) -> Estimate:
        minutes = queue_plan.estimated_wait(position, mean, factor)
        return Estimate(minutes, minutes)

    if not rules.dynamic:
        return [
            Place(each, position, waited(each, now), estimate(position), keys=keys)
            for position, (each, keys) in enumerate(queue_best.first_come(waiting), start=1)
        ]
    return [
        Place(each, position, waited(each, now), estimate(position), points.total, points.factors)
        for position, (each, points) in enumerate(queue_plan.ordered(waiting, rules, now), start=1)
    ]


def _best(
    facts: Facts, waiting: Sequence[QueueEntry], served: Sequence[QueueEntry], now: datetime
) -> list[Place]:
    rules = facts.configuration
    ordered = (
        queue_best.ordered(waiting, rules) if rules.dynamic else queue_best.first_come(waiting)
    )
    found = estimates([each for each, _ in ordered], served, rules, facts.learnt, now)
    return [
        Place(each, position, waited(each, now), estimate, keys=keys)
        for position, ((each, keys), estimate) in enumerate(
            zip(ordered, found, strict=True), start=1
        )
    ]
