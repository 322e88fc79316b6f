"""Who waits, and what has been offered to whom?"""

from collections.abc import Iterable

from fhir_gateway.storage.names import found_by_hash, hashes
from fhir_gateway.storage.postgres import Transaction


async def waiting(tx: Transaction, service_types: Iterable[str], *, limit: int = 5000) -> list[str]:
    """Ids of waitlist Appointments that want one of these services, oldest id first.

    Args:
        tx: Open transaction.
        service_types: Codes.
        limit: At most so many.
    """
    entries = [f"{tx.tenant}|service-type|={each}" for each in sorted(set(service_types))]
    rows = await tx.rows(
        "SELECT id FROM appointment WHERE tenant = %s AND p_status = 'waitlist'"
        f" AND {found_by_hash('Appointment', 'id')} AND tokens && %s::text[] ORDER BY id LIMIT %s",
        (tx.tenant, tx.tenant, hashes(entries), entries, limit),
    )
    return [row[0] for row in rows]


async def open_offers(tx: Transaction, patients: Iterable[str]) -> dict[str, int]:
    """How many offers of each patient (`Patient/7`) are still open."""
    wanted = sorted(set(patients))
    entries = [f"{tx.tenant}|patient|{each}" for each in wanted]
    rows = await tx.rows(
        "SELECT p, count(*)::int FROM appointment a, unnest(%s::text[], %s::text[]) w(p, entry)"
        " WHERE a.tenant = %s AND a.p_status = 'proposed'"
        f" AND {found_by_hash('Appointment', 'a.id')} AND a.tokens @> ARRAY[entry]"
        " AND a.tokens @> ARRAY[%s] GROUP BY p",
        (wanted, entries, tx.tenant, tx.tenant, hashes(entries), f"{tx.tenant}|supporting-info"),
    )
    return dict(rows)


async def offers_of(tx: Transaction, task: str) -> list[tuple[str, str]]:
    """Every offer that was made for a Task: id and status, oldest first."""
    entries = [f"{tx.tenant}|supporting-info|Task/{task}"]
    rows = await tx.rows(
        "SELECT id, p_status FROM appointment WHERE tenant = %s"
        f" AND {found_by_hash('Appointment', 'id')} AND tokens @> %s::text[]"
        " ORDER BY last_updated, id",
        (tx.tenant, tx.tenant, hashes(entries), entries),
    )
    return [(row[0], row[1]) for row in rows]


async def offers_of_entries(tx: Transaction, task: str) -> frozenset[str]:
    """Ids of the waitlist Appointments that have had an offer for a Task."""
    entries = [f"{tx.tenant}|supporting-info|Task/{task}"]
    begin = f"{tx.tenant}|supporting-info|Appointment/"
    rows = await tx.rows(
        "SELECT substr(t, length(%s) + 1) FROM appointment a, unnest(a.tokens) t"
        f" WHERE a.tenant = %s AND {found_by_hash('Appointment', 'a.id')}"
        " AND a.tokens @> %s::text[] AND starts_with(t, %s)",
        (begin, tx.tenant, tx.tenant, hashes(entries), entries, begin),
    )
    return frozenset(row[0] for row in rows)
