"""Do references lead somewhere, and does anything lead to what goes?

Decision 4: on write a relative reference must exist; what something live points to stays.
"""

from collections.abc import Collection, Iterator
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import Ref, relative, walk_references
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction

Resource = dict[str, Any]


async def check_references(
    tx: Transaction, resource: Resource, *, coming: Collection[Ref] = ()
) -> None:
    """Make sure that every relative reference points to something.

    Args:
        tx: Open transaction.
        resource: With id.
        coming: What need not be looked for: the same transaction is going to write it, or has
            found it.

    Raises:
        GatewayError: unprocessable, with every reference to nothing.
    """
    unknown = named_in(resource).difference(coming)
    check(resource, await resources.existing(tx, unknown), coming=coming)


def named_in(resource: Any) -> frozenset[Ref]:
    """What a resource, or any other tree, points to by relative references."""
    return frozenset(ref for _, ref in _relative_ones(resource))


def _relative_ones(resource: Any) -> Iterator[tuple[str, Ref]]:
    name = resource.get("resourceType", "") if isinstance(resource, dict) else ""
    for path, element in walk_references(resource, name):
        ref = relative(element["reference"])
        if ref is not None:
            yield path, ref


def check(resource: Resource, known: Collection[Ref], *, coming: Collection[Ref] = ()) -> None:
    """The same for what is known already.

    Args:
        resource: With id.
        known: Those of `named_in` that are there.
        coming: What the same transaction is going to write.

    Raises:
        GatewayError: unprocessable, with every reference to nothing.
    """
    issues = tuple(
        Issue(_missing(ref), (path,), "not-found" if ref.type in CATALOGUE else "not-supported")
        for path, ref in _relative_ones(resource)
        if ref not in known and ref not in coming and not _itself(resource, ref)
    )
    if issues:
        raise GatewayError(Category.UNPROCESSABLE, *issues)


async def check_unreferenced(tx: Transaction, ref: Ref) -> None:
    """Make sure that nothing live points to a resource.

    Raises:
        GatewayError: conflict, naming one that does.
    """
    pointing = await resources.referencing(tx, ref)
    if pointing is not None:
        raise GatewayError(
            Category.CONFLICT,
            Issue(f"{pointing} points to it", (ref.type,), "conflict", "referenced"),
        )


def _missing(ref: Ref) -> str:
    if ref.type not in CATALOGUE:
        return f"{ref.type} is not served here, so {ref} cannot be there; give an absolute address"
    return f"There is no {ref}"


def _itself(resource: Resource, ref: Ref) -> bool:
    return ref == Ref(resource["resourceType"], resource.get("id", ""))
