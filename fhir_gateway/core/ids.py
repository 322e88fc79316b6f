"""Where do ids come from?

From an argument, so that tests can count them; those of generated Slots from what they are.
"""

import uuid
from datetime import UTC, datetime
from typing import Protocol

from fhir_gateway.core.codes import CANONICAL
from fhir_gateway.core.time import format_instant

_SCHEDULES = uuid.uuid5(uuid.NAMESPACE_URL, f"{CANONICAL}/Schedule")


class IdSource(Protocol):
    def new(self) -> str:
        """A fresh id in the FHIR grammar `[A-Za-z0-9.-]{1,64}`."""
        ...


class RandomIds:
    def new(self) -> str:
        return str(uuid.uuid4())


class CountedIds:
    """Ids `prefix-1`, `prefix-2` … for tests and for the sample clinic."""

    def __init__(self, prefix: str = "id") -> None:
        self._prefix = prefix
        self._count = 0

    def new(self) -> str:
        self._count += 1
        return f"{self._prefix}-{self._count}"


def slot_id(schedule: str, start: datetime) -> str:
    """The id that a generated Slot has, whoever generates it and however often.

    Args:
        schedule: Id of its Schedule.
        start: Aware; the instant counts, not the zone in which it is written.

    Returns:
        A UUIDv5.

    Source: decision 9.
    """
    own = uuid.uuid5(_SCHEDULES, schedule)
    return str(uuid.uuid5(own, format_instant(start.astimezone(UTC))))
