"""What would the hours of queues add up to, if everything were counted once more?

The versions of the Encounters tell all that was done with anybody; played through from the first
one they make the same hours as the commands did.

Source: engines.md section 3 (hourly rows); decision 22.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.queue_facts import QueueEntry, State
from fhir_gateway.engines.queue_hours import HourChange, counted, standing
from fhir_gateway.engines.queue_transitions import TRANSITIONS, Command


@dataclass(frozen=True, slots=True)
class Step:
    """One version of somebody's Encounter.

    Args:
        entry: Id of the Encounter.
        queue: Reference of the queue.
        state: After what was done.
        joined: Aware.
        changed: When it was done, aware.
    """

    entry: str
    queue: str
    state: State
    joined: datetime
    changed: datetime


@dataclass(slots=True)
class _Queue:
    zone: ZoneInfo
    size: int = 0
    since: datetime | None = None
    hours: dict[tuple[date, int], HourChange] = field(default_factory=dict)

    def add(self, change: HourChange) -> None:
        key = (change.day, change.hour)
        self.hours[key] = self.hours.get(key, HourChange(*key)) + change

    def stood(self, now: datetime) -> None:
        """Count the time since the last change."""
        if self.since is not None:
            for each in standing(self.since, now, self.size, self.zone):
                self.add(each)
        self.since = now


class Replay:
    """Queues that are played through once more.

    Args:
        zones: Of each queue; what happened in others is left out.
    """

    def __init__(self, zones: Mapping[str, ZoneInfo]) -> None:
        self._queues = {name: _Queue(zone) for name, zone in zones.items()}
        self._people: dict[str, tuple[str, datetime, QueueEntry]] = {}

    @property
    def hours(self) -> dict[str, list[HourChange]]:
        """The hours of each queue in which anything happened, in order."""
        return {
            name: [each.hours[key] for key in sorted(each.hours)]
            for name, each in self._queues.items()
            if each.hours
        }

    def take(self, steps: Iterable[Step]) -> None:
        """Go on.

        Args:
            steps: In the order in which they were committed.
        """
        for step in steps:
            known = self._people.get(step.entry)
            if known is None:
                self._join(step)
            elif (step.queue, step.changed, step.state) != (*known[:2], known[2].state):
                self._change(step, known[0], known[2])

    def _join(self, step: Step) -> None:
        entry = QueueEntry(
            step.entry, 0, State.WAITING, step.joined, step.joined, ClinicalClass.ROUTINE
        )
        self._count(step.queue, Command.CHECK_IN, entry, step.changed, 1)
        self._people[step.entry] = (step.queue, step.changed, entry)

    def _change(self, step: Step, queue: str, before: QueueEntry) -> None:
        moved = step.queue != queue
        command = Command.TRANSFER if moved else _command(before.state, step.state)
        now = step.changed
        after = replace(before, state=step.state)
        if command is Command.START:
            after = replace(after, started=now)
        elif command is Command.SKIP:
            after = replace(after, since=now)
        grown = (after.state is State.WAITING and not moved) - (before.state is State.WAITING)
        self._count(queue, command, before, now, grown)
        if moved:
            after = replace(after, started=None)
            self._count(step.queue, Command.CHECK_IN, after, now, 1)
        self._people[step.entry] = (step.queue, now, after)

    def _count(
        self, name: str, command: Command, entry: QueueEntry, now: datetime, grown: int
    ) -> None:
        queue = self._queues.get(name)
        if queue is None:
            return
        queue.stood(now)
        queue.size += grown
        queue.add(counted(command, entry, now, queue.size, queue.zone))


def _command(before: State, after: State) -> Command:
    """What leads from one state to another."""
    return next(
        (each for each, row in TRANSITIONS.items() if row.get(before) is after), Command.RECALL
    )
