"""What does the no-show model say about many appointments at once, and why?

Logistic regression. Each coefficient applies to a column less its centre, so that the intercept is
the ordinary visit and every part says how far this one is from it.

COLD START: until a clinic's own visits have been learnt from, coefficients of the direction and
size that published work agrees on (long lead, missed visits and young adults up; same day, age and
reminders down), around the clinic's own rate. Not fitted on any clinic.

Source: row S2; Dantas et al. 2018 (review of no-shows), Gurol-Urganci et al. 2013 (reminders).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fhir_gateway.engines.no_show_features import (
    FEATURES,
    GROUPS,
    PARTS,
    SCHEME,
    Floats,
    Visits,
    logit,
    matrix,
)

#: Share of missed visits where a clinic's own is not known.
USUAL_RATE = 0.15
COLD_START = "cold-start"
_COLD = {
    "same-day": -0.70,
    "lead": 0.25,  # per unit of ln(1 + days)
    "history": 0.90,  # per unit of shrunk log-odds
    "last-missed": 0.20,
    "last-kept": -0.10,
    "age": 0.08,  # per ten years, up to 25
    "age-over-25": -0.20,
    "weekday-0": 0.05,
    "reminded": -0.35,
}
#: The ordinary visit of the cold start: an adult of 40, booked a week ahead, not reminded.
_COLD_CENTRES = {"lead": float(np.log(8)), "age": 4.0, "age-over-25": 1.5}


@dataclass(frozen=True, slots=True, eq=False)
class NoShowModel:
    """Coefficients of one version.

    Args:
        version: `cold-start`, or what the refit called it.
        base_rate: Share of missed visits that a short history is drawn towards.
        intercept: Log-odds of the ordinary visit.
        coefficients: Shape (len(FEATURES),), in their order.
        centres: Likewise: the ordinary visit.
    """

    version: str
    base_rate: float
    intercept: float
    coefficients: Floats
    centres: Floats

    @property
    def cold(self) -> bool:
        return self.version == COLD_START

    def log_odds(self, visits: Visits) -> Floats:
        """Shape (n,)."""
        return self.intercept + self._deviations(visits) @ self.coefficients

    def probabilities(self, visits: Visits) -> Floats:
        """Shape (n,), 0..1."""
        return logistic(self.log_odds(visits))

    def parts(self, visits: Visits) -> dict[str, Floats]:
        """Log-odds of each part, shape (n,) each; they sum to `log_odds`."""
        effects = self._deviations(visits) * self.coefficients
        told = {"base-rate": np.full(len(visits), self.intercept)}
        for part in PARTS:
            members = [place for place, name in enumerate(FEATURES) if GROUPS[name] == part]
            told[part] = effects[:, members].sum(axis=1)
        return told

    def _deviations(self, visits: Visits) -> Floats:
        columns = matrix(visits, self.base_rate)
        columns -= self.centres
        return np.nan_to_num(columns, copy=False)

    def written(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "scheme": SCHEME,
            "version": self.version,
            "base_rate": self.base_rate,
            "intercept": self.intercept,
            "coefficients": dict(zip(FEATURES, self.coefficients.tolist(), strict=True)),
            "centres": dict(zip(FEATURES, self.centres.tolist(), strict=True)),
        }


def read_model(written: Mapping[str, Any]) -> NoShowModel | None:
    """What `written` gave; None for another scheme of columns."""
    if written.get("scheme") != SCHEME:
        return None
    return NoShowModel(
        written["version"],
        float(written["base_rate"]),
        float(written["intercept"]),
        _in_order(written["coefficients"]),
        _in_order(written["centres"]),
    )


def cold_start(base_rate: float = USUAL_RATE) -> NoShowModel:
    """The model of a clinic that has too few visits to learn from."""
    return NoShowModel(
        COLD_START, base_rate, logit(base_rate), _in_order(_COLD), _in_order(_COLD_CENTRES)
    )


def clinic_rate(missed: int, attended: int) -> float:
    """A clinic's own share of missed visits; few visits count little against the usual one."""
    weight = 50
    return (missed + weight * USUAL_RATE) / (missed + attended + weight)


def logistic(log_odds: Floats) -> Floats:
    """Probability 0..1 of log-odds."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def _in_order(values: Mapping[str, float]) -> Floats:
    return np.array([values.get(name, 0.0) for name in FEATURES])
