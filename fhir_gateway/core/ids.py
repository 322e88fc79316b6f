"""Where do ids come from? From an argument, so that tests can count them."""

import uuid
from typing import Protocol


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
