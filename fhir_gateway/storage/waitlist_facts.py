"""Who waits, and what has been offered to whom?"""

from collections.abc import Iterable

from fhir_gateway.storage.postgres import Transaction


async def waiting(tx: Transaction, service_types: Iterable[str], *, limit: int = 5000) -> list[str]:
    """Ids of waitlist Appointments that want one of these services, oldest id first.

    Args:
        tx: Open transaction.
        service_types: Codes.
        limit: At most so many.
    """
    rows = await tx.rows(
        "SELECT id FROM appointment WHERE tenant = %s AND p_status = 'waitlist'"
        " AND tokens && %s::text[] ORDER BY id LIMIT %s",
        (tx.tenant, [f"{tx.tenant}|service-type|={each}" for each in sorted(set(service_types))],
         limit),
    )  # fmt: skip
    return [row[0] for row in rows]


async def open_offers(tx: Transaction, patients: Iterable[str]) -> dict[str, int]:
    """How many offers of each patient (`Patient/7`) are still open."""
    wanted = sorted(set(patients))
    rows = await tx.rows(
        "SELECT p, count(*)::int FROM unnest(%s::text[]) p JOIN appointment a"
        " ON a.tenant = %s AND a.p_status = 'proposed' AND a.tokens @> ARRAY[%s || p]"
        " AND a.tokens @> ARRAY[%s] GROUP BY p",
        (wanted, tx.tenant, f"{tx.tenant}|patient|", f"{tx.tenant}|supporting-info"),
    )
    return dict(rows)


async def offers_of(tx: Transaction, task: str) -> list[tuple[str, str]]:
    """Every offer that was made for a Task: id and status, oldest first."""
    rows = await tx.rows(
        "SELECT id, p_status FROM appointment WHERE tenant = %s AND tokens @> %s::text[]"
        " ORDER BY last_updated, id",
        (tx.tenant, [f"{tx.tenant}|supporting-info|Task/{task}"]),
    )
    return [(row[0], row[1]) for row in rows]


async def offers_of_entries(tx: Transaction, task: str) -> frozenset[str]:
    """Ids of the waitlist Appointments that have had an offer for a Task."""
    rows = await tx.rows(
        "SELECT substr(t, length(%s) + 1) FROM appointment a, unnest(a.tokens) t"
        " WHERE a.tenant = %s AND a.tokens @> %s::text[] AND starts_with(t, %s)",
        (
            f"{tx.tenant}|supporting-info|Appointment/",
            tx.tenant,
            [f"{tx.tenant}|supporting-info|Task/{task}"],
            f"{tx.tenant}|supporting-info|Appointment/",
        ),
    )
    return frozenset(row[0] for row in rows)
