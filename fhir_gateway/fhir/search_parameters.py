"""Which search parameters are ours, and what do they find?

The SearchParameter resources of those that the catalogue declares as own; R4 has published the
others. FHIR R4 SearchParameter.
"""

from typing import Any

from fhir_gateway.fhir.catalogue import CATALOGUE, SearchParam

_EVERY_PREFIX = ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]


def search_parameters() -> tuple[dict[str, Any], ...]:
    """One SearchParameter for each own parameter of the catalogue, without version and date."""
    return tuple(
        _definition(type_name, param)
        for type_name, served in CATALOGUE.items()
        for param in served.params
        if param.own
    )


def _definition(type_name: str, param: SearchParam) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "resourceType": "SearchParameter",
        "id": param.url.rsplit("/", 1)[1],
        "url": param.url,
        "name": param.name,
        "status": "active",
        "publisher": "fhir_gateway",
        "description": f"{type_name} by {_what(param)}",
        "code": param.name,
        "base": [type_name],
        "type": param.type,
        "expression": " | ".join(_expression(type_name, param, path) for path in param.paths),
        "xpathUsage": "normal",
    }
    if param.targets:
        definition["target"] = list(param.targets)
    definition |= {"multipleOr": True, "multipleAnd": True}
    if param.type in ("date", "number", "quantity"):
        definition["comparator"] = _EVERY_PREFIX
    return definition


def _what(param: SearchParam) -> str:
    if not param.urls:
        return " or ".join(param.paths)
    return f"the extension {' '.join(url.rsplit('/', 1)[-1] for url in param.urls)}"


def _expression(type_name: str, param: SearchParam, path: str) -> str:
    """The path in FHIRPath: what the first step is filtered by, and choices without their type."""
    if not param.urls:
        first, *rest = path.split(".")
        if param.where is not None:
            first += ".where({}='{}')".format(*param.where)
        steps = ["value" if each.startswith("value") else each for each in rest]
        return ".".join([type_name, first, *steps])
    steps = [f".extension('{url}')" for url in param.urls]
    kind = path.rpartition(".value")[2]
    return f"({type_name}{''.join(steps)}.value as {kind[0].lower()}{kind[1:]})"
