"""Is an extension of ours what its StructureDefinition says?

Names, types and how often: for those whose content the gateway acts upon. FHIR R4 section 2.4.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_gateway.core.errors import Issue
from fhir_gateway.fhir.extension_parts import OwnExtension, Part
from fhir_gateway.fhir.structure_definitions import OWN_EXTENSIONS

_BY_URL = {each.url: each for each in OWN_EXTENSIONS}


def complaints(resource: dict[str, Any], url: str) -> list[Issue]:
    """Everything that is wrong with the shape of one kind of extension of a resource.

    Args:
        resource: A valid resource.
        url: One of ours that stands at the top of a resource.

    Returns:
        With the place of each (`Schedule.extension[0].extension[2].valueTime`).
    """
    declared = _BY_URL[url]
    kind = resource["resourceType"]
    found = [
        (f"{kind}.extension[{place}]", each)
        for place, each in enumerate(resource.get("extension", ()))
        if each.get("url") == url
    ]
    issues = [
        Issue(f"{where} stands there already", (where,), "structure") for where, _ in found[1:]
    ]
    return issues + [issue for where, each in found for issue in _of(declared, each, where)]


def _of(declared: OwnExtension | Part, found: dict[str, Any], where: str) -> Iterator[Issue]:
    if declared.type is not None:
        name = f"value{declared.type[0].upper()}{declared.type[1:]}"
        if name not in found:
            yield Issue(f"{where} needs {name}: {declared.doc}", (where,), "structure")
        return
    inner: Sequence[dict[str, Any]] = found.get("extension", ())
    parts = {each.name: each for each in declared.parts}
    for place, each in enumerate(inner):
        part = parts.get(str(each.get("url")))
        here = f"{where}.extension[{place}]"
        if part is None:
            text = f"{here} is '{str(each.get('url'))[:60]}'; known are {', '.join(parts)}"
            yield Issue(text, (here,), "not-supported")
            continue
        if part.max == "1" and any(one.get("url") == part.name for one in inner[:place]):
            yield Issue(f"{here}: '{part.name}' stands there already", (here,), "structure")
        yield from _of(part, each, here)
    for part in declared.parts:
        if part.min and not any(each.get("url") == part.name for each in inner):
            yield Issue(f"{where} needs '{part.name}': {part.doc}", (where,), "required")
