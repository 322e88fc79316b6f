"""What do a clinic's own visits teach about no-shows?

Logistic regression by iteratively reweighted least squares, with ridge 1 on standardised columns,
then the intercept re-centred on the last ten days: rates move faster than reasons do.
"""

import numpy as np
import numpy.typing as npt

from fhir_gateway.engines.no_show_features import Floats, Visits, logit, matrix
from fhir_gateway.engines.no_show_model import NoShowModel, logistic

RIDGE = 1.0
RECENT_DAYS = 10
#: With less than this, the cold start knows better.
LEAST_VISITS = 1000
LEAST_OF_EACH = 100  # missed ones and kept ones
_MOST_STEPS = 50
_CONVERGED = 1e-8
#: How firmly the intercept stays where it was: a shift of .2 is one standard deviation.
_RECENTRE_RIDGE = 25.0


def enough(missed: Floats) -> bool:
    """Whether there are enough visits to learn from.

    Args:
        missed: Shape (n,), 1 or 0.
    """
    count = float(missed.sum())
    return len(missed) >= LEAST_VISITS and min(count, len(missed) - count) >= LEAST_OF_EACH


def fit(visits: Visits, missed: Floats, day: npt.NDArray[np.int64], version: str) -> NoShowModel:
    """Learn the coefficients.

    Args:
        visits: n of them, each as it was known when it was booked.
        missed: Shape (n,), 1 or 0; both occur.
        day: Shape (n,), day of each start, for the re-centring.
        version: What the model is called.

    Raises:
        ValueError: no visit, or all of one outcome.
    """
    rate = float(missed.mean()) if len(missed) else 0.0
    if not 0 < rate < 1:
        raise ValueError("visits of both outcomes are needed")
    columns = matrix(visits, rate)
    centres, scale = _standard(columns)
    design = np.nan_to_num((columns - centres) / scale)
    del columns
    intercept, slopes = _irls(design, missed, logit(rate))
    log_odds = intercept + design @ slopes
    recent = day > day.max() - RECENT_DAYS
    shift = recentred(log_odds[recent], missed[recent])
    return NoShowModel(version, rate, intercept + shift, slopes / scale, centres)


def _standard(columns: Floats) -> tuple[Floats, Floats]:
    """Mean and spread of what is known of each column; 1 as spread where all is alike."""
    known = ~np.isnan(columns)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, columns, 0.0)
    centres = filled.sum(axis=0) / count
    variance = (np.where(known, columns - centres, 0.0) ** 2).sum(axis=0) / count
    spread = np.sqrt(variance)
    return centres, np.where(spread > 1e-9, spread, 1.0)


def _irls(design: Floats, missed: Floats, start: float) -> tuple[float, Floats]:
    """Intercept, which is not penalised, and slopes."""
    count, width = design.shape
    ridge = np.diag(np.r_[0.0, np.full(width, RIDGE)])
    full = np.column_stack([np.ones(count), design])
    beta = np.r_[start, np.zeros(width)]
    for _ in range(_MOST_STEPS):
        chance = logistic(full @ beta)
        weights = np.maximum(chance * (1 - chance), 1e-9)
        gradient = full.T @ (missed - chance) - ridge @ beta
        step = np.linalg.solve((full.T * weights) @ full + ridge, gradient)
        step *= min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))  # far from the end: carefully
        beta += step
        if np.abs(step).max() < _CONVERGED:
            break
    return float(beta[0]), beta[1:]


def recentred(log_odds: Floats, missed: Floats) -> float:
    """The shift of the intercept that makes the expected number of no-shows the observed one.

    Few visits move it little.

    Args:
        log_odds: Shape (n,), of the recent visits; may be empty.
        missed: Shape (n,), 1 or 0.
    """
    shift = 0.0
    for _ in range(_MOST_STEPS):
        chance = logistic(log_odds + shift)
        slope = float((chance * (1 - chance)).sum()) + _RECENTRE_RIDGE
        step = (float((missed - chance).sum()) - _RECENTRE_RIDGE * shift) / slope
        shift += step
        if abs(step) < _CONVERGED:
            break
    return shift
