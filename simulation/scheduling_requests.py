"""Who wants a visit in a clinic's month, and what would each of them do?

Everything that chance decides is decided here, beforehand, so that all clinics meet the same
people, who would miss or cancel the same visits.
"""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from fhir_gateway.engines.clinic_time import DAYS
from fhir_gateway.engines.no_show_facts import NoShowFacts
from fhir_gateway.engines.slot_facts import PatientFacts

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
BACKLOG = 1.5  # demand in the warm-up, so that the clinic is booked up for a week
OPENS, CLOSES = 8, 16  # hours
LENGTHS, LENGTH_SHARES = (15, 30, 45), (0.3, 0.5, 0.2)
#: Truth about patients, which no engine is told.
BASE_LOG_ODDS, SPREAD = -2.4, 0.9
PER_LOG_DAY = 0.35
CANCELS_PER_DAY = 0.008


@dataclass(frozen=True, slots=True)
class Size:
    """How large the clinic is and how long it is played.

    Args:
        practitioners: Who work eight hours a day.
        days: Working days that count.
        weeks_ahead: In which a time is looked for, and that are played before: nothing that
            counts can have been booked earlier.
    """

    practitioners: int = 2
    days: int = 20
    weeks_ahead: int = 2

    @property
    def warm_up(self) -> int:
        """Working days."""
        return 5 * self.weeks_ahead

    @property
    def ahead(self) -> int:
        """Days."""
        return 7 * self.weeks_ahead

    def counts(self, minute: int) -> bool:
        """Whether a visit or a request of that minute counts."""
        days = working_days(self.warm_up + self.days)
        return days[self.warm_up] * 1440 <= minute < (days[-1] + 1) * 1440


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody who wants a visit.

    Args:
        number: Of the patient.
        minute: Since BEGIN.
        length: Minutes.
        facts: What the engines are told.
        log_odds: Of missing a visit of today.
        misses, helped: Dice thrown beforehand: whether it is missed, whether a call helps.
        cancels: Days until the patient would cancel.
        earlier: Whether the time would be given to somebody by the waitlist.
    """

    number: int
    minute: int
    length: int
    facts: PatientFacts
    log_odds: float
    misses: float
    helped: float
    cancels: float
    earlier: float


def working_days(count: int) -> list[int]:
    """Days since BEGIN, which is a Monday."""
    return [day for day in range(2 * count + 9) if day % 7 < 5][:count]


def requests(dice: random.Random, demand: float, size: Size) -> list[Request]:
    """Everybody who asks, by time.

    Args:
        dice: Of this month.
        demand: Minutes asked for through minutes offered.
        size: See Size.
    """
    mean = sum(one * two for one, two in zip(LENGTHS, LENGTH_SHARES, strict=True))
    offered = size.practitioners * (CLOSES - OPENS) * 60 / mean
    found: list[Request] = []
    for number, day in enumerate(working_days(size.warm_up + size.days)):
        a_day = offered * (BACKLOG if number < size.warm_up else demand)
        moment = OPENS * 60 + dice.expovariate(a_day / 480)
        while moment < CLOSES * 60:
            found.append(_request(dice, len(found), day * 1440 + int(moment), size))
            moment += dice.expovariate(a_day / 480)
    return found


def _request(dice: random.Random, number: int, minute: int, size: Size) -> Request:
    own = dice.gauss(0, SPREAD)
    age = dice.randrange(18, 85)
    past = dice.choice((0, 1, 2, 4, 8))
    chance = 1 / (1 + math.exp(-(BASE_LOG_ODDS + own + PER_LOG_DAY * math.log(8))))
    missed = sum(dice.random() < chance for _ in range(past))
    rate = round(Decimal(100 * missed) / past, 2) if past else None
    facts = PatientFacts(
        no_show_rate=rate,
        travel_minutes={"Location/clinic": Decimal(dice.randrange(5, 60))},
        preferred_days=frozenset(dice.sample(DAYS[:5], 2)) if dice.random() < 0.5 else frozenset(),
        preferred_parts=frozenset({dice.choice(("morning", "afternoon"))})
        if dice.random() < 0.5
        else frozenset(),
        preferred_practitioners=frozenset({f"Practitioner/{dice.randrange(size.practitioners)}"})
        if dice.random() < 0.4
        else frozenset(),
        no_show=NoShowFacts(
            rate, missed, past - missed, _last(dice.random(), missed, past), age,
            dice.random() < 0.5,
        ),
    )  # fmt: skip
    length = dice.choices(LENGTHS, LENGTH_SHARES)[0]
    young = 0.3 if age < 30 else 0.0
    return Request(
        number, minute, length, facts, BASE_LOG_ODDS + own + young, dice.random(), dice.random(),
        dice.expovariate(CANCELS_PER_DAY), dice.random(),
    )  # fmt: skip


def _last(said: float, missed: int, past: int) -> bool | None:
    """Whether the last of the visits was missed: any of them may have been the last."""
    return said * past < missed if past else None
