"""Which bulk exports are there, and what is in their files?

Only the question is kept. A file is read from the history as of the moment of the question, page by
page, so that it is the same however often and whenever it is fetched. FHIR Bulk Data Access 2.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_gateway.storage.compartments import belongs
from fhir_gateway.storage.names import table_of
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.search_statement import Bound

_COLUMNS = "id, created_at, request, level, group_id, since, types"


@dataclass(frozen=True, slots=True)
class ExportJob:
    """One export.

    Attributes:
        id: Ours.
        created_at: Its files show the records of this moment; aware.
        request: The address that was called.
        level: `system`, `patient` or `group`.
        group_id: Of the Group; None at the other levels.
        since: Only what has changed from then on; aware.
        types: Resource types, in order.
    """

    id: str
    created_at: datetime
    request: str
    level: str
    group_id: str | None
    since: datetime | None
    types: tuple[str, ...]


async def keep(tx: Transaction, job: ExportJob) -> None:
    """Write down a new export."""
    await tx.execute(
        f"INSERT INTO export_job (tenant, {_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (tx.tenant, job.id, job.created_at, job.request, job.level, job.group_id, job.since,
         list(job.types)),
    )  # fmt: skip


async def read(tx: Transaction, job_id: str) -> ExportJob | None:
    """The export of that id."""
    row = await tx.row(
        f"SELECT {_COLUMNS} FROM export_job WHERE tenant = %s AND id = %s", (tx.tenant, job_id)
    )
    if row is None:
        return None
    id_, created_at, request, level, group_id, since, types = row
    return ExportJob(id_, created_at, request, level, group_id, since, tuple(types))


async def forget(tx: Transaction, job_id: str) -> bool:
    """End an export; whether there was one."""
    statement = "DELETE FROM export_job WHERE tenant = %s AND id = %s"
    return await tx.execute(statement, (tx.tenant, job_id)) == 1


async def forget_before(tx: Transaction, moment: datetime) -> None:
    """End the exports that are older."""
    await tx.execute(
        "DELETE FROM export_job WHERE tenant = %s AND created_at < %s", (tx.tenant, moment)
    )


async def contents(
    tx: Transaction,
    job: ExportJob,
    type_name: str,
    *,
    patients: Sequence[str] | None,
    after: str,
    limit: int,
) -> list[tuple[str, bytes]]:
    """(id, content) of resources of one type as they were when the export was asked for, by id.

    Args:
        tx: Open transaction.
        job: The export.
        type_name: One of its types.
        patients: Ids of the Patients of its Group; looked at on that level only.
        after: Only ids after this one; empty for all.
        limit: At most so many.
    """
    bound = Bound(tx.tenant)
    params = [bound.add(each) for each in (type_name, after, job.created_at)]
    of_type, after_id, until = params
    where = f"h.tenant = %(tenant)s AND h.type = {of_type} AND h.id > {after_id}"
    where += f" AND h.last_updated <= {until}"
    if job.level != "system":
        whose = belongs(patients if job.level == "group" else None, type_name, "r", bound)
        where += (
            f" AND h.id IN (SELECT r.id FROM {table_of(type_name)} r"
            f" WHERE r.tenant = %(tenant)s AND {whose})"
        )
    recent = f" AND v.last_updated >= {bound.add(job.since)}" if job.since else ""
    rows: list[Any] = await tx.rows(
        "SELECT v.id, v.content FROM (SELECT DISTINCT ON (h.id) h.id, h.content, h.last_updated"
        f" FROM history h WHERE {where} ORDER BY h.id, h.version DESC) v"
        f" WHERE v.content IS NOT NULL{recent} ORDER BY v.id LIMIT {limit:d}",
        bound.values,
    )
    return rows
