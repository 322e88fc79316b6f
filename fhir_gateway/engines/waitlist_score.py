"""How well does a freed time fit a waitlist entry, by the owner's rule?

Exact in fractions: a third of a point per day waited never meets a binary float.

Source: owner's plan, phase 12 (calculate_match_score, calculate_flexibility_score), rows W2, W11.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import local_day
from fhir_gateway.engines.decision import Factor, decimal_of, rounded
from fhir_gateway.engines.waitlist_facts import FreedTime, WaitlistEntry

#: Part → most points that it can give; they sum to 100.
MOST = {"practitioner": 30, "date": 25, "time": 20, "flexibility": 15, "waiting": 10}
#: Days from the preferred date, included → points.
DATE_STEPS = ((0, 25), (3, 15), (7, 10))
#: Difference of clock hours, included → points. No wrap at midnight.
TIME_STEPS = ((1, 20), (2, 10))
NO_DATE = Fraction(25, 2)
NO_TIME = Fraction(10)
NO_PRACTITIONER = Fraction(15)

BASE_FLEXIBILITY = 50
#: The wanted period spans more days than → points.
RANGE_STEPS = ((30, 20), (14, 10))


@dataclass(frozen=True, slots=True)
class MatchScore:
    """Points 0..100: exact, and as parts with value 0..100 and weight."""

    exact: Fraction
    factors: tuple[Factor, ...]

    @property
    def total(self) -> Decimal:
        """Two decimals, half to even."""
        return rounded(self.exact)


def match_score(entry: WaitlistEntry, freed: FreedTime, today: date) -> MatchScore:
    """Score one entry against one freed time.

    Args:
        entry: Eligible or not.
        freed: The time.
        today: The clinic's day.

    Returns:
        Parts `practitioner` (30 preferred, 15 no preference), `date` (25 exact, 15 within 3 days,
        10 within 7, 12.5 no preference), `time` (20 within 1 clock hour, 10 within 2, 10 no
        preference), `flexibility` (/100 × 15), `waiting` (days / 3, at most 10,
        at least 0).

    Source: owner's plan, phase 12, row W11 (clinic-local days since created).
    """
    zone = ZoneInfo(freed.zone)
    local = freed.start.astimezone(zone)
    flexible = flexibility(entry) if entry.flexibility is None else entry.flexibility
    waited = max(0, (today - local_day(entry.created, zone)).days)
    parts = (
        ("practitioner", *_practitioner(entry, freed)),
        ("date", *_date(entry, local.date())),
        ("time", *_time(entry, local.hour)),
        ("flexibility", Fraction(flexible * 15, 100), f"flexibility {flexible} of 100"),
        ("waiting", min(Fraction(10), Fraction(waited, 3)), f"{waited} days on the list"),
    )
    exact = sum((points for _, points, _ in parts), Fraction(0))
    return MatchScore(exact, tuple(_factor(*part) for part in parts))


def _practitioner(entry: WaitlistEntry, freed: FreedTime) -> tuple[Fraction, str]:
    if not entry.practitioners:
        return NO_PRACTITIONER, "any practitioner"
    if freed.practitioner in entry.practitioners:
        return Fraction(30), "preferred practitioner"
    return Fraction(0), "another practitioner"


def _date(entry: WaitlistEntry, day: date) -> tuple[Fraction, str]:
    if entry.preferred_date is None:
        return NO_DATE, "no preferred date"
    apart = abs((day - entry.preferred_date).days)
    points = next((points for limit, points in DATE_STEPS if apart <= limit), 0)
    return Fraction(points), f"{apart} days from the preferred date"


def _time(entry: WaitlistEntry, hour: int) -> tuple[Fraction, str]:
    if entry.preferred_hour is None:
        return NO_TIME, "no preferred time"
    apart = abs(hour - entry.preferred_hour)
    points = next((points for limit, points in TIME_STEPS if apart <= limit), 0)
    return Fraction(points), f"{apart} clock hours from the preferred time"


@lru_cache(maxsize=4096)
def _factor(code: str, points: Fraction, text: str) -> Factor:
    most = MOST[code]
    weight = Decimal(most).scaleb(-2)
    return Factor(code, decimal_of(points * 100 / most), weight, decimal_of(points), text)


def flexibility(entry: WaitlistEntry) -> int:
    """How flexible an entry is, 0..100, where nobody stated it.

    Args:
        entry: 50, +20 without preferred practitioner, +20 where the wanted period spans more than
            30 days or +10 more than 14 (both bounds known; the longest counts), +10 without
            preferred time; at most 100.

    Source: owner's plan, phase 12, row W2.
    """
    spans = [(each.last - each.first).days for each in entry.wanted if each.first and each.last]
    longest = max(spans, default=0)
    score = BASE_FLEXIBILITY + (0 if entry.practitioners else 20)
    score += next((points for limit, points in RANGE_STEPS if longest > limit), 0)
    score += 10 if entry.preferred_hour is None else 0
    return min(100, score)
