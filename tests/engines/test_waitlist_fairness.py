"""On the waitlist nobody is passed over for ever."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.time import local_day
from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.waitlist import order, standing_class
from fhir_gateway.engines.waitlist_facts import FreedTime, WaitlistEntry
from tests.engines.builders import RIYADH, at, cases

TEN = at("2026-06-15T10:00")
DAY = timedelta(days=1)
FREED = FreedTime(TEN, TEN + timedelta(minutes=30), "Asia/Riyadh", frozenset({"checkup"}))


def waiting(name: str, days: int, priority: int | None = None) -> WaitlistEntry:
    return WaitlistEntry(name, f"Patient/{name}", FREED.service_types, TEN - days * DAY,
                         priority=priority)  # fmt: skip


def first(*entries: WaitlistEntry) -> str:
    return order("best", entries, FREED, TEN)[0].entry.id


@pytest.mark.parametrize(
    ("days", "priority", "standing"),
    [
        (0, None, ClinicalClass.ROUTINE),
        (119, None, ClinicalClass.ROUTINE),
        (120, None, ClinicalClass.SOON),
        (180, None, ClinicalClass.URGENT),
        (9999, None, ClinicalClass.URGENT),
        (41, 5, ClinicalClass.SOON),
        (42, 5, ClinicalClass.URGENT),
        (9999, 2, ClinicalClass.URGENT),
        (9999, 1, ClinicalClass.EMERGENCY),
    ],
)
def test_a_long_wait_makes_more_urgent_but_no_emergency(days, priority, standing):
    entry = waiting("a", days, priority)
    assert standing_class(entry, local_day(TEN, RIYADH), ZoneInfo(FREED.zone)) == standing


def test_urgent_patients_come_first_as_long_as_the_wait_is_what_it_should_be():
    assert first(waiting("routine", 100), waiting("urgent", 0, 2)) == "urgent"
    assert first(waiting("routine", 180), waiting("urgent", 0, 2)) == "routine"
    assert first(waiting("routine", 400), waiting("emergency", 0, 1)) == "emergency"


def test_the_answer_says_why_somebody_stands_higher():
    placed = order("best", [waiting("routine", 180)], FREED, TEN)[0]
    assert placed.keys[0].text == "urgent, for the long wait"


@cases(100)
@given(st.lists(st.tuples(st.integers(0, 170), st.sampled_from((2, 3, 5, None))), max_size=30))
def test_after_three_targets_only_emergencies_and_longer_waits_go_first(others):
    stream = [waiting(f"x{n}", days, priority) for n, (days, priority) in enumerate(others)]
    assert first(*stream, waiting("old", 300)) == "old"


def test_under_a_stream_of_urgent_patients_everybody_has_a_turn():
    """Each day one urgent patient joins and one time comes free."""
    entry = waiting("routine", 0)
    queue = [entry]
    for day in range(400):
        now = TEN + day * DAY
        freed = replace(FREED, start=now, end=now + timedelta(minutes=30))
        queue.append(replace(waiting(f"u{day}", 0, 2), created=now))
        taken = order("best", queue, freed, now)[0].entry
        queue.remove(taken)
    assert entry not in queue
