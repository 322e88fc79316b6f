"""What has to be known of a queue and of the people in it?

Source: owner's plan, phase 11 (QueueConfiguration, QueueEntry); decisions 23, 25 and 0023.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from fhir_gateway.engines.clinical_class import ClinicalClass

#: Minutes within which somebody of a class should be called. What is between two of them is for how
#: long the one class goes before the other: decision 0023 says why soon is near routine.
QUEUE_TARGET_MINUTES: Mapping[ClinicalClass, int] = MappingProxyType(
    {
        ClinicalClass.EMERGENCY: 0,
        ClinicalClass.URGENT: 30,
        ClinicalClass.SOON: 110,
        ClinicalClass.ROUTINE: 120,
    }
)
POLICIES = ("best", "plan")
#: `formula`: the owner's sum of points; `weighted`: the owner's weights. Both of `plan` alone.
ORDERINGS = ("formula", "weighted")


class State(StrEnum):
    """Where somebody is in a queue."""

    WAITING = "waiting"
    CALLED = "called"
    IN_SERVICE = "in-service"
    FINISHED = "finished"
    LEFT = "left"
    NO_SHOW = "no-show"


#: Still here.
LIVE = frozenset({State.WAITING, State.CALLED, State.IN_SERVICE})


@dataclass(frozen=True, slots=True)
class Weights:
    """Of `ordering=weighted`; each 0..1, together 1."""

    priority: Decimal = Decimal("0.5")
    wait: Decimal = Decimal("0.3")
    appointment: Decimal = Decimal("0.2")


@dataclass(frozen=True, slots=True)
class QueueConfiguration:
    """How a queue works.

    Args:
        name: What people call it.
        maximum: Most people waiting; None for any number.
        accepting: Whether anybody may join.
        overflow: Whether others are sent on from `overflow_threshold` waiting.
        overflow_to: Reference of the queue that they are sent to.
        overflow_threshold: People waiting.
        dynamic: Whether the order follows the policy; else first come, first served.
        ordering: Of ORDERINGS.
        weights: Of `weighted`.
        historical: Whether `plan` estimates from the last seven days.
        service_minutes: Length of a service while nothing is known.
        live: Whether changes are pushed to those who watch.
        update_seconds: Between two looks at the clock for those who watch.
        policy: Of POLICIES.
        servers: How many people are served at once.
        targets: Minutes by class, of `best`.
    """

    name: str
    maximum: int | None = None
    accepting: bool = True
    overflow: bool = False
    overflow_to: str | None = None
    overflow_threshold: int = 10
    dynamic: bool = True
    ordering: str = "formula"
    weights: Weights = field(default_factory=Weights)
    historical: bool = True
    service_minutes: int = 20
    live: bool = True
    update_seconds: int = 30
    policy: str = "best"
    servers: int = 1
    targets: Mapping[ClinicalClass, int] = field(default_factory=lambda: QUEUE_TARGET_MINUTES)


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """Somebody who is here.

    Args:
        id: Of the Encounter.
        ticket: Number; the last tie.
        state: One of LIVE.
        joined: When the person came, aware.
        since: From when the order counts the wait: `joined`, or the moment at which the person
            was passed over because of not answering a call.
        clinical_class: For `best`.
        priority: Points of `plan`, 0..100.
        appointment_start: Planned start; None for a walk-in.
        called: When last called.
        started: When the service began.
    """

    id: str
    ticket: int
    state: State
    joined: datetime
    since: datetime
    clinical_class: ClinicalClass = ClinicalClass.ROUTINE
    priority: Decimal = Decimal(0)
    appointment_start: datetime | None = None
    called: datetime | None = None
    started: datetime | None = None


def label(ticket: int) -> str:
    """What is shown and called: at least three digits."""
    return f"{ticket:03d}"
