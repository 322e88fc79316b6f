"""Are the searches that everybody sends answered from an index?"""

import psycopg
import pytest

from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.roles import Role
from fhir_gateway.storage.search_statement import Bound
from fhir_gateway.storage.search_steps import selection
from tests.storage.search.worlds import query, slot, store

SEARCHES = {
    "Slot?schedule=Schedule/s7&start=ge2026-03-02&status=free": "slot_by_",
    "Slot?schedule=Schedule/s7&start=ge2026-03-02T08:00:00Z&start=lt2026-03-02T09:00:00Z": (
        "slot_by_schedule"
    ),
    "Slot?start=ge2026-03-02T11:00:00Z&start=lt2026-03-02T11:10:00Z": "slot_by_p_start",
    "Slot?identifier=urn:x|77": "slot_token_pkey",
    "Slot?specialty=urn:x|rare77": "slot_token_pkey",
}


@pytest.mark.slow
async def test_a_frequent_search_uses_its_index(database: Database, database_url: str) -> None:
    slots = [
        slot(
            f"t{n}",
            schedule={"reference": f"Schedule/s{n % 100}"},
            start=f"2026-03-02T{8 + n // 7 % 12:02}:{n // 11 % 60:02}:00Z",
            end="2026-03-02T23:00:00Z",
            identifier=[{"system": "urn:x", "value": str(n)}],
            specialty=[{"coding": [{"system": "urn:x", "code": f"rare{n}"}]}],
        )
        for n in range(5000)
    ]
    async with database.transaction(1) as tx:
        await store(tx, *slots)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {Role.OWNER}".encode())
        connection.execute("ANALYZE")
    plans = {asked: await _plan(database, asked) for asked in SEARCHES}
    assert [asked for asked, index in SEARCHES.items() if index not in plans[asked]] == []


async def _plan(database: Database, asked: str) -> str:
    read, bound = query(asked), Bound(1)
    async with database.transaction(1) as tx:
        found = await selection(tx, read.type, read.criteria, bound)
        rows = await tx.rows(f"EXPLAIN {found.select(f'{found.alias}.id')}", bound.values)
    return "\n".join(str(row[0]) for row in rows)
