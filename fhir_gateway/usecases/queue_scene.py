"""A queue under a command: what is read, locked and written back.

Every command takes one of these for each queue that it touches; what has changed is written once,
at the end: the queue's number, the hour's sums, and what the queue has learnt.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.core.time import local_day
from fhir_gateway.engines import queue_hours
from fhir_gateway.engines.queue import Facts, Place, View, look, next_of
from fhir_gateway.engines.queue_facts import LIVE, QueueConfiguration, State
from fhir_gateway.engines.queue_hours import HourChange
from fhir_gateway.engines.queue_learning import Learnt
from fhir_gateway.engines.queue_transitions import Command
from fhir_gateway.storage import queues
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.queues import EntryRow, QueueState
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.queue_configuration import configuration_of
from fhir_gateway.usecases.queue_encounters import facts_of


@dataclass(frozen=True, slots=True)
class Rule:
    """How a queue is put in order for once; None: as its configuration says.

    Args:
        policy: Of `engines.queue_facts.POLICIES`.
        ordering: Of `engines.queue_facts.ORDERINGS`; only `plan` has several.
    """

    policy: str | None = None
    ordering: str | None = None

    def over(self, rules: QueueConfiguration) -> QueueConfiguration:
        """The configuration with this rule.

        Raises:
            GatewayError: invalid, for an ordering where the policy has none.
        """
        policy = self.policy or rules.policy
        if self.ordering is not None and policy != "plan":
            text = "ordering is for policy plan; by policy best the order is that of the deadlines"
            raise fail(Category.INVALID, text, "ordering", code="value")
        return replace(rules, policy=policy, ordering=self.ordering or rules.ordering)


AS_CONFIGURED = Rule()


def view_of(
    state: QueueState,
    now: datetime,
    *,
    count: int | None = None,
    also: str | None = None,
    rule: Rule = AS_CONFIGURED,
) -> View:
    """What a queue looks like; see `engines.queue.look`."""
    rules, learnt = configuration_of(state.row.configuration), Learnt.read(state.row.learnt)
    return look(_facts(state, rule.over(rules), learnt), now, count=count, also=also)


def _facts(state: QueueState, rules: QueueConfiguration, learnt: Learnt) -> Facts:
    people = [facts_of(each) for each in state.entries]
    return Facts(
        rules,
        people,
        learnt,
        state.completed,
        state.service_seconds,
        state.row.last_called,
    )


@dataclass(slots=True)
class Scene:
    """One queue in the hands of a command.

    Attributes:
        state: As locked, and then as changed.
        rules: Its configuration.
        now: The time of the command; never before that of the last one.
        learnt: See Learnt.
        hours: What is added.
    """

    state: QueueState
    rules: QueueConfiguration
    now: datetime
    learnt: Learnt
    hours: list[HourChange] = field(default_factory=list)

    @classmethod
    def of(cls, state: QueueState, now: datetime) -> "Scene":
        row = state.row
        return cls(
            state,
            configuration_of(row.configuration),
            max(now, row.size_since),
            Learnt.read(row.learnt),
        )

    @property
    def reference(self) -> str:
        return self.state.row.reference

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.state.row.zone)

    @property
    def waiting(self) -> int:
        return sum(each.state == State.WAITING for each in self.state.entries)

    def place_of(self, entry: EntryRow) -> Place | None:
        """Where somebody is with all changes; None for who does not wait."""
        if entry.state != State.WAITING:
            return None
        facts = _facts(self.state, self.rules, self.learnt)
        return look(facts, self.now, count=0, also=entry.id).place_of(entry.id)

    def next(self) -> EntryRow | None:
        """Whoever is called next; None where nobody waits."""
        found = next_of(_facts(self.state, self.rules, self.learnt), self.now)
        return None if found is None else self.entry(found.id)

    def entry(self, entry_id: str) -> EntryRow | None:
        return next((each for each in self.state.entries if each.id == entry_id), None)

    def next_ticket(self) -> int:
        """The next number of the day that nobody here has."""
        row, day = self.state.row, local_day(self.now, self.zone)
        if row.ticket_day != day:
            row.ticket, row.ticket_day = 0, day
        taken = {each.ticket for each in self.state.entries}
        row.ticket = next(each for each in range(row.ticket + 1, row.ticket + len(taken) + 2)
                          if each not in taken)  # fmt: skip
        return row.ticket

    def count(self, command: Command, before: EntryRow) -> None:
        """Add a command to its hour.

        Args:
            command: What has been done.
            before: Somebody as they were; for a check-in as they are.
        """
        facts = facts_of(before)
        self.hours.append(queue_hours.counted(command, facts, self.now, self.waiting, self.zone))

    def save(self, tx: Transaction, changed: Sequence[EntryRow]) -> None:
        """Leave all that has changed to the transaction."""
        row = self.state.row
        self.state.entries = [each for each in self.state.entries if each.state in LIVE]
        stood = queue_hours.standing(row.size_since, self.now, row.size, self.zone)
        for each in (*stood, *self.hours):
            sums = asdict(each)
            day, hour = sums.pop("day"), sums.pop("hour")
            queues.add_hour(tx, self.reference, day, hour, sums)
        row.size, row.size_since = self.waiting, self.now
        row.learnt = self.learnt.plain()
        for entry in changed:
            queues.save_entry(tx, entry)
        queues.save_queue(tx, row)


async def take(
    tx: Transaction, deps: Deps, reference: str, *others: str, overflow: bool = False
) -> dict[str, Scene]:
    """Lock queues.

    Args:
        tx: Open transaction.
        deps: See Deps.
        reference: The queue that a command is about.
        others: Which it touches besides.
        overflow: Whether the one to which people are sent on is locked as well.

    Returns:
        By reference; the first is there, of the others those that are queues.

    Raises:
        GatewayError: not-found, where there is no such queue.
    """
    now = _as_written(deps.clock.now())
    states = await _locked(tx, (reference, *others), now, overflow=overflow)
    if reference not in states:
        raise no_queue(reference)
    return {name: Scene.of(each, now) for name, each in states.items()}


def _as_written(moment: datetime) -> datetime:
    """A moment to the millisecond, as Encounters have it: from them the hours can be recounted."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


async def _locked(
    tx: Transaction, references: tuple[str, ...], now: datetime, *, overflow: bool
) -> dict[str, QueueState]:
    """Lock and read; whoever shares the transaction goes on with what the one before has left."""
    shared = {} if tx.kept is None else tx.kept
    key = (references, overflow)
    if key not in shared:
        shared[key] = await queues.lock(tx, references, now=now, overflow=overflow)
    states: dict[str, QueueState] = shared[key]
    return states


def no_queue(reference: str) -> GatewayError:
    """There is no queue at a service or place."""
    return GatewayError(
        Category.NOT_FOUND,
        Issue(f"There is no queue at {reference[:100]}", (), "not-found", "no-queue"),
    )
