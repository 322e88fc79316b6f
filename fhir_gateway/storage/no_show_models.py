"""Which models of no-shows has a clinic had, and what is said of the present one?

One row for each refit; the newest counts, older ones are kept for a while to look at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from fhir_gateway.storage.postgres import Transaction

#: Versions that are kept.
KEPT = 30


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One version.

    Attributes:
        version: 1, 2, 3 …
        made_at: By the gateway's clock.
        model: Coefficients, as `engines.no_show_model` writes them.
        card: What the model was learnt from and how good it is.
    """

    version: int
    made_at: datetime
    model: Mapping[str, Any]
    card: Mapping[str, Any]


#: The newest version of a tenant.
NEWEST = (
    "SELECT version, made_at, model, card FROM no_show_model WHERE tenant = %(tenant)s"
    " ORDER BY version DESC LIMIT 1"
)


async def newest(tx: Transaction) -> ModelRow | None:
    """The version that counts; None before the first refit."""
    row = await tx.row(NEWEST, {"tenant": tx.tenant})
    return ModelRow(*row) if row else None


async def add(tx: Transaction, row: ModelRow) -> None:
    """Keep a version, and forget those that are too old.

    Raises:
        psycopg.errors.UniqueViolation: somebody else has made this version.
    """
    await tx.execute(
        "INSERT INTO no_show_model (tenant, version, made_at, model, card)"
        " VALUES (%s, %s, %s, %s, %s)",
        (tx.tenant, row.version, row.made_at, Jsonb(dict(row.model)), Jsonb(dict(row.card))),
    )
    await tx.execute(
        "DELETE FROM no_show_model WHERE tenant = %s AND version <= %s",
        (tx.tenant, row.version - KEPT),
    )
