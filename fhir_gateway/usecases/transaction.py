"""How are many requests carried out as one?

All or nothing, in one transaction of the database: deletions, creations, updates and patches, then
reads. FHIR R4 section 3.1.0.11.2 (transaction processing rules); decisions 3, 4 and 8.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir.bundle_requests import located
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage import resources, search_sql
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, Version
from fhir_gateway.storage.search_sql import Page
from fhir_gateway.usecases import conditional, react
from fhir_gateway.usecases.appointments import TimeTakenError
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.explaining import explained_within
from fhir_gateway.usecases.patch import patch_within
from fhir_gateway.usecases.read import read_within, vread_within
from fhir_gateway.usecases.referencing import check_unreferenced, named_in
from fhir_gateway.usecases.transaction_order import in_order
from fhir_gateway.usecases.transaction_references import References
from fhir_gateway.usecases.transaction_step import Step
from fhir_gateway.usecases.write import create_within, delete_within, update_within

T = TypeVar("T")


@dataclass(slots=True)
class Done:
    """What became of one step; which of these is set follows from its method.

    Attributes:
        stored: The version at the end of the transaction, written or read.
        created: Whether there was none before.
        version: A version that was asked for, or a deletion; None also where nothing was deleted.
        page: The hits of a search.
    """

    stored: Stored | None = None
    created: bool = False
    version: Version | None = None
    page: Page | None = None


async def transact(deps: Deps, tenant: int, steps: Sequence[Step], *, base: str) -> list[Done]:
    """Carry out all steps, or none.

    Args:
        deps: See Deps.
        tenant: Number of the tenant.
        steps: All entries of the Bundle in its order, which does not decide in which order they
            are carried out.
        base: The tenant's base address, to read references that are searches.

    Returns:
        What became of each, in the same order.

    Raises:
        GatewayError: the first failure; its expression begins with `Bundle.entry[n]`.
    """

    async def work(tx: Transaction) -> list[Done]:
        return await _Run(tx, deps, steps, base).all()

    done = await deps.database.run(tenant, work)
    for step, each in zip(steps, done, strict=True):
        if step.type == "AppointmentResponse" and each.created:
            await react.promptly(deps, tenant, {"resourceType": step.type})
            break
    return done


class _Run:
    """One attempt at a transaction."""

    def __init__(self, tx: Transaction, deps: Deps, steps: Sequence[Step], base: str) -> None:
        self._tx = tx
        self._deps = deps
        self._steps = steps
        self._refs: dict[int, Ref] = {}
        self._found: set[int] = set()
        self._conditions: dict[str, Ref] = {}
        self._references = References(tx, deps, base)
        self._done = {each.index: Done() for each in steps}

    async def all(self) -> list[Done]:
        creating = [each.condition for each in self._steps if each.method in ("POST", "PUT")]
        await conditional.hold(self._tx, [each for each in creating if each is not None])
        for step in self._steps:
            await self._at(step, self._identify(step))
        self._check_overlap()
        deletions = self._having("DELETE")
        for step in deletions:
            await self._at(step, self._delete(step))
        await self._write_all()
        for step in deletions:
            await self._at(step, self._check_pointing(step))
        for step in self._having("GET"):
            await self._at(step, self._read(step))
        await self._read_again()
        return [self._done[each.index] for each in self._steps]

    def _having(self, *methods: str) -> list[Step]:
        return [each for each in self._steps if each.method in methods]

    async def _at(self, step: Step, work: Awaitable[T]) -> T:
        try:
            return await work
        except GatewayError as error:
            raise located(error, step.index) from error
        except TimeTakenError as error:
            reason = await explained_within(self._tx, self._deps, error)
            raise located(reason, step.index) from error

    async def _identify(self, step: Step) -> None:
        """Decide which resource a step is about, before anything is written."""
        if step.method == "GET":
            return
        if step.method == "POST":
            self._refs[step.index] = await self._created(step)
        elif step.condition is None:
            self._refs[step.index] = step.ref
        elif (ref := await self._selected(step)) is not None:
            self._refs[step.index] = ref

    async def _created(self, step: Step) -> Ref:
        key = None if step.condition is None else conditional.key_of(step.condition)
        there = self._conditions.get(key) if key is not None else None
        if there is None and step.condition is not None:
            there = await conditional.matching(self._tx, step.condition)
        if there is not None:
            self._found.add(step.index)
        ref = there or Ref(step.type, self._deps.ids.new())
        if key is not None:
            self._conditions[key] = ref
        return ref

    async def _selected(self, step: Step) -> Ref | None:
        assert step.condition is not None  # noqa: S101 - asked only then
        if step.method == "DELETE":
            return await conditional.matching(self._tx, step.condition)
        if step.method == "PATCH":
            return await conditional.target_of_patch(self._tx, step.condition)
        key = conditional.key_of(step.condition)
        ref = self._conditions.get(key) or await conditional.target_of_update(
            self._tx, self._deps, step.condition, step.tree.get("id")
        )
        self._conditions[key] = ref
        return ref

    def _check_overlap(self) -> None:
        """No resource is written by two steps, or deleted and found. R4: the whole fails."""
        writers: dict[Ref, Step] = {}
        for step in self._steps:
            ref = self._refs.get(step.index)
            if ref is None or step.index in self._found:
                continue
            if ref in writers:
                raise _twice(ref, writers[ref], step)
            writers[ref] = step
        for index in sorted(self._found):
            writer = writers.get(self._refs[index])
            if writer is not None and writer.method == "DELETE":
                raise _twice(self._refs[index], writer, self._steps[index])

    async def _delete(self, step: Step) -> None:
        ref = self._refs.get(step.index)
        if ref is not None:
            version = await delete_within(self._tx, self._deps, ref, if_match=step.if_match)
            self._done[step.index].version = version

    async def _check_pointing(self, step: Step) -> None:
        if self._done[step.index].version is not None:
            await check_unreferenced(self._tx, self._refs[step.index])

    async def _write_all(self) -> None:
        for step in self._having("POST", "PUT"):
            self._references.name(step.full_url, self._refs[step.index])
        self._references.conditions = self._conditions
        writes = [
            each for each in self._having("POST", "PUT", "PATCH") if each.index not in self._found
        ]
        resolved = {
            each.index: await self._at(each, self._references.resolved(each)) for each in writes
        }
        targets = {self._refs[each.index] for each in writes}
        named = {ref for content in resolved.values() for ref in named_in(content)}
        there = await resources.existing(self._tx, targets | named)
        makers = {self._refs[each.index]: each.index for each in writes}
        new = {ref: index for ref, index in makers.items() if ref not in there}
        for index in in_order([each.index for each in writes], resolved, new):
            step = self._steps[index]
            await self._at(step, self._write(step, resolved[index], targets | there))

    async def _write(self, step: Step, content: Any, coming: set[Ref]) -> None:
        ref = self._refs[step.index]
        tx, deps, done = self._tx, self._deps, self._done[step.index]
        if step.change is not None:
            done.stored = await patch_within(
                tx, deps, ref, step.patch_with(content), if_match=step.if_match, coming=coming
            )
            return
        resource = content | {"id": ref.id}
        validate(resource, type_name=ref.type)
        if step.method == "POST":
            done.stored = await create_within(tx, deps, resource, coming=coming)
            done.created = True
            return
        updated = await update_within(
            tx,
            deps,
            ref,
            resource,
            if_match=step.if_match,
            only_new=step.only_new,
            coming=coming,
        )
        done.stored, done.created = updated.stored, updated.created

    async def _read(self, step: Step) -> None:
        done = self._done[step.index]
        if step.condition is not None:
            done.page = await search_sql.search(self._tx, step.condition)
        elif step.version is not None:
            done.version = await vread_within(self._tx, step.ref, step.version)
        else:
            done.stored = await read_within(self._tx, self._deps, step.ref)

    async def _read_again(self) -> None:
        """Tell of each resource what it is at the end: a booking changes its Slot."""
        by_type: dict[str, set[str]] = {}
        written = self._having("POST", "PUT", "PATCH")
        for step in written:
            ref = self._refs[step.index]
            by_type.setdefault(ref.type, set()).add(ref.id)
        present = {
            name: await resources.read_many(self._tx, name, ids) for name, ids in by_type.items()
        }
        for step in written:
            ref = self._refs[step.index]
            self._done[step.index].stored = present[ref.type][ref.id]


def _twice(ref: Ref, first: Step, second: Step) -> GatewayError:
    text = f"{ref} is written by Bundle.entry[{first.index}] already"
    return located(fail(Category.INVALID, text, code="invalid"), second.index)
