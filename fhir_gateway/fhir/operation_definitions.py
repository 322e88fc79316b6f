"""How is an operation published?

Its OperationDefinition, written from its own declaration. FHIR R4 OperationDefinition.
"""

from typing import Any

from fhir_gateway.fhir.operations import OperationParameter, OperationSpec

_PROFILE = "http://hl7.org/fhir/StructureDefinition/"


def operation_definition(spec: OperationSpec) -> dict[str, Any]:
    """The OperationDefinition under our canonical base, without version and date."""
    definition: dict[str, Any] = {
        "resourceType": "OperationDefinition",
        "id": spec.id,
        "url": spec.url,
        "name": "".join(part[:1].upper() + part[1:] for part in spec.id.split("-")),
        "title": spec.title,
        "status": "active",
        "kind": "operation",
        "publisher": "fhir_gateway",
        "description": spec.doc,
        "affectsState": spec.affects_state,
        "code": spec.code,
        "comment": f"Source: {spec.source}",
    }
    if spec.standard is not None:
        definition["base"] = spec.standard
    if spec.resource is not None:
        definition["resource"] = [spec.resource]
    for level in ("system", "type", "instance"):
        definition[level] = level in spec.levels
    parameters = [_parameter(each, each.use) for each in spec.parameters]
    return definition | ({"parameter": parameters} if parameters else {})


def _parameter(parameter: OperationParameter, use: str) -> dict[str, Any]:
    stated: dict[str, Any] = {
        "name": parameter.name,
        "use": use,
        "min": parameter.min,
        "max": str(parameter.max),
        "documentation": parameter.doc,
    }
    if parameter.type is not None:
        stated["type"] = parameter.type
    if parameter.target_types:
        stated["targetProfile"] = [f"{_PROFILE}{each}" for each in parameter.target_types]
    if parameter.search_type is not None:
        stated["searchType"] = parameter.search_type
    # Parts go in or out with what they are parts of.
    if parameter.parts:
        stated["part"] = [_parameter(each, use) for each in parameter.parts]
    return stated
