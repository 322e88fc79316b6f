"""What stands in an extension of ours, and is it what we have declared?

FHIR R4 section 2.4 (extensibility); our StructureDefinitions.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.refs import reference_of
from fhir_gateway.fhir.extension_parts import Part
from fhir_gateway.fhir.structure_definitions import OWN_EXTENSIONS

_BY_URL = {each.url: each for each in OWN_EXTENSIONS}


def parts_of(extension: dict[str, Any], path: str) -> dict[str, Any]:
    """The parts of an extension of ours that has some.

    Args:
        extension: A valid Extension, by an address of ours.
        path: Its FHIRPath.

    Returns:
        Name -> value: what JSON has, `Type/id` for a Reference, another such dict for parts, a
        list of them where a part may repeat. Absent parts are absent.

    Raises:
        GatewayError: unprocessable, with everything that has not been declared so.
    """
    values, issues = _read(extension, _BY_URL[extension["url"]].parts, path)
    if issues:
        raise GatewayError(Category.UNPROCESSABLE, *issues)
    return values


def complaints(resource: dict[str, Any], url: str) -> list[Issue]:
    """Everything that is wrong with one kind of extension of ours that a resource has.

    Args:
        resource: A valid resource.
        url: One of ours that has parts and stands once, at the top of a resource.

    Returns:
        With the place of each (`Schedule.extension[0].extension[2]`).
    """
    kind = resource["resourceType"]
    found = [
        (f"{kind}.extension[{place}]", each)
        for place, each in enumerate(resource.get("extension", ()))
        if each.get("url") == url
    ]
    issues = [
        Issue(f"{where} stands there already", (where,), "structure") for where, _ in found[1:]
    ]
    for where, each in found:
        issues += _read(each, _BY_URL[url].parts, where)[1]
    return issues


def _read(
    element: dict[str, Any], parts: Sequence[Part], path: str
) -> tuple[dict[str, Any], list[Issue]]:
    declared = {each.name: each for each in parts}
    values: dict[str, Any] = {}
    issues: list[Issue] = []
    for place, child in enumerate(element.get("extension", ())):
        where = f"{path}.extension[{place}]"
        part = declared.get(child["url"])
        if part is None:
            known = ", ".join(declared)
            text = f"There is no part '{child['url'][:60]}'; there are: {known}"
            issues.append(Issue(text, (where,), "structure"))
        elif part.max == "1" and part.name in values:
            issues.append(Issue(f"'{part.name}' may stand here once", (where,), "structure"))
        else:
            value, wrong = _value(child, part, where)
            issues += wrong
            if part.max == "*":
                values.setdefault(part.name, []).append(value)
            else:
                values[part.name] = value
    issues += [
        Issue(f"'{each.name}' is missing", (path,), "required") for each in _missing(parts, values)
    ]
    return values, issues


def _missing(parts: Sequence[Part], values: dict[str, Any]) -> Iterator[Part]:
    return (each for each in parts if each.min and each.name not in values)


def _value(child: dict[str, Any], part: Part, where: str) -> tuple[Any, list[Issue]]:
    if part.type is None:
        return _read(child, part.parts, where)
    name = f"value{part.type[0].upper()}{part.type[1:]}"
    if name not in child:
        return None, [Issue(f"'{part.name}' has a {name}: {part.doc}", (where,), "structure")]
    value = child[name]
    if part.type == "Reference":
        ref = reference_of(value)
        if ref is None or ref.type not in part.targets:
            wanted = " or ".join(part.targets)
            return None, [Issue(f"'{part.name}' refers to a {wanted}", (where,), "value")]
        return str(ref), []
    return value, []
