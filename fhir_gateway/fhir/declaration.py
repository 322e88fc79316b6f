"""What is said about a search parameter and about a resource type?

The words in which `fhir.catalogue` is written. FHIR R4 section 3.1.1 (search), SearchParameter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from fhir_gateway.core.codes import CANONICAL

ParamType = Literal[
    "token", "reference", "string", "date", "number", "uri", "quantity", "composite", "special"
]

R4_SEARCH_PARAMETER = "http://hl7.org/fhir/SearchParameter/"
OWN_SEARCH_PARAMETER = f"{CANONICAL}/SearchParameter/"

INTERACTIONS = (
    "read", "vread", "update", "patch", "create", "delete", "search-type", "history-instance",
    "history-type",
)  # fmt: skip

#: Who can take part in an Appointment or own a Schedule.
ACTORS = "Device HealthcareService Location Patient Practitioner PractitionerRole RelatedPerson"

#: Who can sign or send.
AUTHORS = "Device Organization Patient Practitioner PractitionerRole RelatedPerson"
#: Who can be asked to do something.
PERFORMERS = f"{AUTHORS} CareTeam HealthcareService"


@dataclass(frozen=True, slots=True)
class SearchParam:
    """One search parameter of one resource type.

    Args:
        name: As it stands in the query (`appointment-type`).
        type: The R4 search parameter type.
        paths: Element paths without the type name (`participant.actor`); lists are implied, a
            choice is named by its JSON property (`onsetDateTime`).
        targets: Resource types that a reference may name; empty for any. A reference to another
            type is not indexed under this parameter.
        multiple: Whether a resource can have more than one value; where not, it can be sorted by.
        hot: Whether storage keeps an index of its own for it.
        url: Canonical address of the SearchParameter.
        where: (element, value) that objects at the first step of the path must carry.
        urls: The urls that the extensions along the path must have, outermost first.
        components: Of a composite, the names of the parameters of the type that one and the same
            element, the one at its path, has to fulfil; only the last may be a number or quantity.
        own: Whether we define it; R4 does not.
    """

    name: str
    type: ParamType
    paths: tuple[str, ...]
    targets: tuple[str, ...] = ()
    multiple: bool = False
    hot: bool = False
    url: str = ""
    where: tuple[str, str] | None = None
    urls: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource type that is served.

    Args:
        name: R4 name.
        params: Its search parameters, by name.
        interactions: R4 restful interaction codes.
        identifying: Whether its identifiers may not repeat (decision 5).
    """

    name: str
    params: tuple[SearchParam, ...]
    interactions: frozenset[str] = frozenset(INTERACTIONS)
    identifying: bool = False


def resource_type(
    name: str,
    *params: SearchParam,
    identifying: bool = False,
    clinical: Iterable[str] = (),
    individual: Iterable[str] = (),
) -> ResourceType:
    """Declare a type; clinical and individual name the parameters whose R4 address is shared."""
    family = dict.fromkeys(clinical, "clinical") | dict.fromkeys(individual, "individual")

    def addressed(param: SearchParam) -> SearchParam:
        base = OWN_SEARCH_PARAMETER if param.own else R4_SEARCH_PARAMETER
        return replace(param, url=f"{base}{family.get(param.name, name)}-{param.name}")

    return ResourceType(name, tuple(map(addressed, params)), identifying=identifying)


def token(
    name: str,
    *paths: str,
    multiple: bool = False,
    hot: bool = False,
    own: bool = False,
    where: tuple[str, str] | None = None,
) -> SearchParam:
    return SearchParam(name, "token", paths, multiple=multiple, hot=hot, own=own, where=where)


def reference(
    name: str,
    *paths: str,
    to: str = "",
    multiple: bool = False,
    hot: bool = False,
    own: bool = False,
    where: tuple[str, str] | None = None,
) -> SearchParam:
    targets = tuple(to.split())
    return SearchParam(
        name, "reference", paths, targets, multiple=multiple, hot=hot, own=own, where=where
    )


def date(
    name: str, *paths: str, multiple: bool = False, hot: bool = False, own: bool = False
) -> SearchParam:
    return SearchParam(name, "date", paths, multiple=multiple, hot=hot, own=own)


def string(name: str, *paths: str, multiple: bool = False) -> SearchParam:
    return SearchParam(name, "string", paths, multiple=multiple)


def number(
    name: str,
    *paths: str,
    multiple: bool = False,
    hot: bool = False,
    own: bool = False,
    urls: tuple[str, ...] = (),
) -> SearchParam:
    return SearchParam(name, "number", paths, multiple=multiple, hot=hot, own=own, urls=urls)


def quantity(name: str, *paths: str, multiple: bool = False) -> SearchParam:
    return SearchParam(name, "quantity", paths, multiple=multiple)


def uri(name: str, *paths: str, multiple: bool = False) -> SearchParam:
    return SearchParam(name, "uri", paths, multiple=multiple)


def composite(name: str, path: str, *components: str) -> SearchParam:
    return SearchParam(name, "composite", (path,), multiple=True, components=components)


def special(name: str, *paths: str, hot: bool = False) -> SearchParam:
    """A position on the earth; R4 has no other special parameter of the types that are served."""
    return SearchParam(name, "special", paths, hot=hot)
