"""How do the parts of a slot score become a total, exactly?

Values 0..100 and weights 0..1 are integers of a millionth; their products are summed as int64 and
rounded half to even to two decimals, so that no total depends on binary fractions (row S8).

Source: decision 25; owner's plan, phase 10, row S8.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from fhir_gateway.engines.clinic_time import Minutes
from fhir_gateway.engines.decision import Factor, Refusal, plain

SCALE = 1_000_000
_HUNDREDTH = SCALE * SCALE // 100

AVAILABILITY = "provider-availability"
PRIORITY = "patient-priority"
NO_SHOW = "no-show-risk"
PROXIMITY = "geographic-proximity"
PREFERENCE = "patient-preference"
CONTINUITY = "continuity"
FRAGMENTATION = "fragmentation"
LOAD = "load-balance"
URGENCY = "urgency"

DEFAULT_WEIGHTS: Mapping[str, Mapping[str, Decimal]] = MappingProxyType(
    {
        "plan": {
            AVAILABILITY: Decimal("0.30"),
            PRIORITY: Decimal("0.25"),
            NO_SHOW: Decimal("0.20"),
            PROXIMITY: Decimal("0.15"),
            PREFERENCE: Decimal("0.10"),
        },
        "best": {
            AVAILABILITY: Decimal("0.20"),
            PRIORITY: Decimal("0.15"),
            NO_SHOW: Decimal("0.20"),
            PROXIMITY: Decimal("0.10"),
            PREFERENCE: Decimal("0.10"),
            CONTINUITY: Decimal("0.10"),
            FRAGMENTATION: Decimal("0.05"),
            LOAD: Decimal("0.05"),
            URGENCY: Decimal("0.05"),
        },
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class FactorColumn:
    """One factor of every candidate.

    Args:
        code: See the constants above.
        values: Shape (n,) int64, millionths of 0..100.
        text: Why candidate i has its value; called only for those that are returned.
    """

    code: str
    values: Minutes
    text: Callable[[int], str]


def millionths(value: Decimal | Fraction) -> int:
    """The number as whole millionths; what is finer is rounded half to even."""
    return round(Fraction(value) * SCALE)


def from_floats(values: npt.NDArray[np.float64]) -> Minutes:
    """Modelled values 0..100 as millionths of two-decimal numbers: more would pretend."""
    held = np.clip(values, 0.0, 100.0)
    return np.rint(held * 100).astype(np.int64) * (SCALE // 100)


def weights_for(policy: str, given: Mapping[str, Decimal] | None) -> dict[str, Decimal] | Refusal:
    """The weights that count.

    Args:
        policy: `plan` or `best`.
        given: Replace the defaults of the codes they name.

    Returns:
        One weight per factor of the policy, in its order; or `unknown-factor`,
        `weight-out-of-range` (outside 0..1 or finer than six decimals) or `weights-sum`.

    Source: decision 25; the owner's weights of phase 10.
    """
    weights = dict(DEFAULT_WEIGHTS[policy])
    for code, weight in (given or {}).items():
        if code not in weights:
            return Refusal("unknown-factor", f"'{code[:40]}' is no factor of policy {policy}")
        if not _usable(weight):
            return Refusal("weight-out-of-range", f"the weight of {code} is not within 0..1")
        weights[code] = weight
    if sum(weights.values()) != 1:
        return Refusal("weights-sum", "the weights do not sum to 1")
    return weights


def _usable(weight: Decimal) -> bool:
    return weight.is_finite() and 0 <= weight <= 1 and weight * SCALE == millionths(weight)


def totals(columns: Sequence[FactorColumn], weights: Mapping[str, Decimal]) -> Minutes:
    """Hundredths of each candidate's total, half to even.

    Args:
        columns: One per weight, values of shape (n,).
        weights: By code.

    Returns:
        Shape (n,) int64, 0..10000.
    """
    exact = sum(
        (column.values * millionths(weights[column.code]) for column in columns),
        np.zeros_like(columns[0].values),
    )
    whole, rest = np.divmod(exact, _HUNDREDTH)
    up = (2 * rest > _HUNDREDTH) | ((2 * rest == _HUNDREDTH) & (whole % 2 == 1))
    rounded: Minutes = whole + up
    return rounded


def factors_of(
    columns: Sequence[FactorColumn], weights: Mapping[str, Decimal], candidate: int
) -> tuple[Factor, ...]:
    """The parts of one candidate's total, unrounded."""
    return tuple(_factor(column, weights[column.code], candidate) for column in columns)


def _factor(column: FactorColumn, weight: Decimal, candidate: int) -> Factor:
    value = Decimal(int(column.values[candidate])).scaleb(-6)
    text = column.text(candidate)
    return Factor(column.code, plain(value), weight, plain(value * weight), text)
