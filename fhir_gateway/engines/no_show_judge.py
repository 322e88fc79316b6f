"""How good are predictions of no-shows, and for whom?

"Accuracy" is told because people ask for it, and beside a constant because that has a high one
too: what counts is whether the risky come first (AUC), whether the numbers are better than one
number for all (Brier skill) and true (calibration error), and how many no-shows a given number of
calls reaches.

Source: Brier 1950; Hanley and McNeil 1982 (AUC as the rank sum); owner's plan, phase 10
("prediction accuracy > 70 %").
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fhir_gateway.engines.no_show_features import Floats

Flags = npt.NDArray[np.bool_]
_BINS = 10
#: Upper ends of the bands of age in which the numbers are compared, years.
AGE_BANDS = ((0, 17), (18, 29), (30, 44), (45, 64), (65, 200))


@dataclass(frozen=True, slots=True)
class Figures:
    """How good some predictions are; None where the outcomes are all alike.

    Attributes:
        count: Predictions.
        missed: How many were no-shows.
        auc: 0.5 is chance, 1 is perfect.
        brier: Mean squared error.
        skill: Share of the constant's Brier score that is saved; 0 for the constant.
        calibration_error: Mean distance between told and true rate over ten equal groups.
        recall: Share of the no-shows among those at highest risk, as many as the budget allows.
        accuracy: Share judged right at 50 %.
    """

    count: int
    missed: int
    auc: float | None
    brier: float
    skill: float
    calibration_error: float
    recall: float | None
    accuracy: float


@dataclass(frozen=True, slots=True)
class Group:
    """What was told and what was true of some patients."""

    name: str
    count: int
    told: float
    true: float


def figures(chance: Floats, missed: Floats, constant: float, budget: float) -> Figures:
    """Judge predictions.

    Args:
        chance: Shape (n,), n ≥ 1, 0..1.
        missed: Shape (n,), 1 or 0.
        constant: What the skill is measured against: the rate of the training visits.
        budget: Share of the appointments that can be called about, 0..1.
    """
    brier = float(((chance - missed) ** 2).mean())
    of_constant = float(((constant - missed) ** 2).mean())
    return Figures(
        count=len(missed),
        missed=int(missed.sum()),
        auc=auc(chance, missed),
        brier=brier,
        skill=1 - brier / of_constant if of_constant else 0.0,
        calibration_error=calibration_error(chance, missed),
        recall=recall_at(chance, missed, budget),
        accuracy=float(((chance >= 0.5) == (missed > 0)).mean()),
    )


def auc(chance: Floats, missed: Floats) -> float | None:
    """Probability that a no-show was given a higher risk than a kept visit; ties count half."""
    positive = float(missed.sum())
    negative = len(missed) - positive
    if not positive or not negative:
        return None
    _, place, counts = np.unique(chance, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    total = float(ranks[place][missed > 0].sum())
    return (total - positive * (positive + 1) / 2) / (positive * negative)


def calibration_error(chance: Floats, missed: Floats) -> float:
    """Mean distance between told and true rate over ten groups of equal size, by told risk."""
    order = np.argsort(chance, kind="stable")
    groups = np.array_split(order, min(_BINS, len(order)))
    gaps = [abs(float((chance[each] - missed[each]).sum())) for each in groups]
    return sum(gaps) / len(order)


def recall_at(chance: Floats, missed: Floats, budget: float) -> float | None:
    """Share of the no-shows reached by calling those at highest risk; ties are shared evenly."""
    total = float(missed.sum())
    if not total:
        return None
    calls = budget * len(missed)
    levels, place, counts = np.unique(-chance, return_inverse=True, return_counts=True)
    found = np.bincount(place, weights=missed, minlength=len(levels))
    before = np.cumsum(counts) - counts
    called = np.clip((calls - before) / counts, 0.0, 1.0)
    return float((found * called).sum()) / total


def by_group(chance: Floats, missed: Floats, male: Floats, age: Floats) -> tuple[Group, ...]:
    """Told and true rate for each sex and band of age that occurs.

    Args:
        chance: Shape (n,).
        missed: Shape (n,).
        male: Shape (n,), 1, 0 or NaN.
        age: Shape (n,), years or NaN.
    """
    members: list[tuple[str, Flags]] = [("female", male == 0), ("male", male == 1)]
    members += [(_band(low, high), (age >= low) & (age <= high)) for low, high in AGE_BANDS]
    members.append(("sex or age unknown", np.isnan(male) | np.isnan(age)))
    return tuple(
        Group(name, int(rows.sum()), float(chance[rows].mean()), float(missed[rows].mean()))
        for name, rows in members
        if rows.any()
    )


def _band(low: int, high: int) -> str:
    return f"{low} years and over" if high > 150 else f"{low} to {high} years"
