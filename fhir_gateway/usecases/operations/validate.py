"""Would this resource be accepted, and if not, why? FHIR R4 Resource/$validate."""

from collections.abc import Awaitable, Callable
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.core.refs import Ref
from fhir_gateway.fhir import json
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.fhir.outcomes import outcome, success
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.usecases import read, write
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.explaining import run_explained
from fhir_gateway.usecases.operations.call import Call
from fhir_gateway.usecases.referencing import check_unreferenced

_MODES = ("create", "update", "delete", "profile")
_R4 = "http://hl7.org/fhir/StructureDefinition/"
#: Failures to find out; all others are findings.
_NO_ANSWER = frozenset({Category.BUSY, Category.TIMEOUT, Category.FAULT})

SPEC = OperationSpec(
    code="validate",
    resource="Resource",
    levels=frozenset({"type", "instance"}),
    affects_state=False,
    title="Validate a resource",
    doc="Whether a resource is valid R4; with a mode also whether creating, updating or deleting it"
    " would be accepted now, which is tried and undone. The answer is always an OperationOutcome.",
    source="FHIR R4 OperationDefinition Resource-validate",
    parameters=(
        OperationParameter(
            "resource", "in", 0, 1, "Resource", "What is to be judged; absent: what is stored",
            checked=False,
        ),
        OperationParameter("mode", "in", 0, 1, "code", "create, update, delete or profile"),
        OperationParameter(
            "profile", "in", 0, 1, "uri", "A profile that we know: the type's own of R4"
        ),
        OperationParameter("return", "out", 1, 1, "OperationOutcome", "What was found"),
    ),
    get_allowed=True,
    standard="http://hl7.org/fhir/OperationDefinition/Resource-validate",
)  # fmt: skip


class _UndoneError(Exception):
    """Takes back what was tried."""


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with an OperationOutcome; its issues are errors, or one says that all is well.

    Raises:
        GatewayError: where the question itself is wrong: an unknown mode or profile, nothing to
            judge; where nothing could be found out now.
    """
    mode = call.values.first("mode")
    _check_question(call, mode)
    try:
        await _judge(deps, tenant, call, mode)
    except GatewayError as error:
        if error.category in _NO_ANSWER:
            raise
        return json.dump(outcome(error))
    return json.dump(success(f"No objections to this {call.type}"))


def _check_question(call: Call, mode: str | None) -> None:
    if mode is not None and mode not in _MODES:
        raise fail(Category.INVALID, f"mode is one of {', '.join(_MODES)}", "mode", code="value")
    profile = call.values.first("profile")
    if profile is not None and profile != f"{_R4}{call.type}":
        text = f"There is no profile '{profile[:100]}' here; known is {_R4}{call.type}"
        raise fail(Category.INVALID, text, "profile", code="not-supported")
    if call.ref is None and (mode == "delete" or not call.values.all("resource")):
        wanted = f"ask {call.type}/id/$validate" if mode == "delete" else "send a resource"
        raise fail(Category.INVALID, f"There is nothing to judge; {wanted}", code="required")


async def _judge(deps: Deps, tenant: int, call: Call, mode: str | None) -> None:
    if mode == "delete" and call.ref is not None:
        await _try_deletion(deps, tenant, call.ref)
        return
    resource = call.values.first("resource")
    if resource is None and call.ref is not None:
        resource = (await read.read(deps, tenant, call.ref)).resource()
    validate(resource, type_name=call.type, second_opinion=True)
    if mode == "create":
        await _try(deps, tenant, lambda tx: write.create_within(tx, deps, _new(deps, resource)))
    elif mode == "update":
        ref = call.ref or _own_ref(resource)
        named = resource | {"id": ref.id}
        await _try(
            deps, tenant, lambda tx: write.update_within(tx, deps, ref, named, if_match=None)
        )


def _new(deps: Deps, resource: dict[str, Any]) -> dict[str, Any]:
    return resource | {"id": deps.ids.new()}


def _own_ref(resource: dict[str, Any]) -> Ref:
    if "id" not in resource:
        text = "An update needs an id, in the resource or in the address"
        raise fail(Category.UNPROCESSABLE, text, f"{resource['resourceType']}.id", code="required")
    return Ref(resource["resourceType"], resource["id"])


async def _try_deletion(deps: Deps, tenant: int, ref: Ref) -> None:
    async def work(tx: Transaction) -> None:
        await write.delete_within(tx, deps, ref, if_match=None)
        await check_unreferenced(tx, ref)

    await read.read(deps, tenant, ref)
    await _try(deps, tenant, work)


async def _try(deps: Deps, tenant: int, work: Callable[[Transaction], Awaitable[object]]) -> None:
    """Do something and take it back; whatever is against it is raised."""

    async def attempt(tx: Transaction) -> None:
        await work(tx)
        raise _UndoneError

    try:
        await run_explained(deps, tenant, attempt)
    except _UndoneError:
        return
