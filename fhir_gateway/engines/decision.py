"""How does an engine say no, and how does it show the parts of a score?

Source: decisions 1 and 25 (extension `score`: code, value, weight, contribution, text).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Refusal:
    """A decision against something: never an exception.

    Args:
        reason: Machine-readable, lower case with hyphens (`too-late`, `practitioner` …).
        text: One sentence for a person, without names of people.
    """

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Factor:
    """One named part of an additive score.

    Args:
        code: Of the score-factor code system.
        value: 0..100, unrounded where the rule is exact.
        weight: 0..1.
        contribution: value × weight, unrounded; contributions sum to the total within .005.
        text: Why it has this value.
    """

    code: str
    value: Decimal
    weight: Decimal
    contribution: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One part of an ordering that is no sum: compared first to last.

    Args:
        code: What is compared.
        text: Its value for this candidate, for a person.
    """

    code: str
    text: str


def rounded(value: Fraction | Decimal) -> Decimal:
    """The value to two decimals, half to even, without passing through binary floats."""
    exact = Fraction(value)
    hundredths = round(exact * 100)
    return Decimal(hundredths).scaleb(-2)


def decimal_of(value: Fraction, places: int = 6) -> Decimal:
    """The value as a decimal of at most so many places, half to even, no trailing zeros."""
    scaled = round(value * 10**places)
    return plain(Decimal(scaled).scaleb(-places))


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without exponent."""
    whole = value.quantize(Decimal(1), ROUND_HALF_EVEN)
    return whole if whole == value else value.normalize()


def contributions(factors: Iterable[Factor]) -> Decimal:
    """Sum of the contributions, exact."""
    return sum((factor.contribution for factor in factors), Decimal(0))
