"""What stands in the rows of a resource?

The statements that write them, made from the catalogue once for each type.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from fhir_gateway.fhir.catalogue import CATALOGUE, components_of
from fhir_gateway.fhir.search_values import IndexRow
from fhir_gateway.storage.names import columns_of, hashes, table_of, token_table_of


class Indexed(Protocol):
    """The version that is written."""

    @property
    def type(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def last_updated(self) -> datetime: ...


#: Columns of the side tables besides tenant, type and id, with their types.
_SIDE_COLUMNS = {
    "text": (("param", "text"), ("folded", "text"), ("exact", "text")),
    "date": (("param", "text"), ("low", "timestamptz"), ("high", "timestamptz")),
    "number": (("param", "text"), ("low", "numeric"), ("high", "numeric")),
}


@cache
def side_kinds(type_name: str) -> tuple[str, ...]:
    """Which side tables a type has rows in."""
    params = CATALOGUE[type_name].params
    numeric = {"number", "quantity"}
    kinds = ["text"] if any(each.type == "string" for each in params) else []
    if any(each.type == "date" and each.multiple for each in params):
        kinds.append("date")
    if any(
        each.multiple and numeric & {x.type for x in (each, *components_of(type_name, each))}
        for each in params
    ):
        kinds.append("number")
    return tuple(kinds)


def side_values(kind: str, type_name: str, row: IndexRow) -> Iterable[tuple[Any, ...]]:
    if kind == "text":
        return row.strings
    ranges: dict[str, list[Any]] = dict(row.dates if kind == "date" else row.numbers)
    many = {each.name for each in CATALOGUE[type_name].params if each.multiple}
    return [(x, *each) for x in ranges if x.partition(":")[0] in many for each in ranges[x]]


@cache
def columns(type_name: str) -> tuple[str, ...]:
    return tuple(name for each in CATALOGUE[type_name].params for name in columns_of(each))


@cache
def write_statement(type_name: str, *, replaces: bool) -> str:
    """Writes the row of one resource, its content, its history and its hashes.

    It fails with a lost race where the version to be replaced is not the present one, or where
    there is one although there should be none.
    """
    name = table_of(type_name)
    row = _update_row(type_name) if replaces else _insert_row(type_name)
    content = (
        f"UPDATE {name}_content SET version = %(version)s, content = %(content)s"
        " WHERE tenant = %(tenant)s AND id = %(id)s"
        if replaces
        else f"INSERT INTO {name}_content (tenant, id, version, content)"
        " VALUES (%(tenant)s, %(id)s, %(version)s, %(content)s)"
    )
    past = (
        "INSERT INTO history (tenant, type, id, version, last_updated, method, content)"
        f" VALUES (%(tenant)s, '{type_name}', %(id)s, %(version)s, %(last_updated)s,"
        " %(method)s, %(content)s)"
    )
    found = (
        f"INSERT INTO {token_table_of(type_name)} (tenant, hash, id)"
        " SELECT %(tenant)s, unnest(%(hashes)s::bigint[]), %(id)s ON CONFLICT DO NOTHING"
    )
    parts = [
        f"written AS ({row} RETURNING 1)",
        f"content AS ({content})",
        f"past AS ({past})",
        f"found AS ({found})",
    ]
    if replaces:
        parts.append(f"lost AS ({drop_hashes(type_name)})")
    return (
        f"WITH {', '.join(parts)}"
        " SELECT CASE WHEN count(*) = 1 THEN 1 ELSE lost_race() END FROM written"
    )


def _insert_row(type_name: str) -> str:
    names = ("tenant", "id", "version", "last_updated", "tokens", "hashes", *columns(type_name))
    marks = ", ".join(_mark(name) for name in names)
    return (
        f"INSERT INTO {table_of(type_name)} ({', '.join(names)}) VALUES ({marks})"
        " ON CONFLICT (tenant, id) DO NOTHING"
    )


def _update_row(type_name: str) -> str:
    names = ("version", "last_updated", "tokens", "hashes", *columns(type_name))
    return (
        f"UPDATE {table_of(type_name)} SET {', '.join(f'{name} = {_mark(name)}' for name in names)}"
        " WHERE tenant = %(tenant)s AND id = %(id)s AND version = %(replaced)s"
    )


_ARRAYS = {"tokens": "text[]", "hashes": "bigint[]"}


def _mark(name: str) -> str:
    """The place of a value; arrays travel as text, which costs a fraction."""
    kind = _ARRAYS.get(name)
    return f"%({name})s::{kind}" if kind else f"%({name})s"


@cache
def drop_hashes(type_name: str) -> str:
    """Those that the row has before the statement and will not have."""
    return (
        f"DELETE FROM {token_table_of(type_name)} WHERE tenant = %(tenant)s AND id = %(id)s"
        f" AND hash = ANY(ARRAY(SELECT unnest(r.hashes) FROM {table_of(type_name)} r"
        " WHERE r.tenant = %(tenant)s AND r.id = %(id)s"
        " EXCEPT SELECT unnest(%(hashes)s::bigint[])))"
    )


@cache
def add_side_rows(kind: str, type_name: str) -> str:
    """Adds all rows of one resource to a side table: arrays of the columns."""
    names = ", ".join(name for name, _ in _SIDE_COLUMNS[kind])
    arrays = ", ".join(f"%s::{type_}[]" for _, type_ in _SIDE_COLUMNS[kind])
    return (
        f"INSERT INTO search_{kind} (tenant, type, id, {names})"
        f" SELECT %s, '{type_name}', %s, {names} FROM unnest({arrays}) AS t ({names})"
    )


@cache
def drop_side_rows(kind: str, type_name: str) -> str:
    """Takes all rows of one resource away from a side table."""
    return f"DELETE FROM search_{kind} WHERE tenant = %s AND type = '{type_name}' AND id = %s"


def array(entries: Iterable[str]) -> str:
    """An array of text as the server reads it; names and numbers of ours and of clients."""
    quoted = (each.replace("\\", "\\\\").replace('"', '\\"') for each in entries)
    return "{" + ",".join(f'"{each}"' for each in quoted) + "}"


def row_values(
    tenant: int, names: tuple[str, ...], new: Indexed, row: IndexRow, replaced: int
) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(names)
    tokens = [f"{tenant}|{token}" for token in row.tokens]
    values |= {
        "tenant": tenant,
        "id": new.id,
        "version": new.version,
        "replaced": replaced,
        "last_updated": new.last_updated,
        "tokens": array(tokens),
        "hashes": "{" + ",".join(map(str, hashes(tokens))) + "}",
    }
    for param in CATALOGUE[new.type].params:
        if param.multiple or param.name not in row.columns:
            continue
        pairs: Any = row.dates.get(param.name) or row.numbers.get(param.name)
        given = pairs[0] if pairs else (row.columns[param.name],)
        values |= zip(columns_of(param), given, strict=True)
    return values
