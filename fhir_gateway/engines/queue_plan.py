"""Who is next by the owner's rule, and how long will it take?

Points for the priority, for the wait and for an appointment that is near; the highest first. A
position is a rank (row Q1), ties go by who came first and then by ticket (row Q5), and somebody
hours overdue keeps the 30 points (row Q7). The number of servers is ignored (row Q8). Computed
in whole numbers: a point is UNIT, so that half a microsecond's wait is no rounding.

Source: owner's plan, phase 11 (AdvancedQueueEngine), rows Q1 to Q8; decision 25.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from fhir_gateway.engines.decision import Factor, decimal_of
from fhir_gateway.engines.queue_facts import QueueConfiguration, QueueEntry, Weights

#: One point: a microsecond of waiting is worth one of 120 000 000 parts of it.
UNIT = 120_000_000
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000  # microseconds
WAIT_CAP = 50  # points, reached after 100 minutes
#: Minutes to the appointment below which it is worth so many points; overdue included.
NEARNESS = ((30, 30), (60, 15))
#: Load below which a service takes so many times as long; above the last twice as long.
LOAD = ((Fraction(1, 2), Fraction(1)), (Fraction(3, 4), Fraction(6, 5)),
        (Fraction(9, 10), Fraction(3, 2)))  # fmt: skip
OVERLOADED = Fraction(2)
DEFAULT_CAPACITY = 10


@dataclass(frozen=True, slots=True)
class Points:
    """What an entry is worth, exactly, in UNITs.

    Args:
        units: The sum.
        parts: (code, value 0..100, weight, text): the value times the weight is the contribution.
    """

    units: int
    parts: tuple[tuple[str, Fraction, Fraction, str], ...]

    @property
    def total(self) -> Decimal:
        return decimal_of(Fraction(self.units, UNIT))

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The parts, for the answer."""
        return tuple(
            Factor(code, decimal_of(value), decimal_of(weight), decimal_of(value * weight), text)
            for code, value, weight, text in self.parts
        )


def points(entry: QueueEntry, configuration: QueueConfiguration, now: datetime) -> Points:
    """What an entry is worth by the ordering of its queue.

    Args:
        entry: Waiting.
        configuration: Its ordering and weights count.
        now: Aware.
    """
    if configuration.ordering == "weighted":
        return _weighted(entry, configuration.weights, now)
    wait = min(2 * Fraction(WAIT_CAP), _minutes(entry.since, now))
    near = _nearness(entry, now)
    return _sum(
        ("priority", Fraction(entry.priority), Fraction(1), "points given, or of a priority rule"),
        ("waiting", wait, Fraction(1, 2), f"{int(_minutes(entry.since, now))} minutes of waiting"),
        ("appointment-time", Fraction(near), Fraction(1), _when(entry, now)),
    )


def _weighted(entry: QueueEntry, weights: Weights, now: datetime) -> Points:
    wait = min(Fraction(100), _minutes(entry.since, now))
    near = Fraction(0)
    if entry.appointment_start is not None:
        near = min(Fraction(100), max(Fraction(0), 100 - _minutes(now, entry.appointment_start)))
    priority = min(Fraction(100), Fraction(entry.priority))
    return _sum(
        ("priority", priority, Fraction(weights.priority), "points given, or of a priority rule"),
        ("waiting", wait, Fraction(weights.wait),
         f"{int(_minutes(entry.since, now))} minutes of waiting"),
        ("appointment-time", near, Fraction(weights.appointment), _when(entry, now)),
    )  # fmt: skip


def _sum(*parts: tuple[str, Fraction, Fraction, str]) -> Points:
    return Points(round(sum(value * weight for _, value, weight, _ in parts) * UNIT), parts)


def _minutes(since: datetime, until: datetime) -> Fraction:
    return Fraction((until - since) // _MICROSECOND, _MINUTE)


def _nearness(entry: QueueEntry, now: datetime) -> int:
    if entry.appointment_start is None:
        return 0
    until = entry.appointment_start - now
    return next((worth for below, worth in NEARNESS if until < timedelta(minutes=below)), 0)


def _when(entry: QueueEntry, now: datetime) -> str:
    if entry.appointment_start is None:
        return "no appointment"
    minutes = int(_minutes(now, entry.appointment_start))
    return f"the appointment is in {minutes} minutes" if minutes >= 0 else "it is overdue"


def worth(entry: QueueEntry, configuration: QueueConfiguration, now: datetime) -> int:
    """The same sum without its parts, for an order of many."""
    if configuration.ordering == "weighted":
        return points(entry, configuration, now).units
    wait = min(WAIT_CAP * UNIT, (now - entry.since) // _MICROSECOND)
    return round(entry.priority * UNIT) + wait + _nearness(entry, now) * UNIT


def ordered(
    entries: Iterable[QueueEntry], configuration: QueueConfiguration, now: datetime
) -> list[QueueEntry]:
    """Those who wait, the next first.

    Args:
        entries: Waiting, in any order.
        configuration: Of their queue.
        now: Aware.

    Source: owner's plan, phase 11 (reposition_queue_entries), rows Q1 and Q5.
    """
    keyed = [(-worth(each, configuration, now), each.since, each.ticket, each) for each in entries]
    return [each for *_, each in sorted(keyed, key=lambda one: one[:3])]


def load_factor(waiting: int, maximum: int | None) -> Fraction:
    """How many times as long a service takes.

    Args:
        waiting: How many wait besides.
        maximum: Of the queue; None counts as 10.
    """
    load = Fraction(waiting, maximum or DEFAULT_CAPACITY)
    return next((factor for below, factor in LOAD if load < below), OVERLOADED)


def mean_service(
    configuration: QueueConfiguration, completed: int, service_seconds: int
) -> Fraction:
    """Minutes that a service takes.

    Args:
        configuration: Whether the past counts, and the default.
        completed: Services that ended within today − 7 … today, queue-local days.
        service_seconds: All of them together: the hours' means weighted by completed (row Q4).
    """
    if not configuration.historical or not completed:
        return Fraction(configuration.service_minutes)
    return Fraction(service_seconds, 60 * completed)


def estimated_wait(position: int, mean: Fraction, factor: Fraction) -> int:
    """Whole minutes until somebody is called (rows Q2 and Q14); 0 for no position.

    Source: owner's plan, phase 11 (calculate_estimated_wait_time).
    """
    return 0 if position <= 0 else int(mean * (position - 1) * factor)
