"""Has something newer been said already?

Messages about one thing count in the order of their sender's clock; equal times in the order of
receipt. hl7v2.md section 2.3, decision 20.
"""

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


def is_late(message_time: datetime | None, state: FeedState | None) -> bool:
    """Whether a newer message about the same has been applied already.

    Args:
        message_time: MSH-7 of the message.
        state: The newest message that has been applied.
    """
    if state is None or state.message_time is None or message_time is None:
        return False
    return older(message_time, state.message_time)


def superseded(why: str) -> Issue:
    """What is noted at a message that is not applied."""
    return Issue(f"Not applied: {why}", ("MSH^1^7",), "informational", "superseded")


class Said(Protocol):
    """A message, as far as its place among others goes."""

    @property
    def message_time(self) -> datetime | None: ...

    @property
    def received_at(self) -> datetime: ...

    @property
    def control_id(self) -> str: ...


def remember(tx: Transaction, key: str, told: Said, state: FeedState | None) -> None:
    """Note that a message has been applied.

    Args:
        tx: Open transaction.
        key: Id of the Appointment or Slot; `Patient/7` for data of a patient.
        told: The message.
        state: The newest one before.
    """
    times = [each for each in (told.message_time, state and state.message_time) if each]
    newest = FeedState(max(times, default=None), told.received_at, told.control_id)
    inbox.set_feed_state(tx, key, newest)
