"""What stands in the rows of a resource?

The statements that write them, made from the catalogue once for each type.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.search_values import IndexRow
from fhir_gateway.storage.names import column_of, columns_of, hashes, table_of, token_table_of


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


SIDE_INSERT = {
    "text": "INSERT INTO search_text (tenant, type, id, param, folded, exact)"
    " VALUES (%s, %s, %s, %s, %s, %s)",
    "date": "INSERT INTO search_date (tenant, type, id, param, low, high)"
    " VALUES (%s, %s, %s, %s, %s, %s)",
    "number": "INSERT INTO search_number (tenant, type, id, param, low, high)"
    " VALUES (%s, %s, %s, %s, %s, %s)",
}


@cache
def side_kinds(type_name: str) -> tuple[str, ...]:
    """Which side tables a type has rows in."""
    params = CATALOGUE[type_name].params
    kinds = ["text"] if any(each.type == "string" for each in params) else []
    if any(each.type == "date" and each.multiple for each in params):
        kinds.append("date")
    if any(each.type in ("number", "quantity") and each.multiple for each in params):
        kinds.append("number")
    return tuple(kinds)


def side_values(kind: str, type_name: str, row: IndexRow) -> Iterable[tuple[Any, ...]]:
    if kind == "text":
        return row.strings
    ranges: dict[str, list[Any]] = dict(row.dates if kind == "date" else row.numbers)
    many = {each.name for each in CATALOGUE[type_name].params if each.multiple}
    return [(name, *each) for name in ranges if name in many for each in ranges[name]]


@cache
def columns(type_name: str) -> tuple[str, ...]:
    return tuple(name for each in CATALOGUE[type_name].params for name in columns_of(each))


@cache
def insert_row(type_name: str) -> str:
    names = ("tenant", "id", "version", "last_updated", "tokens", "hashes", *columns(type_name))
    marks = ", ".join(f"%({name})s" for name in names)
    return (
        f"INSERT INTO {table_of(type_name)} ({', '.join(names)}) VALUES ({marks})"
        " ON CONFLICT (tenant, id) DO NOTHING"
    )


@cache
def update_row(type_name: str) -> str:
    names = ("version", "last_updated", "tokens", "hashes", *columns(type_name))
    return (
        f"UPDATE {table_of(type_name)} SET {', '.join(f'{name} = %({name})s' for name in names)}"
        " WHERE tenant = %(tenant)s AND id = %(id)s AND version = %(replaced)s"
    )


@cache
def add_hashes(type_name: str) -> str:
    return (
        f"INSERT INTO {token_table_of(type_name)} (tenant, hash, id)"
        " SELECT %(tenant)s, unnest(%(hashes)s::bigint[]), %(id)s ON CONFLICT DO NOTHING"
    )


@cache
def drop_hashes(type_name: str) -> str:
    """Those that the row has now and will not have; to be run before the row is changed."""
    return (
        f"DELETE FROM {token_table_of(type_name)} WHERE tenant = %(tenant)s AND id = %(id)s"
        f" AND hash = ANY(ARRAY(SELECT unnest(r.hashes) FROM {table_of(type_name)} r"
        " WHERE r.tenant = %(tenant)s AND r.id = %(id)s"
        " EXCEPT SELECT unnest(%(hashes)s::bigint[])))"
    )


@cache
def put_content(type_name: str, *, replaces: bool) -> str:
    name = f"{table_of(type_name)}_content"
    if replaces:
        change = f"UPDATE {name} SET version = %(v)s, content = %(c)s"
        return change + " WHERE tenant = %(t)s AND id = %(id)s"
    return f"INSERT INTO {name} (tenant, id, version, content) VALUES (%(t)s, %(id)s, %(v)s, %(c)s)"


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
        "tokens": tokens,
        "hashes": hashes(tokens),
    }
    for param in CATALOGUE[new.type].params:
        if param.multiple or param.name not in row.columns:
            continue
        column = column_of(param)
        ranges: Any = row.dates.get(param.name) or row.numbers.get(param.name)
        if ranges:
            values[column], values[f"{column}_high"] = ranges[0]
        else:
            values[column] = row.columns[param.name]
    return values
