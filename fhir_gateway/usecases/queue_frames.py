"""What do those who watch a queue see?

Tickets and places, and nobody's name (row Q12). Worked out once for each change and written once,
however many watch. A frame is `{type, queue, seq, at, body}`: a snapshot has everything that is
shown; a delta has the values that are others than before, entries by ticket, and the tickets that
are gone. Decision 24; owner's plan, phase 11 (get_queue_status).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_gateway.core.time import format_instant
from fhir_gateway.engines.queue import View
from fhir_gateway.engines.queue_facts import label
from fhir_gateway.fhir import json
from fhir_gateway.storage.queues import QueueState
from fhir_gateway.usecases.queue_configuration import configuration_of

Body = dict[str, Any]

#: How many of those who wait are shown.
SHOWN = 10
_RANGE_TEXT = "You may be called out of turn"


@dataclass(frozen=True, slots=True)
class Shot:
    """What a queue looked like at a moment.

    Attributes:
        queue: Reference.
        sequence: Number of the last change.
        at: Aware.
        body: Everything that is shown.
        live: Whether changes are pushed.
        seconds: Between two looks at the clock.
    """

    queue: str
    sequence: int
    at: datetime
    body: Body
    live: bool
    seconds: int

    @property
    def tickets(self) -> frozenset[str]:
        """Everybody who is shown."""
        return frozenset(each["ticket"] for each in self.body["entries"])

    def snapshot(self) -> str:
        """The frame that has everything."""
        return frame("snapshot", self.queue, self.at, self.body, seq=self.sequence)

    def delta(self, before: "Shot") -> str | None:
        """The frame that makes this out of the one before; None where there is no difference."""
        changed = difference(before.body, self.body)
        if not changed and before.sequence == self.sequence:
            return None
        return frame("delta", self.queue, self.at, changed,
                     seq=self.sequence, since=before.sequence)  # fmt: skip

    def delta_since(self, sequence: int, tickets: frozenset[str]) -> str:
        """The frame for somebody who saw the queue at a number, whatever the clock was then.

        Args:
            sequence: Number that was seen.
            tickets: Everybody who was shown then.
        """
        body = self.body | {"gone": sorted(tickets - self.tickets)}
        return frame("delta", self.queue, self.at, body, seq=self.sequence, since=sequence)


def frame(kind: str, queue: str, at: datetime, body: Body, **numbers: int) -> str:
    """One frame as text."""
    told = {"type": kind, "queue": queue, **numbers, "at": format_instant(at), "body": body}
    return json.dump(told).decode()


def error(queue: str, at: datetime, code: str, text: str) -> str:
    """The frame that says what was wrong with one of the client's."""
    return frame("error", queue, at, {"code": code, "text": text})


def difference(before: Body, after: Body) -> Body:
    """The values of the second that are others in the first; entries by ticket, and who is gone."""
    changed = {
        name: value
        for name, value in after.items()
        if name != "entries" and before.get(name) != value
    }
    old = {each["ticket"]: each for each in before["entries"]}
    new = {each["ticket"]: each for each in after["entries"]}
    entries = [each for ticket, each in new.items() if old.get(ticket) != each]
    gone = sorted(old.keys() - new.keys())
    if entries:
        changed["entries"] = entries
    if gone:
        changed["gone"] = gone
    return changed


def shot(state: QueueState, view: View, now: datetime) -> Shot:
    """What a queue looks like now.

    Args:
        state: As read.
        view: The same in order.
        now: Aware.
    """
    rules = configuration_of(state.row.configuration)
    desks = {each.id: each.desk for each in state.entries}
    waiting = [
        {
            "ticket": label(each.entry.ticket),
            "status": each.entry.state.value,
            "position": each.position,
            "waited": each.waited,
            "estimated-wait": {"low": each.estimate.low, "high": each.estimate.high},
        }
        for each in view.places
    ]
    served: list[Body] = [
        {"ticket": label(each.ticket), "status": each.state.value}
        | ({"desk": desks[each.id]} if desks[each.id] else {})
        for each in view.served
    ]
    body: Body = {
        "id": state.row.reference,
        "name": rules.name,
        "size": view.size,
        "maximum": rules.maximum,
        "average-wait": view.average_wait,
        "accepting": rules.accepting,
        "policy": rules.policy,
        "note": _RANGE_TEXT,
        "entries": [*waiting, *served],
    }
    return Shot(
        state.row.reference, state.row.sequence, now, body, rules.live, rules.update_seconds
    )
