"""Which clinics does this installation serve?"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fhir_gateway.storage.postgres import Database, Transaction

DEFAULT = 1


@dataclass(frozen=True, slots=True)
class Tenant:
    """One clinic or group of clinics whose records stay apart from all others.

    Attributes:
        id: Number used in every key.
        slug: In addresses; `default` is `/fhir`.
        name: What people call it.
        zone: For times without offset.
    """

    id: int
    slug: str
    name: str
    zone: ZoneInfo


async def all_tenants(database: Database) -> list[Tenant]:
    """Every tenant, by number."""
    async with database.transaction(0) as tx:
        rows = await tx.rows("SELECT id, slug, name, zone FROM tenant ORDER BY id")
    return [Tenant(key, slug, name, ZoneInfo(zone)) for key, slug, name, zone in rows]


async def instance_value(tx: Transaction, name: str) -> bytes | None:
    """A value that every process of the installation shares."""
    row = await tx.row("SELECT value FROM instance WHERE name = %s", (name,))
    return None if row is None else row[0]


async def signing_key(database: Database) -> bytes:
    """The key of our signatures, 32 bytes; made with the schema."""
    async with database.transaction(0) as tx:
        found = await instance_value(tx, "signing-key")
    if found is None:
        raise RuntimeError("the database has no signing key; it has not been migrated")
    return found
