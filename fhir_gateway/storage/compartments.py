"""Which resources belong to a patient, or to any patient?

Read type by type in order of id, so that a page goes on where the last one ended. FHIR R4
Patient/$everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.compartments import PATIENT
from fhir_gateway.fhir.search_criteria import Criterion
from fhir_gateway.storage.names import found_by_hash, table_of
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.storage.search_statement import Bound, Condition, Selection
from fhir_gateway.storage.search_steps import selection


@dataclass(frozen=True, slots=True)
class Belonging:
    """Which resources are meant.

    Attributes:
        patient: Id of the Patient; None for any.
        parts: (type, further criteria), in the order in which they are read; every type is one
            of `fhir.compartments.PATIENT`.
    """

    patient: str | None
    parts: Sequence[tuple[str, Sequence[Criterion]]]


async def members(
    tx: Transaction, wanted: Belonging, *, after: Ref | None, limit: int
) -> list[Stored]:
    """Resources of the compartment, type by type, by id.

    Args:
        tx: Open transaction.
        wanted: See Belonging.
        after: Only what follows this one in the order.
        limit: At most so many.
    """
    names = [name for name, _ in wanted.parts]
    begin = names.index(after.type) if after and after.type in names else 0
    found: list[Stored] = []
    for name, criteria in wanted.parts[begin:]:
        if len(found) < limit:
            last = after.id if after and after.type == name else ""
            chosen = await _selection(tx, wanted.patient, name, criteria)
            found += await _rows(tx, chosen, last, limit - len(found))
    return found


async def count(tx: Transaction, wanted: Belonging) -> int:
    """How many resources are meant."""
    total = 0
    for name, criteria in wanted.parts:
        chosen = await _selection(tx, wanted.patient, name, criteria)
        row = await tx.row(
            f"SELECT count(*) FROM ({chosen.select('1')}) counted", chosen.bound.values
        )
        total += int(row[0]) if row else 0
    return total


async def _selection(
    tx: Transaction, patient: str | None, name: str, criteria: Sequence[Criterion]
) -> Selection:
    bound = Bound(tx.tenant)
    chosen = await selection(tx, name, criteria, bound)
    whose = belongs(None if patient is None else [patient], name, chosen.alias, bound)
    return Selection(name, chosen.alias, (Condition(whose), *chosen.conditions), bound)


def belongs(patients: Sequence[str] | None, name: str, alias: str, bound: Bound) -> str:
    """The condition that a row belongs to one of these patients.

    Args:
        patients: Ids; None for any patient.
        name: One of the types of `fhir.compartments.PATIENT`.
        alias: Of the table with its narrow rows.
        bound: Takes the parameters.
    """
    if patients is None:
        if name == "Patient":
            return "TRUE"
        begins = [bound.add(f"{bound.tenant}|{param}|Patient/") for param in PATIENT[name]]
        points = " OR ".join(f"starts_with(e, {each})" for each in begins)
        return f"EXISTS (SELECT 1 FROM unnest({alias}.tokens) e WHERE {points})"
    entries = [f"{param}|Patient/{each}" for param in PATIENT[name] for each in patients]
    by_hash = found_by_hash(name, f"{alias}.id", "%(tenant)s", bound.hashes(entries))
    points = f"({by_hash} AND {alias}.tokens && {bound.entries(entries)})"
    if name == "Patient":
        return f"({alias}.id = ANY({bound.add(list(patients))}) OR {points})"
    return points


async def _rows(tx: Transaction, chosen: Selection, last: str, limit: int) -> list[Stored]:
    r, bound = chosen.alias, chosen.bound
    rows = await tx.rows(
        chosen.select(
            f"{r}.id, {r}.version, {r}.last_updated, c.content",
            joins=f" JOIN {table_of(chosen.type_name)}_content c"
            f" ON c.tenant = {r}.tenant AND c.id = {r}.id",
            further=[f"{r}.id > {bound.add(last)}"],
            tail=f"ORDER BY {r}.id LIMIT {limit:d}",
        ),
        bound.values,
    )
    return [Stored(chosen.type_name, *row) for row in rows]
