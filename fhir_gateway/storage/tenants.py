"""Which clinics does this installation serve?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, fail
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
        slot_weights: By policy and factor, instead of the defaults: `slotWeights` of the settings.
    """

    id: int
    slug: str
    name: str
    zone: ZoneInfo
    slot_weights: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)


async def all_tenants(database: Database) -> list[Tenant]:
    """Every tenant, by number."""
    async with database.transaction(0) as tx:
        rows = await tx.rows("SELECT id, slug, name, zone, settings FROM tenant ORDER BY id")
    return [
        Tenant(key, slug, name, ZoneInfo(zone), _weights(slug, settings))
        for key, slug, name, zone, settings in rows
    ]


def _weights(slug: str, settings: Mapping[str, Any]) -> dict[str, dict[str, Decimal]]:
    try:
        return {
            policy: {factor: Decimal(str(weight)) for factor, weight in weights.items()}
            for policy, weights in settings.get("slotWeights", {}).items()
        }
    except (AttributeError, ArithmeticError) as error:
        text = f"slotWeights in the settings of tenant {slug}: a number by policy and factor"
        raise fail(Category.UNPROCESSABLE, text, "tenant.settings") from error


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
