"""What becomes of a resource under a patch?

In the three forms that clients send: JSON Patch, FHIRPath Patch, and a partial resource to be put
over the stored one. FHIR R4 section 3.1.0.6 (patch); RFC 6902, RFC 7396.
"""

from dataclasses import dataclass
from typing import Any, Literal

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.fhir.patch_fhirpath import fhirpath_patched
from fhir_gateway.fhir.patch_json import json_patched
from fhir_gateway.fhir.patch_merge import merged
from fhir_gateway.fhir.pruning import check_depth, size_of

Resource = dict[str, Any]
PatchKind = Literal["json", "fhirpath", "merge"]

MAX_OPERATIONS = 100
_STAMPS = ("versionId", "lastUpdated")


@dataclass(frozen=True, slots=True)
class Patch:
    """One change, not yet applied to anything.

    Args:
        kind: In which form it was sent.
        content: The array of a JSON Patch, a Parameters resource, or a partial resource.
    """

    kind: PatchKind
    content: Any


def patch_in(content: Any) -> Patch:
    """The patch that a JSON body is, by its shape.

    Args:
        content: An array is a JSON Patch, Parameters are a FHIRPath Patch, any other object is a
            partial resource.
    """
    if isinstance(content, list):
        return Patch("json", content)
    return Patch("fhirpath" if content.get("resourceType") == "Parameters" else "merge", content)


def patched(resource: Resource, patch: Patch) -> Resource:
    """Apply a patch.

    Args:
        resource: A stored version, with id and meta; it is not changed.
        patch: What is to be changed.

    Returns:
        The result, not yet validated; the same type, id and version stamps.

    Raises:
        GatewayError: invalid, for a patch that cannot be read; unprocessable, for one that does
            not apply, or that changes the type, the id or what the server alone says;
            too-costly, over 100 operations.
    """
    _check_length(patch)
    result = _applied(resource, patch)
    if not isinstance(result, dict):
        raise fail(Category.UNPROCESSABLE, "The result of the patch is not a resource")
    check_depth(size_of(result)[1])
    _check_kept(resource, result)
    return result


def _applied(resource: Resource, patch: Patch) -> Any:
    if patch.kind == "json":
        return json_patched(resource, patch.content)
    if patch.kind == "fhirpath":
        return fhirpath_patched(resource, patch.content)
    return merged(resource, patch.content)


def _check_length(patch: Patch) -> None:
    listed = patch.content
    if patch.kind == "fhirpath":
        listed = patch.content.get("parameter")
    if patch.kind != "merge" and isinstance(listed, list) and len(listed) > MAX_OPERATIONS:
        text = f"A patch has at most {MAX_OPERATIONS} operations"
        raise fail(Category.TOO_COSTLY, text)


def _check_kept(before: Resource, after: Resource) -> None:
    kind = before["resourceType"]
    wrong = [
        Issue(f"A patch cannot change {name}", (where,), "business-rule")
        for name, where in (("resourceType", "resourceType"), ("id", f"{kind}.id"))
        if after.get(name) != before[name]
    ]
    meta = after.get("meta", {})
    wrong += [
        Issue(f"A patch cannot change meta.{name}", (f"{kind}.meta.{name}",), "business-rule")
        for name in _STAMPS
        if isinstance(meta, dict) and meta.get(name, before["meta"][name]) != before["meta"][name]
    ]
    if wrong:
        raise GatewayError(Category.UNPROCESSABLE, *wrong)
