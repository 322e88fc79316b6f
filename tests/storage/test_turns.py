"""Many who want the same record at the same moment share a transaction, and fail alone."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.storage.postgres import Database, RaceLostError, Transaction
from fhir_gateway.storage.turns import MOST, Turns

Work = Callable[[Transaction], Awaitable[int]]
_MANY = 6
_AGAIN = (
    "INSERT INTO identity (tenant, type, system, value, id) VALUES (1, 'Patient', 'a', '0', 'bob')"
)


def noting(value: str, *failures: Exception) -> Work:
    """Work that leaves a row and answers with its transaction; it fails so often before."""
    left = list(failures)

    async def work(tx: Transaction) -> int:
        await tx.execute(
            "INSERT INTO identity (tenant, type, system, value, id)"
            " VALUES (1, 'Patient', 'a', %s, 'ann')",
            (value,),
        )
        row = await tx.row("SELECT pg_current_xact_id()::text::bigint")
        if left:
            raise left.pop()
        assert row is not None
        return int(row[0])

    return work


async def noted(database: Database) -> list[str]:
    async with database.transaction(1) as tx:
        return [row[0] for row in await tx.rows("SELECT value FROM identity ORDER BY value")]


async def run(
    database: Database, works: list[Work], locks: str | None = "queue"
) -> list[int | BaseException]:
    turns = Turns(database)
    tasks = [turns.run(1, "HealthcareService/desk", each, locks=locks) for each in works]
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_those_who_come_together_share_a_transaction(database: Database) -> None:
    found = await run(database, [noting(str(each)) for each in range(_MANY)])
    assert len(set(found)) == 1
    assert len(await noted(database)) == _MANY


async def test_so_many_share_one_at_most(database: Database) -> None:
    found = await run(database, [noting(f"{each:02d}") for each in range(MOST + 1)])
    assert len(set(found)) == 2


async def test_who_locks_more_shares_it_with_nobody(database: Database) -> None:
    found = await run(database, [noting(str(each)) for each in range(_MANY)], locks=None)
    assert len(set(found)) == _MANY


async def test_who_locks_other_things_shares_another(database: Database) -> None:
    turns = Turns(database)
    found = await asyncio.gather(
        *(
            turns.run(1, "HealthcareService/desk", noting(str(each)), locks=str(each % 2))
            for each in range(_MANY)
        )
    )
    assert len(set(found[::2])) == len(set(found[1::2])) == 1
    assert len(set(found)) == 2


@pytest.mark.parametrize("place", range(_MANY))
async def test_who_fails_fails_alone(database: Database, place: int) -> None:
    works = [noting(str(each)) for each in range(_MANY)]
    works[place] = noting("no", *[fail(Category.CONFLICT, "Nobody waits")] * 2)
    found = await run(database, works)
    assert isinstance(found[place], GatewayError)
    assert sum(isinstance(each, int) for each in found) == _MANY - 1
    assert await noted(database) == [str(each) for each in range(_MANY) if each != place]


@pytest.mark.parametrize("loss", [RaceLostError(), psycopg.errors.UniqueViolation()])
async def test_a_lost_race_is_run_again(database: Database, loss: Exception) -> None:
    works = [noting(str(each)) for each in range(_MANY)]
    works[2] = noting("2", *[loss] * 3)
    found = await run(database, works)
    assert all(isinstance(each, int) for each in found)
    assert len(await noted(database)) == _MANY


async def test_where_the_end_fails_everybody_is_tried_alone(database: Database) -> None:
    async def taken(tx: Transaction) -> int:
        tx.later([(_AGAIN, ())])
        return 0

    found = await run(database, [noting("0"), noting("1"), taken])
    assert [isinstance(each, int) for each in found] == [True, True, False]
    assert await noted(database) == ["0", "1"]


async def test_who_has_gone_before_the_turn_is_left_out(database: Database) -> None:
    turns = Turns(database)
    tasks = [asyncio.create_task(turns.run(1, "desk", noting(str(each)), locks=None))
             for each in range(3)]  # fmt: skip
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await noted(database) == ["0", "1"]


async def test_records_do_not_wait_for_each_other(database: Database) -> None:
    turns = Turns(database)
    other = asyncio.Event()

    async def waiting(_: Transaction) -> int:
        await other.wait()
        return 1

    async def waking(_: Transaction) -> int:
        other.set()
        return 2

    first = turns.run(1, "desk", waiting, locks="queue")
    second = turns.run(1, "wall", waking, locks="queue")
    assert sorted(await asyncio.gather(first, second)) == [1, 2]
