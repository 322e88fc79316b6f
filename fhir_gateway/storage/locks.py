"""How does a transaction keep others from doing the same thing at the same time?

Advisory locks of PostgreSQL, let go at the end of the transaction: for what has no row yet that
could be locked.
"""

from collections.abc import Iterable
from hashlib import sha256

from fhir_gateway.storage.postgres import Transaction


async def try_hold(tx: Transaction, name: str) -> bool:
    """Hold a name until the transaction ends, unless somebody else does; again where it is ours."""
    row = await tx.row("SELECT pg_try_advisory_xact_lock(%s)", (_key(name),))
    return row == (True,)


async def hold(tx: Transaction, names: Iterable[str]) -> None:
    """Wait until nobody else in the tenant holds any of these names, and hold them.

    What others have committed until then is seen by the statements that follow.

    Args:
        tx: Open transaction, not a snapshot.
        names: Of any length; may be empty. They are taken in one order, so that two transactions
            do not wait for each other.
    """
    for statement, params in holding(tx.tenant, names):
        await tx.rows(statement, params)


def holding(tenant: int, names: Iterable[str]) -> list[tuple[str, tuple[list[int]]]]:
    """The same as a statement that travels with others; none for no names."""
    keys = sorted({_key(f"{tenant}|{each}") for each in names})
    statement = (
        "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) WITH ORDINALITY"
        " AS wanted(key, place) ORDER BY place"
    )
    return [(statement, (keys,))] if keys else []


def _key(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
