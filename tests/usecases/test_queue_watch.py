"""Who does not keep up, and what is left out of a frame."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from fhir_gateway.usecases.queue_frames import Shot, difference
from fhir_gateway.usecases.queue_watch import MOST_PAST, MOST_WAITING, PATIENCE, Board, Watcher
from tests.api.watching import applied, sorted_body

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def a_body(*tickets: str, **values: Any) -> dict[str, Any]:
    return {"size": len(tickets), "entries": [{"ticket": each} for each in tickets]} | values


def a_shot(sequence: int, *tickets: str) -> Shot:
    return Shot("Location/x", sequence, NOW, a_body(*tickets), True, 30)


@pytest.fixture
async def board() -> Board:
    board = Board((1, "Location/x"))
    board.show(a_shot(0))
    return board


def a_watcher(board: Board) -> Watcher:
    watcher = Watcher(board, asyncio.current_task())
    board.watchers.add(watcher)
    return watcher


async def test_who_does_not_keep_up_gets_a_fresh_snapshot(board: Board) -> None:
    slow, quick = a_watcher(board), a_watcher(board)
    for number in range(1, MOST_WAITING + 5):
        board.show(a_shot(number, str(number)))
        assert f'"seq":{number},' in (await quick.next() or "")
    frame = await slow.next()
    assert frame == board.snapshot()
    board.show(a_shot(99))
    assert '"delta"' in (await slow.next() or "")


async def test_every_watcher_gets_the_same_text(board: Board) -> None:
    one, two = a_watcher(board), a_watcher(board)
    board.show(a_shot(1, "001"))
    assert await one.next() is await two.next()


async def test_where_nothing_is_different_nothing_is_sent(board: Board) -> None:
    watcher = a_watcher(board)
    board.show(a_shot(0))
    watcher.end("closing")
    assert await watcher.next() is None


async def test_what_was_given_before_the_end_still_comes(board: Board) -> None:
    watcher = a_watcher(board)
    board.show(a_shot(1, "001"))
    watcher.end("closing")
    assert '"seq":1,' in (await watcher.next() or "")
    assert await watcher.next() is None


async def test_who_takes_nothing_for_long_is_let_go(board: Board) -> None:
    async def stuck() -> None:
        watcher = a_watcher(board)
        watcher.give("x")
        await watcher.next()
        for _ in range(PATIENCE + 1):
            watcher.grow_impatient()
        assert watcher.over == "too-slow"
        await asyncio.sleep(60)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(stuck())


async def test_who_waits_for_a_change_may_wait_for_ever(board: Board) -> None:
    watcher = a_watcher(board)
    for _ in range(PATIENCE * 2):
        watcher.grow_impatient()
    assert watcher.over is None


async def test_only_so_many_numbers_are_remembered(board: Board) -> None:
    for number in range(1, MOST_PAST + 10):
        board.show(a_shot(number))
    assert board.first(1) == board.snapshot()
    assert '"delta"' in board.first(MOST_PAST)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (a_body("1"), a_body("1"), {}),
        (a_body("1"), a_body("1", "2"), {"size": 2, "entries": [{"ticket": "2"}]}),
        (a_body("1", "2"), a_body("2"), {"size": 1, "gone": ["1"]}),
        (a_body("1"), a_body("1", size=7), {"size": 7}),
        (a_body(name="A"), a_body(name="B"), {"name": "B"}),
    ],
)
def test_a_delta_has_what_is_different(
    before: dict[str, Any], after: dict[str, Any], told: dict[str, Any]
) -> None:
    assert difference(before, after) == told
    assert applied(before, told) == sorted_body(after)
