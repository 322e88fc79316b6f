"""How long do people wait in a queue that is played through, event by event?

Whoever is next is decided by the gateway's own engine (`engines/queue.py`) for first come, first
served, `plan` and `best`; only the baseline of static priorities is written here. All disciplines
meet the same people with the same lengths of service.
"""

import heapq
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.queue import Facts, look, next_of
from fhir_gateway.engines.queue_estimate import Estimate
from fhir_gateway.engines.queue_facts import (
    QUEUE_TARGET_MINUTES,
    QueueConfiguration,
    QueueEntry,
    State,
)
from fhir_gateway.engines.queue_learning import Learnt

OPENING = datetime(2026, 3, 2, 8, tzinfo=UTC)
#: Points of the owner's rule for each class: assumed, as the owner leaves them to the clinic.
PLAN_POINTS = {
    ClinicalClass.EMERGENCY: Decimal(100),
    ClinicalClass.URGENT: Decimal(70),
    ClinicalClass.SOON: Decimal(40),
    ClinicalClass.ROUTINE: Decimal(10),
}
DISCIPLINES = ("fifo", "static", "plan", "best")


@dataclass(frozen=True, slots=True)
class Desk:
    """What comes to a queue and how it is served.

    Args:
        servers: At once.
        service: Mean minutes.
        sigma: Of the logarithm of minutes; None for exponential lengths.
        mix: Share of each class.
        profile: Arrivals of each hour against the mean hour; after the last nobody comes.
        scheduled: Share of the people who have an appointment about now.
        targets: Minutes of each class, for `best`.
    """

    servers: int
    service: float
    sigma: float | None
    mix: dict[ClinicalClass, float]
    profile: tuple[float, ...]
    scheduled: float = 0.0
    targets: Mapping[ClinicalClass, int] = field(default_factory=lambda: QUEUE_TARGET_MINUTES)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who comes: minutes since the opening, class, minutes of service, appointment."""

    arrival: float
    clinical_class: ClinicalClass
    service: float
    appointment: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """What came of it.

    Args:
        clinical_class: Of the person.
        joined: Minute of the day.
        minutes: Until the service began.
        ahead: People before, when joining; None where nothing was told or nobody had to wait.
        told: The estimate then.
        point: The minute that the estimate was made around.
    """

    clinical_class: ClinicalClass
    joined: float
    minutes: float
    ahead: int | None = None
    told: Estimate | None = None
    point: float = 0.0


def arrivals(dice: random.Random, desk: Desk, load: float) -> list[Person]:
    """The people of a day: a Poisson process whose rate follows the profile, by thinning.

    Args:
        dice: Of this day.
        desk: See Desk.
        load: Work that comes through work that can be done, over the whole day.
    """
    shape = [each * len(desk.profile) / sum(desk.profile) for each in desk.profile]
    rate = load * desk.servers / desk.service
    classes, shares = list(desk.mix), list(desk.mix.values())
    found = []
    minute = dice.expovariate(rate * max(shape))
    while minute < 60 * len(shape):
        if dice.random() * max(shape) < shape[int(minute // 60)]:
            clinical_class = dice.choices(classes, shares)[0]
            near = minute + dice.uniform(-10, 20) if dice.random() < desk.scheduled else None
            found.append(Person(minute, clinical_class, _length(dice, desk), near))
        minute += dice.expovariate(rate * max(shape))
    return found


def _length(dice: random.Random, desk: Desk) -> float:
    if desk.sigma is None:
        return dice.expovariate(1 / desk.service)
    return dice.lognormvariate(math.log(desk.service) - desk.sigma**2 / 2, desk.sigma)


class Queue:
    """A queue through its days, with what it learns.

    Args:
        discipline: Of DISCIPLINES.
        desk: See Desk.
        telling: Whether everybody is told an estimate, which costs time.
    """

    def __init__(self, discipline: str, desk: Desk, *, telling: bool = False) -> None:
        self._static = discipline == "static"
        self._telling = telling
        rules = QueueConfiguration(
            discipline,
            servers=desk.servers,
            service_minutes=round(desk.service),
            dynamic=discipline != "fifo",
            policy="plan" if discipline == "plan" else "best",
            targets=desk.targets,
        )
        self._facts = Facts(rules, (), Learnt())
        self._begun = OPENING

    def day(self, people: Sequence[Person]) -> list[Wait]:
        """Everybody of one day, by the time of the call; it ends when all have been served."""
        waiting: dict[int, QueueEntry] = {}
        served: dict[int, QueueEntry] = {}
        told: dict[int, Wait] = {}
        ends: list[tuple[float, int]] = []
        waits = []
        coming = 0
        while coming < len(people) or ends:
            if coming < len(people) and (not ends or people[coming].arrival <= ends[0][0]):
                minute = people[coming].arrival
                waiting[coming] = self._entry(coming, people[coming])
                told[coming] = self._told(waiting, served, coming, minute)
                coming += 1
            else:
                minute, done = heapq.heappop(ends)
                del served[done]
                self._finished(people[done].service)
            while waiting and len(served) < self._facts.configuration.servers:
                ticket = self._next(waiting, minute)
                entry, now = waiting.pop(ticket), self._at(minute)
                served[ticket] = replace(entry, state=State.IN_SERVICE, called=now, started=now)
                heapq.heappush(ends, (minute + people[ticket].service, ticket))
                wait = replace(told.pop(ticket), minutes=minute - people[ticket].arrival)
                self._called(wait)
                waits.append(wait)
        self._begun += timedelta(days=1)
        return waits

    def _at(self, minute: float) -> datetime:
        return self._begun + timedelta(minutes=minute)

    def _entry(self, ticket: int, person: Person) -> QueueEntry:
        joined = self._at(person.arrival)
        near = None if person.appointment is None else self._at(person.appointment)
        return QueueEntry(
            str(ticket), ticket, State.WAITING, joined, joined, person.clinical_class,
            PLAN_POINTS[person.clinical_class], near,
        )  # fmt: skip

    def _next(self, waiting: dict[int, QueueEntry], minute: float) -> int:
        if len(waiting) == 1:
            return next(iter(waiting))
        if self._static:
            found = min(waiting.values(), key=lambda each: (each.clinical_class, each.ticket))
        else:
            facts = replace(self._facts, entries=tuple(waiting.values()))
            found = next_of(facts, self._at(minute)) or next(iter(waiting.values()))
        return found.ticket

    def _told(
        self,
        waiting: dict[int, QueueEntry],
        served: dict[int, QueueEntry],
        ticket: int,
        minute: float,
    ) -> Wait:
        entry, now = waiting[ticket], self._at(minute)
        silent = Wait(entry.clinical_class, minute, 0.0)
        if not self._telling:
            return silent
        facts = replace(self._facts, learnt=self._facts.learnt.arrived(entry.clinical_class, now))
        self._facts = facts
        if len(served) < facts.configuration.servers:
            return silent
        entries = (*waiting.values(), *served.values())
        place = look(replace(facts, entries=entries), now, count=0, also=entry.id).places[0]
        shown = place.estimate.shown
        point = shown.point if shown else float(place.estimate.low)
        return replace(silent, ahead=place.position - 1, told=place.estimate, point=point)

    def _finished(self, minutes: float) -> None:
        if self._telling:
            self._facts = replace(
                self._facts,
                learnt=self._facts.learnt.served(minutes),
                completed=self._facts.completed + 1,
                service_seconds=self._facts.service_seconds + round(60 * minutes),
            )

    def _called(self, wait: Wait) -> None:
        if wait.told and wait.told.shown:
            learnt = self._facts.learnt.waited(wait.clinical_class, wait.told.shown, wait.minutes)
            self._facts = replace(self._facts, learnt=learnt)


def played(
    discipline: str, desk: Desk, days: Sequence[Sequence[Person]], *, telling: bool = False
) -> list[list[Wait]]:
    """The same days under one discipline."""
    queue = Queue(discipline, desk, telling=telling)
    return [queue.day(each) for each in days]


def mean_of(
    waits: Sequence[Wait], of: Callable[[Wait], float] = lambda each: each.minutes
) -> float:
    """The mean of something; 0 of nobody."""
    return sum(of(each) for each in waits) / len(waits) if waits else 0.0
