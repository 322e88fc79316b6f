"""What can be asked over HTTP, in the words of OpenAPI?

Written from the catalogue and from the operations' own declarations, like the CapabilityStatement,
so that it cannot say anything that is not so. OpenAPI 3.1; FHIR R4 section 3.1.0 (RESTful API).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fhir_gateway.fhir.capability import DEFINED, DEFINED_PARAMS
from fhir_gateway.fhir.catalogue import CATALOGUE, COMMON, ResourceType, params_of
from fhir_gateway.fhir.openapi_answers import (
    OF_OPERATION,
    Answers,
    answered,
    outcome_responses,
)
from fhir_gateway.fhir.openapi_parameters import (
    HISTORY,
    PARAMETERS,
    RESULTS,
    inputs,
    pointed,
    searched,
)
from fhir_gateway.fhir.openapi_schemas import ENVELOPES, named, schemas
from fhir_gateway.fhir.operations import EVERY_TYPE, OperationSpec

Node = dict[str, Any]

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
_FORM = "application/x-www-form-urlencoded"
#: By which header an interaction can be made to depend on something, or asked for something.
_HEADERS: dict[str, tuple[str, ...]] = {
    "read": ("If-None-Match", "If-Modified-Since"),
    "vread": ("If-None-Match", "If-Modified-Since"),
    "create": ("If-None-Exist", "Prefer"),
    "update": ("If-Match", "If-None-Match", "Prefer"),
    "patch": ("If-Match", "Prefer"),
    "delete": ("If-Match", "Prefer"),
    "search-type": ("Prefer",),
    "transaction": ("Prefer",),
}
_PATCHES = ("application/json-patch+json", "application/merge-patch+json")


def openapi(
    *,
    software_version: str,
    operations: Sequence[OperationSpec],
    statuses: Mapping[str, int],
    root: str = "/fhir",
    types: Mapping[str, ResourceType] = CATALOGUE,
) -> Node:
    """Write the OpenAPI document of the FHIR interface.

    Args:
        software_version: Of this gateway.
        operations: All that are served.
        statuses: The HTTP status of each word in `openapi_answers`.
        root: Path of the base address.
        types: The served types, by name.

    Returns:
        The document; `paths` and `components` may be added to.
    """
    answers = Answers(statuses)
    paths = _of_system(answers)
    parameters = dict(PARAMETERS)
    for name, served in types.items():
        own = searched(name, params_of(name).values())
        paths |= _of_type(served, pointed(*own), answers)
        parameters |= own
    for name in DEFINED:
        own = searched(name, (COMMON["_id"], *DEFINED_PARAMS))
        paths |= _of_definitions(name, pointed(*own), answers)
        parameters |= own
    for spec in operations:
        for path, methods in _of_operation(spec, types, answers):
            paths.setdefault(path, {}).update(methods)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Appointment scheduling gateway",
            "version": software_version,
            "description": "FHIR R4 (4.0.1). What is not said here is as in FHIR R4; what is"
            f" supported of it is at {root}/metadata. Other tenants are at /t/{{name}}/fhir.",
        },
        "servers": [{"url": "/"}],
        "paths": {f"{root}{path}": methods for path, methods in paths.items()},
        "components": {
            "parameters": parameters,
            "responses": outcome_responses(),
            "schemas": schemas((*types, *DEFINED)),
        },
    }


def _of_type(served: ResourceType, condition: list[Node], answers: Answers) -> dict[str, Node]:
    name, offered = served.name, served.interactions
    searched_by = [*condition, *pointed(*RESULTS)]
    whole, one = f"/{name}", f"/{name}/{{id}}"
    table: tuple[tuple[str, str, str, str, Iterable[Node]], ...] = (
        (whole, "get", "search-type", "Bundle", searched_by),
        (whole, "post", "create", name, ()),
        (whole, "put", "conditional-update", name, condition),
        (whole, "patch", "conditional-patch", name, condition),
        (whole, "delete", "conditional-delete", name, condition),
        (f"{whole}/_search", "get", "search-type", "Bundle", searched_by),
        (f"{whole}/_search", "post", "search-by-form", "Bundle", ()),
        (f"{whole}/_history", "get", "history-type", "Bundle", pointed(*HISTORY)),
        (one, "get", "read", name, pointed("_summary", "_elements")),
        (one, "put", "update", name, ()),
        (one, "patch", "patch", name, ()),
        (one, "delete", "delete", name, ()),
        (f"{one}/_history", "get", "history-instance", "Bundle", pointed(*HISTORY)),
        (f"{one}/_history/{{vid}}", "get", "vread", name, pointed("_summary", "_elements")),
    )
    paths: dict[str, Node] = {}
    for path, method, code, returned, parameters in table:
        plain = code.removeprefix("conditional-").replace("search-by-form", "search-type")
        if plain in offered:
            told = _told(code, returned, answers, parameters, name, path=path)
            if code == "search-by-form":
                told["requestBody"] = _form(params_of(name))
            paths.setdefault(path, {})[method] = told
    return paths


def _told(
    code: str,
    returned: str,
    answers: Answers,
    parameters: Iterable[Node],
    tag: str,
    *,
    path: str,
    name: str = "",
) -> Node:
    """One method of one address."""
    plain = code.removeprefix("conditional-")
    told: Node = {
        "operationId": f"{name or code}-{path.strip('/').replace('/', '-').translate(_BARE)}",
        "tags": [tag],
        "summary": f"{code} {path}",
        "parameters": [*_steps(path), *parameters, *pointed(*_HEADERS.get(plain, ()), "_format")],
        "responses": answered(answers, code, returned),
    }
    if plain in ("create", "update", "transaction"):
        told["requestBody"] = _body(returned if plain != "transaction" else "Bundle")
    elif plain == "patch":
        told["requestBody"] = _patch(returned)
    return told


_BARE = {ord(each): None for each in "{}$_"}


def _steps(path: str) -> list[Node]:
    return pointed(*(step[1:-1] for step in path.split("/") if step.startswith("{")))


def _body(name: str, *, required: bool = True) -> Node:
    content = {
        FHIR_JSON: {"schema": named(name)},
        "application/json": {"schema": named(name)},
        FHIR_XML: {"schema": {"type": "string"}},
    }
    return {"required": required, "content": content}


def _patch(name: str) -> Node:
    listed = {"type": "array", "items": {"type": "object"}, "maxItems": 100}
    partial = {"type": "object"}
    content: Node = {
        _PATCHES[0]: {"schema": listed},
        _PATCHES[1]: {"schema": partial},
        FHIR_JSON: {"schema": {"anyOf": [named("Parameters"), partial]}},
        FHIR_XML: {"schema": {"type": "string"}},
    }
    text = f"JSON Patch, a partial {name} to be put over the stored one, or FHIRPath Patch"
    return {"required": True, "description": text, "content": content}


def _form(names: Iterable[str]) -> Node:
    properties = {each: {"type": "string"} for each in (*names, *RESULTS)}
    return {"content": {_FORM: {"schema": {"type": "object", "properties": properties}}}}


def _of_system(answers: Answers) -> dict[str, Node]:
    def told(code: str, returned: str, path: str, parameters: Iterable[Node] = ()) -> Node:
        return _told(code, returned, answers, parameters, "system", path=path)

    job, file = "/_export/{id}", "/_export/{id}/{type}"
    return {
        "/": {"post": told("transaction", "Bundle", "/")},
        "/metadata": {"get": told("capabilities", "Resource", "/metadata")},
        "/_history": {"get": told("history-system", "Bundle", "/_history", pointed(*HISTORY))},
        job: {
            "get": told("export-status", "", job),
            "delete": told("export-end", "OperationOutcome", job),
        },
        file: {"get": told("export-file", "", file)},
    }


def _of_definitions(name: str, condition: list[Node], answers: Answers) -> dict[str, Node]:
    whole, one = f"/{name}", f"/{name}/{{id}}"
    search = _told("definitions", "Bundle", answers, condition, name, path=whole)
    return {
        whole: {"get": search},
        one: {"get": _told("definition", name, answers, (), name, path=one)},
    }


def _of_operation(
    spec: OperationSpec, types: Mapping[str, ResourceType], answers: Answers
) -> Iterable[tuple[str, Node]]:
    """(path, methods) of each address at which it is invoked."""
    owners = types if spec.resource == EVERY_TYPE else (spec.resource or "",)
    for owner in owners:
        for level in sorted(spec.levels):
            start = {"system": "", "type": f"/{owner}", "instance": f"/{owner}/{{id}}"}[level]
            path = f"{start}/${spec.code}"
            yield path, _methods(spec, path, owner or "system", answers)


def _methods(spec: OperationSpec, path: str, tag: str, answers: Answers) -> Node:
    code = spec.code if spec.code in OF_OPERATION else "table" if spec.csv else "operation"
    returned = _returned(spec)
    methods: Node = {}
    if spec.get_allowed and not spec.affects_state:
        told = _told(code, returned, answers, inputs(spec.inputs), tag, path=path, name="get")
        methods["get"] = told | {"description": spec.doc}
    told = _told(f"{code}-by-post", returned, answers, (), tag, path=path, name="post")
    told["requestBody"] = _body("Parameters", required=False)
    methods["post"] = told | {"description": spec.doc}
    return methods


def _returned(spec: OperationSpec) -> str:
    """A resource alone comes as it is; all else comes in Parameters (FHIR R4 section 3.2.0.1.2)."""
    kinds = [each.type for each in spec.outputs if each.name == "return"]
    alone = kinds[0] if len(spec.outputs) == 1 and kinds else None
    known = alone in ENVELOPES or alone in CATALOGUE or alone == "Resource"
    return alone if alone is not None and known else "Parameters"
