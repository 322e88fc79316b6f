"""What is suggested about a sender, on which evidence, and how sure is it?

Source: hl7v2.md section 6, N6.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

#: Below, a suggestion is only told and not written into the profile.
SURE_ENOUGH = 0.5
#: Of two-sided 95 %.
_Z = 1.96
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Another value for one setting of a profile.

    Attributes:
        key: The setting.
        value: As `Setting.read` gives it; None where only a person can say it.
        confidence: 0 to 1; the lower bound of what the counts allow.
        evidence: What speaks for it, with fields, counts and examples.
        against: What speaks against it.
    """

    key: str
    value: Any
    confidence: float
    evidence: tuple[str, ...]
    against: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether it goes into the profile without being asked for."""
        return self.value is not None and self.confidence >= SURE_ENOUGH


def confidence(hits: int, of: int) -> float:
    """How sure a share is: the lower end of Wilson's interval at 95 %; 0 of nothing.

    3 of 3 give 0.44, 4 of 4 give 0.51, 20 of 20 give 0.84.
    """
    if of <= 0:
        return 0.0
    share, z2 = hits / of, _Z * _Z
    middle = share + z2 / (2 * of)
    spread = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, round((middle - spread) / (1 + z2 / of), 2))


def some(values: Iterable[str]) -> str:
    """The most frequent values, as examples."""
    counted = Counter(values).most_common(_EXAMPLES)
    return ", ".join(f"'{value[:30]}' ({count}x)" for value, count in counted)
