"""Hours of queues add up to numbers of a period."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.engines.queue_hours import HourChange
from fhir_gateway.engines.queue_metrics import (
    METRICS,
    QueueCounts,
    QueueHour,
    seconds_of,
    tally,
)
from tests.engines.builders import BERLIN, RIYADH

_DAY = date(2026, 3, 2)
_LATER = datetime(2027, 1, 1, tzinfo=UTC)


def numbers(counts: QueueCounts) -> dict[str, Decimal | None]:
    return {each.code.removeprefix("queue-"): each.value(counts) for each in METRICS}


def an_hour(hour: int, queue: str = "Location/a", **sums: int) -> QueueHour:
    return QueueHour(queue, HourChange(_DAY, hour, **sums))


def test_means_are_made_from_sums_and_the_greatest_stays_the_greatest() -> None:
    hours = [
        an_hour(8, entries=3, waits=1, wait_seconds=600, longest_wait=600, peak=3,
                size_seconds=7200),
        an_hour(9, completed=2, no_shows=1, waits=3, wait_seconds=600, longest_wait=300, peak=1,
                service_seconds=1800, size_seconds=1800),
    ]  # fmt: skip
    found = tally(hours, {"Location/a": RIYADH}, _LATER, lambda each: each.change.day)
    assert numbers(found["Location/a", _DAY]) == {
        "entries": 3, "served": 2, "no-shows": 1, "average-wait": Decimal("5.00"),
        "longest-wait": Decimal("10.00"), "average-service": Decimal("15.00"), "peak-size": 3,
        "average-size": Decimal("1.25"),
    }  # fmt: skip


def test_what_stands_still_adds_to_its_hour_and_not_to_the_length_of_it() -> None:
    hours = [an_hour(8, size_seconds=1800), an_hour(8, size_seconds=1800, peak=2)]
    found = tally(hours, {"Location/a": RIYADH}, _LATER, lambda each: each.change.day)
    assert numbers(found["Location/a", _DAY])["average-size"] == Decimal("1.00")


def test_without_anybody_means_are_not_known() -> None:
    found = numbers(QueueCounts())
    assert [found[each] for each in ("average-wait", "average-service", "average-size")] == [
        None
    ] * 3
    assert (found["entries"], found["longest-wait"], found["peak-size"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "now", "seconds"),
    [
        (RIYADH, _DAY, 8, _LATER, 3600),
        (RIYADH, _DAY, 8, datetime(2026, 3, 2, 5, 20, tzinfo=UTC), 1200),
        (RIYADH, _DAY, 8, datetime(2026, 3, 2, 4, 0, tzinfo=UTC), 0),
        (BERLIN, date(2026, 10, 25), 1, _LATER, 3600),
        (BERLIN, date(2026, 10, 25), 2, _LATER, 7200),
        (BERLIN, date(2026, 10, 25), 3, _LATER, 3600),
        (BERLIN, date(2026, 3, 29), 3, _LATER, 3600),
    ],
)
def test_an_hour_is_as_long_as_the_clock_shows_it(
    zone: ZoneInfo, day: date, hour: int, now: datetime, seconds: int
) -> None:
    assert seconds_of(day, hour, zone, now) == seconds
