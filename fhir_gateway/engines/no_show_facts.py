"""What has to be known to say how likely it is that a patient does not come?

Source: owner's plan, phase 10 (SchedulingPreference), rows S1 to S3.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from fhir_gateway.engines.decision import rounded

#: Statuses that never count as an appointment that could have been missed (row S2).
UNCOUNTED = frozenset({"proposed", "waitlist", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class NoShowFacts:
    """What is known of a patient before the decision.

    Args:
        rate: Percent of past appointments missed (see `past_rate`); None without past ones.
        missed: Count of noshow.
        attended: Count of fulfilled.
        last_missed: Whether the latest of these was missed; None without one.
        age: Years; None if unknown.
        male: None if unknown or neither.
        booked_days: Appointments ahead by clinic-local day (days since 1970-01-01).
    """

    rate: Decimal | None = None
    missed: int = 0
    attended: int = 0
    last_missed: bool | None = None
    age: int | None = None
    male: bool | None = None
    booked_days: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """One appointment that may be missed.

    Args:
        start: Aware.
        booked: When it was booked, aware; the lead time begins then. Not after the start counts
            as the start.
        booked_hour: Whether the hour of `booked` is known, not the day alone.
        reminded: Whether the patient is, or will have been, reminded; None if unknown.
        beside: The patient's other appointments on that day.
    """

    start: datetime
    booked: datetime
    booked_hour: bool = True
    reminded: bool | None = None
    beside: int = 0


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
    counted = [status for status, start in past if start < now and status not in UNCOUNTED]
    if not counted:
        return None
    return rounded(Fraction(100 * counted.count("noshow"), len(counted)))
