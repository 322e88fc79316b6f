"""How does a use case keep what it has made?

With the gateway's clock and the tenant's zone, inside the caller's transaction.
"""

from collections.abc import Sequence
from typing import Any

from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Write
from fhir_gateway.usecases.deps import Deps

Resource = dict[str, Any]


async def store(tx: Transaction, deps: Deps, write: Write) -> Stored:
    """Carry out one write; see `storage.resources.write_many`."""
    return (await store_all(tx, deps, [write]))[0]


async def store_all(tx: Transaction, deps: Deps, writes: Sequence[Write]) -> list[Stored]:
    """Carry out several writes; may be empty."""
    zone = deps.tenants[tx.tenant].zone
    return await resources.write_many(tx, writes, now=deps.clock.now(), zone=zone)


async def add(tx: Transaction, deps: Deps, resource: Resource) -> Stored:
    """Keep a new resource under the id that it has."""
    return await store(tx, deps, Write(resource, method="POST"))


async def replace(tx: Transaction, deps: Deps, old: Stored, resource: Resource) -> Stored:
    """Put a resource in the place of a version that was read."""
    return await store(tx, deps, resources.replacing(old, resource))
