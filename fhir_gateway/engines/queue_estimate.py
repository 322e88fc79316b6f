"""How long will it take until each of those who wait is called?

Those ahead are dealt out to the servers one after the other; a service that has begun takes what a
lognormal one takes that has lasted so long. People who have yet to come and would go first lengthen
the wait, which lets more of them come: a fixed point. What the queue has learnt of its errors
corrects the result and makes it a range.

Source: engines.md section 3 (estimate of policy best).
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.queue_best import deadline
from fhir_gateway.engines.queue_facts import QueueConfiguration, QueueEntry, State
from fhir_gateway.engines.queue_learning import Learnt, Shown

_ROUNDS = 25
_ENOUGH = 0.05  # minutes
_LONGEST = 720.0  # minutes; beyond it nobody is told a number
_UNHEARD = 1e-9
_ROUNDING = 2.0  # minutes by which any estimate is wrong


@dataclass(frozen=True, slots=True)
class Estimate:
    """Minutes until the call: four of five people are called within the range.

    Args:
        low, high: Whole minutes.
        shown: What it was made of, to learn from; None for the rule of `plan`.
    """

    low: int
    high: int
    shown: Shown | None = None


def residual(elapsed: float, mu: float, sigma: float) -> float:
    """Minutes that a service still takes which has lasted so many.

    Args:
        elapsed: Minutes, ≥ 0.
        mu: Mean of the logarithm of minutes.
        sigma: Its standard deviation, > 0.

    Returns:
        E[S − e | S > e] of a lognormal S.
    """
    mean = math.exp(mu + sigma**2 / 2)
    if elapsed <= 0:
        return mean
    place = (math.log(elapsed) - mu) / sigma
    lasting = _normal(-place)
    if lasting < _UNHEARD:
        return mean
    return max(0.0, mean * _normal(sigma - place) / lasting - elapsed)


def _normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


def list_schedule(under_way: Sequence[float], servers: int, mean: float, count: int) -> list[float]:
    """When each of those who wait is called, in minutes.

    Args:
        under_way: Minutes until each service that has begun ends.
        servers: Services at once, ≥ 1.
        mean: Minutes of a service.
        count: How many wait.
    """
    free = [*under_way, *[0.0] * (servers - len(under_way))]
    heapq.heapify(free)
    return [heapq.heapreplace(free, free[0] + mean) for _ in range(count)]


def estimates(
    waiting: Sequence[QueueEntry],
    served: Sequence[QueueEntry],
    configuration: QueueConfiguration,
    learnt: Learnt,
    now: datetime,
    wanted: Sequence[int] | None = None,
) -> list[Estimate]:
    """The range for each of those who wait.

    Args:
        waiting: The next first.
        served: Called or in service.
        configuration: Servers, targets and the default length of a service count.
        learnt: Of the queue.
        now: Aware.
        wanted: Places in `waiting` that are asked for; None for all.

    Source: engines.md section 3.
    """
    mu, sigma = learnt.lognormal(configuration.service_minutes)
    mean = math.exp(mu + sigma**2 / 2)
    under_way = [_left(each, mu, sigma, now) for each in served]
    servers = max(1, configuration.servers)
    planned = list_schedule(under_way, servers, mean, len(waiting))
    load = len(under_way) / servers
    rates = learnt.rates(now) if configuration.dynamic else {}
    correction = learnt.correction()
    found = []
    for ahead in range(len(waiting)) if wanted is None else wanted:
        each = waiting[ahead]
        wait = _overtaken(each, ahead, planned[ahead], rates, mean / servers, configuration, now)
        shown = Shown(wait, ahead, load, wait, _ROUNDING)
        moved = sum(one * two for one, two in zip(correction, shown.features, strict=True))
        point = min(_LONGEST, max(0.0, wait + moved))
        spread = _ROUNDING + math.sqrt(math.expm1(sigma**2) * point * mean / servers)
        found.append(_estimate(replace(shown, point=point, spread=spread), learnt, each))
    return found


def _left(entry: QueueEntry, mu: float, sigma: float, now: datetime) -> float:
    if entry.state is State.IN_SERVICE and entry.started is not None:
        return residual((now - entry.started).total_seconds() / 60, mu, sigma)
    return residual(0, mu, sigma)


def _overtaken(
    entry: QueueEntry,
    ahead: int,
    planned: float,
    rates: dict[ClinicalClass, float],
    pace: float,
    configuration: QueueConfiguration,
    now: datetime,
) -> float:
    """The wait with those who are still to come and will go first."""
    if planned == 0 and not ahead:
        return 0.0
    own = deadline(entry, configuration)
    windows = [
        (rate, _window(each, own, configuration, now))
        for each, rate in rates.items()
        if each < entry.clinical_class
    ]
    wait = planned
    for _ in range(_ROUNDS):
        longer = planned + pace * sum(rate * min(wait, window) for rate, window in windows)
        if abs(longer - wait) < _ENOUGH or longer >= _LONGEST:
            return min(longer, _LONGEST)
        wait = longer
    return wait


def _window(
    clinical_class: ClinicalClass, own: datetime, configuration: QueueConfiguration, now: datetime
) -> float:
    """Minutes from now in which somebody of a class would still go first."""
    if clinical_class is ClinicalClass.EMERGENCY:
        return _LONGEST
    last = own - timedelta(minutes=configuration.targets[clinical_class])
    return max(0.0, (last - now).total_seconds() / 60)


def _estimate(shown: Shown, learnt: Learnt, entry: QueueEntry) -> Estimate:
    low, high = learnt.range_of(entry.clinical_class)
    least = max(0, math.floor(shown.point + low * shown.spread))
    return Estimate(least, max(least + 1, math.ceil(shown.point + high * shown.spread)), shown)
