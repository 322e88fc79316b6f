"""The hours of a queue add up in the transactions of its commands."""

from datetime import date

import pytest

from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.queueing import Desk

_DAY = date(2026, 3, 2)


@pytest.fixture
async def desk(bare: Clinic) -> Desk:
    return await Desk.opened(bare)


async def test_joining_the_call_and_the_end_count_each_in_their_hour(desk: Desk) -> None:
    await desk.joins("ann")
    await desk.joins("bob")
    after = await desk.later(70).serves("001", minutes=55)
    called = after.later(1)
    await called.does("call-next")
    await called.does("no-show", ticket="002")
    first, second, third = await desk.hours()
    assert (first["hour"], first["entries"], first["waits"], first["peak"]) == (8, 2, 0, 2)
    assert (second["hour"], second["waits"], second["longest_wait"]) == (9, 1, 70 * 60)
    assert (second["completed"], second["service_seconds"]) == (0, 0)
    assert (third["hour"], third["completed"], third["service_seconds"]) == (10, 1, 55 * 60)
    assert (third["waits"], third["no_shows"], third["entries"]) == (1, 1, 0)
    assert {each["day"] for each in (first, second, third)} == {_DAY}


async def test_the_size_is_weighted_by_time(desk: Desk) -> None:
    await desk.joins("ann")
    await desk.later(30).joins("bob")
    await desk.later(90).does("leave", ticket="001")
    await desk.later(120).does("leave", ticket="002")
    assert [each["size_seconds"] // 60 for each in await desk.hours()] == [
        30 * 1 + 30 * 2, 30 * 2 + 30 * 1, 0,
    ]  # fmt: skip


async def test_a_call_that_is_not_answered_counts_no_second_wait(desk: Desk) -> None:
    await desk.joins("ann")
    await desk.later(10).does("call-next")
    await desk.later(11).does("skip", ticket="001")
    await desk.later(20).does("call-next")
    (hour,) = await desk.hours()
    assert (hour["waits"], hour["wait_seconds"]) == (1, 600)


async def test_what_is_refused_counts_nothing(desk: Desk) -> None:
    await desk.joins("ann")
    before = await desk.hours()
    await refused_with(desk.later(5).does("finish", ticket="001"))
    await refused_with(desk.later(5).joins("ann"))
    assert await desk.hours() == before


async def test_the_plan_estimates_from_the_last_seven_days(bare: Clinic) -> None:
    desk = await Desk.opened(bare, policy="plan")
    await desk.joins("ann")
    await desk.serves("001", minutes=8)
    waits = []
    for days in (1, 7, 8):
        later = desk.later(days * 24 * 60)
        first, second = await later.joins("bob"), await later.joins("cem")
        assert first["estimated-wait"] == {"low": 0, "high": 0}
        waits.append(second["estimated-wait"]["low"])
        await later.does("leave", ticket=first["ticket"])
        await later.does("leave", ticket=second["ticket"])
    assert waits == [8, 8, 20]


async def test_a_queue_learns_how_long_it_takes(desk: Desk) -> None:
    before = [(await desk.joins(each))["estimated-wait"]["high"] for each in ("ann", "bob")]
    after = desk
    for ticket in ("001", "002"):
        after = await after.serves(ticket, minutes=240)
    again = [(await after.joins(each))["estimated-wait"]["high"] for each in ("ann", "bob")]
    assert again[1] > before[1]
