"""What one process commits, all processes hear; what is rolled back, nobody. Decision 11."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import psycopg
import pytest

from fhir_gateway.storage.announcements import Announcements
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.postgres import Database

_PATIENCE = 60.0


class Ears:
    """Keeps what is heard, in order."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[str | None] = asyncio.Queue()

    def __call__(self, topic: str | None) -> None:
        self._heard.put_nowait(topic)

    async def next(self) -> str | None:
        async with asyncio.timeout(_PATIENCE):
            return await self._heard.get()


@pytest.fixture
async def ears(database: Database, database_url: str) -> AsyncIterator[Ears]:
    """Of another process, while the first one tells."""
    other = await open_database(database_url, size=1)
    found = Ears()
    tasks = [
        asyncio.create_task(Announcements(database).tell()),
        asyncio.create_task(Announcements(other).hear(found)),
    ]
    assert await found.next() is None
    yield found
    for each in tasks:
        each.cancel()
        with suppress(asyncio.CancelledError):
            await each
    await other.close()


async def commit(database: Database, *topics: str, statement: str = "SELECT 1") -> None:
    async with database.transaction(1) as tx:
        tx.topics.update(topics)
        await tx.rows(statement)


async def test_what_is_committed_is_heard_elsewhere(database: Database, ears: Ears) -> None:
    await commit(database, "a", "b")
    assert [await ears.next(), await ears.next()] == ["a", "b"]


async def test_what_is_rolled_back_is_not_heard(database: Database, ears: Ears) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        await commit(database, "a", statement="SELECT 1 / 0")
    await commit(database, "b")
    assert await ears.next() == "b"


async def test_a_burst_is_told_once(database: Database, ears: Ears) -> None:
    for topics in ({"a"}, {"a", "b"}, {"b"}):
        database.told(topics)
    assert [await ears.next() for _ in range(2)] == ["a", "b"]
    await commit(database, "z")
    assert await ears.next() == "z"


async def test_who_was_cut_off_is_told_that_something_may_have_been_missed(
    database: Database, database_url: str, ears: Ears
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            " AND datname = current_database()"
        )
    assert await ears.next() is None
    await commit(database, "a")
    assert await ears.next() == "a"
