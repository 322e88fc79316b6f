"""Between which two numbers does the truth lie, after so many replications?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the ends of its confidence interval (95 %)."""

    mean: float
    low: float
    high: float

    def told(self, places: int = 1) -> str:
        """`12.3 (11.0 … 13.6)`, or a dash where nothing was measured."""
        if math.isnan(self.mean):
            return "–"
        return f"{self.mean:.{places}f} ({self.low:.{places}f} … {self.high:.{places}f})"


def interval(values: Sequence[float]) -> Interval:
    """The mean of independent replications, by Student's t.

    Args:
        values: One for each replication; of a single one nothing more is known than itself, and
            of none nothing.
    """
    if not values:
        return Interval(math.nan, math.nan, math.nan)
    mean = fmean(values)
    if len(values) < 2:
        return Interval(mean, mean, mean)
    half = student(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def differences(first: Sequence[float], second: Sequence[float]) -> Interval:
    """First less second, replication by replication."""
    return interval([one - two for one, two in zip(first, second, strict=True)])


def changes(first: Sequence[float], second: Sequence[float]) -> Interval:
    """By how many percent the mean of the first is above that of the second; see `ratios`."""
    found = ratios(first, second)
    return Interval(*(100 * (each - 1) for each in (found.mean, found.low, found.high)))


def ratios(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Mean of the first through mean of the second, paired, by the delta method.

    Args:
        first, second: One for each replication, of the same random numbers.
    """
    whole, other = fmean(first), fmean(second)
    if other == 0:
        return Interval(math.nan, math.nan, math.nan)
    ratio = whole / other
    errors = [one - ratio * two for one, two in zip(first, second, strict=True)]
    around = interval(errors)
    half = (around.high - around.low) / 2 / abs(other)
    return Interval(ratio, ratio - half, ratio + half)


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf((1 + _LEVEL) / 2)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * freedom**4)
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of all lie; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
