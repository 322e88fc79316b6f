"""Short ways to write facts about a queue."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.queue_facts import QueueConfiguration, QueueEntry, State

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DESK = QueueConfiguration("Desk")
PLAN = QueueConfiguration("Desk", policy="plan")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def an_entry(ticket: int = 1, waited: float = 10, **facts: Any) -> QueueEntry:
    """Somebody routine who has been waiting for ten minutes."""
    joined = ago(waited)
    given: dict[str, Any] = {"state": State.WAITING, "joined": joined, "since": joined}
    return QueueEntry(id=f"e{ticket}", ticket=ticket, **(given | facts))


def in_service(ticket: int, minutes: float) -> QueueEntry:
    """Somebody who has been served for so many minutes."""
    return an_entry(ticket, minutes + 5, state=State.IN_SERVICE, called=ago(minutes + 1),
                    started=ago(minutes))  # fmt: skip


_near = st.one_of(st.none(), st.integers(-300, 300), st.sampled_from([29, 30, 31, 59, 60, 61]))


@st.composite
def entries(draw: st.DrawFn) -> list[QueueEntry]:
    """Up to a dozen people; many ties in every part of every order."""
    count = draw(st.integers(0, 12))
    return [
        an_entry(
            ticket,
            draw(st.one_of(st.integers(0, 240), st.sampled_from([0, 10, 99.5, 100, 100.5]))),
            clinical_class=draw(st.sampled_from(ClinicalClass)),
            priority=Decimal(draw(st.integers(0, 400))) / 4,
            appointment_start=None if (near := draw(_near)) is None else ago(-near),
        )
        for ticket in draw(st.permutations(range(1, count + 1)))
    ]
