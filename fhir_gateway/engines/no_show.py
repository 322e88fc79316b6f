"""How likely is it that the patient does not come?

`plan` is the owner's rule, exact. `best` is a logistic model; until it is fitted on a clinic's
own appointments it uses the cold-start coefficients below. The number serves to help a person
(reminder, call, earlier slot), never to deny, delay or double-book one.

Source: owner's plan, phase 10 (predict_no_show_probability), rows S1 to S4.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from fhir_gateway.engines.clinic_time import Minutes
from fhir_gateway.engines.decision import rounded

NEW_PATIENT = Decimal("0.15")
EARLY = Decimal("1.3")  # before 08:00
MONDAY = Decimal("1.2")
FRIDAY_AFTERNOON = Decimal("1.15")  # from 14:00
#: Statuses that never count as an appointment that could have been missed (row S2).
_UNCOUNTED = frozenset({"proposed", "waitlist", "entered-in-error"})

SHRINKAGE = 4.0  # visits that the clinic's own rate counts for
#: COLD START: log-odds in the direction and size that published models agree on (long lead,
#: missed visits, young adults up; same day, over 65 down). Not fitted on any clinic.
COLD_START = MappingProxyType(
    {
        "same-day": -0.70,
        "lead": 0.25,  # per unit of ln(1 + days) away from a week
        "history": 0.90,  # per unit of shrunk log-odds away from the clinic's rate
        "young-adult": 0.25,  # 18..29
        "senior": -0.30,  # 65 and over
        "monday": 0.05,
        "friday-afternoon": 0.10,
        "early": 0.10,  # before 08:00
    }
)
_WEEK = math.log1p(7.0)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NoShowFacts:
    """What is known of a patient before the decision.

    Args:
        rate: Percent of past appointments missed (see `past_rate`); None without past ones.
        missed: Count of noshow.
        attended: Count of fulfilled.
        age: Years; None if unknown.
        base_rate: The clinic's own share of missed visits, between 0 and 1.
    """

    rate: Decimal | None = None
    missed: int = 0
    attended: int = 0
    age: int | None = None
    base_rate: float = 0.15


@dataclass(frozen=True, slots=True)
class Part:
    """One reason for the number. For `plan` the parts multiply, for `best` log-odds add up."""

    code: str
    effect: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """Probability 0..1 and the parts that made it."""

    probability: Decimal
    parts: tuple[Part, ...]


def past_rate(past: Iterable[tuple[str, datetime]], now: datetime) -> Decimal | None:
    """No-show rate in percent, to two places.

    Args:
        past: (status, planned start) of each Appointment of the patient; future ones are ignored.
        now: Aware.

    Returns:
        None where no appointment counts: a new patient (row S3).

    Source: owner's plan, phase 10, row S2 (past starts; not proposed, waitlist, entered-in-error).
    """
    counted = [status for status, start in past if start < now and status not in _UNCOUNTED]
    if not counted:
        return None
    return rounded(Fraction(100 * counted.count("noshow"), len(counted)))


def plan_probability(rate: Decimal | None, weekday: int, hour: int) -> Prediction:
    """The owner's rule.

    Args:
        rate: Percent; None for a patient without past appointments.
        weekday: 0 Monday … 6 Sunday, clinic time.
        hour: 0..23, clinic time.

    Source: owner's plan, phase 10, row S1; multipliers stack and the cap at 1 comes last.
    """
    if rate is None:
        return Prediction(NEW_PATIENT, (Part("new-patient", float(NEW_PATIENT)),))
    factors = [("history", rate / 100)]
    if hour < 8:
        factors.append(("early", EARLY))
    if weekday == 0:
        factors.append(("monday", MONDAY))
    if weekday == 4 and hour >= 14:
        factors.append(("friday-afternoon", FRIDAY_AFTERNOON))
    product = math.prod((factor for _, factor in factors), start=Decimal(1))
    parts = tuple(Part(code, float(factor)) for code, factor in factors)
    return Prediction(min(product, Decimal(1)), parts)


def best_terms(
    facts: NoShowFacts, lead_days: Floats, weekday: Minutes, hour: Minutes
) -> dict[str, Floats]:
    """Log-odds of each part of the cold-start model, for many starts at once.

    Args:
        facts: Of one patient.
        lead_days: Shape (n,), days from the decision to the start, ≥ 0, fractions allowed.
        weekday: Shape (n,), 0 Monday … 6 Sunday, clinic time.
        hour: Shape (n,), 0..23, clinic time.

    Returns:
        Code → shape (n,); the probability is the logistic function of their sum.
    """
    base = _logit(facts.base_rate)
    seen = facts.missed + facts.attended
    shrunk = (facts.missed + SHRINKAGE * facts.base_rate) / (seen + SHRINKAGE)
    ones = np.ones_like(lead_days)
    patient = {
        "base-rate": base * ones,
        "history": COLD_START["history"] * (_logit(shrunk) - base) * ones,
        "age": _age_effect(facts.age) * ones,
    }
    return patient | {
        "lead": COLD_START["lead"] * (np.log1p(lead_days) - _WEEK)
        + COLD_START["same-day"] * (lead_days < 1),
        "time-of-week": COLD_START["early"] * (hour < 8)
        + COLD_START["monday"] * (weekday == 0)
        + COLD_START["friday-afternoon"] * ((weekday == 4) & (hour >= 14)),
    }


def best_probabilities(
    facts: NoShowFacts, lead_days: Floats, weekday: Minutes, hour: Minutes
) -> Floats:
    """Probability 0..1 of each start; arguments as for `best_terms`."""
    odds = sum(best_terms(facts, lead_days, weekday, hour).values(), np.zeros_like(lead_days))
    return 1.0 / (1.0 + np.exp(-odds))


def predict(
    policy: str, facts: NoShowFacts, start: datetime, now: datetime, zone: ZoneInfo
) -> Prediction:
    """The probability for one appointment, with its parts.

    Args:
        policy: `plan` or `best`.
        facts: Of the patient, from before `now`.
        start: Planned start, aware.
        now: When the prediction is made, aware.
        zone: Of the clinic.
    """
    local = start.astimezone(zone)
    if policy == "plan":
        return plan_probability(facts.rate, local.weekday(), local.hour)
    lead = (start.astimezone(UTC) - now).total_seconds() / 86_400
    terms = best_terms(
        facts,
        np.array([max(0.0, lead)]),
        np.array([local.weekday()], dtype=np.int64),
        np.array([local.hour], dtype=np.int64),
    )
    odds = sum(float(term[0]) for term in terms.values())
    parts = tuple(Part(code, float(term[0])) for code, term in terms.items())
    return Prediction(rounded_probability(1.0 / (1.0 + math.exp(-odds))), parts)


def rounded_probability(value: float) -> Decimal:
    """A modelled probability to four places: more would pretend."""
    return Decimal(round(value * 10_000)).scaleb(-4)


def _logit(share: float) -> float:
    inside = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(inside / (1 - inside))


def _age_effect(age: int | None) -> float:
    if age is None:
        return 0.0
    if age >= 65:
        return COLD_START["senior"]
    return COLD_START["young-adult"] if 18 <= age < 30 else 0.0
