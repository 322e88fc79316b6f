"""Which resource types does the gateway serve, and by what can they be searched?

The one truth behind routes, tables, search, CapabilityStatement and published claims.
FHIR R4 4.0.1; decisions 3, 5, 29.
"""

from fhir_gateway.fhir.catalogue_records import RECORDS
from fhir_gateway.fhir.catalogue_scheduling import SCHEDULING
from fhir_gateway.fhir.catalogue_work import WORK
from fhir_gateway.fhir.declaration import ParamType, ResourceType, SearchParam

__all__ = [
    "CATALOGUE",
    "COMMON",
    "META",
    "ParamType",
    "ResourceType",
    "SearchParam",
    "components_of",
    "param_of",
    "params_of",
]

#: In the order in which tables are made: what is pointed to comes before what points.
CATALOGUE: dict[str, ResourceType] = {each.name: each for each in (*SCHEDULING, *WORK, *RECORDS)}

#: Parameters of every type; storage answers them from its own columns.
COMMON: dict[str, SearchParam] = {
    "_id": SearchParam(
        "_id", "token", ("id",), url="http://hl7.org/fhir/SearchParameter/Resource-id"
    ),
    "_lastUpdated": SearchParam(
        "_lastUpdated",
        "date",
        ("meta.lastUpdated",),
        url="http://hl7.org/fhir/SearchParameter/Resource-lastUpdated",
    ),
}

_RESOURCE = "http://hl7.org/fhir/SearchParameter/Resource-"
#: Parameters of every type that are indexed like its own.
META: dict[str, SearchParam] = {
    each.name: each
    for each in (
        SearchParam("_profile", "uri", ("meta.profile",), multiple=True, url=f"{_RESOURCE}profile"),
        SearchParam(
            "_security", "token", ("meta.security",), multiple=True, url=f"{_RESOURCE}security"
        ),
        SearchParam("_source", "uri", ("meta.source",), multiple=True, url=f"{_RESOURCE}source"),
        SearchParam("_tag", "token", ("meta.tag",), multiple=True, url=f"{_RESOURCE}tag"),
    )
}

_BY_NAME = {
    type_name: COMMON | META | {param.name: param for param in each.params}
    for type_name, each in CATALOGUE.items()
}


def params_of(type_name: str) -> dict[str, SearchParam]:
    """The search parameters of a served type by name, common ones first."""
    return _BY_NAME[type_name]


def param_of(type_name: str, param_name: str) -> SearchParam | None:
    """The search parameter of that exact name, None where type or parameter is not served."""
    return _BY_NAME.get(type_name, {}).get(param_name)


def components_of(type_name: str, param: SearchParam) -> tuple[SearchParam, ...]:
    """The parameters that a composite is made of, in order; none where it is no composite."""
    return tuple(_BY_NAME[type_name][name] for name in param.components)
