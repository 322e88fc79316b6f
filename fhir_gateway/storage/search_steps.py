"""Which resources lie behind a chain?

Each step is looked up first: where few resources are found, the next condition compares with
exactly these, and every index serves; where they are many, they stay in the statement as a
subselect.
FHIR R4 sections 3.1.1.4.16 (chains) and 3.1.1.4.17 (`_has`).
"""

from collections.abc import Sequence
from dataclasses import replace

from fhir_gateway.fhir.declaration import SearchParam
from fhir_gateway.fhir.search_criteria import Criterion
from fhir_gateway.fhir.search_terms import ReferenceValue
from fhir_gateway.storage.names import column_of
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.search_conditions import condition
from fhir_gateway.storage.search_statement import NOTHING, Bound, Condition, Selection, rows_of

#: So many resources behind a step are listed one by one.
MOST_LISTED = 1000
#: Keeps the planner from finding a large subselect anew for each row.
_AS_A_WHOLE = " OFFSET 0"


async def selection(
    tx: Transaction, type_name: str, criteria: Sequence[Criterion], bound: Bound
) -> Selection:
    """The rows of a type that fulfil all criteria.

    Args:
        tx: Open transaction; the same snapshot must be used for what is made of the answer.
        type_name: A served type.
        criteria: May be empty.
        bound: Takes the parameters.

    Raises:
        GatewayError: invalid, for a value that no text can have.
    """
    alias = bound.alias()
    conditions = [await _condition(tx, type_name, each, alias, bound) for each in criteria]
    return Selection(type_name, alias, tuple(conditions), bound)


async def _condition(
    tx: Transaction, owner: str, criterion: Criterion, alias: str, bound: Bound
) -> Condition:
    if criterion.has:
        return await _back(tx, owner, criterion, alias, bound)
    if criterion.chain:
        return await _forth(tx, owner, criterion, alias, bound)
    return condition(owner, criterion, alias, bound)


async def _forth(
    tx: Transaction, owner: str, criterion: Criterion, alias: str, bound: Bound
) -> Condition:
    step = criterion.chain[0]
    rest = replace(criterion, chain=criterion.chain[1:])
    behind = await selection(tx, step.target, [rest], bound)
    ids = await _listed(tx, behind.select(f"{behind.alias}.id AS id"), bound)
    if ids is None:
        return _pointing_to_many(owner, step.param, alias, behind)
    if not ids:
        return NOTHING
    entries = tuple(f"{step.param.name}|{step.target}/{each}" for each in ids)
    return condition(owner, Criterion(step.param, None, (ReferenceValue(entries),)), alias, bound)


def _pointing_to_many(owner: str, param: SearchParam, alias: str, behind: Selection) -> Condition:
    begin = f"'{behind.type_name}/'"
    if not param.multiple:
        targets = behind.select(f"{begin} || {behind.alias}.id")
        return Condition(f"{alias}.{column_of(param)} IN ({targets}{_AS_A_WHOLE})")
    bound = behind.bound
    begin = bound.entry_prefix(param, f"|{behind.type_name}/")
    entries = behind.select(f"{begin} || {behind.alias}.id AS entry")
    x = bound.alias()
    return Condition(
        f"{alias}.id IN (SELECT {x}.id FROM {rows_of(owner)} {x} CROSS JOIN unnest({x}.tokens) e"
        f" JOIN ({entries}) behind ON behind.entry = e WHERE {bound.owned(x)}{_AS_A_WHOLE})"
    )


async def _back(
    tx: Transaction, owner: str, criterion: Criterion, alias: str, bound: Bound
) -> Condition:
    step = criterion.has[0]
    rest = replace(criterion, has=criterion.has[1:])
    pointing = await selection(tx, step.type_name, [rest], bound)
    targets = _pointed_to(owner, step.param, pointing)
    ids = await _listed(tx, targets, bound)
    if ids is None:
        return Condition(f"{alias}.id IN ({targets}{_AS_A_WHOLE})")
    return Condition(f"{alias}.id = ANY({bound.add(ids)})") if ids else NOTHING


def _pointed_to(owner: str, param: SearchParam, pointing: Selection) -> str:
    """Selects the ids of the resources of type owner that the rows point to."""
    if param.multiple:
        joins, text = f" CROSS JOIN unnest({pointing.alias}.tokens) e", "e"
        begin = pointing.bound.entry_prefix(param, f"|{owner}/")
    else:
        joins, text = "", f"{pointing.alias}.{column_of(param)}"
        begin = f"'{owner}/'"
    return pointing.select(
        f"DISTINCT substr({text}, length({begin}) + 1) AS id",
        joins=joins,
        further=[f"starts_with({text}, {begin})"],
    )


async def _listed(tx: Transaction, statement: str, bound: Bound) -> list[str] | None:
    """The ids that a statement selects; None where they are many."""
    rows = await tx.rows(
        f"SELECT found.id FROM ({statement}) found LIMIT {MOST_LISTED + 1}", bound.values
    )
    return None if len(rows) > MOST_LISTED else [row[0] for row in rows]
