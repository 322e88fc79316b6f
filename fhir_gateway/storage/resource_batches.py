"""How do hundreds of resources of one type get in, or out, in one statement?

A single write sends its statement for each resource (`resource_rows`); here the rows travel as
columns. For Slots that are generated, of which nobody keeps texts or several dates.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.search_values import index
from fhir_gateway.storage.names import (
    columns_of,
    found_by_hash,
    hashes,
    table_of,
    token_table_of,
)
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resource_rows import columns, row_values, side_kinds
from fhir_gateway.storage.resources import Stored, Write, stamped
from fhir_gateway.storage.wire import Statement

_TYPES = {"date": "timestamptz", "number": "numeric", "quantity": "numeric"}
#: What every row has, with its type.
_FIXED = (
    ("id", "text"), ("version", "int"), ("last_updated", "timestamptz"), ("tokens", "text"),
    ("hashes", "text"), ("content", "bytea"), ("method", "text"),
)  # fmt: skip


def fits(type_name: str) -> bool:
    """Whether a type has rows in no side table, so that this module can write it."""
    return not side_kinds(type_name)


async def add(
    tx: Transaction, type_name: str, writes: Sequence[Write], *, now: datetime, zone: ZoneInfo
) -> list[Stored]:
    """Write new resources of one type.

    Args:
        tx: Open transaction.
        type_name: One that `fits`.
        writes: New ones, or such that revive a deleted one; may be empty.
        now: Becomes meta.lastUpdated, or a tick after the deletion.
        zone: For dates without offset.

    Raises:
        psycopg.Error: later, where one of the ids is there already; `Database.run` tries again.
    """
    if not writes:
        return []
    names = [name for name, _ in _columns(type_name)]
    cells: dict[str, list[object]] = {name: [] for name in names}
    stored = [stamped(each, now) for each in writes]
    for new, each in zip(stored, writes, strict=True):
        row = index(type_name, each.resource, zone=zone)
        values = row_values(tx.tenant, columns(type_name), new, row, each.version)
        values |= {"content": new.content, "method": each.method}
        for name in names:
            cells[name].append(values[name])
    tx.later([(_insert(type_name), {"tenant": tx.tenant, "wanted": len(writes)} | cells)])
    return stored


@cache
def _columns(type_name: str) -> tuple[tuple[str, str], ...]:
    own = [
        (name, _TYPES.get(each.type, "text"))
        for each in CATALOGUE[type_name].params
        for name in columns_of(each)
    ]
    return (*_FIXED, *own)


@cache
def _insert(type_name: str) -> str:
    name = table_of(type_name)
    own = ", ".join(columns(type_name))
    arrays = ", ".join(f"%({each})s::{kind}[]" for each, kind in _columns(type_name))
    given = ", ".join(each for each, _ in _columns(type_name))
    return (
        f"WITH given AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS g ({given})),"
        f" written AS (INSERT INTO {name}"
        f" (tenant, id, version, last_updated, tokens, hashes, {own})"
        " SELECT %(tenant)s, id, version, last_updated, tokens::text[], hashes::bigint[],"
        f" {own} FROM given ON CONFLICT (tenant, id) DO NOTHING RETURNING 1),"
        f" content AS (INSERT INTO {name}_content (tenant, id, version, content)"
        " SELECT %(tenant)s, id, version, content FROM given),"
        " past AS (INSERT INTO history (tenant, type, id, version, last_updated, method, content)"
        f" SELECT %(tenant)s, '{type_name}', id, version, last_updated, method, content"
        " FROM given),"
        f" found AS (INSERT INTO {token_table_of(type_name)} (tenant, hash, id)"
        " SELECT %(tenant)s, unnest(hashes::bigint[]), id FROM given ON CONFLICT DO NOTHING)"
        " SELECT CASE WHEN count(*) = %(wanted)s THEN 1 ELSE lost_race() END FROM written"
    )


async def remove(tx: Transaction, olds: Sequence[Stored], *, now: datetime) -> None:
    """Delete resources of one type that are locked; their history stays and says so.

    Args:
        tx: Open transaction in which they were read with a lock.
        olds: Of one type that `fits`; may be empty.
        now: When.
    """
    if not olds:
        return
    type_name = olds[0].type
    name = table_of(type_name)
    ids = [each.id for each in olds]
    moment = max([now, *(each.last_updated for each in olds)])
    by_id = "WHERE tenant = %s AND id = ANY(%s)"
    tokens = (
        f"DELETE FROM {token_table_of(type_name)} WHERE tenant = %s AND (hash, id) IN"
        f" (SELECT unnest(hashes), id FROM {name} {by_id})"
    )
    past = (
        "INSERT INTO history (tenant, type, id, version, last_updated, method)"
        f" SELECT %s, '{type_name}', id, version, %s, 'DELETE'"
        " FROM unnest(%s::text[], %s::int[]) AS g (id, version)"
    )
    statements: list[Statement] = [
        (tokens, (tx.tenant, tx.tenant, ids)),
        (f"DELETE FROM {name} {by_id}", (tx.tenant, ids)),
        (f"DELETE FROM {name}_content {by_id}", (tx.tenant, ids)),
        (past, (tx.tenant, moment, ids, [each.version + 1 for each in olds])),
    ]
    tx.later(statements)


async def deleted(tx: Transaction, type_name: str, ids: Iterable[str]) -> dict[str, Stored]:
    """The last entry in the history of those that were there once and are not now, by id."""
    rows = await tx.rows(
        "SELECT DISTINCT ON (id) id, version, last_updated, method FROM history"
        " WHERE tenant = %s AND type = %s AND id = ANY(%s) ORDER BY id, version DESC",
        (tx.tenant, type_name, sorted(set(ids))),
    )
    return {
        row[0]: Stored(type_name, row[0], row[1], row[2], b"") for row in rows if row[3] == "DELETE"
    }


async def referenced(tx: Transaction, refs: Sequence[Ref]) -> frozenset[Ref]:
    """Those of some resources of one type that live resources point to; see `referencing`."""
    if not refs:
        return frozenset()
    parts: list[str] = []
    params: list[object] = []
    for each in CATALOGUE.values():
        names = [
            param.name
            for param in each.params
            if param.type == "reference" and (not param.targets or refs[0].type in param.targets)
        ]
        if not names:
            continue
        entries = [f"{tx.tenant}|{name}|{ref}" for name in names for ref in refs]
        parts.append(
            f"SELECT t.entry FROM {table_of(each.name)} r CROSS JOIN LATERAL unnest(r.tokens)"
            f" AS t (entry) WHERE r.tenant = %s AND {found_by_hash(each.name, 'r.id')}"
            " AND t.entry = ANY(%s::text[])"
        )
        params += [tx.tenant, tx.tenant, hashes(entries), entries]
    rows = await tx.rows(" UNION ".join(parts), params)
    named = {row[0].split("|", 2)[2] for row in rows}
    return frozenset(ref for ref in refs if str(ref) in named)
