"""Are the searches that everybody sends answered from an index?"""

import pytest

from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.search_statement import Bound
from fhir_gateway.storage.search_steps import selection
from tests.storage.search.worlds import query, slot, world


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("Slot?schedule=Schedule/s7&start=ge2026-03-02&status=free", "slot_by_schedule"),
        ("Slot?schedule=Schedule/s7&start=2026-03-02", "slot_by_schedule"),
        ("Slot?start=ge2026-03-02T11:00:00Z&start=lt2026-03-02T11:10:00Z", "slot_by_p_start"),
    ],
)
async def test_a_frequent_search_uses_its_index(database: Database, asked: str, index: str) -> None:
    slots = [
        slot(
            f"t{n}",
            schedule={"reference": f"Schedule/s{n % 100}"},
            start=f"2026-03-02T{8 + n % 12:02}:{n % 60:02}:00Z",
            end="2026-03-02T23:00:00Z",
        )
        for n in range(3000)
    ]
    async with world(database, *slots) as tx:
        read, bound = query(asked), Bound(tx.tenant)
        found = await selection(tx, read.type, read.criteria, bound)
        rows = await tx.rows(f"EXPLAIN {found.select(f'{found.alias}.id')}", bound.values)
    assert index in "\n".join(str(row[0]) for row in rows)
