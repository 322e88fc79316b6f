"""What does fhir.resources say about a resource that our own check accepts?

A second pair of eyes on the shape, and the only place that knows the library. It has R4B (4.3.0)
and no R4 (4.0.1), so that some of its objections are not R4's: those are listed here. Its own
output is never used: it writes 1.10 as 1.1.

Source: decision 26; conformance/decisions/0002.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from fhir_gateway.core.errors import Issue
from fhir_gateway.fhir.findings import Path, expression

Objection = dict[str, Any]

#: Objections that R4 4.0.1 does not share: (what is different, whether an objection is that).
KNOWN_DIFFERENCES: tuple[tuple[str, Callable[[Objection], bool]], ...] = (
    (
        "4.0.1 has Meta among the types of value[x]; R4B has not",
        lambda each: each["type"] == "extra_forbidden" and each["loc"][-1] == "valueMeta",
    ),
    (
        "A uuid is any UUID; the library takes version 4 only",
        lambda each: each["type"] in ("uuid_version", "uuid_parsing"),
    ),
    (
        "A text of unusual blanks, such as U+00A0, is text",
        lambda each: each["type"] == "string_pattern_mismatch" and not str(each["input"]).strip(),
    ),
    (
        "A url is a URI of any scheme, or relative",
        lambda each: each["type"].startswith("url_"),
    ),
)


def second_opinion(resource: dict[str, Any], *, type_name: str) -> tuple[Issue, ...]:
    """What fhir.resources objects to, apart from the known differences.

    Args:
        resource: A resource that `fhir.validation` accepts; it is not changed.
        type_name: Its type.

    Returns:
        Issues with their FHIRPath; none for a valid resource, and none for one with contained
        resources of a type that R4B lacks.
    """
    model = _model(type_name)
    if model is None:
        return ()
    try:
        model.__pydantic_validator__.validate_python(resource)
    except ValidationError as error:
        objections: list[Any] = error.errors(include_url=False)
        return tuple(_issue(each, type_name) for each in objections if not _known(each))
    except KeyError:
        # A contained resource of a type that R4B has dropped (MedicinalProduct …).
        return ()
    return ()


def load(type_names: Iterable[str]) -> None:
    """Import the models of these types; it takes most of a second, so at start and in a thread."""
    for name in type_names:
        _model(name)


@cache
def _model(type_name: str) -> type[BaseModel] | None:
    # Inside, because it takes most of a second and reading alone does not need it.
    from fhir.resources.R4B import get_fhir_model_class

    try:
        found: type[BaseModel] = get_fhir_model_class(type_name)
    except ValueError:
        return None
    return found


def _known(objection: Objection) -> bool:
    return any(is_that(objection) for _, is_that in KNOWN_DIFFERENCES)


def _issue(objection: Objection, type_name: str) -> Issue:
    path: Path = (None, type_name)
    for step in objection["loc"]:
        path = (path, step)
    where = expression(path)
    return Issue(f"{where} is not valid: {objection['msg'][:200]}", (where,), "structure")
