"""Is what has changed found in order, page by page?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.storage.histories import Change, changes
from fhir_gateway.storage.postgres import Database, Transaction
from fhir_gateway.storage.resources import Write, remove, replacing, write, write_many

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONE = ZoneInfo("UTC")


def a_patient(id_: str) -> Write:
    return Write({"resourceType": "Patient", "id": id_}, method="POST")


async def fill(tx: Transaction) -> None:
    """Two written together, one an hour later, then one changed and one deleted."""
    ann, bob = await write_many(tx, [a_patient("ann"), a_patient("bob")], now=NOW, zone=ZONE)
    hour = timedelta(hours=1)
    room = Write({"resourceType": "Location", "id": "room"})
    await write(tx, room, now=NOW + hour, zone=ZONE)
    await write(tx, replacing(ann, ann.resource()), now=NOW + 2 * hour, zone=ZONE)
    await remove(tx, bob, now=NOW + 2 * hour)


ALL = [
    ("Patient", "bob", 2, "DELETE"),
    ("Patient", "ann", 2, "PUT"),
    ("Location", "room", 1, "PUT"),
    ("Patient", "bob", 1, "POST"),
    ("Patient", "ann", 1, "POST"),
]


async def pages(tx: Transaction, type_name: str | None, size: int) -> list[tuple[object, ...]]:
    seen: list[tuple[object, ...]] = []
    after: Change | None = None
    for _ in range(len(ALL) + 1):
        page = await changes(tx, type_name, after=after, limit=size)
        seen += [(each.type, each.id, each.version, each.method) for each in page]
        after = Change(page[-1].last_updated, page[-1].type, page[-1].id) if page else after
    return seen


@pytest.mark.parametrize("size", [1, 2, 5, 100])
async def test_every_change_is_on_one_page(database: Database, size: int) -> None:
    async with database.transaction(1) as tx:
        await fill(tx)
        assert await pages(tx, None, size) == ALL
        assert await pages(tx, "Patient", size) == [each for each in ALL if each[0] == "Patient"]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
async def test_the_way_back_finds_what_is_nearest_first(database: Database, size: int) -> None:
    async with database.transaction(1) as tx:
        await fill(tx)
        whole = await changes(tx, None, limit=100)
        last = Change(whole[-1].last_updated, whole[-1].type, whole[-1].id)
        assert await changes(tx, None, after=last, back=True, limit=size) == whole[:-1][-size:]


async def test_only_what_happened_since_then_is_found(database: Database) -> None:
    async with database.transaction(1) as tx:
        await fill(tx)
        found = await changes(tx, None, since=NOW + timedelta(hours=1), limit=10)
        assert [(each.type, each.id) for each in found] == [each[:2] for each in ALL[:3]]
        assert found[0].content is None
