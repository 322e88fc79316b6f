"""A resource is kept as bytes, version by version. Decisions 3, 4 and 7."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg import errors

from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir import json
from fhir_gateway.storage import identities, resources
from fhir_gateway.storage.postgres import Database, Transaction
from fhir_gateway.storage.resources import Stored, Version, Write, replacing
from tests.storage.servers import KINDS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
ANN = Ref("Patient", "ann")
#: Somebody else was faster; the transaction is run again.
LOST = (errors.SerializationFailure, errors.UniqueViolation)


@pytest.fixture(params=KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def a_patient(id_: str = "ann", **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_} | elements


async def put(tx: Transaction, *wanted: dict[str, Any], now: datetime = NOW) -> list[Stored]:
    """Write new resources."""
    return await resources.write_many(tx, [Write(each) for each in wanted], now=now, zone=ZONE)


async def replace(tx: Transaction, old: Stored, now: datetime = NOW, **elements: Any) -> Stored:
    write = replacing(old, old.resource() | elements)
    return await resources.write(tx, write, now=now, zone=ZONE)


async def test_what_is_read_is_what_was_written(database: Database) -> None:
    async with database.transaction(1) as tx:
        (stored,) = await put(tx, a_patient(gender="female"))
    async with database.transaction(1) as tx:
        assert await resources.read(tx, ANN) == stored
    meta = {"versionId": "1", "lastUpdated": "2026-03-01T12:00:00Z"}
    assert stored.resource() == a_patient(gender="female") | {"meta": meta}
    assert stored.content.startswith(b'{"resourceType":"Patient","id":"ann","meta":')


async def test_decimals_keep_their_digits(database: Database) -> None:
    position = {"longitude": Decimal("8.40"), "latitude": Decimal("49.000")}
    location = {"resourceType": "Location", "id": "room", "position": position}
    async with database.transaction(1) as tx:
        (stored,) = await put(tx, location)
    assert b'"longitude":8.40,"latitude":49.000' in stored.content


async def test_meta_of_the_client_stays_but_for_what_is_ours(database: Database) -> None:
    meta = {"versionId": "99", "lastUpdated": "1999-01-01T00:00:00Z", "source": "http://a.example"}
    async with database.transaction(1) as tx:
        (stored,) = await put(tx, a_patient(meta=meta))
    kept = stored.resource()["meta"]
    assert (kept["versionId"], kept["source"]) == ("1", "http://a.example")


@pytest.mark.parametrize("clock", [timedelta(), timedelta(hours=-1), timedelta(microseconds=300)])
async def test_a_version_is_later_than_the_one_before_whatever_the_clock_says(
    database: Database, clock: timedelta
) -> None:
    async with database.transaction(1) as tx:
        (first,) = await put(tx, a_patient())
        second = await replace(tx, first, NOW + clock)
    assert second.last_updated == NOW + timedelta(milliseconds=1)
    assert second.resource()["meta"]["lastUpdated"] == "2026-03-01T12:00:00.001Z"


async def test_a_version_that_has_been_replaced_cannot_be_replaced(database: Database) -> None:
    async def twice() -> None:
        async with database.transaction(1) as tx:
            (first,) = await put(tx, a_patient())
            await replace(tx, first)
            await replace(tx, first)

    with pytest.raises(LOST):
        await twice()


async def test_an_id_that_is_there_is_not_new(database: Database) -> None:
    async def twice() -> None:
        async with database.transaction(1) as tx:
            await put(tx, a_patient())
            await put(tx, a_patient())

    with pytest.raises(LOST):
        await twice()


async def test_ids_differ_by_case_and_type(database: Database) -> None:
    async with database.transaction(1) as tx:
        await put(tx, a_patient("a"), a_patient("A"), {"resourceType": "Device", "id": "a"})
        found = await resources.read_many(tx, "Patient", ["A", "a", "b"])
    assert list(found) == ["A", "a"]


async def test_every_version_can_be_read(database: Database) -> None:
    async with database.transaction(1) as tx:
        (first,) = await put(tx, a_patient())
        second = await replace(tx, first, gender="male")
        await resources.remove(tx, second, now=NOW)
        history = await resources.versions(tx, ANN)
        assert [(each.version, each.method) for each in history] == [
            (3, "DELETE"), (2, "PUT"), (1, "PUT"),
        ]  # fmt: skip
        assert [each.content for each in history] == [None, second.content, first.content]
        assert await resources.read_version(tx, ANN, 2) == history[1]
        assert await resources.read_version(tx, ANN, 4) is None
        assert await resources.versions(tx, ANN, before=3, limit=1) == [history[1]]
        assert await resources.versions(tx, ANN, after=1, limit=1) == [history[1]]
        assert await resources.versions(tx, ANN, after=1) == history[:2]
        assert await resources.last_version(tx, ANN) == history[0]


async def test_nothing_is_left_of_what_was_removed_but_its_history(database: Database) -> None:
    name = {"family": "Berg"}
    async with database.transaction(1) as tx:
        (stored,) = await put(tx, a_patient(name=[name]))
        await identities.add(tx, "Patient", "ann", [("http://a.example", "7")])
        await resources.remove(tx, stored, now=NOW)
        for table in ("patient", "patient_content", "search_text", "identity"):
            assert await tx.row(f"SELECT count(*) FROM {table}") == (0,)
        assert await tx.row("SELECT count(*) FROM history") == (2,)


async def test_what_a_resource_is_found_by_follows_its_versions(database: Database) -> None:
    async with database.transaction(1) as tx:
        (first,) = await put(tx, a_patient(name=[{"family": "Berg"}, {"family": "Tal"}]))
        await replace(tx, first, name=[{"family": "See"}])
        rows = await tx.rows("SELECT exact FROM search_text WHERE param = 'family'")
    assert rows == [("See",)]


async def test_what_comes_back_after_its_removal_goes_on_counting(database: Database) -> None:
    async with database.transaction(1) as tx:
        (first,) = await put(tx, a_patient())
        gone = await resources.remove(tx, first, now=NOW)
        again = Write(a_patient(), gone.version, gone.last_updated, revives=True)
        stored = await resources.write(tx, again, now=NOW, zone=ZONE)
    assert stored.version == 3
    assert stored.last_updated > gone.last_updated


async def test_only_served_resources_exist(database: Database) -> None:
    async with database.transaction(1) as tx:
        await put(tx, a_patient(), {"resourceType": "Device", "id": "d"})
        wanted = [ANN, Ref("Device", "d"), Ref("Device", "e"), Ref("Goal", "1")]
        assert await resources.existing(tx, wanted) == frozenset(wanted[:2])
        assert await resources.existing(tx, []) == frozenset()


async def test_whatever_points_to_a_resource_is_found(database: Database) -> None:
    related = {"resourceType": "RelatedPerson", "id": "r", "patient": {"reference": "Patient/ann"}}
    async with database.transaction(1) as tx:
        await put(tx, a_patient("ann"), a_patient("an"), related)
        assert await resources.referencing(tx, ANN) == Ref("RelatedPerson", "r")
        assert await resources.referencing(tx, Ref("Patient", "an")) is None


async def test_a_rollback_leaves_nothing(database: Database) -> None:
    async def fail_after_writing() -> None:
        async with database.transaction(1) as tx:
            await put(tx, a_patient())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_writing()
    async with database.transaction(1) as tx:
        assert await resources.read(tx, ANN) is None
        assert await resources.last_version(tx, ANN) is None


async def _one(tx: Transaction) -> Stored | None:
    return await resources.read(tx, ANN, lock=True)


async def _among_many(tx: Transaction) -> Stored | None:
    return (await resources.read_many(tx, "Patient", ["ann"], lock=True)).get("ann")


@pytest.mark.parametrize("read", [_one, _among_many])
async def test_who_waited_for_a_lock_reads_what_the_other_wrote(
    database: Database, read: Callable[[Transaction], Awaitable[Stored | None]]
) -> None:
    async with database.transaction(1) as tx:
        (first,) = await put(tx, a_patient())
    seen: list[Stored | None] = []

    async def wait() -> None:
        async with database.transaction(1) as tx:
            seen.append(await read(tx))

    async with database.transaction(1) as tx:
        second = await replace(tx, first, gender="male")
        await tx.now()  # what was left for later is on its way
        waiter = asyncio.create_task(wait())
        await _until_somebody_waits(database)
    await waiter
    assert seen == [second]


async def _until_somebody_waits(database: Database) -> None:
    async with asyncio.timeout(60):
        waiting = (0,)
        while waiting == (0,):
            async with database.transaction(0) as tx:
                waiting = await tx.row("SELECT count(*)::int FROM pg_locks WHERE NOT granted") or ()


async def test_a_content_that_is_read_parses_anew_each_time(database: Database) -> None:
    async with database.transaction(1) as tx:
        (stored,) = await put(tx, a_patient(gender="female"))
    stored.resource()["gender"] = "male"
    assert stored.resource()["gender"] == "female"
    assert json.parse(stored.content)["gender"] == "female"


async def test_a_deletion_is_a_version_without_content(database: Database) -> None:
    async with database.transaction(1) as tx:
        (stored,) = await put(tx, a_patient())
        gone = await resources.remove(tx, stored, now=NOW)
    later = NOW + timedelta(milliseconds=1)
    assert gone == Version("Patient", "ann", 2, later, "DELETE", None)
