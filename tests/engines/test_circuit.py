"""A destination that does not answer is left alone, longer each time, and tried by one message."""

import pytest

from fhir_gateway.engines.circuit import Circuit, Patience, State, delay

PATIENCE = Patience(first=1.0, longest=60.0, threshold=3)


def after(failures: int, now: float = 100.0) -> Circuit:
    """The circuit of somebody who has failed so often at that moment."""
    circuit = Circuit()
    for _ in range(failures):
        circuit = circuit.failed(now, 0.0, PATIENCE)
    return circuit


@pytest.mark.parametrize(
    ("failures", "least", "most"),
    [(1, 0.5, 1.0), (2, 1.0, 2.0), (3, 2.0, 4.0), (7, 30.0, 60.0), (5000, 30.0, 60.0)],
)
def test_each_wait_is_twice_as_long_up_to_the_longest(
    failures: int, least: float, most: float
) -> None:
    assert delay(failures, 0.0, PATIENCE) == least
    assert delay(failures, 1.0, PATIENCE) == most


@pytest.mark.parametrize(
    ("failures", "now", "state"),
    [
        (0, 0.0, State.CLOSED),
        (2, 100.0, State.CLOSED),
        (3, 100.0, State.OPEN),
        (3, 101.9, State.OPEN),
        (3, 102.0, State.HALF_OPEN),
    ],
)
def test_several_failures_in_a_row_open_it_for_a_while(
    failures: int, now: float, state: State
) -> None:
    assert after(failures).state(now, PATIENCE) is state


def test_a_failed_try_opens_it_again_for_longer() -> None:
    again = after(3).failed(102.0, 0.0, PATIENCE)
    assert again.state(102.0, PATIENCE) is State.OPEN
    assert again.until == 106.0


def test_an_answer_closes_it() -> None:
    closed = after(9).answered()
    assert closed.state(0.0, PATIENCE) is State.CLOSED
    assert closed == Circuit()
