"""Which profiles, tags and security labels are there? FHIR R4 Resource/$meta."""

from typing import Any

from fhir_gateway.fhir import json, parameters
from fhir_gateway.fhir.operations import OperationParameter, OperationSpec
from fhir_gateway.storage import labels
from fhir_gateway.usecases import read
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.operations.call import Call

_RETURN = OperationParameter("return", "out", 1, 1, "Meta", "Profiles, tags, security labels")
_STANDARD = "http://hl7.org/fhir/OperationDefinition/Resource-meta"
_SOURCE = "FHIR R4 OperationDefinition Resource-meta"

SPEC = OperationSpec(
    code="meta",
    resource="Resource",
    levels=frozenset({"type", "instance"}),
    affects_state=False,
    title="Labels of a resource or of a type",
    doc="The meta of one resource; of a type all profiles, tags and security labels in use.",
    source=_SOURCE,
    parameters=(_RETURN,),
    get_allowed=True,
    standard=_STANDARD,
)
OF_ALL = OperationSpec(
    code="meta",
    resource=None,
    levels=frozenset({"system"}),
    affects_state=False,
    title="Labels in use",
    doc="All profiles, tags and security labels in use.",
    source=_SOURCE,
    parameters=(_RETURN,),
    get_allowed=True,
    standard=_STANDARD,
)


async def run(deps: Deps, tenant: int, call: Call) -> bytes:
    """Answer with Parameters: return.

    Raises:
        GatewayError: not-found or gone, for a resource that is not there.
    """
    meta = await _meta(deps, tenant, call)
    return json.dump(parameters.write(SPEC, [("return", meta)]))


async def _meta(deps: Deps, tenant: int, call: Call) -> dict[str, Any]:
    if call.ref is not None:
        stored = await read.read(deps, tenant, call.ref)
        meta: dict[str, Any] = stored.resource().get("meta", {})
        return meta
    async with deps.database.transaction(tenant) as tx:
        found = await labels.in_use(tx, call.type or None)
    meta = {"profile": list(found.profiles)} if found.profiles else {}
    for name, codings in (("security", found.security), ("tag", found.tags)):
        if codings:
            meta[name] = [_coding(*each) for each in codings]
    return meta


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": code} if system else {"code": code}
