"""What does the no-show model look at?

Only what FHIR Appointments and their patients tell, and nothing that was not known at the decision:
lead time, the patient's earlier visits, age, sex, weekday, booking hour, other appointments of the
day, reminder. No place, no welfare, no diagnosis. What is unknown is NaN, and has no effect.

Source: owner's plan, phase 10 (goal); row S2 (`best` counts noshow and fulfilled).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Changes whenever the columns do: coefficients of another scheme are not used.
SCHEME = 1
SHRINKAGE = 4.0  # visits that the clinic's own rate counts for
LEAD_STEPS = (1, 3, 7, 14, 30)  # days
LONGEST_LEAD = 180.0  # days; a longer lead counts as this
AGE_KNOTS = (10, 18, 25, 35, 45, 55, 65, 75)  # years
OLDEST = 100.0
_NOON = 12.0

#: Column of the model → the part under which it is told to people.
GROUPS: dict[str, str] = {
    "same-day": "lead-time",
    "lead": "lead-time",
    "lead-squared": "lead-time",
    **{f"lead-over-{each}": "lead-time" for each in LEAD_STEPS},
    "history": "history",
    "visits": "history",
    "last-missed": "history",
    "last-kept": "history",
    "infant": "age",
    "age": "age",
    **{f"age-over-{each}": "age" for each in AGE_KNOTS},
    "male": "sex",
    **{f"weekday-{each}": "weekday" for each in range(7)},
    "booking-hour": "booking-hour",
    "booking-hour-squared": "booking-hour",
    "beside": "other-appointments",
    "reminded": "reminder",
    "reminded-lead": "reminder",
}
FEATURES = tuple(GROUPS)
#: The parts in the order in which they are told.
PARTS = tuple(dict.fromkeys(GROUPS.values()))


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """Appointments as the model sees them; every array has shape (n,), unknown is NaN.

    Args:
        lead: Whole clinic-local days from the booking to the start, ≥ 0.
        weekday: Of the start, 0 Monday … 6 Sunday, clinic time.
        booking_hour: 0..24, with fractions.
        age: Years.
        male: 1 or 0.
        seen: Earlier visits of the patient with a known outcome.
        missed: How many of them were missed.
        last_missed: 1 or 0; NaN without an earlier visit.
        beside: Other appointments of the patient on that day.
        reminded: 1 or 0.
    """

    lead: Floats
    weekday: Floats
    booking_hour: Floats
    age: Floats
    male: Floats
    seen: Floats
    missed: Floats
    last_missed: Floats
    beside: Floats
    reminded: Floats

    def __len__(self) -> int:
        return len(self.lead)

    def at(self, rows: npt.NDArray[np.bool_] | slice) -> "Visits":
        """Some of them."""
        return Visits(*(getattr(self, name)[rows] for name in self.__slots__))


def logit(share: float) -> float:
    """Log-odds of a probability, kept away from 0 and 1."""
    inside = min(max(share, 1e-4), 1 - 1e-4)
    return float(np.log(inside / (1 - inside)))


def matrix(visits: Visits, base_rate: float) -> Floats:
    """The columns of the model.

    Args:
        visits: n of them.
        base_rate: The clinic's share of missed visits, 0..1; a short history counts as little.

    Returns:
        Shape (n, len(FEATURES)), in their order.
    """
    lead = np.minimum(visits.lead, LONGEST_LEAD)
    log_lead = np.log1p(lead)
    inside = min(max(base_rate, 1e-4), 1 - 1e-4)
    shrunk = (visits.missed + SHRINKAGE * inside) / (visits.seen + SHRINKAGE)
    age = np.minimum(visits.age, OLDEST)
    hour = (visits.booking_hour - _NOON) / 6
    first = np.isnan(visits.last_missed)
    columns = (
        _known(lead, lead == 0),
        log_lead,
        log_lead**2,
        *(_known(lead, lead > step) for step in LEAD_STEPS),
        np.log(shrunk / (1 - shrunk)) - logit(inside),
        np.log1p(visits.seen),
        np.where(first, 0.0, visits.last_missed),
        np.where(first, 0.0, 1 - visits.last_missed),
        _known(age, age < 1),
        age / 10,
        *(np.maximum(age - knot, 0) / 10 for knot in AGE_KNOTS),
        visits.male,
        *(_known(visits.weekday, visits.weekday == each) for each in range(7)),
        hour,
        hour**2,
        np.log1p(visits.beside),
        visits.reminded,
        visits.reminded * log_lead,
    )
    filled = np.empty((len(visits), len(columns)), order="F")
    for place, column in enumerate(columns):
        filled[:, place] = column
    return filled


def _known(values: Floats, flags: npt.NDArray[np.bool_]) -> Floats:
    return np.where(np.isnan(values), np.nan, flags)
