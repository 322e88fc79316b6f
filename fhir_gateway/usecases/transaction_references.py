"""To which resources do the references of a transaction's entries point?

To entries of the same Bundle by their fullUrl, and to what a search finds.
FHIR R4 section 3.1.0.11.2; 3.1.0.11.3 (conditional references).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.bundle_references import (
    Pointer,
    is_conditional,
    lead,
    leads_to_entry_only,
    pointers,
    redirected,
)
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.search_query import parse
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import conditional
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.transaction_step import Step


class References:
    """Resolves the references of one transaction.

    Args:
        tx: Open transaction, in which nothing has been written yet.
        deps: See Deps.
        base: The tenant's base address.

    Attributes:
        conditions: What the conditions of the Bundle's own entries have found or will make, by
            `conditional.key_of`.
    """

    def __init__(self, tx: Transaction, deps: Deps, base: str) -> None:
        self._tx = tx
        self._zone = deps.tenants[tx.tenant].zone
        self._base = base
        self._names: dict[str, str] = {}
        self._searched: dict[str, str] = {}
        self.conditions: Mapping[str, Ref] = {}

    def name(self, full_url: str | None, ref: Ref) -> None:
        """Make an entry known by its fullUrl."""
        if full_url is not None:
            self._names[full_url] = str(ref)

    async def resolved(self, step: Step) -> Any:
        """A copy of what a step carries, in which every reference names a resource.

        Raises:
            GatewayError: unprocessable, for a fullUrl that no entry has and for a search that
                finds nothing; precondition-failed for one that finds several; invalid for one that
                cannot be read.
        """
        leads: dict[str, str] = {}
        for each in pointers(step.tree, step.type):
            if leads.get(each.text) in (None, each.text):
                leads[each.text] = await self._lead(each, step.full_url)
        return redirected(step.tree, lambda text: leads[text])

    async def _lead(self, pointer: Pointer, full_url: str | None) -> str:
        text = pointer.text
        found = lead(text, full_url, self._names)
        if found is not None or not pointer.literal:
            return found or text
        if leads_to_entry_only(text):
            raise fail(
                Category.UNPROCESSABLE,
                f"No entry that is written has the fullUrl '{text[:100]}'",
                pointer.path,
                code="not-found",
            )
        return await self._search(text, pointer.path) if is_conditional(text) else text

    async def _search(self, text: str, path: str) -> str:
        if text not in self._searched:
            self._searched[text] = str(await self._found(text, path))
        return self._searched[text]

    async def _found(self, text: str, path: str) -> Ref:
        kind, _, query = text.partition("?")
        if kind not in CATALOGUE:
            text = f"{kind} is not served here and cannot be searched for"
            raise fail(Category.UNPROCESSABLE, text, path, code="not-supported")
        pairs = parse_qsl(query, keep_blank_values=True)
        condition = parse(kind, pairs, zone=self._zone, base=self._base)
        found = self.conditions.get(conditional.key_of(condition))
        found = found or await conditional.matching(self._tx, condition)
        if found is None:
            raise fail(
                Category.UNPROCESSABLE,
                f"No {kind} answers to '{text[:100]}'; point to a new one by its entry's fullUrl",
                path,
                code="not-found",
            )
        return found
