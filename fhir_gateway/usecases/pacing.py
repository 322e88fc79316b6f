"""How many messages may leave for a destination now?

What the circuit of each destination says, for whoever sends to it. Decision 19.
"""

from fhir_gateway.engines.circuit import Circuit, State
from fhir_gateway.outbound.destinations import Destination


class Pace:
    """How one destination has been doing. Times are seconds of a clock that only runs forward."""

    def __init__(self, destination: Destination) -> None:
        self._patience = destination.circuit.patience
        self._most = destination.in_flight
        self._circuit = Circuit()
        self._seen = State.CLOSED

    def wait(self, now: float) -> float:
        """Seconds until something may be sent; 0 for at once."""
        return max(0.0, self._circuit.until - now) if self._circuit.failures else 0.0

    def limit(self, now: float) -> int:
        """Messages that may be under way at a time."""
        return self._most if self._circuit.state(now, self._patience) is State.CLOSED else 1

    def failed(self, now: float, chance: float) -> None:
        """Note a message that was not answered; chance is from 0 up to 1."""
        self._circuit = self._circuit.failed(now, chance, self._patience)

    def answered(self) -> None:
        """Note an answer, whatever it says."""
        self._circuit = self._circuit.answered()

    def news(self, now: float) -> str | None:
        """The state of the circuit, where it is another than when it was last asked for."""
        before, self._seen = self._seen, self._circuit.state(now, self._patience)
        return self._seen.value if self._seen is not before else None
