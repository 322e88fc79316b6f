"""Every command in every state, and who may join."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.queue_facts import QueueConfiguration, State
from fhir_gateway.engines.queue_transitions import (
    APPOINTMENT_STATUS,
    TRANSITIONS,
    Command,
    Intake,
    Overflow,
    admission,
    intake,
    transition,
)
from tests.engines.queueing import DESK

_LEGAL = {
    ("check-in", None): "waiting",
    ("call-next", "waiting"): "called",
    ("recall", "called"): "called",
    ("start", "called"): "in-service",
    ("finish", "in-service"): "finished",
    ("skip", "called"): "waiting",
    ("transfer", "waiting"): "waiting",
    ("transfer", "called"): "waiting",
    ("transfer", "in-service"): "waiting",
    ("leave", "waiting"): "left",
    ("leave", "called"): "left",
    ("no-show", "called"): "no-show",
    ("visit-ended", "waiting"): "finished",
    ("visit-ended", "called"): "finished",
    ("visit-ended", "in-service"): "finished",
    ("arrival-withdrawn", "waiting"): "left",
    ("arrival-withdrawn", "called"): "left",
    ("arrival-withdrawn", "in-service"): "left",
}


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("state", [None, *State])
def test_every_command_in_every_state(command: Command, state: State | None) -> None:
    after = transition(command, state)
    expected = _LEGAL.get((command.value, state.value if state else None))
    reason = after.reason if isinstance(after, Refusal) else after.value
    assert reason == (expected or "illegal-command")


def test_every_command_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Command)
    assert set(APPOINTMENT_STATUS) <= set(Command)


@pytest.mark.parametrize(
    ("command", "accepting", "after"),
    [("pause", True, False), ("resume", False, True), ("pause", False, None),
     ("resume", True, None)],
)  # fmt: skip
def test_intake_is_paused_and_resumed(command: str, accepting: bool, after: bool | None) -> None:
    found = intake(Intake(command), accepting=accepting)
    assert (None if isinstance(found, Refusal) else found) is after


@pytest.mark.parametrize(
    ("waiting", "rules", "expected"),
    [
        (0, {}, None),
        (500, {}, None),
        (4, {"maximum": 5}, None),
        (5, {"maximum": 5}, "queue-full"),
        (0, {"accepting": False}, "not-accepting"),
        (9, {"overflow": True, "overflow_to": "Location/b"}, None),
        (10, {"overflow": True, "overflow_to": "Location/b"}, "Location/b"),
        (10, {"overflow": False, "overflow_to": "Location/b"}, None),
        (10, {"overflow": True, "maximum": 10}, "queue-full"),
        (3, {"overflow": True, "overflow_to": "Location/b", "overflow_threshold": 3,
             "accepting": False}, "Location/b"),
        (2, {"overflow": True, "overflow_to": "Location/b", "overflow_threshold": 3,
             "accepting": False}, "not-accepting"),
    ],
)  # fmt: skip
def test_who_may_join(waiting: int, rules: dict[str, Any], expected: str | None) -> None:
    found = admission(replace(DESK, **rules), waiting)
    told = found.to if isinstance(found, Overflow) else found and found.reason
    assert told == expected
    assert QueueConfiguration("x").accepting
