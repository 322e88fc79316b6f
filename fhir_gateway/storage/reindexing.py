"""How are resources that were stored before a parameter was served found by it?

For migrations. A parameter with a single value has a column, which SQL fills from the content;
everything else is worked out here as it is when a resource is written.
"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from fhir_gateway.fhir import json
from fhir_gateway.fhir.search_values import index
from fhir_gateway.storage.names import hashes, table_of, token_table_of
from fhir_gateway.storage.resource_rows import (
    add_side_rows,
    drop_side_rows,
    side_kinds,
    side_values,
)

#: Resources that are read at once.
_MANY = 500


def reindex(connection: Connection, type_names: Iterable[str]) -> None:
    """Make the tokens and the rows of the side tables anew; content, versions and columns stay.

    Args:
        connection: Of the owner, inside the migration's transaction.
        type_names: Served types; all their resources, of all tenants.
    """
    tenants = connection.exec_driver_sql("SELECT id, zone FROM tenant").all()
    zones = {tenant: ZoneInfo(name) for tenant, name in tenants}
    for type_name in type_names:
        tables = _tables(type_name)
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        place = (0, "")
        while found := connection.exec_driver_sql(_contents(type_name), (*place, _MANY)).all():
            for tenant, id_, content in found:
                _index_again(connection, type_name, tenant, id_, content, zones[tenant])
            place = (found[-1][0], found[-1][1])
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _tables(type_name: str) -> tuple[str, ...]:
    name = table_of(type_name)
    sides = (f"search_{kind}" for kind in side_kinds(type_name))
    return (name, f"{name}_content", token_table_of(type_name), *sides)


def _contents(type_name: str) -> str:
    return (
        f"SELECT tenant, id, content FROM {table_of(type_name)}_content"
        " WHERE (tenant, id) > (%s, %s) ORDER BY tenant, id LIMIT %s"
    )


def _index_again(
    connection: Connection, type_name: str, tenant: int, id_: str, content: bytes, zone: ZoneInfo
) -> None:
    run, whose = connection.exec_driver_sql, (tenant, id_)
    row = index(type_name, json.parse(content), zone=zone)
    tokens = [f"{tenant}|{token}" for token in row.tokens]
    hashed = hashes(tokens)
    run(
        f"UPDATE {table_of(type_name)} SET tokens = %s, hashes = %s WHERE tenant = %s AND id = %s",
        (tokens, hashed, *whose),
    )
    run(f"DELETE FROM {token_table_of(type_name)} WHERE tenant = %s AND id = %s", whose)
    run(
        f"INSERT INTO {token_table_of(type_name)} (tenant, hash, id)"
        " SELECT %s, unnest(%s::bigint[]), %s ON CONFLICT DO NOTHING",
        (tenant, hashed, id_),
    )
    for kind in side_kinds(type_name):
        run(drop_side_rows(kind, type_name), whose)
        if values := list(side_values(kind, type_name, row)):
            run(add_side_rows(kind, type_name), (*whose, *map(list, zip(*values, strict=True))))
