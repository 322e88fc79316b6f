"""Would the model have known better, on visits that it has not learnt from?

What is learnt from the earlier visits is judged on later ones, beside one number for all
(`constant`), the owner's rule (`plan`) and the model before it has learnt (`cold-start`); and again
for the visits booked a day or more ahead, where it is not enough to say that a visit of the same
day is kept.

Source: owner's plan, phase 10 ("prediction accuracy > 70 %").
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fhir_gateway.engines.no_show import plan_probabilities
from fhir_gateway.engines.no_show_features import Floats, Visits
from fhir_gateway.engines.no_show_fit import enough, fit
from fhir_gateway.engines.no_show_history import Ints, histories
from fhir_gateway.engines.no_show_judge import Figures, Flags, Group, by_group, figures
from fhir_gateway.engines.no_show_model import NoShowModel, cold_start

#: Share of the appointments that a clinic can call about.
BUDGET = 0.2
#: Share of the visits that is learnt from, where no day is given.
LEARNT_SHARE = 0.7
ALL, AHEAD = "all", "lead >= 1 day"
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True, eq=False)
class Booked:
    """Appointments as they were booked; every array has shape (n,), unknown is NaN.

    Args:
        patient: Numbers from 0 on, equal for the same patient.
        day: Clinic-local day of the start, days since 1970-01-01.
        booked: When it was booked, clinic-local days since 1970-01-01 with fractions;
            NaN looks back from the day of the start.
        booking_hour: 0..24; NaN where `booked` is a day alone.
        hour: Of the start, 0..23.
        missed: 1, 0, or NaN where it has neither been missed nor kept.
        counted: Whether it counts in the owner's rate (row S2).
        age: Years.
        male: 1 or 0.
        reminded: 1 or 0.
    """

    patient: Ints
    day: Ints
    booked: Floats
    booking_hour: Floats
    hour: Floats
    missed: Floats
    counted: Flags
    age: Floats
    male: Floats
    reminded: Floats

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Appointments with what was known when they were booked; shape (n,) each.

    Args:
        visits: For the model.
        rate: For the owner's rule: percent of the past appointments missed; NaN without any.
        hour: Of the start.
        day: Of the start.
        missed: 1, 0 or NaN.
    """

    visits: Visits
    rate: Floats
    hour: Floats
    day: Ints
    missed: Floats

    def __len__(self) -> int:
        return len(self.day)

    def at(self, rows: Flags) -> "Cases":
        """Some of them."""
        return Cases(
            self.visits.at(rows), self.rate[rows], self.hour[rows], self.day[rows],
            self.missed[rows],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """One policy on one part of the visits."""

    part: str
    policy: str
    figures: Figures


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What came out.

    Attributes:
        model: What was learnt; the cold start where there was too little to learn from.
        learnt: Visits learnt from, with their first and last day.
        judged: Every policy on all visits and on those booked ahead; empty parts are left out.
        groups: Told by the model and true, by sex and age.
        tested: Visits judged on, with their first and last day.
    """

    model: NoShowModel
    learnt: tuple[int, int, int]
    tested: tuple[int, int, int]
    judged: tuple[Judged, ...]
    groups: tuple[Group, ...]

    def figures(self, policy: str, part: str = ALL) -> Figures:
        """Of one policy on one part."""
        return next(
            each.figures for each in self.judged if (each.policy, each.part) == (policy, part)
        )


def cases(booked: Booked) -> Cases:
    """Look back from each booking.

    Args:
        booked: All appointments of the patients, those without an outcome as well.
    """
    asked = np.where(np.isnan(booked.booked), booked.day, booked.booked)
    known = histories(booked.patient, booked.day, asked, booked.missed)
    happened = np.where(booked.counted, booked.missed == 1, np.nan)
    past = histories(booked.patient, booked.day, asked, happened)
    share = 100 * past.missed / np.maximum(past.seen, 1)
    visits = Visits(
        lead=np.maximum(booked.day - np.floor(booked.booked), 0.0),
        weekday=((booked.day + _EPOCH_WEEKDAY) % 7).astype(np.float64),
        booking_hour=booked.booking_hour,
        age=booked.age,
        male=booked.male,
        seen=known.seen,
        missed=known.missed,
        last_missed=known.last_missed,
        beside=known.beside,
        reminded=booked.reminded,
    )
    rate = np.where(past.seen > 0, np.round(share, 2), np.nan)
    return Cases(visits, rate, booked.hour, booked.day, booked.missed)


def last_learnt_day(day: npt.NDArray[np.int64], share: float = LEARNT_SHARE) -> int:
    """The day up to which about so many of the visits took place, whole days only.

    Args:
        day: Shape (n,), n ≥ 1.
        share: 0..1.

    Returns:
        Never the last day of all, unless there is only one.
    """
    days, counts = np.unique(day, return_counts=True)
    reached = np.abs(np.cumsum(counts) / len(day) - share)
    return int(days[: max(1, len(days) - 1)][np.argmin(reached[: max(1, len(days) - 1)])])


def trial(learnt: Cases, tested: Cases, version: str = "trial", budget: float = BUDGET) -> Trial:
    """Learn from some visits and judge on others.

    Args:
        learnt: With outcomes; earlier than the others.
        tested: With outcomes, at least one.
        version: What the model is called.
        budget: Share of the appointments that can be called about.
    """
    constant = float(learnt.missed.mean()) if len(learnt) else 0.0
    learns = enough(learnt.missed)
    model = fit(learnt.visits, learnt.missed, learnt.day, version) if learns else cold_start()
    cold = cold_start(constant) if 0 < constant < 1 else cold_start()
    told = {
        "constant": np.full(len(tested), constant),
        "plan": plan_probabilities(tested.rate, tested.visits.weekday, tested.hour),
        "cold-start": cold.probabilities(tested.visits),
        "best": (model if learns else cold).probabilities(tested.visits),
    }
    parts = ((ALL, np.ones(len(tested), dtype=np.bool_)), (AHEAD, tested.visits.lead >= 1))
    judged = tuple(
        Judged(part, policy, figures(chance[rows], tested.missed[rows], constant, budget))
        for part, rows in parts
        if rows.any()
        for policy, chance in told.items()
    )
    visits = tested.visits
    return Trial(
        model if learns else cold,
        _extent(learnt),
        _extent(tested),
        judged,
        by_group(told["best"], tested.missed, visits.male, visits.age),
    )


def _extent(some: Cases) -> tuple[int, int, int]:
    if not len(some):
        return 0, 0, 0
    return len(some), int(some.day.min()), int(some.day.max())
