"""How do clients read and search?"""

from datetime import datetime
from functools import partial

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.search_query import SearchQuery
from fhir_gateway.storage import histories, resources, search_sql
from fhir_gateway.storage.histories import Change
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Version
from fhir_gateway.storage.search_sql import Page
from fhir_gateway.usecases import proposals
from fhir_gateway.usecases.deps import Deps

__all__ = ["Change", "Page", "Stored", "Version", "changes", "history", "read", "search", "vread"]


async def read(deps: Deps, tenant: int, ref: Ref) -> Stored:
    """The present version of a resource, or a found Appointment that is not saved (decision 17).

    Raises:
        GatewayError: not-found where there never was one, gone where it was deleted.
    """
    stored = await deps.loader.read(tenant, ref)
    if stored is not None:
        return stored
    async with deps.database.transaction(tenant) as tx:
        return await read_within(tx, deps, ref)


async def read_within(tx: Transaction, deps: Deps, ref: Ref) -> Stored:
    """As `read`, inside a transaction."""
    stored = await resources.read(tx, ref)
    if stored is not None:
        return stored
    if ref.type == "Appointment":
        found = await proposals.read(tx, deps, ref.id)
        if found is not None:
            return found
    raise await missing_within(tx, ref)


async def missing_within(tx: Transaction, ref: Ref) -> GatewayError:
    """The failure for a resource that is not there: gone, or not-found where it never was."""
    if await resources.last_version(tx, ref) is not None:
        return fail(Category.GONE, f"{ref} has been deleted")
    return fail(Category.NOT_FOUND, f"There is no {ref}")


async def vread(deps: Deps, tenant: int, ref: Ref, version: int) -> Version:
    """One version of a resource.

    Raises:
        GatewayError: not-found; gone where that version is the deletion.
    """
    async with deps.database.transaction(tenant) as tx:
        return await vread_within(tx, ref, version)


async def vread_within(tx: Transaction, ref: Ref, version: int) -> Version:
    """As `vread`, inside a transaction."""
    found = await resources.read_version(tx, ref, version)
    if found is None:
        raise fail(Category.NOT_FOUND, f"There is no version {version} of {ref}")
    if found.content is None:
        raise fail(Category.GONE, f"Version {version} of {ref} is its deletion")
    return found


async def history(
    deps: Deps, tenant: int, ref: Ref, *, before: int | None, after: int | None, limit: int
) -> list[Version]:
    """The versions of a resource, newest first.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        ref: Of a served type.
        before: Only versions below this, the highest of them.
        after: Only versions above this, the lowest of them.
        limit: At most so many.

    Raises:
        GatewayError: not-found, where there never was such a resource.
    """
    async with deps.database.transaction(tenant) as tx:
        found = await resources.versions(tx, ref, before=before, after=after, limit=limit)
    if not found and before is None and after is None:
        raise fail(Category.NOT_FOUND, f"There is no {ref}")
    return found


async def changes(
    deps: Deps,
    tenant: int,
    type_name: str | None,
    *,
    since: datetime | None,
    after: Change | None,
    back: bool,
    limit: int,
) -> list[Version]:
    """The versions of all resources, or of all of one type, newest first.

    Two pages are of two moments; what a transaction under way commits later may bear an earlier
    time than what has been told. Who follows changes by `since` overlaps a little.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        type_name: A served type; None for all.
        since: Only from then on; aware.
        after: Only what follows this one in the order.
        back: Only what comes before it instead, and of that the last.
        limit: At most so many.
    """
    async with deps.database.transaction(tenant) as tx:
        return await histories.changes(
            tx, type_name, since=since, after=after, back=back, limit=limit
        )


async def search(deps: Deps, tenant: int, query: SearchQuery) -> Page:
    """One page of the resources that a query selects, all as of one moment."""
    ask = partial(deps.database.query, tenant)
    page = await search_sql.search_at_once(ask, tenant, query)
    if page is not None:
        return page
    async with deps.database.transaction(tenant, snapshot=True) as tx:
        return await search_sql.search_in_steps(tx, query)
