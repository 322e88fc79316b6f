"""Which resources does a search find?

Runs a plan of `fhir.search_query` on the tables. FHIR R4 section 3.1.1; decisions 7, 21 and 30.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.search_query import SearchQuery
from fhir_gateway.storage.compartments import belongs
from fhir_gateway.storage.names import table_of
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.storage.search_conditions import condition
from fhir_gateway.storage.search_includes import included
from fhir_gateway.storage.search_order import (
    Key,
    Part,
    Place,
    cursor_at,
    keys_of,
    parts_of,
    place_of,
)
from fhir_gateway.storage.search_statement import Bound, Condition, Selection
from fhir_gateway.storage.search_steps import selection
from fhir_gateway.storage.wire import Params, Row

#: Up to here a total is counted without being asked for (decision 30).
MOST_COUNTED = 10_000
MOST_SORT_KEYS = 5

Ask = Callable[[str, Params], Awaitable[list[Row]]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of hits.

    Attributes:
        matches: In order.
        included: None twice, none that is a match.
        total: All hits of the search; None where not asked for or not counted.
        next: Cursor of the next page; None after the last.
        previous: Cursor of the page before; None before the first.
        warnings: Sentences for a person, where something was left out.
    """

    matches: list[Stored]
    included: list[Stored]
    total: int | None
    next: str | None
    warnings: tuple[str, ...] = ()
    previous: str | None = None


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
    return await search_at_once(tx.rows, tx.tenant, query) or await search_in_steps(tx, query)


async def search_in_steps(tx: Transaction, query: SearchQuery) -> Page:
    """The same by several statements, whatever the search.

    Args:
        tx: Open snapshot transaction.
        query: Any.

    Raises:
        GatewayError: as for `search`.
    """
    bound = Bound(tx.tenant)
    found = await selection(tx, query.type, query.criteria, bound)
    if query.patient is not None:
        inside = Condition(belongs([query.patient], query.type, found.alias, bound))
        found = replace(found, conditions=(inside, *found.conditions))
    if query.count == 0 or query.summary == "count":
        return Page([], [], await _count(tx, found, None), None)
    if len(query.sort) > MOST_SORT_KEYS:
        text = f"More than {MOST_SORT_KEYS} keys in _sort"
        raise fail(Category.INVALID, text, "_sort", code="too-costly")
    keys = keys_of(query, found.alias, bound)
    place = place_of(query, tx.tenant, keys)
    rows = await _rows(tx, query, found, keys, place)
    cut = _cut(query, tx.tenant, rows, place)
    complete = len(cut.matches) if place is None and cut.next is None else None
    total = await _total(tx, query, found, complete)
    beside = await included(tx, query, cut.matches)
    return replace(cut, included=beside.resources, total=total, warnings=tuple(beside.warnings))


def _cut(
    query: SearchQuery, tenant: int, rows: list[tuple[Stored, Place]], place: Place | None
) -> Page:
    """The page without what belongs to it, from its rows and one more where there is one."""
    back = place is not None and place.back
    here, more = rows[: query.count], len(rows) > query.count
    if back:
        here.reverse()
    before = here[0][1] if here and (more if back else place is not None) else None
    after = here[-1][1] if here and (back or more) else None
    return Page(
        [stored for stored, _ in here],
        [],
        None,
        cursor_at(query, tenant, replace(after, back=False)) if after else None,
        previous=cursor_at(query, tenant, replace(before, back=True)) if before else None,
    )


async def search_at_once(ask: Ask, tenant: int, query: SearchQuery) -> Page | None:
    """Run a search that is one statement, and so sees one state without a transaction around it.

    Args:
        ask: Runs a statement.
        tenant: Number of the tenant.
        query: Any.

    Returns:
        The page; None where one statement does not do, and `search_in_steps` has to.

    Raises:
        GatewayError: as for `search`.
    """
    if not _is_one_statement(query):
        return None
    bound = Bound(tenant)
    alias = bound.alias()
    conditions = tuple(condition(query.type, each, alias, bound) for each in query.criteria)
    found = Selection(query.type, alias, conditions, bound)
    keys = keys_of(query, alias, bound)
    place = place_of(query, tenant, keys)
    parts = parts_of(keys, alias, bound, place)
    if len(parts) > 1:
        return None
    statement = _page(found, keys, parts[0], query.count + 1, _counted(query, found))
    rows = await ask(statement, bound.values)
    if not rows and query.cursor is not None:
        return None
    cut = _cut(
        query,
        tenant,
        [(Stored(query.type, *row[:4]), Place(tuple(row[5:]), row[0])) for row in rows],
        place,
    )
    total = (
        _at_most(_most_counted(query), rows[0][4])
        if rows and rows[0][4] is not None
        else len(cut.matches)
    )
    return replace(cut, total=None if query.total == "none" else total)


def _is_one_statement(query: SearchQuery) -> bool:
    further = query.includes or query.revincludes or query.patient is not None
    further = further or len(query.sort) > MOST_SORT_KEYS
    if further or query.count == 0 or query.summary == "count":
        return False
    return not any(each.chain or each.has for each in query.criteria)


def _counted(query: SearchQuery, found: Selection) -> str:
    """The total, where the page alone does not tell it."""
    if query.total == "none":
        return "NULL::bigint"
    count = f"({_count_statement(found, _most_counted(query))})"
    if query.cursor is not None:
        return count
    return f"CASE WHEN (SELECT count(*) FROM m) > {query.count:d} THEN {count} END"


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
    tx: Transaction,
    query: SearchQuery,
    found: Selection,
    keys: tuple[Key, ...],
    place: Place | None,
) -> list[tuple[Stored, Place]]:
    """The rows of a page, and one more where there is one, as they come from the place on."""
    wanted = query.count + 1
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


def _page(found: Selection, keys: tuple[Key, ...], part: Part, limit: int, total: str = "") -> str:
    """Chooses the rows first and fetches the contents of those alone.

    Args:
        found: What is searched.
        keys: Of the order.
        part: Of the order.
        limit: Most rows.
        total: SQL of one more column, after the content; it may look at the rows chosen, `m`.
    """
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
    further = [total] if total else []
    return (
        f"WITH m AS MATERIALIZED ({chosen})"
        f" SELECT {', '.join(('m.id, m.version, m.last_updated, c.content', *further, *given))}"
        f" FROM m JOIN {table_of(found.type_name)}_content c"
        f" ON {found.bound.owned('c')} AND c.id = m.id {part.order(given, 'm.id')}"
    )


async def _total(
    tx: Transaction, query: SearchQuery, found: Selection, complete: int | None
) -> int | None:
    if query.total == "none":
        return None
    if complete is not None:
        return complete
    return await _count(tx, found, _most_counted(query))


async def _count(tx: Transaction, found: Selection, most: int | None) -> int | None:
    row = await tx.row(_count_statement(found, most), found.bound.values)
    return _at_most(most, int(row[0]) if row else 0)


def _count_statement(found: Selection, most: int | None) -> str:
    tail = f"LIMIT {most + 1}" if most is not None else ""
    return f"SELECT count(*) FROM ({found.select('1', tail=tail)}) counted"


def _most_counted(query: SearchQuery) -> int | None:
    """How far the total is counted; None for to the end."""
    return None if query.total == "accurate" else MOST_COUNTED


def _at_most(most: int | None, number: int) -> int | None:
    return None if most is not None and number > most else number
