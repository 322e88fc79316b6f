"""A transaction works in one tenant, and a lost race is run again. Decisions 6, 9 and 11."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
import pytest

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.storage import outbox
from fhir_gateway.storage.postgres import TRIES, Database, RaceLostError, Transaction
from fhir_gateway.storage.roles import Role, assume


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Database]:
    """A pool of one connection."""

    async def as_app(connection: psycopg.AsyncConnection[object]) -> None:
        await assume(connection, Role.APP)

    opened = await Database.open(database_url, configure=as_app, size=1)
    yield opened
    await opened.close()


class Losing:
    """Work that loses a number of races before it is done."""

    def __init__(self, races: int, loss: BaseException) -> None:
        self.left = races
        self.loss = loss
        self.tries = 0

    async def __call__(self, tx: Transaction) -> str:
        self.tries += 1
        await tx.execute(
            "INSERT INTO identity (tenant, type, system, value, id)"
            " VALUES (1, 'Patient', 'a', %s, 'ann')",
            (str(self.tries),),
        )
        self.left -= 1
        if self.left >= 0:
            raise self.loss
        return "done"


LOSSES = [RaceLostError(), psycopg.errors.SerializationFailure(), psycopg.errors.DeadlockDetected(),
          psycopg.errors.ExclusionViolation(), psycopg.errors.UniqueViolation()]  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES, ids=lambda each: type(each).__name__)
async def test_a_lost_race_is_run_again_and_leaves_nothing(
    database: Database, loss: BaseException
) -> None:
    work = Losing(TRIES - 1, loss)
    assert await database.run(1, work) == "done"
    async with database.transaction(1) as tx:
        assert await tx.rows("SELECT value FROM identity") == [(str(TRIES),)]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda each: type(each).__name__)
async def test_who_loses_every_race_is_told_to_come_back(
    database: Database, loss: BaseException
) -> None:
    work = Losing(99, loss)
    with pytest.raises(GatewayError) as told:
        await database.run(1, work)
    assert (told.value.category, work.tries) == (Category.BUSY, TRIES)


async def test_a_failure_is_not_tried_again(database: Database) -> None:
    work = Losing(99, fail(Category.CONFLICT, "no"))
    with pytest.raises(GatewayError, match="no"):
        await database.run(1, work)
    assert work.tries == 1


async def test_a_statement_that_takes_too_long_is_cut_off(database: Database) -> None:
    async def sleep(tx: Transaction) -> None:
        await tx.execute("SET LOCAL statement_timeout = '50ms'")
        await tx.execute("SELECT pg_sleep(5)")

    with pytest.raises(GatewayError) as told:
        await database.run(1, sleep)
    assert told.value.category is Category.TIMEOUT


async def test_a_search_that_takes_too_long_is_cut_off(database: Database) -> None:
    async def search() -> None:
        async with database.transaction(1, snapshot=True) as tx:
            await tx.execute("SET LOCAL statement_timeout = '50ms'")
            await tx.row("SELECT pg_sleep(5)")

    with pytest.raises(GatewayError) as told:
        await search()
    assert told.value.category is Category.TIMEOUT


async def test_a_read_that_takes_too_long_is_cut_off(single: Database) -> None:
    async with single._connected(1) as connection:
        await connection.execute("SET statement_timeout = '50ms'")
    with pytest.raises(GatewayError) as told:
        await single.query(1, "SELECT pg_sleep(5)", None)
    assert told.value.category is Category.TIMEOUT


async def test_whoever_waits_too_long_for_a_record_is_told(database: Database) -> None:
    async def impatient(tx: Transaction) -> None:
        await tx.execute("SET LOCAL lock_timeout = '50ms'")
        await tx.execute("SELECT pg_advisory_xact_lock(7)")

    async with database.transaction(1) as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(7)")
        with pytest.raises(GatewayError) as told:
            await database.run(1, impatient)
    assert told.value.category is Category.BUSY


async def test_a_connection_is_good_again_after_a_failure(single: Database) -> None:
    for statement in ("SELECT 1/0", "SELECT nothing", "this is no SQL"):
        with pytest.raises(psycopg.Error):
            await _run(single, statement)
        async with single.transaction(1) as tx:
            assert await tx.row("SELECT 1") == (1,)


async def test_a_connection_is_good_again_after_a_cancellation(single: Database) -> None:
    task = asyncio.create_task(_run(single, "SELECT pg_sleep(20)"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with single.transaction(1) as tx:
        assert await tx.row("SELECT 1") == (1,)


async def _run(database: Database, statement: str) -> None:
    async with database.transaction(1) as tx:
        await tx.execute(statement)


async def test_a_role_that_is_put_on_for_a_transaction_comes_off(single: Database) -> None:
    for role, expected in ((Role.WORKER, "fhir_gateway_worker"), (None, "fhir_gateway_app")):
        async with single.transaction(1, role=role) as tx:
            assert await tx.row("SELECT current_user::text") == (expected,)


async def test_a_snapshot_sees_one_state_and_writes_nothing(database: Database) -> None:
    async with database.transaction(1, snapshot=True) as tx:
        before = await tx.row("SELECT count(*) FROM identity")
        await database.run(1, Losing(0, RaceLostError()))
        assert await tx.row("SELECT count(*) FROM identity") == before == (0,)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await _write_in_a_snapshot(database)


async def _write_in_a_snapshot(database: Database) -> None:
    async with database.transaction(1, snapshot=True) as tx:
        await tx.execute("DELETE FROM identity")


async def test_a_batch_tells_what_each_statement_did(database: Database) -> None:
    async with database.transaction(1) as tx:
        counts = await tx.batch(
            [
                ("INSERT INTO identity VALUES (1, 'Patient', 's', %s, 'ann')", ("1",)),
                ("INSERT INTO identity VALUES (1, 'Patient', 's', %s, 'ann')", ("2",)),
                ("DELETE FROM identity WHERE tenant = %s", (1,)),
            ]
        )
        found = await tx.fetch_batch([("SELECT 1", None), ("SELECT 2 WHERE false", None)])
        assert await tx.batch([]) == []
    assert counts == [1, 1, 2]
    assert found == [[(1,)], []]


async def test_one_statement_may_be_a_transaction_of_its_own(database: Database) -> None:
    values = {"bytes": [b"\x00\xff", b"", b"|"], "times": [datetime(2026, 3, 1, tzinfo=UTC)] * 3}
    statement = (
        "INSERT INTO inbox_key (tenant, application, facility, control_id, sha256, received_at,"
        " ack) SELECT 1, '', '', '', sha256, received_at, sha256 FROM"
        " unnest(%(bytes)b::bytea[], %(times)b::timestamptz[]) AS told(sha256, received_at)"
        " WHERE sha256 = ANY(%(bytes)b)"
    )
    assert await database.execute(1, statement, values) == 3
    with pytest.raises(psycopg.errors.UniqueViolation):
        await database.execute(1, statement, values)
    found = await database.query(1, "SELECT ack FROM inbox_key ORDER BY ack", ())
    assert [row[0] for row in found] == [b"", b"\x00\xff", b"|"]


async def test_a_commit_that_leaves_work_wakes_the_workers(database: Database) -> None:
    async with database.transaction(1) as tx:
        await outbox.publish(tx, "happened", {})
        assert not database.woken.is_set()
    assert database.woken.is_set()


async def test_a_rollback_wakes_nobody(database: Database) -> None:
    async def publish_and_fail(tx: Transaction) -> None:
        await outbox.publish(tx, "happened", {})
        raise fail(Category.CONFLICT, "no")

    with pytest.raises(GatewayError):
        await database.run(1, publish_and_fail)
    assert not database.woken.is_set()


async def test_the_database_tells_the_time(database: Database) -> None:
    async with database.transaction(1) as tx:
        first, second = await tx.now(), await tx.now()
    assert first.tzinfo is not None
    assert first < second


async def test_a_statement_that_is_sent_many_times_at_once_is_prepared_once(
    single: Database,
) -> None:
    async def work(tx: Transaction) -> int:
        await tx.fetch_batch([("SELECT %s::int", (number,)) for number in range(50)])
        return (await tx.rows("SELECT count(*) FROM pg_prepared_statements"))[0][0]

    before = await single.run(1, lambda tx: tx.rows("SELECT count(*) FROM pg_prepared_statements"))
    assert await single.run(1, work) - before[0][0] <= 3


async def test_a_connection_that_only_reads_forgets_what_it_has_not_asked_for_long(
    single: Database,
) -> None:
    for number in range(420):
        for _ in range(2):  # what is asked again is prepared
            await single.query(1, f"SELECT {number}, %s::int", (number,))
    ((prepared,),) = await single.query(1, "SELECT count(*) FROM pg_prepared_statements", None)
    assert 0 < prepared <= 400
