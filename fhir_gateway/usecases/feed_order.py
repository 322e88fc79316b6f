"""Has something newer been said already?

Messages about one thing count in the order of their sender's clock; equal times in the order of
receipt. hl7v2.md section 2.3, decision 20.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from fhir_gateway.core.errors import Issue
from fhir_gateway.storage import inbox
from fhir_gateway.storage.inbox import FeedState
from fhir_gateway.storage.postgres import Transaction

#: HL7 2.3 brought the scheduling messages; a clock that says less was never set.
_FIRST_SIU = 1997


def older(one: datetime, other: datetime) -> bool:
    """Whether a message was sent before another, as far as their clocks can be compared."""
    both_set = (one.year < _FIRST_SIU) == (other.year < _FIRST_SIU)
    return both_set and one < other


class Said(Protocol):
    """A message, as far as its place among others goes."""

    @property
    def message_time(self) -> datetime | None: ...

    @property
    def received_at(self) -> datetime: ...

    @property
    def control_id(self) -> str: ...


def is_late(told: Said, state: FeedState | None, *, replayed: bool = False) -> bool:
    """Whether a newer message about the same has been applied already.

    Args:
        told: The message.
        state: The newest message that has been applied.
        replayed: Whether it waited while others came: where the clock of the sender does not tell,
            the order of receipt does.
    """
    if state is None:
        return False
    one, other = told.message_time, state.message_time
    if one is not None and other is not None and (older(one, other) or older(other, one)):
        return older(one, other)
    return replayed and told.received_at < state.received_at


def outcome_of(issues: Iterable[Issue]) -> str:
    """`superseded` where a newer message had been applied before this one, else `applied`."""
    late = any(each.details == "superseded" for each in issues)
    return "superseded" if late else "applied"


def superseded(why: str) -> Issue:
    """What is noted at a message that is not applied."""
    return Issue(f"Not applied: {why}", ("MSH^1^7",), "informational", "superseded")


def remember(tx: Transaction, key: str, told: Said, state: FeedState | None) -> None:
    """Note that a message has been applied.

    Args:
        tx: Open transaction.
        key: Id of the Appointment or Slot; `Patient/7` for data of a patient.
        told: The message.
        state: The newest one before.
    """
    times = [each for each in (told.message_time, state and state.message_time) if each]
    received = max(told.received_at, state.received_at) if state else told.received_at
    newest = FeedState(max(times, default=None), received, told.control_id)
    inbox.set_feed_state(tx, key, newest)
