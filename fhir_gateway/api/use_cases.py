"""What does the FHIR door ask of the floor below?

One function for each RESTful interaction, and the operations. They are passed in, so that the
door's own rules can be tested without a database.

Source: FHIR R4 sections 3.1.0 (RESTful interactions) and 3.2.0 (operations).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.patch import Patch
from fhir_gateway.fhir.search_query import SearchQuery
from fhir_gateway.usecases import conditional, transaction
from fhir_gateway.usecases import patch as patching
from fhir_gateway.usecases import read as reading
from fhir_gateway.usecases import write as writing
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations import OPERATIONS, Operation
from fhir_gateway.usecases.read import Change, Page, Stored, Version
from fhir_gateway.usecases.transaction import Done
from fhir_gateway.usecases.transaction_step import Step
from fhir_gateway.usecases.write import Updated

Resource = dict[str, Any]


class History(Protocol):
    """The versions of a resource, newest first."""

    def __call__(
        self,
        deps: Deps,
        tenant: int,
        ref: Ref,
        *,
        before: int | None,
        after: int | None,
        limit: int,
    ) -> Awaitable[list[Version]]: ...


class Changes(Protocol):
    """The versions of all resources, or of one type, newest first."""

    def __call__(
        self,
        deps: Deps,
        tenant: int,
        type_name: str | None,
        *,
        since: datetime | None,
        after: Change | None,
        back: bool,
        limit: int,
    ) -> Awaitable[list[Version]]: ...


class Update(Protocol):
    """Replaces a resource, or keeps a new one under the client's id."""

    def __call__(
        self,
        deps: Deps,
        tenant: int,
        ref: Ref,
        resource: Resource,
        *,
        if_match: int | None,
        only_new: bool,
    ) -> Awaitable[Updated]: ...


class UpdateWhere(Protocol):
    """Replaces the resource that a condition selects, or keeps a new one."""

    def __call__(
        self,
        deps: Deps,
        tenant: int,
        resource: Resource,
        condition: SearchQuery,
        *,
        if_match: int | None,
        only_new: bool,
    ) -> Awaitable[Updated]: ...


class PatchOne(Protocol):
    """Changes parts of a resource."""

    def __call__(
        self, deps: Deps, tenant: int, ref: Ref, change: Patch, *, if_match: int | None
    ) -> Awaitable[Stored]: ...


class PatchWhere(Protocol):
    """Changes parts of the resource that a condition selects."""

    def __call__(
        self,
        deps: Deps,
        tenant: int,
        change: Patch,
        condition: SearchQuery,
        *,
        if_match: int | None,
    ) -> Awaitable[Stored]: ...


class Transact(Protocol):
    """Carries out all steps of a transaction, or none."""

    def __call__(
        self, deps: Deps, tenant: int, steps: Sequence[Step], *, base: str
    ) -> Awaitable[list[Done]]: ...


class DeleteWhere(Protocol):
    """Deletes the resource that a condition selects; None where there was nothing to delete."""

    def __call__(
        self, deps: Deps, tenant: int, condition: SearchQuery, *, if_match: int | None
    ) -> Awaitable[Version | None]: ...


class Delete(Protocol):
    """Deletes a resource; None where there was nothing to delete."""

    def __call__(
        self, deps: Deps, tenant: int, ref: Ref, *, if_match: int | None
    ) -> Awaitable[Version | None]: ...


@dataclass(frozen=True, slots=True)
class UseCases:
    """Everything that clients can have done; the second argument is the tenant's number."""

    read: Callable[[Deps, int, Ref], Awaitable[Stored]] = reading.read
    vread: Callable[[Deps, int, Ref, int], Awaitable[Version]] = reading.vread
    history: History = reading.history
    changes: Changes = reading.changes
    search: Callable[[Deps, int, SearchQuery], Awaitable[Page]] = reading.search
    create: Callable[[Deps, int, Resource], Awaitable[Stored]] = writing.create
    create_where: Callable[[Deps, int, Resource, SearchQuery], Awaitable[Updated]] = (
        conditional.create
    )
    update: Update = writing.update
    update_where: UpdateWhere = conditional.update
    patch: PatchOne = patching.patch
    patch_where: PatchWhere = conditional.patch
    delete: Delete = writing.delete
    delete_where: DeleteWhere = conditional.delete
    transact: Transact = transaction.transact
    operations: tuple[Operation, ...] = OPERATIONS


@dataclass(frozen=True, slots=True)
class Service:
    """What every handler of the door has at hand.

    Args:
        deps: The first argument of every use case.
        use_cases: What can be asked for.
        patience: Seconds that a body may take from the first read to its last byte.
    """

    deps: Deps
    use_cases: UseCases
    patience: float
