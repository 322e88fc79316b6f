"""When is a destination that does not answer tried again?

After each failure twice as long as before, with chance in it so that several do not come at once.
After several failures in a row the circuit is open: nothing is sent until the time is over, then
one message at a time until one is answered.

Source: reliability-security.md, outbound contracts; decision 19.
"""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """What may be sent now."""

    CLOSED = "closed"  #: everything
    OPEN = "open"  #: nothing
    HALF_OPEN = "half-open"  #: one message, to see


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds.

    Args:
        first: After the first failure.
        longest: At most.
        threshold: Failures in a row that open the circuit.
    """

    first: float = 1.0
    longest: float = 300.0
    threshold: int = 5


def delay(failures: int, chance: float, patience: Patience) -> float:
    """Seconds to wait after so many failures.

    Args:
        failures: From 1.
        chance: From 0 up to 1; the wait is between half and all of its length.
        patience: See Patience.
    """
    length = min(patience.longest, patience.first * 2.0 ** min(failures - 1, 60))
    return length * (0.5 + chance / 2)


@dataclass(frozen=True, slots=True)
class Circuit:
    """How one destination has been doing.

    Args:
        failures: In a row.
        until: Nothing is tried before, on a clock that only runs forward.
    """

    failures: int = 0
    until: float = 0.0

    def state(self, now: float, patience: Patience) -> State:
        """What may be sent at that moment."""
        if self.failures < patience.threshold:
            return State.CLOSED
        return State.OPEN if now < self.until else State.HALF_OPEN

    def failed(self, now: float, chance: float, patience: Patience) -> "Circuit":
        """After a message that was not answered."""
        failures = self.failures + 1
        return Circuit(failures, now + delay(failures, chance, patience))

    def answered(self) -> "Circuit":
        """After an answer, whatever it says."""
        return Circuit()
