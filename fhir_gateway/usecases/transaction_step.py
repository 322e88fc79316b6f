"""What is one step of a transaction?"""

from dataclasses import dataclass, replace
from typing import Any

from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.patch import Patch
from fhir_gateway.fhir.search_query import SearchQuery

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a transaction.

    Args:
        index: Of its entry in the Bundle.
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        type: A served type.
        id: Of the resource; empty at the address of a type.
        condition: Of a POST, what must not be there; of others, what selects; of a GET, a search.
        resource: What is to be written, without stamps; not checked yet.
        change: Of a PATCH.
        full_url: By which other steps point to its resource.
        if_match: The version that it may change.
        only_new: Whether it may replace nothing.
        version: Of a GET, the one asked for.
    """

    index: int
    method: str
    type: str
    id: str = ""
    condition: SearchQuery | None = None
    resource: Resource | None = None
    change: Patch | None = None
    full_url: str | None = None
    if_match: int | None = None
    only_new: bool = False
    version: int | None = None

    @property
    def ref(self) -> Ref:
        """The resource that the address names."""
        return Ref(self.type, self.id)

    @property
    def tree(self) -> Any:
        """What it carries: a resource, or the content of its patch."""
        return self.change.content if self.change is not None else self.resource

    def patch_with(self, content: Any) -> Patch:
        """Its patch with another content."""
        assert self.change is not None  # noqa: S101 - asked only of a PATCH
        return replace(self.change, content=content)
