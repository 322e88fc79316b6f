"""Is this a valid resource of R4 4.0.1, and if not, what is wrong with it?

Shape, primitives, required bindings, reference targets and invariants from our own table. Where
that finds nothing, fhir.resources can be asked for a second opinion (`fhir.models`); `$validate`
does, and a test does for thousands of spoilt resources, so that writes need not.

Source: FHIR R4 section 2.6.2 (JSON), 2.4 (extensibility), 2.3.0.3 (contained), decision 26.
"""

from collections.abc import Iterator
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.fhir import models
from fhir_gateway.fhir.findings import Enough, Findings, Path
from fhir_gateway.fhir.plans import Plan, plan
from fhir_gateway.fhir.primitives import kind_of
from fhir_gateway.fhir.spec import resource_types

__all__ = ["validate"]

_FORBIDDEN_IN_CONTAINED = ("versionId", "lastUpdated", "security")


def validate(resource: Any, *, type_name: str, second_opinion: bool = False) -> None:
    """Refuse what is not a valid resource; the resource is not changed.

    Args:
        resource: The tree as `fhir.json.parse` gives it, decimals as Decimal. References to
            resources of the same transaction are resolved before.
        type_name: The type it must be: a served one, Parameters, Bundle or OperationOutcome.
        second_opinion: Whether fhir.resources looks as well. It costs ten times as much and loads
            its models on first use.

    Raises:
        GatewayError: invalid where it is not an object or of another type; unprocessable with
            every issue found (at most 50), each with its FHIRPath.
        KeyError: a type that is not in the table.
    """
    if not isinstance(resource, dict):
        raise fail(
            Category.INVALID,
            f"The body must be a JSON object, a {type_name}, not {kind_of(resource)}",
            code="structure",
        )
    _check_type(resource.get("resourceType"), type_name)
    found = plan(type_name)
    if found is None:
        raise KeyError(type_name)
    issues = _issues(resource, found)
    if not issues and second_opinion:
        issues = models.second_opinion(resource, type_name=type_name)
    if issues:
        raise GatewayError(Category.UNPROCESSABLE, *issues)


def _check_type(found: Any, type_name: str) -> None:
    if found == type_name:
        return
    if not isinstance(found, str) or not found:
        raise fail(
            Category.INVALID,
            f"resourceType is missing; it must be '{type_name}'",
            "resourceType",
            code="structure",
        )
    raise fail(
        Category.INVALID,
        f"resourceType is '{found[:60]}'; it must be '{type_name}'",
        "resourceType",
        code="invalid",
    )


def _issues(resource: dict[str, Any], found: Plan) -> tuple[Issue, ...]:
    findings = Findings(_check_inner)
    try:
        _check_whole(resource, found, (None, found.name), findings)
    except Enough:
        findings.close()
    return tuple(findings.issues)


def _check_whole(node: dict[str, Any], found: Plan, path: Path, findings: Findings) -> None:
    """A resource that is contained in nothing, with what it contains."""
    outer, findings.local = findings.local, []
    found.check(node, path, findings)
    contained = node.get("contained")
    if findings.local or isinstance(contained, list):
        _check_contained(node, contained if isinstance(contained, list) else [], path, findings)
    findings.local = outer


def _check_inner(value: Any, name: str | None, path: Path, findings: Findings) -> None:
    """A resource inside another: contained, in a Bundle entry, or in a parameter."""
    if not isinstance(value, dict):
        findings.add(path, "structure", f"must be a resource, not {kind_of(value)}")
        return
    kind = value.get("resourceType")
    if not isinstance(kind, str) or kind not in resource_types() or (name and kind != name):
        shown = f"'{kind[:60]}'" if isinstance(kind, str) else "missing"
        wanted = name or "the name of an R4 resource type"
        findings.add((path, "resourceType"), "structure", f"is {shown}; it must be {wanted}")
        return
    found = plan(kind)
    if found is None:
        return  # a type that we do not serve: the second opinion looks at it
    if isinstance(path[1], int):  # Only `contained` is a list of resources.
        found.check(value, path, findings)
    else:
        _check_whole(value, found, path, findings)


def _check_contained(
    node: dict[str, Any], contained: list[Any], path: Path, findings: Findings
) -> None:
    inside: Path = (path, "contained")
    ids = {_id(each) for each in contained}
    for place, reference in findings.local:
        if reference != "#" and reference[1:] not in ids:
            findings.add(
                place, "invariant", f"points to '{reference[:60]}', which is not contained (ref-1)"
            )
    pointed = {text[1:] for text in _fragments(node)}
    for index, each in enumerate(contained):
        if isinstance(each, dict):
            _check_one_contained(each, pointed, (inside, index), findings)


def _check_one_contained(
    each: dict[str, Any], pointed: set[str], path: Path, findings: Findings
) -> None:
    if "id" not in each:
        findings.add((path, "id"), "required", "is missing; a contained resource needs an id")
    elif _id(each) not in pointed and "#" not in _fragments(each):
        findings.add(path, "invariant", "is not referred to from the resource around it (dom-3)")
    if "contained" in each:
        findings.add((path, "contained"), "invariant", "is not allowed here (dom-2)")
    meta = each.get("meta")
    for name in _FORBIDDEN_IN_CONTAINED:
        if isinstance(meta, dict) and name in meta:
            findings.add(
                ((path, "meta"), name),
                "invariant",
                "is not allowed in a contained resource (dom-4, dom-5)",
            )


def _id(contained: Any) -> str | None:
    found = contained.get("id") if isinstance(contained, dict) else None
    return found if isinstance(found, str) else None


def _fragments(node: Any) -> Iterator[str]:
    """Every text below that begins with '#'."""
    if isinstance(node, str):
        if node.startswith("#"):
            yield node
    elif isinstance(node, dict):
        for child in node.values():
            yield from _fragments(child)
    elif isinstance(node, list):
        for child in node:
            yield from _fragments(child)
