"""What does it cost a booking that others are told of it?"""

from collections.abc import Sequence
from typing import Any

import pytest

from fhir_gateway.storage.wire import Answer, Statement, Wire
from fhir_gateway.usecases.deps import Deps
from tests.usecases.clinic import Clinic
from tests.workers.receiver import Receiver, a_line


class Counted:
    """Counts exchanges and statements, and has them carried out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.exchanges, self.statements = 0, 0
        send = Wire.exchange

        async def exchange(wire: Wire, statements: Sequence[Statement]) -> list[Answer]:
            self.exchanges += 1
            self.statements += len(statements)
            return await send(wire, statements)

        monkeypatch.setattr(Wire, "exchange", exchange)

    async def booking(self, clinic: Clinic, start: str, **people: Any) -> tuple[int, int]:
        """Exchanges and statements of a booking."""
        self.exchanges, self.statements = 0, 0
        await clinic.book(start, **people)
        return self.exchanges, self.statements


async def test_a_booking_that_an_ehr_is_told_of_is_one_round_trip_more(
    deps: Deps, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = await a_line(deps, receiver)
    alone, counted = Clinic(deps), Counted(monkeypatch)
    exchanges, statements = await counted.booking(alone, "09:00", patient="ann")
    told = await counted.booking(line.clinic, "09:30", patient="bob")
    # Who takes part is read, a statement for each type; the message travels with the next.
    assert told == (exchanges + 1, statements + 3)
