"""What has still to be done is done once, by one worker. Decision 11."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fhir_gateway.storage import outbox
from fhir_gateway.storage.outbox import MOST_ATTEMPTS, Event
from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.roles import Role
from tests.storage.servers import KINDS

PAST = datetime(2026, 1, 1, tzinfo=UTC)
FUTURE = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(params=KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def publish(database: Database, *kinds: str, payload: Mapping[str, Any] = {}) -> None:
    for kind in kinds:
        async with database.transaction(1) as tx:
            await outbox.publish(tx, kind, payload)


async def waiting(database: Database) -> list[Event]:
    return await outbox.waiting(database, Role.WORKER)


async def set_timer(database: Database, subject: str, due: datetime, payload: str = "") -> None:
    async with database.transaction(1) as tx:
        await outbox.set_timer(tx, "later", subject, due, {"payload": payload})


async def due(database: Database) -> list[Event]:
    return await outbox.due_timers(database, Role.WORKER)


async def test_events_wait_in_order_with_what_they_are_about(database: Database) -> None:
    await publish(database, "first", "second", payload={"task": "t1"})
    found = await waiting(database)
    assert [(each.kind, each.tenant, each.payload) for each in found] == [
        ("first", 1, {"task": "t1"}), ("second", 1, {"task": "t1"}),
    ]  # fmt: skip


async def test_what_nobody_waits_for_comes_last(database: Database) -> None:
    await publish(database, "slow", "first", "slow", "second")
    found = await outbox.waiting(database, Role.WORKER, 3, last=("slow",))
    assert [each.kind for each in found] == ["first", "second", "slow"]


async def test_an_event_that_is_taken_is_gone_with_the_commit(database: Database) -> None:
    await publish(database, "happened")
    (event,) = await waiting(database)
    async with database.transaction(1) as tx:
        assert await outbox.take(tx, event)
        assert len(await waiting(database)) == 1
    assert await waiting(database) == []


async def test_an_event_whose_effect_fails_waits_again(database: Database) -> None:
    await publish(database, "happened")
    (event,) = await waiting(database)

    async def take_and_fail() -> None:
        async with database.transaction(1) as tx:
            await outbox.take(tx, event)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await take_and_fail()
    assert await waiting(database) == [event]


async def test_of_many_workers_one_takes_an_event(database: Database) -> None:
    await publish(database, "happened")
    (event,) = await waiting(database)

    async def take() -> bool:
        async with database.transaction(1) as tx:
            return await outbox.take(tx, event)

    assert sorted(await asyncio.gather(*(take() for _ in range(6)))) == [False] * 5 + [True]


async def test_a_worker_passes_by_what_another_has_in_hand(database: Database) -> None:
    await publish(database, "happened")
    (event,) = await waiting(database)
    async with database.transaction(1) as mine, database.transaction(1) as other:
        assert await outbox.take(mine, event)
        assert not await outbox.take(other, event)


async def test_a_failed_event_comes_back_later_each_time(database: Database) -> None:
    await publish(database, "happened")
    (event,) = await waiting(database)
    for attempts, seconds in ((0, 1), (3, 8), (20, 300)):
        async with database.transaction(1) as tx:
            before = await tx.now()
            tried = Event(event.id, 1, event.kind, event.payload, attempts=attempts)
            await outbox.postpone(tx, tried, "broken")
            (row,) = await tx.rows("SELECT not_before, error FROM outbox")
            after = await tx.now()
        assert before <= row[0] - timedelta(seconds=seconds) <= after
        assert row[1] == "broken"
    assert await waiting(database) == []


async def test_an_event_that_never_works_is_set_aside(database: Database) -> None:
    await publish(database, "happened")
    async with database.transaction(1) as tx:
        await tx.execute("UPDATE outbox SET attempts = %s", (MOST_ATTEMPTS - 1,))
    assert len(await waiting(database)) == 1
    async with database.transaction(1) as tx:
        await tx.execute("UPDATE outbox SET attempts = %s", (MOST_ATTEMPTS,))
    assert await waiting(database) == []


async def test_only_timers_whose_time_has_come_are_due(database: Database) -> None:
    await set_timer(database, "b", PAST + timedelta(hours=1))
    await set_timer(database, "a", PAST)
    await set_timer(database, "c", FUTURE)
    assert [each.subject for each in await due(database)] == ["a", "b"]


async def test_a_timer_of_the_same_subject_is_replaced(database: Database) -> None:
    await set_timer(database, "a", FUTURE, "old")
    await set_timer(database, "a", PAST, "new")
    (timer,) = await due(database)
    assert timer.payload == {"payload": "new"}


async def test_a_timer_that_was_dropped_does_not_go_off(database: Database) -> None:
    await set_timer(database, "a", PAST)
    async with database.transaction(1) as tx:
        await outbox.drop_timer(tx, "later", "a")
        await outbox.drop_timer(tx, "later", "unknown")
    assert await due(database) == []


async def test_a_timer_is_taken_once(database: Database) -> None:
    await set_timer(database, "a", PAST)
    (timer,) = await due(database)
    async with database.transaction(1) as mine, database.transaction(1) as other:
        assert await outbox.take_timer(mine, timer)
        assert not await outbox.take_timer(other, timer)
    assert await due(database) == []


async def test_a_timer_that_was_put_off_in_the_meantime_is_not_taken(database: Database) -> None:
    await set_timer(database, "a", PAST)
    (timer,) = await due(database)
    await set_timer(database, "a", FUTURE)
    async with database.transaction(1) as tx:
        assert not await outbox.take_timer(tx, timer)


async def test_a_failed_timer_is_tried_again_in_a_minute(database: Database) -> None:
    await set_timer(database, "a", PAST)
    (timer,) = await due(database)
    async with database.transaction(1) as tx:
        before = await tx.now()
        await outbox.postpone_timer(tx, timer)
        again = await outbox.timer_due(tx, "later", "a")
        after = await tx.now()
    assert again is not None
    assert before <= again - timedelta(minutes=1) <= after


async def test_the_next_timer_says_how_long_to_sleep(database: Database) -> None:
    assert await outbox.seconds_to_next(database, Role.WORKER) is None
    await set_timer(database, "a", FUTURE)
    seconds = await outbox.seconds_to_next(database, Role.WORKER)
    assert seconds is not None
    assert 0 < seconds <= 24 * 3600
    await set_timer(database, "b", PAST)
    assert await outbox.seconds_to_next(database, Role.WORKER) == 0


async def test_there_may_be_no_timer(database: Database) -> None:
    async with database.transaction(1) as tx:
        assert await outbox.timer_due(tx, "later", "a") is None
