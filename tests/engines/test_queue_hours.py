"""What an hour adds up to, by the clock on the wall."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.queue_hours import counted, hour_of, standing
from fhir_gateway.engines.queue_transitions import Command
from tests.engines.builders import BERLIN, RIYADH, cases, moments
from tests.engines.queueing import NOW, ago, an_entry, in_service


def test_the_hour_is_the_queues_own() -> None:
    assert hour_of(datetime(2026, 3, 2, 22, 30, tzinfo=UTC), RIYADH) == (date(2026, 3, 3), 1)


def test_a_size_is_weighted_by_the_time_that_it_lasted() -> None:
    found = [(each.hour, each.size_seconds) for each in standing(ago(90), NOW, 3, RIYADH)]
    assert found == [(11, 30 * 60 * 3), (12, 60 * 60 * 3)]
    assert list(standing(ago(90), NOW, 0, RIYADH)) == []


@pytest.mark.parametrize("zone", [RIYADH, BERLIN])
@cases(100)
@given(moments(), st.integers(0, 5000), st.integers(1, 9))
def test_no_second_is_lost_across_a_clock_change(
    zone: object, since: datetime, minutes: int, size: int
) -> None:
    until = since + timedelta(minutes=minutes)
    rows = list(standing(since, until, size, zone))
    assert sum(each.size_seconds for each in rows) == size * minutes * 60


@pytest.mark.parametrize(
    ("command", "added"),
    [
        (Command.CHECK_IN, {"entries": 1}),
        (Command.CALL_NEXT, {"waits": 1, "wait_seconds": 720, "longest_wait": 720}),
        (Command.FINISH, {"completed": 1, "service_seconds": 420}),
        (Command.VISIT_ENDED, {"completed": 1, "service_seconds": 420}),
        (Command.NO_SHOW, {"no_shows": 1}),
        (Command.RECALL, {}),
        (Command.LEAVE, {}),
    ],
)
def test_each_command_counts_once(command: Command, added: dict[str, int]) -> None:
    change = counted(command, in_service(1, 7), NOW, 4, RIYADH)
    assert change.peak == 4
    fields = ("entries", "completed", "no_shows", "waits", "wait_seconds", "longest_wait",
              "service_seconds")  # fmt: skip
    assert {name: getattr(change, name) for name in fields} == dict.fromkeys(fields, 0) | added


def test_who_was_never_served_has_no_service() -> None:
    assert counted(Command.VISIT_ENDED, an_entry(1), NOW, 0, RIYADH).completed == 0
