"""How long will it take until each of those who wait is called?

Those ahead are called one after the other, whenever one service more is expected to have ended; a
service that has begun ends as a lognormal one does that has lasted so long. People who have yet to
come and would go first lengthen the wait, which lets more of them come: a fixed point. What the
queue has learnt of its errors corrects the result and makes it a range.

Source: engines.md section 3 (estimate of policy best); decision 0023.
"""

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
_CLOSELY = 4  # calls that are worked out one by one
_HALVINGS = 10  # of four services: a few seconds
_MOST_UNDER_WAY = 40  # that are looked at, should many be called and never served
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


def _normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


def ended(minutes: float, elapsed: float, mu: float, sigma: float) -> float:
    """Probability that a service which has lasted so long ends within so many minutes.

    Args:
        minutes: From now.
        elapsed: Minutes, ≥ 0.
        mu: Mean of the logarithm of minutes.
        sigma: Its standard deviation, > 0.

    Returns:
        P(S ≤ e + t | S > e) of a lognormal S; where none lasts so long, somebody has forgotten to
        say that it ended, and it is one that has just begun.
    """
    if minutes <= 0:
        return 0.0
    lasting = _lasts(elapsed, mu, sigma)
    if lasting < _UNHEARD:
        return ended(minutes, 0.0, mu, sigma)
    return 1 - _lasts(elapsed + minutes, mu, sigma) / lasting


def _lasts(minutes: float, mu: float, sigma: float) -> float:
    return 1.0 if minutes <= 0 else _normal((mu - math.log(minutes)) / sigma)


def calls(
    under_way: Sequence[float], servers: int, mu: float, sigma: float, count: int
) -> list[float]:
    """When each of those who wait is called, in minutes.

    The first of several services ends earlier than any single one is expected to. So the next call
    is when one service more is expected to have ended, of those under way and of those begun by the
    calls before; after some calls the others follow at the pace of all servers.

    Args:
        under_way: Minutes for which each service that has begun has lasted.
        servers: Services at once, ≥ 1.
        mu, sigma: As of `ended`.
        count: How many wait.
    """
    pace = math.exp(mu + sigma**2 / 2) / servers
    begun = [-each for each in sorted(under_way, reverse=True)[:_MOST_UNDER_WAY]]
    found: list[float] = []
    over = 0
    for _ in range(count):
        last = found[-1] if found else 0.0
        if len(begun) - over < servers:
            moment = last
        elif over < _CLOSELY:
            moment = _until(over + 0.5, begun, last, last + 4 * servers * pace, mu, sigma)
            over += 1
        else:
            moment = last + pace
            over += 1
        found.append(moment)
        begun.append(moment)
    return found


def _until(
    wanted: float, begun: Sequence[float], low: float, high: float, mu: float, sigma: float
) -> float:
    """When so many of some services are expected to have ended."""
    for _ in range(_HALVINGS):
        moment = (low + high) / 2
        over = sum(ended(moment - max(each, 0.0), max(-each, 0.0), mu, sigma) for each in begun)
        low, high = (moment, high) if over < wanted else (low, moment)
    return (low + high) / 2


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
    under_way = [_lasted(each, now) for each in served]
    servers = max(1, configuration.servers)
    planned = calls(under_way, servers, mu, sigma, len(waiting))
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


def _lasted(entry: QueueEntry, now: datetime) -> float:
    if entry.state is State.IN_SERVICE and entry.started is not None:
        return max(0.0, (now - entry.started).total_seconds() / 60)
    return 0.0


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
