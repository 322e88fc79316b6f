"""What may be done with somebody in a queue, and who may join?

One literal table of commands, whoever gives them. Illegal ones are refused with a reason. The word
of the system of record ends an entry in any state.

Source: engines.md section 3 (commands); decisions 14 and 23.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.queue_facts import QueueConfiguration, State


class Command(StrEnum):
    """Everything that can be done with an entry."""

    CHECK_IN = "check-in"  #: joins, with an appointment or as a walk-in
    CALL_NEXT = "call-next"
    RECALL = "recall"  #: the same person once more
    START = "start"
    FINISH = "finish"
    SKIP = "skip"  #: did not answer the call; waits on as if just come, and lets another go first
    TRANSFER = "transfer"  #: to another queue, with the wait so far
    LEAVE = "leave"
    NO_SHOW = "no-show"
    VISIT_ENDED = "visit-ended"  #: the system of record says so
    ARRIVAL_WITHDRAWN = "arrival-withdrawn"  #: the system of record says so


W, C, S = State.WAITING, State.CALLED, State.IN_SERVICE

#: Command → {state: state after}. Absent is illegal; None is somebody who is not in the queue.
TRANSITIONS: Mapping[Command, Mapping[State | None, State]] = MappingProxyType(
    {
        Command.CHECK_IN: {None: W},
        Command.CALL_NEXT: {W: C},
        Command.RECALL: {C: C},
        Command.START: {C: S},
        Command.FINISH: {S: State.FINISHED},
        Command.SKIP: {C: W},
        Command.TRANSFER: {W: W, C: W, S: W},
        Command.LEAVE: {W: State.LEFT, C: State.LEFT},
        Command.NO_SHOW: {C: State.NO_SHOW},
        Command.VISIT_ENDED: {W: State.FINISHED, C: State.FINISHED, S: State.FINISHED},
        Command.ARRIVAL_WITHDRAWN: {W: State.LEFT, C: State.LEFT, S: State.LEFT},
    }
)
#: What becomes of the Appointment; absent: nothing.
APPOINTMENT_STATUS: Mapping[Command, str] = MappingProxyType(
    {
        Command.CHECK_IN: "checked-in",
        Command.FINISH: "fulfilled",
        Command.LEAVE: "cancelled",
        Command.NO_SHOW: "noshow",
    }
)
#: What becomes of the Encounter.
ENCOUNTER_STATUS: Mapping[State, str] = MappingProxyType(
    {
        State.WAITING: "arrived",
        State.CALLED: "arrived",
        State.IN_SERVICE: "in-progress",
        State.FINISHED: "finished",
        State.LEFT: "cancelled",
        State.NO_SHOW: "cancelled",
    }
)


class Intake(StrEnum):
    """What can be done with the queue itself."""

    PAUSE = "pause"
    RESUME = "resume"


#: Command → {accepting: accepting after}.
INTAKE: Mapping[Intake, Mapping[bool, bool]] = MappingProxyType(
    {Intake.PAUSE: {True: False}, Intake.RESUME: {False: True}}
)


def transition(command: Command, state: State | None) -> State | Refusal:
    """The state after a command.

    Args:
        command: What is to be done.
        state: Of the entry now; None for somebody who is not in the queue.

    Returns:
        The state, or a refusal `illegal-command` that says in which states it goes.
    """
    row = TRANSITIONS[command]
    if state in row:
        return row[state]
    legal = ", ".join(each.value for each in row if each is not None) or "not in the queue"
    now = state.value if state is not None else "not in the queue"
    return Refusal("illegal-command", f"{command.value} is not possible for somebody who is {now};"
                   f" it is for: {legal}")  # fmt: skip


def intake(command: Intake, *, accepting: bool) -> bool | Refusal:
    """Whether the queue takes people in after a command; a refusal where it is so already."""
    row = INTAKE[command]
    if accepting in row:
        return row[accepting]
    state = "takes people in" if accepting else "takes nobody in"
    return Refusal("illegal-command", f"{command.value} is not possible: the queue {state} already")


@dataclass(frozen=True, slots=True)
class Overflow:
    """Somebody is sent on.

    Args:
        to: Reference of the other queue.
    """

    to: str


def admission(configuration: QueueConfiguration, waiting: int) -> Overflow | Refusal | None:
    """May one more join?

    Where overflow is on and so many wait, people are sent on, whether the queue could take them
    or not; else it refuses when it is paused or full.

    Args:
        configuration: Of the queue.
        waiting: How many wait in it.

    Returns:
        None where the person joins; an Overflow; or a refusal `not-accepting` or `queue-full`.

    Source: owner's plan, phase 11 (capacity management); engines.md section 3.
    """
    if (
        configuration.overflow
        and configuration.overflow_to is not None
        and waiting >= configuration.overflow_threshold
    ):
        return Overflow(configuration.overflow_to)
    if not configuration.accepting:
        return Refusal("not-accepting", "The queue takes nobody in at present")
    if configuration.maximum is not None and waiting >= configuration.maximum:
        return Refusal("queue-full", f"The queue is full: {waiting} people wait")
    return None
