"""How do clients write a resource that they know by a search and not by its id?

One lock for each condition makes sure that of many who find nothing only one creates.
FHIR R4 sections 3.1.0.8.1 (conditional create), 3.1.0.4.3 (update), 3.1.0.7.1 (delete) and
3.1.0.6 (patch).
"""

from collections.abc import Iterable
from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.patch import Patch
from fhir_gateway.fhir.search_query import SearchQuery
from fhir_gateway.fhir.search_results import is_result_parameter
from fhir_gateway.fhir.search_terms import split
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage import locks, resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Version
from fhir_gateway.storage.search_sql import ids_matching
from fhir_gateway.usecases import react
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.explaining import run_explained
from fhir_gateway.usecases.patch import patch_within
from fhir_gateway.usecases.referencing import check_unreferenced
from fhir_gateway.usecases.write import Updated, create_within, delete_within, update_within

Resource = dict[str, Any]


async def create(deps: Deps, tenant: int, resource: Resource, condition: SearchQuery) -> Updated:
    """Keep a new resource where nothing answers to a condition.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        resource: As read; it is changed in place (id, meta).
        condition: A search of the same type; only its criteria count.

    Returns:
        The new resource, or the one that is there.

    Raises:
        GatewayError: precondition-failed where several are there, or the condition is none; all
            that a create may raise.
    """
    validate(resource, type_name=condition.type)
    resource["id"] = deps.ids.new()

    async def work(tx: Transaction) -> Updated:
        await hold(tx, [condition])
        found = await present(tx, condition)
        if found is not None:
            return Updated(found, created=False)
        return Updated(await create_within(tx, deps, resource), created=True)

    done = await run_explained(deps, tenant, work)
    if done.created:
        await react.promptly(deps, tenant, resource)
    return done


async def update(
    deps: Deps,
    tenant: int,
    resource: Resource,
    condition: SearchQuery,
    *,
    if_match: int | None,
    only_new: bool = False,
) -> Updated:
    """Replace the resource that answers to a condition, or keep a new one where none does.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        resource: As read; with an id it has to be that of the one found, or of none.
        condition: A search of the same type; only its criteria count.
        if_match: The version that it may replace.
        only_new: Whether it may replace nothing.

    Raises:
        GatewayError: precondition-failed where several are there, or the condition is none;
            invalid for the id of another; all that an update may raise.
    """
    validate(resource, type_name=condition.type)

    async def work(tx: Transaction) -> Updated:
        await hold(tx, [condition])
        ref = await target_of_update(tx, deps, condition, resource.get("id"))
        whole = resource | {"id": ref.id}
        return await update_within(tx, deps, ref, whole, if_match=if_match, only_new=only_new)

    return await run_explained(deps, tenant, work)


async def patch(
    deps: Deps, tenant: int, change: Patch, condition: SearchQuery, *, if_match: int | None
) -> Stored:
    """Change parts of the resource that answers to a condition.

    Raises:
        GatewayError: not-found where none does, precondition-failed where several do; all that a
            patch may raise.
    """

    async def work(tx: Transaction) -> Stored:
        ref = await target_of_patch(tx, condition)
        return await patch_within(tx, deps, ref, change, if_match=if_match)

    return await run_explained(deps, tenant, work)


async def delete(
    deps: Deps, tenant: int, condition: SearchQuery, *, if_match: int | None
) -> Version | None:
    """Delete the resource that answers to a condition.

    Returns:
        The entry of its history; None where none does.

    Raises:
        GatewayError: precondition-failed where several do; all that a delete may raise.
    """

    async def work(tx: Transaction) -> Version | None:
        ref = await matching(tx, condition)
        if ref is None:
            return None
        version = await delete_within(tx, deps, ref, if_match=if_match)
        await check_unreferenced(tx, ref)
        return version

    return await deps.database.run(tenant, work)


async def hold(tx: Transaction, conditions: Iterable[SearchQuery]) -> None:
    """Keep others from creating under the same conditions until the transaction ends."""
    await locks.hold(tx, map(key_of, conditions))


def key_of(condition: SearchQuery) -> str:
    """The text that two searches for the same have in common, in whichever order they say it."""
    pairs = sorted(
        (name, *sorted(split(text, ",")))
        for name, text in condition.honoured
        if not is_result_parameter(name)
    )
    return f"{condition.type}?{pairs}"


async def matching(tx: Transaction, condition: SearchQuery) -> Ref | None:
    """The only resource that answers to a condition; None for none.

    Raises:
        GatewayError: precondition-failed, where several do, or where there is no criterion.
    """
    if not condition.criteria:
        text = f"A condition on {condition.type} needs a criterion, like identifier=system|value"
        raise fail(Category.PRECONDITION_FAILED, text, code="required")
    ids = await ids_matching(tx, condition, 2)
    if len(ids) > 1:
        text = f"The condition selects more than one {condition.type}"
        raise fail(Category.PRECONDITION_FAILED, text, code="multiple-matches")
    return Ref(condition.type, ids[0]) if ids else None


async def present(tx: Transaction, condition: SearchQuery) -> Stored | None:
    """As `matching`, with its content."""
    ref = await matching(tx, condition)
    return await resources.read(tx, ref) if ref else None


async def target_of_update(
    tx: Transaction, deps: Deps, condition: SearchQuery, given: str | None
) -> Ref:
    """What a conditional update replaces or creates.

    Args:
        tx: Open transaction that holds the condition.
        deps: New ids come from there.
        condition: A search.
        given: The id in the body; None for none.

    Raises:
        GatewayError: precondition-failed as for `matching`; invalid, where another id is given;
            conflict, where nothing is found and the id given is in use.

    Source: FHIR R4 section 3.1.0.4.3; R5 says what R4 leaves open of an id in use.
    """
    found = await matching(tx, condition)
    if found is None:
        ref = Ref(condition.type, given or deps.ids.new())
        if given and await resources.existing(tx, [ref]):
            text = f"{ref} is there and does not answer to the condition"
            raise fail(Category.CONFLICT, text, f"{ref.type}.id")
        return ref
    if given not in (None, found.id):
        text = f"The condition selects {found}; the id in the body is another"
        raise fail(Category.INVALID, text, f"{found.type}.id", code="value")
    return found


async def target_of_patch(tx: Transaction, condition: SearchQuery) -> Ref:
    """What a conditional patch changes.

    Raises:
        GatewayError: not-found for nothing; precondition-failed as for `matching`.
    """
    found = await matching(tx, condition)
    if found is None:
        raise fail(Category.NOT_FOUND, f"No {condition.type} answers to the condition")
    return found
