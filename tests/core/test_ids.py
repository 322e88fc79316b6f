"""Is a generated Slot known by what it is?"""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.core.ids import slot_id

NINE = datetime(2026, 3, 29, 9, tzinfo=UTC)


def test_the_id_of_a_slot_is_the_same_wherever_its_time_is_written() -> None:
    berlin = NINE.astimezone(ZoneInfo("Europe/Berlin"))
    assert slot_id("s1", berlin) == slot_id("s1", NINE)
    assert UUID(slot_id("s1", NINE)).version == 5


@pytest.mark.parametrize(
    ("schedule", "start"),
    [("s2", NINE), ("s1", NINE.replace(minute=30)), ("s1", NINE.replace(day=30))],
)
def test_another_schedule_or_time_is_another_slot(schedule: str, start: datetime) -> None:
    assert slot_id(schedule, start) != slot_id("s1", NINE)


def test_the_two_hours_that_a_clock_change_repeats_are_two_slots() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, fold=n, tzinfo=berlin) for n in (0, 1))
    assert slot_id("s1", first) != slot_id("s1", second)


def test_the_formula_is_part_of_what_clients_may_rely_on() -> None:
    assert slot_id("schedule-01", NINE) == "7b95c7ad-8e05-5892-8a71-169d04b464b4"
