"""How is a resource kept?

A narrow row to search by, the content as bytes, and every version in the history (decisions 3, 4
and 7). Reads answer with bytes as stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import format_instant
from fhir_gateway.fhir import json
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.search_values import IndexRow, index
from fhir_gateway.storage.names import found_by_hash, hashes, table_of
from fhir_gateway.storage.postgres import RaceLostError, Transaction
from fhir_gateway.storage.resource_rows import (
    add_side_rows,
    columns,
    drop_hashes,
    drop_side_rows,
    row_values,
    side_kinds,
    side_values,
    write_statement,
)
from fhir_gateway.storage.wire import Params, Statement

Resource = dict[str, Any]

_TICK = timedelta(milliseconds=1)
#: Both rows: of a row that is only joined, whoever waited would get the content of before.
_LOCK = " FOR UPDATE OF r, c"


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of one resource.

    Attributes:
        type, id: What it is.
        version: 1, 2, 3 …
        last_updated: Aware.
        content: Canonical JSON with id and meta.
    """

    type: str
    id: str
    version: int
    last_updated: datetime
    content: bytes

    @property
    def ref(self) -> Ref:
        return Ref(self.type, self.id)

    def resource(self) -> Resource:
        """The content as a tree of its own."""
        return json.parse(self.content)


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of a history; content is None for a deletion."""

    type: str
    id: str
    version: int
    last_updated: datetime
    method: str
    content: bytes | None


@cache
def _select(type_name: str) -> str:
    name = table_of(type_name)
    return (
        f"SELECT r.id, r.version, r.last_updated, c.content FROM {name} r"
        f" JOIN {name}_content c ON c.tenant = r.tenant AND c.id = r.id"
    )


@cache
def select_many(type_name: str) -> str:
    """The statement that reads present versions: tenant, ids to rows."""
    return _select(type_name) + " WHERE r.tenant = %s AND r.id = ANY(%s)"


async def read(tx: Transaction, ref: Ref, *, lock: bool = False) -> Stored | None:
    """The present version; None where there is none (never was, or deleted).

    Args:
        tx: Open transaction.
        ref: Of a served type.
        lock: Whether nobody else may change it until the transaction ends.
    """
    statement, params = locking(ref.type, tx.tenant, ref.id)
    row = await tx.row(statement if lock else statement.removesuffix(_LOCK), params)
    return Stored(ref.type, *row) if row else None


def locking(type_name: str, tenant: int, resource_id: str) -> Statement:
    """The statement that reads the present version and locks it."""
    return (
        _select(type_name) + " WHERE r.tenant = %s AND r.id = %s" + _LOCK,
        (tenant, resource_id),
    )


async def read_many(
    tx: Transaction, type_name: str, ids: Iterable[str], *, lock: bool = False
) -> dict[str, Stored]:
    """Present versions by id; those that are not there are left out. Locked in order of id."""
    tail = " WHERE r.tenant = %s AND r.id = ANY(%s) ORDER BY r.id" + (_LOCK if lock else "")
    rows = await tx.rows(_select(type_name) + tail, (tx.tenant, sorted(set(ids))))
    return {row[0]: Stored(type_name, *row) for row in rows}


def known_by(type_name: str, ids: str, params: Params, *, lock: bool = False) -> Statement:
    """The statement that reads present versions whose ids another statement finds.

    Args:
        type_name: A served type.
        ids: The statement that finds them; the tenant is the first of its values.
        params: Its values.
        lock: Whether nobody else may change them until the transaction ends.
    """
    values = tuple(cast("Sequence[Any]", params))
    tail = f" WHERE r.tenant = %s AND r.id = ANY(ARRAY({ids})) ORDER BY r.id"
    return _select(type_name) + tail + (_LOCK if lock else ""), (values[0], *values)


async def read_all(tx: Transaction, refs: Iterable[Ref]) -> dict[Ref, Stored]:
    """Present versions of several types in one round trip; those that are not there are left out.

    Args:
        tx: Open transaction.
        refs: Those of types that are not served are left out too.
    """
    by_type = ids_by_type(refs)
    found = await tx.fetch_batch(
        [(select_many(name), (tx.tenant, sorted(ids))) for name, ids in by_type.items()]
    )
    read = [Stored(name, *row) for name, rows in zip(by_type, found, strict=True) for row in rows]
    return {each.ref: each for each in read}


def ids_by_type(refs: Iterable[Ref]) -> dict[str, set[str]]:
    """The ids of resources by type, without those of types that are not served."""
    by_type: dict[str, set[str]] = {}
    for ref in refs:
        if ref.type in CATALOGUE:
            by_type.setdefault(ref.type, set()).add(ref.id)
    return by_type


async def existing(tx: Transaction, refs: Iterable[Ref]) -> frozenset[Ref]:
    """Which of these resources are there now."""
    by_type = ids_by_type(refs)
    if not by_type:
        return frozenset()
    parts = [f"SELECT '{name}', id FROM {table_of(name)} WHERE tenant = %s AND id = ANY(%s)"
             for name in by_type]  # fmt: skip
    params = [value for ids in by_type.values() for value in (tx.tenant, sorted(ids))]
    return frozenset(Ref(*row) for row in await tx.rows(" UNION ALL ".join(parts), params))


async def last_version(tx: Transaction, ref: Ref) -> Version | None:
    """The newest entry of the history, a deletion as well."""
    rows = await versions(tx, ref, limit=1)
    return rows[0] if rows else None


async def versions(
    tx: Transaction,
    ref: Ref,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[Version]:
    """History of one resource, newest first.

    Args:
        tx: Open transaction.
        ref: Of a served type.
        before: Only versions below this, the highest of them.
        after: Only versions above this, the lowest of them.
        limit: At most so many.
    """
    above, order = (0, "DESC") if after is None else (after, "ASC")
    rows = await tx.rows(
        "SELECT type, id, version, last_updated, method, content FROM history"
        " WHERE tenant = %s AND type = %s AND id = %s AND version > %s AND version < %s"
        f" ORDER BY version {order} LIMIT %s",
        (tx.tenant, ref.type, ref.id, above, before or 2**31 - 1, limit),
    )
    found = [Version(*row) for row in rows]
    return found if after is None else found[::-1]


async def read_version(tx: Transaction, ref: Ref, version: int) -> Version | None:
    """One version; None where it never was."""
    rows = await versions(tx, ref, before=version + 1, limit=1)
    return rows[0] if rows and rows[0].version == version else None


@dataclass(frozen=True, slots=True)
class Write:
    """One resource to be written.

    Args:
        resource: With id; meta.versionId and meta.lastUpdated are set here.
        version: The version that it replaces; 0 for a new one.
        updated: When that version was written; None for a new one.
        method: POST, PUT, PATCH, as the history says it.
        revives: Whether that version was a deletion.
    """

    resource: Resource
    version: int = 0
    updated: datetime | None = None
    method: str = "PUT"
    revives: bool = False

    @property
    def replaces(self) -> bool:
        return self.version > 0 and not self.revives


def replacing(old: Stored, resource: Resource, method: str = "PUT") -> Write:
    """The write that puts a resource in the place of a version that was read."""
    return Write(resource, old.version, old.last_updated, method)


async def write(tx: Transaction, each: Write, *, now: datetime, zone: ZoneInfo) -> Stored:
    """Write one resource; see `write_many`."""
    return (await write_many(tx, [each], now=now, zone=zone))[0]


async def write_many(
    tx: Transaction, writes: Sequence[Write], *, now: datetime, zone: ZoneInfo
) -> list[Stored]:
    """Write resources with all that they are found by, on the way to whatever is sent next.

    Args:
        tx: Open transaction.
        writes: No resource twice; may be empty.
        now: Becomes meta.lastUpdated, or a tick after the version replaced.
        zone: For dates without offset.

    Raises:
        psycopg.Error: later, where a replaced version is not the present one, or a new id exists;
            `Database.run` tries again.
    """
    stored = [stamped(each, now) for each in writes]
    together = sorted(zip(stored, writes, strict=True), key=lambda one: (one[0].type, one[0].id))
    for new, each in together:
        row = index(new.type, each.resource, zone=zone)
        tx.later(_statements(tx, new, each, row))
    return stored


def stamped(each: Write, now: datetime) -> Stored:
    """The version that a write makes, its resource with id and meta in front; changed in place."""
    moment = now if each.updated is None else max(now, each.updated + _TICK)
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if each.updated is not None and moment <= each.updated:
        moment += _TICK
    resource = each.resource
    type_name, resource_id = resource["resourceType"], resource["id"]
    meta = dict(resource.get("meta") or {})
    meta |= {"versionId": str(each.version + 1), "lastUpdated": format_instant(moment)}
    rest = {key: resource[key] for key in resource if key not in ("resourceType", "id", "meta")}
    resource.clear()
    resource |= {"resourceType": type_name, "id": resource_id, "meta": meta} | rest
    content = json.dump(resource)
    return Stored(type_name, resource_id, each.version + 1, moment, content)


def _statements(tx: Transaction, new: Stored, each: Write, row: IndexRow) -> Iterator[Statement]:
    name = new.type
    values = row_values(tx.tenant, columns(name), new, row, each.version)
    values |= {"content": new.content, "method": each.method}
    yield write_statement(name, replaces=each.replaces), values
    for kind in side_kinds(name):
        if each.replaces:
            yield drop_side_rows(kind, name), (tx.tenant, new.id)
        found = list(side_values(kind, name, row))
        if found:
            columns_found = (list(each) for each in zip(*found, strict=True))
            yield add_side_rows(kind, name), (tx.tenant, new.id, *columns_found)


async def remove(tx: Transaction, old: Stored, *, now: datetime) -> Version:
    """Delete a resource; its history stays and says so.

    Raises:
        RaceLostError: the version read is not the present one.
    """
    name = table_of(old.type)
    moment = max(now, old.last_updated + _TICK)
    gone = {"tenant": tx.tenant, "id": old.id, "hashes": "{}"}
    await tx.execute(drop_hashes(old.type), gone)
    touched = await tx.execute(
        f"DELETE FROM {name} WHERE tenant = %s AND id = %s AND version = %s",
        (tx.tenant, old.id, old.version),
    )
    if touched != 1:
        raise RaceLostError
    await tx.execute(
        f"DELETE FROM {name}_content WHERE tenant = %s AND id = %s", (tx.tenant, old.id)
    )
    for kind in side_kinds(old.type):
        tx.later([(drop_side_rows(kind, old.type), (tx.tenant, old.id))])
    await tx.execute(
        "DELETE FROM identity WHERE tenant = %s AND type = %s AND id = %s",
        (tx.tenant, old.type, old.id),
    )
    version = Version(old.type, old.id, old.version + 1, moment, "DELETE", None)
    await tx.execute(
        "INSERT INTO history (tenant, type, id, version, last_updated, method)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (tx.tenant, old.type, old.id, version.version, moment, "DELETE"),
    )
    return version


async def referencing(tx: Transaction, ref: Ref) -> Ref | None:
    """One other resource that points to this one by a searchable reference; None for none."""
    parts: list[str] = []
    params: list[Any] = []
    for each in CATALOGUE.values():
        names = [
            param.name
            for param in each.params
            if param.type == "reference" and (not param.targets or ref.type in param.targets)
        ]
        if names:
            parts.append(
                f"(SELECT '{each.name}', id FROM {table_of(each.name)}"
                f" WHERE tenant = %s AND {found_by_hash(each.name, 'id')}"
                " AND tokens && %s::text[] AND id <> %s LIMIT 1)"
            )
            itself = ref.id if each.name == ref.type else ""
            entries = [f"{tx.tenant}|{name}|{ref}" for name in names]
            params += [tx.tenant, tx.tenant, hashes(entries), entries, itself]
    row = await tx.row(" UNION ALL ".join(parts) + " LIMIT 1", params)
    return Ref(*row) if row else None


async def with_tokens(
    tx: Transaction, type_name: str, entries: Iterable[str], *, limit: int = 1000
) -> list[str]:
    """Ids of the resources that have all of these index entries (`fhir.search_values`), in order.

    Args:
        tx: Open transaction.
        type_name: A served type.
        entries: Without tenant; at least one.
        limit: At most so many ids.
    """
    wanted = [f"{tx.tenant}|{entry}" for entry in entries]
    by_hash = " AND ".join([found_by_hash(type_name, "id")] * len(wanted))
    params = [value for each in wanted for value in (tx.tenant, hashes([each]))]
    rows = await tx.rows(
        f"SELECT id FROM {table_of(type_name)} WHERE tenant = %s AND {by_hash}"
        " AND tokens @> %s::text[] ORDER BY id LIMIT %s",
        (tx.tenant, *params, wanted, limit),
    )
    return [row[0] for row in rows]


async def any_history(tx: Transaction) -> bool:
    """Whether the tenant has, or ever had, any resource."""
    return await tx.row("SELECT 1 FROM history WHERE tenant = %s LIMIT 1", (tx.tenant,)) is not None
