"""How do clients change parts of a resource?

The stored version with the patch applied is written as an update would be. FHIR R4 section 3.1.0.6;
decision 3.
"""

from collections.abc import Collection

from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.patch import Patch, patched
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.explaining import run_explained
from fhir_gateway.usecases.read import missing_within
from fhir_gateway.usecases.write import check_version, replace_within


async def patch(
    deps: Deps, tenant: int, ref: Ref, change: Patch, *, if_match: int | None
) -> Stored:
    """Change parts of a resource.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        ref: Of a served type.
        change: What is to be changed.
        if_match: The version that it may change; None for whichever there is.

    Returns:
        The version now; the one before where the patch changes nothing.

    Raises:
        GatewayError: not-found or gone; invalid or unprocessable for the patch; all that an update
            with the result may raise.
    """

    async def work(tx: Transaction) -> Stored:
        return await patch_within(tx, deps, ref, change, if_match=if_match)

    return await run_explained(deps, tenant, work)


async def patch_within(
    tx: Transaction,
    deps: Deps,
    ref: Ref,
    change: Patch,
    *,
    if_match: int | None,
    coming: Collection[Ref] = (),
) -> Stored:
    """The half of `patch` that lives inside a transaction.

    Args:
        tx: Open transaction.
        deps: See Deps.
        ref: Of a served type.
        change: What is to be changed.
        if_match: The version that it may change.
        coming: What the same transaction is going to write, and may be pointed to.

    Raises:
        GatewayError: as for `patch`.
        TimeTakenError: the time is not to be had.
    """
    old = await resources.read(tx, ref)
    if old is None:
        raise await missing_within(tx, ref)
    check_version(deps, old, if_match)
    before = old.resource()
    after = patched(before, change)
    if after == before:
        return old
    validate(after, type_name=ref.type)
    return await replace_within(tx, deps, old, after, method="PATCH", coming=coming)
