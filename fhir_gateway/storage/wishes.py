"""What is stored about the wishes of patients and the rules of a clinic for finding times?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.core.codes import EXT_PRIORITY_RULE
from fhir_gateway.storage.names import found_by_hash, hashes
from fhir_gateway.storage.postgres import Transaction


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A PlanDefinition with a priority rule: content as stored, and when it first came."""

    content: bytes
    created: datetime


async def priority_rules(tx: Transaction) -> list[StoredRule]:
    """The active PlanDefinitions that hold a rule, by id."""
    rows = await tx.rows(
        "SELECT c.content, (SELECT min(h.last_updated) FROM history h WHERE h.tenant = r.tenant"
        " AND h.type = 'PlanDefinition' AND h.id = r.id) FROM plan_definition r"
        " JOIN plan_definition_content c ON c.tenant = r.tenant AND c.id = r.id"
        " WHERE r.tenant = %s AND r.p_status = 'active'"
        " AND position(%s::bytea IN c.content) > 0 ORDER BY r.id",
        (tx.tenant, EXT_PRIORITY_RULE.encode()),
    )
    return [StoredRule(*row) for row in rows]


async def waiting_since(tx: Transaction, patient: str, service_types: Iterable[str]) -> str | None:
    """`created` of a patient's oldest waitlist entry, of one of these services where any are named.

    Args:
        tx: Open transaction.
        patient: `Patient/7`.
        service_types: Index entries (`service-type|=x`).
    """
    entry = f"{tx.tenant}|patient|{patient}"
    wanted = [f"{tx.tenant}|{each}" for each in service_types]
    row = await tx.row(
        "SELECT min(convert_from(c.content, 'UTF8')::jsonb ->> 'created') FROM appointment r"
        " JOIN appointment_content c ON c.tenant = r.tenant AND c.id = r.id"
        f" WHERE r.tenant = %s AND {found_by_hash('Appointment', 'r.id')}"
        " AND r.tokens @> ARRAY[%s] AND r.p_status = 'waitlist'"
        " AND (%s::text[] = '{}' OR r.tokens && %s::text[])",
        (tx.tenant, tx.tenant, hashes([entry]), entry, wanted, wanted),
    )
    return row[0] if row else None
