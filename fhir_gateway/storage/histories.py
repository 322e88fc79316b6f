"""What has changed lately, in one resource type or in all?

Newest change first, read off an index from where a page begins. FHIR R4 section 3.1.0.12 (history).
"""

from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Version


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a history, by its place in the order.

    Attributes:
        at: meta.lastUpdated, aware; no resource has two versions with the same.
        type, id: Of the resource.
    """

    at: datetime
    type: str
    id: str


async def changes(
    tx: Transaction,
    type_name: str | None,
    *,
    since: datetime | None = None,
    after: Change | None = None,
    back: bool = False,
    limit: int,
) -> list[Version]:
    """Versions and deletions, newest first.

    Args:
        tx: Open transaction.
        type_name: A served type; None for all.
        since: Only what happened then or later; aware.
        after: Only what follows in the order; None from the newest on.
        back: Only what comes before that in the order instead, and of it the last.
        limit: At most so many.
    """
    order = ("last_updated", "id") if type_name else ("last_updated", "type", "id")
    where = ["tenant = %(tenant)s"]
    values: dict[str, object] = {"tenant": tx.tenant, "limit": limit}
    if type_name is not None:
        where.append("type = %(type)s")
        values["type"] = type_name
    if since is not None:
        where.append("last_updated >= %(since)s")
        values["since"] = since
    if after is not None:
        place = ", ".join(f"%(after_{name})s" for name in order)
        where.append(f"({', '.join(order)}) {'>' if back else '<'} ({place})")
        values |= {"after_last_updated": after.at, "after_type": after.type, "after_id": after.id}
    direction = "ASC" if back else "DESC"
    rows = await tx.rows(
        "SELECT type, id, version, last_updated, method, content FROM history"
        f" WHERE {' AND '.join(where)}"
        f" ORDER BY {', '.join(f'{name} {direction}' for name in order)}"
        " LIMIT %(limit)s",
        values,
    )
    found = [Version(*row) for row in rows]
    return found[::-1] if back else found
