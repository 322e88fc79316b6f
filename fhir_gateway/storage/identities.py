"""Who is known by this identifier?

Unique for each type of the tenant, for REST and v2 alike (decision 5).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from fhir_gateway.core.refs import Ref
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.storage.wire import Statement

Key = tuple[str, str]

_FIND = (
    "SELECT system, value, id FROM identity WHERE tenant = %s AND type = %s"
    " AND (system, value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
)
_IDS = _FIND.replace("SELECT system, value, id", "SELECT id")
_ADD = (
    "INSERT INTO identity (tenant, type, system, value, id)"
    " SELECT %s, %s, system, value, %s FROM unnest(%s::text[], %s::text[])"
    " AS wanted(system, value) ON CONFLICT DO NOTHING"
)
_KEEP_ONLY = (
    "DELETE FROM identity WHERE tenant = %s AND type = %s AND id = %s"
    " AND NOT (system, value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
)


async def find(tx: Transaction, type_name: str, keys: Iterable[Key]) -> dict[Key, str]:
    """The ids of resources by (system, value); unknown ones are left out."""
    rows = await tx.rows(*finding(tx.tenant, type_name, keys))
    return {(system, value): key for system, value, key in rows}


def finding(tenant: int, type_name: str, keys: Iterable[Key]) -> Statement:
    """The statement for system, value and id of what is known by these identifiers."""
    wanted = sorted(set(keys))
    systems, values = [system for system, _ in wanted], [value for _, value in wanted]
    return _FIND, (tenant, type_name, systems, values)


async def holders(
    tx: Transaction, wanted: Mapping[str, Iterable[Key]], *, lock: Collection[str] = ()
) -> tuple[dict[tuple[str, Key], str], dict[Ref, Stored]]:
    """Who is known by these identifiers, with all that is stored of them, in one round trip.

    Args:
        tx: Open transaction.
        wanted: Identifiers by type.
        lock: Types of which nobody else may change those found until the transaction ends.

    Returns:
        Ids by type and identifier, and the resources.
    """
    statements: list[Statement] = []
    for name, keys in wanted.items():
        find, params = finding(tx.tenant, name, keys)
        statements += [(find, params), resources.known_by(name, _IDS, params, lock=name in lock)]
    answers = iter(await tx.fetch_batch(statements))
    ids: dict[tuple[str, Key], str] = {}
    found: dict[Ref, Stored] = {}
    for name in wanted:
        ids |= {(name, (system, value)): key for system, value, key in next(answers)}
        found |= {Ref(name, row[0]): Stored(name, *row) for row in next(answers)}
    return ids, found


async def add(tx: Transaction, type_name: str, resource_id: str, keys: Iterable[Key]) -> Key | None:
    """Give a resource identifiers.

    Returns:
        None, or the first key that belongs to another resource; the caller then rolls back.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return None
    systems, values = [system for system, _ in wanted], [value for _, value in wanted]
    insert = (_ADD, (tx.tenant, type_name, resource_id, systems, values))
    _, rows = await tx.fetch_batch([insert, finding(tx.tenant, type_name, wanted)])
    held = {(system, value): key for system, value, key in rows}
    return next((key for key in wanted if held.get(key) != resource_id), None)


async def add_many(tx: Transaction, type_name: str, named: Sequence[tuple[str, Key]]) -> bool:
    """Give identifiers to many resources at once: (id, key).

    Returns:
        False where one of them is in use already; the caller then rolls back.
    """
    added = await tx.execute_many(
        "INSERT INTO identity (tenant, type, system, value, id) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [(tx.tenant, type_name, system, value, key) for key, (system, value) in named],
    )
    return added == len(named)


def keep_only(tx: Transaction, type_name: str, resource_id: str, keys: Iterable[Key]) -> None:
    """Take away identifiers that a resource does not have any more; before the next statement."""
    kept = sorted(set(keys))
    systems, values = [system for system, _ in kept], [value for _, value in kept]
    tx.later([(_KEEP_ONLY, (tx.tenant, type_name, resource_id, systems, values))])


async def move(tx: Transaction, type_name: str, old_id: str, new_id: str) -> None:
    """Let everything that a resource is known by lead to another one."""
    await tx.execute(
        "UPDATE identity SET id = %s WHERE tenant = %s AND type = %s AND id = %s",
        (new_id, tx.tenant, type_name, old_id),
    )
