"""What has a queue learnt of itself?

How long its services take (a lognormal distribution), how many come of each class, by how much
its estimates are wrong (a ridge regression), and how wide a range has to be so that four of five
people are called within it (a quantile tracker for each class). Everything is learnt one event at
a time, old events fade, and the whole fits in a few hundred bytes.

Source: engines.md section 3 (residual lognormal service, ridge correction learnt online, 80 %
interval by a per-class online quantile tracker).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from fhir_gateway.engines.clinic_time import EPOCH
from fhir_gateway.engines.clinical_class import ClinicalClass

#: Weight of what was believed before, in services.
_PRIOR_SERVICES = 5.0
_PRIOR_SIGMA = 0.5  # of the logarithm of a length
_FADE = 0.995  # of what is known, at each event
_ARRIVAL_MEMORY = 120.0  # minutes
_RIDGE = 10.0
_FEATURES = 4
#: Parts of the people who are called before and after the range.
_TAILS = (0.1, 0.9)
_STEP = 0.03
#: Of a class of which nothing is known, in the spread that the services alone would make.
_FIRST_RANGE = (-1.3, 1.6)

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What was known when somebody was told how long it would take.

    Args:
        wait: Minutes, as computed.
        ahead: People before.
        load: People in service by server.
        point: Minutes, as corrected.
        spread: Minutes by which it is wrong because services differ.
    """

    wait: float
    ahead: int
    load: float
    point: float
    spread: float

    @property
    def features(self) -> Vector:
        return (1.0, self.wait / 60, self.ahead / 10, self.load)


@dataclass(frozen=True, slots=True)
class Learnt:
    """Everything, as plain numbers.

    Args:
        services: Weight, mean and sum of squared deviations of the logarithm of minutes.
        arrivals: By class: faded count, and the minute since 1970 at which it was so.
        ridge: The upper triangle of XᵀX by rows, then Xᵀy.
        ranges: By class: the two quantiles.
    """

    services: Vector = (0.0, 0.0, 0.0)
    arrivals: Mapping[int, Vector] = field(default_factory=dict)
    ridge: Vector = (0.0,) * (_FEATURES * (_FEATURES + 1) // 2 + _FEATURES)
    ranges: Mapping[int, Vector] = field(default_factory=dict)

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> "Learnt":
        """From what `plain` has written; nothing known for an empty mapping."""
        if not plain:
            return cls()
        return cls(
            tuple(plain["services"]),
            {int(key): tuple(each) for key, each in plain["arrivals"].items()},
            tuple(plain["ridge"]),
            {int(key): tuple(each) for key, each in plain["ranges"].items()},
        )

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "services": list(self.services),
            "arrivals": {str(key): list(each) for key, each in self.arrivals.items()},
            "ridge": list(self.ridge),
            "ranges": {str(key): list(each) for key, each in self.ranges.items()},
        }

    def served(self, minutes: float) -> "Learnt":
        """After a service of that length."""
        value = math.log(max(minutes, 0.1))
        weight, mean, squares = self.services
        grown = weight * _FADE + 1
        moved = mean + (value - mean) / grown
        spread = squares * _FADE + (value - mean) * (value - moved)
        return replace(self, services=(grown, moved, spread))

    def arrived(self, clinical_class: ClinicalClass, now: datetime) -> "Learnt":
        """After somebody of a class has come."""
        key, minute = int(clinical_class), _minute(now)
        faded = self._faded(key, minute) + 1
        return replace(self, arrivals={**self.arrivals, key: (faded, minute)})

    def waited(self, clinical_class: ClinicalClass, shown: Shown, minutes: float) -> "Learnt":
        """After somebody who was told an estimate has been called."""
        key = int(clinical_class)
        ratio = (minutes - shown.point) / shown.spread
        low, high = (
            each + _STEP * (tail - (ratio < each)) * _pace(tail)
            for each, tail in zip(self.range_of(clinical_class), _TAILS, strict=True)
        )
        return replace(
            self,
            ridge=self._with(shown.features, minutes - shown.wait),
            ranges={**self.ranges, key: (low, max(low, high))},
        )

    def _with(self, features: Vector, error: float) -> Vector:
        rows, columns = np.triu_indices(_FEATURES)
        x = np.array(features)
        added = np.concatenate([np.outer(x, x)[rows, columns], x * error])
        return tuple((np.array(self.ridge) * _FADE + added).tolist())

    def correction(self) -> Vector:
        """By how many minutes each feature of an estimate moves it."""
        if self.ridge[0] == 0:
            return (0.0,) * _FEATURES
        pairs = _FEATURES * (_FEATURES + 1) // 2
        upper = np.zeros((_FEATURES, _FEATURES))
        upper[np.triu_indices(_FEATURES)] = self.ridge[:pairs]
        matrix = upper + np.triu(upper, 1).T + _RIDGE * np.eye(_FEATURES)
        found = np.linalg.solve(matrix, np.array(self.ridge[pairs:]))
        return tuple(found.tolist())

    def range_of(self, clinical_class: ClinicalClass) -> Vector:
        """The two quantiles of a class, in spreads."""
        return self.ranges.get(int(clinical_class), _FIRST_RANGE)

    def rates(self, now: datetime) -> dict[ClinicalClass, float]:
        """How many of each class come in a minute."""
        minute = _minute(now)
        return {
            ClinicalClass(key): self._faded(key, minute) / _ARRIVAL_MEMORY for key in self.arrivals
        }

    def _faded(self, key: int, minute: float) -> float:
        count, since = self.arrivals.get(key, (0.0, minute))
        return count * math.exp(-max(0.0, minute - since) / _ARRIVAL_MEMORY)

    def lognormal(self, service_minutes: int) -> tuple[float, float]:
        """μ and σ of a service's length, in the logarithm of minutes.

        Args:
            service_minutes: The mean that is believed while little is known.
        """
        weight, mean, squares = self.services
        believed = math.log(service_minutes) - _PRIOR_SIGMA**2 / 2
        total = weight + _PRIOR_SERVICES
        mu = (weight * mean + _PRIOR_SERVICES * believed) / total
        between = weight * _PRIOR_SERVICES / total * (mean - believed) ** 2
        variance = (squares + _PRIOR_SERVICES * _PRIOR_SIGMA**2 + between) / total
        return mu, math.sqrt(variance)


def _minute(now: datetime) -> float:
    return (now - EPOCH).total_seconds() / 60


def _pace(tail: float) -> float:
    """Both tails move equally fast on their rare side."""
    return 1 / max(tail, 1 - tail)
