"""Which resources does a search find?

Runs a plan of `fhir.search_query` on the tables. FHIR R4 section 3.1.1; decisions 7, 21 and 30.
"""

from dataclasses import dataclass

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.search_query import SearchQuery
from fhir_gateway.storage.names import table_of
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.storage.search_includes import included
from fhir_gateway.storage.search_order import (
    Key,
    Part,
    Place,
    cursor_after,
    keys_of,
    parts_of,
    place_of,
)
from fhir_gateway.storage.search_statement import Bound, Selection
from fhir_gateway.storage.search_steps import selection

#: Up to here a total is counted without being asked for (decision 30).
MOST_COUNTED = 10_000
MOST_SORT_KEYS = 5


@dataclass(frozen=True, slots=True)
class Page:
    """One page of hits.

    Attributes:
        matches: In order.
        included: None twice, none that is a match.
        total: All hits of the search; None where not asked for or not counted.
        next: Cursor of the next page; None after the last.
        warnings: Sentences for a person, where something was left out.
    """

    matches: list[Stored]
    included: list[Stored]
    total: int | None
    next: str | None
    warnings: tuple[str, ...] = ()


async def search(tx: Transaction, query: SearchQuery) -> Page:
    """Run a search.

    Args:
        tx: Open snapshot transaction; the parts of the answer must see one state.
        query: A page size of 0 or `_summary=count` asks for nothing but the exact total.

    Returns:
        The page. Without `_sort` hits are ordered by id; rows without a value of a key come last;
        equal ones are ordered by id.

    Raises:
        GatewayError: invalid, for a foreign cursor or a value that no text can have.

    Source: FHIR R4 section 3.1.1.5; decision 30.
    """
    bound = Bound(tx.tenant)
    found = await selection(tx, query.type, query.criteria, bound)
    if query.count == 0 or query.summary == "count":
        return Page([], [], await _count(tx, found, None), None)
    if len(query.sort) > MOST_SORT_KEYS:
        text = f"More than {MOST_SORT_KEYS} keys in _sort"
        raise fail(Category.INVALID, text, "_sort", code="too-costly")
    keys = keys_of(query, found.alias, bound)
    rows = await _rows(tx, query, found, keys)
    matches = [stored for stored, _ in rows[: query.count]]
    more = len(rows) > query.count
    following = cursor_after(query, tx.tenant, rows[query.count - 1][1]) if more else None
    complete = len(matches) if query.cursor is None and not more else None
    total = await _total(tx, query, found, complete)
    beside = await included(tx, query, matches)
    return Page(matches, beside.resources, total, following, tuple(beside.warnings))


async def ids_matching(tx: Transaction, query: SearchQuery, limit: int) -> list[str]:
    """The ids that a search finds, without content, for conditional operations.

    Args:
        tx: Open transaction.
        query: Only its criteria are looked at.
        limit: At most so many, least ids first.

    Raises:
        GatewayError: invalid, for a value that no text can have.
    """
    bound = Bound(tx.tenant)
    found = await selection(tx, query.type, query.criteria, bound)
    tail = f"ORDER BY {found.alias}.id LIMIT {limit:d}"
    rows = await tx.rows(found.select(f"{found.alias}.id", tail=tail), bound.values)
    return [row[0] for row in rows]


async def _rows(
    tx: Transaction, query: SearchQuery, found: Selection, keys: tuple[Key, ...]
) -> list[tuple[Stored, Place]]:
    """The rows of a page, and one more where there is one."""
    wanted = query.count + 1
    place = place_of(query, tx.tenant, keys)
    rows: list[tuple[Stored, Place]] = []
    for part in parts_of(keys, found.alias, found.bound, place):
        if len(rows) < wanted:
            statement = _page(found, keys, part, wanted - len(rows))
            for id_, version, updated, content, *values in await tx.rows(
                statement, found.bound.values
            ):
                stored = Stored(query.type, id_, version, updated, content)
                rows.append((stored, Place(tuple(values), id_)))
    return rows


def _page(found: Selection, keys: tuple[Key, ...], part: Part, limit: int) -> str:
    """Chooses the rows first and fetches the contents of those alone."""
    r = found.alias
    names = [f"s{number}" for number in range(len(keys))]
    values = "".join(f", {key.sql} AS {name}" for key, name in zip(keys, names, strict=True))
    chosen = found.select(
        f"{r}.id, {r}.version, {r}.last_updated{values}",
        joins="".join(key.joins for key in keys),
        further=part.where,
        tail=f"{part.order([key.sql for key in keys], f'{r}.id')} LIMIT {limit}",
    )
    given = [f"m.{name}" for name in names]
    return (
        f"SELECT {', '.join(('m.id, m.version, m.last_updated, c.content', *given))}"
        f" FROM ({chosen}) m JOIN {table_of(found.type_name)}_content c"
        f" ON {found.bound.owned('c')} AND c.id = m.id {part.order(given, 'm.id')}"
    )


async def _total(
    tx: Transaction, query: SearchQuery, found: Selection, complete: int | None
) -> int | None:
    if query.total == "none":
        return None
    if complete is not None:
        return complete
    return await _count(tx, found, None if query.total == "accurate" else MOST_COUNTED)


async def _count(tx: Transaction, found: Selection, most: int | None) -> int | None:
    tail = f"LIMIT {most + 1}" if most is not None else ""
    rows = found.select("1", tail=tail)
    row = await tx.row(f"SELECT count(*) FROM ({rows}) counted", found.bound.values)
    number = int(row[0]) if row else 0
    return None if most is not None and number > most else number
