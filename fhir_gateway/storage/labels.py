"""Which profiles, tags and security labels do resources bear? FHIR R4 Resource/$meta."""

from dataclasses import dataclass

from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.storage.names import table_of
from fhir_gateway.storage.postgres import Transaction


@dataclass(frozen=True, slots=True)
class Labels:
    """Everything that is in use, in order.

    Attributes:
        profiles: Canonical addresses.
        security, tags: (system or empty, code).
    """

    profiles: tuple[str, ...]
    security: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]


async def in_use(tx: Transaction, type_name: str | None) -> Labels:
    """Collect the labels of the present versions.

    Args:
        tx: Open transaction.
        type_name: A served type; None for all.
    """
    names = [type_name] if type_name else list(CATALOGUE)
    parts = [
        f"SELECT e FROM {table_of(name)} r CROSS JOIN unnest(r.tokens) e WHERE"
        " r.tenant = %(tenant)s AND r.tokens && %(marks)s::text[] AND starts_with(e, %(begin)s)"
        for name in names
    ]
    begin = f"{tx.tenant}|"
    marks = [f"{begin}{name}" for name in ("_profile", "_security", "_tag")]
    # Every entry of these parameters begins with an underscore; so does no other.
    rows = await tx.rows(
        f"SELECT DISTINCT e FROM ({' UNION ALL '.join(parts)}) found ORDER BY e",
        {"tenant": tx.tenant, "marks": marks, "begin": f"{begin}_"},
    )
    entries = [row[0].removeprefix(begin) for row in rows]
    return Labels(
        tuple(_values(entries, "_profile")),
        tuple(_codings(entries, "_security")),
        tuple(_codings(entries, "_tag")),
    )


def _values(entries: list[str], name: str) -> list[str]:
    begin = f"{name}|"
    return [each.removeprefix(begin) for each in entries if each.startswith(begin)]


def _codings(entries: list[str], name: str) -> list[tuple[str, str]]:
    """Codes with their system; entries without one, or for any system, say nothing more."""
    pairs = [each.rpartition("|") for each in _values(entries, name) if not each.startswith("=")]
    return [(system, code) for system, _, code in pairs if code]
