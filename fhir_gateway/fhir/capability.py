"""What can this server do, in the words of FHIR?

The CapabilityStatement, written from the catalogue and from the operations' own declarations, so
that it cannot say anything that is not so. FHIR R4 CapabilityStatement; decisions 3, 4, 21.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fhir_gateway.core.time import format_instant
from fhir_gateway.fhir.catalogue import CATALOGUE, COMMON, META, ResourceType, SearchParam
from fhir_gateway.fhir.declaration import R4_SEARCH_PARAMETER
from fhir_gateway.fhir.operations import OperationSpec

FHIR_VERSION = "4.0.1"
#: Types of which only our own definitions are served.
DEFINED = (
    "CodeSystem", "OperationDefinition", "SearchParameter", "StructureDefinition", "ValueSet",
)  # fmt: skip
#: By what they are searched, apart from `_id`; R4 shares these among them.
DEFINED_PARAMS = (
    SearchParam("name", "string", ("name",), url=f"{R4_SEARCH_PARAMETER}conformance-name"),
    SearchParam("status", "token", ("status",), url=f"{R4_SEARCH_PARAMETER}conformance-status"),
    SearchParam("url", "uri", ("url",), url=f"{R4_SEARCH_PARAMETER}conformance-url"),
)
#: What is served for all types together.
SYSTEM_INTERACTIONS = ("transaction", "batch", "history-system")
FORMATS = ("application/fhir+json", "application/fhir+xml", "json", "xml")
#: FHIRPath Patch comes as FHIR.
PATCH_FORMATS = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/fhir+json",
    "application/fhir+xml",
)
_PROFILE = "http://hl7.org/fhir/StructureDefinition/"
_COMPARTMENTS = ("http://hl7.org/fhir/CompartmentDefinition/patient",)


def capability(
    *,
    base: str,
    software_version: str,
    date: datetime,
    operations: Sequence[OperationSpec],
    zone_name: str,
    types: Mapping[str, ResourceType] = CATALOGUE,
    formats: Sequence[str] = FORMATS,
    patch_formats: Sequence[str] = PATCH_FORMATS,
    system_interactions: Sequence[str] = SYSTEM_INTERACTIONS,
    update_create: bool = True,
    conditional_writes: bool = True,
    security: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the CapabilityStatement of one tenant.

    Args:
        base: The tenant's base address.
        software_version: Of this gateway.
        date: When what is said here last changed; aware.
        operations: All that are served.
        zone_name: The tenant's zone, in which search values without offset are read.
        types: The served types, by name.
        formats: Media types of answers.
        patch_formats: Media types of PATCH bodies.
        system_interactions: R4 codes (`transaction`, `batch`, `search-system` …).
        update_create: Whether PUT creates under an id that the client chooses.
        conditional_writes: Whether what is created, updated and deleted can be named by a search.
        security: The `rest.security` element; None leaves it out.
    """
    switches = {"updateCreate": update_create, "conditional": conditional_writes}
    statement: dict[str, Any] = {
        "resourceType": "CapabilityStatement",
        "name": "FhirGateway",
        "title": "Appointment scheduling gateway",
        "status": "active",
        "date": format_instant(date),
        "publisher": "fhir_gateway",
        "description": "FHIR R4 and HL7 v2 gateway for appointment scheduling.",
        "kind": "instance",
        "software": {"name": "fhir_gateway", "version": software_version},
        "implementation": {"description": f"Scheduling gateway at {base}", "url": base},
        "fhirVersion": FHIR_VERSION,
        "format": list(formats),
    }
    if patch_formats:
        statement["patchFormat"] = list(patch_formats)
    rest: dict[str, Any] = {
        "mode": "server",
        "documentation": "Dates and times without an offset in a search are read in the zone "
        f"{zone_name}. Unknown search parameters are refused. PATCH takes a partial resource as"
        " well, to be put over the stored one (RFC 7396).",
    }
    if security is not None:
        rest["security"] = dict(security)
    rest["resource"] = [_resource(each, types, operations, switches) for each in types.values()]
    rest["resource"] += map(_defined, DEFINED)
    if system_interactions:
        rest["interaction"] = [{"code": code} for code in system_interactions]
    rest["searchParam"] = [_search_param(each) for each in (*COMMON.values(), *META.values())]
    if own := [_operation(each) for each in operations if "system" in each.levels]:
        rest["operation"] = own
    rest["compartment"] = list(_COMPARTMENTS)
    return statement | {"rest": [rest]}


def _resource(
    served: ResourceType,
    types: Mapping[str, ResourceType],
    operations: Sequence[OperationSpec],
    switches: Mapping[str, bool],
) -> dict[str, Any]:
    name = served.name
    writes = "update" in served.interactions
    conditional = switches["conditional"]
    stated: dict[str, Any] = {
        "type": name,
        "profile": f"{_PROFILE}{name}",
        "interaction": [{"code": each} for each in _ordered(served.interactions)],
        "versioning": "versioned-update" if writes else "versioned",
        "readHistory": "vread" in served.interactions,
        "updateCreate": writes and switches["updateCreate"],
        "conditionalCreate": conditional and "create" in served.interactions,
        "conditionalRead": "full-support",
        "conditionalUpdate": conditional and writes,
        "conditionalDelete": "single"
        if conditional and "delete" in served.interactions
        else "not-supported",
        "referencePolicy": ["literal", "logical", "enforced"],
    }
    forward = [f"{name}:{each.name}" for each in _references(served)]
    if forward:
        stated["searchInclude"] = ["*", *forward]
    if backward := _pointing_to(name, types):
        stated["searchRevInclude"] = backward
    stated["searchParam"] = [_search_param(each) for each in _params(served)]
    if own := [_operation(each) for each in operations if each.concerns(name)]:
        stated["operation"] = own
    return stated


def _defined(name: str) -> dict[str, Any]:
    return {
        "type": name,
        "profile": f"{_PROFILE}{name}",
        "documentation": "The gateway's own definitions.",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [_search_param(each) for each in (COMMON["_id"], *DEFINED_PARAMS)],
    }


def _params(served: ResourceType) -> tuple[SearchParam, ...]:
    return (*COMMON.values(), *META.values(), *served.params)


def _ordered(interactions: frozenset[str]) -> list[str]:
    order = (
        "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create",
        "search-type",
    )  # fmt: skip
    return [each for each in order if each in interactions]


def _references(served: ResourceType) -> list[SearchParam]:
    return [each for each in served.params if each.type == "reference"]


def _pointing_to(name: str, types: Mapping[str, ResourceType]) -> list[str]:
    return [
        f"{source.name}:{param.name}"
        for source in types.values()
        for param in _references(source)
        if not param.targets or name in param.targets
    ]


def _search_param(param: SearchParam) -> dict[str, str]:
    return {"name": param.name, "definition": param.url, "type": param.type}


def _operation(operation: OperationSpec) -> dict[str, str]:
    return {
        "name": operation.code,
        "definition": operation.standard or operation.url,
        "documentation": operation.title,
    }
