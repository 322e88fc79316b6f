"""Does a Reference point to what it may point to?

FHIR R4 section 2.3.0 (references): relative, absolute, `urn:uuid:` or `#id` of a contained one.
A relative reference names its type, which is checked; whether the resource exists is not asked
here.
"""

import re
from typing import Any

from fhir_gateway.core.refs import relative
from fhir_gateway.fhir.findings import Findings, Path
from fhir_gateway.fhir.spec import resource_types

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")


def check_reference(
    node: dict[str, Any], targets: tuple[str, ...], path: Path, findings: Findings
) -> None:
    """Note what is wrong with a Reference whose shape has been checked.

    Args:
        node: The Reference.
        targets: Resource types that it may name; empty for any.
        path: Its place.
        findings: Takes the issues, and the references to contained resources for later.
    """
    text = node.get("reference")
    if isinstance(text, str) and text:
        _check_literal(text, targets, (path, "reference"), findings)
    kind = node.get("type")
    if isinstance(kind, str) and kind.isalpha():
        _check_type(kind, targets, (path, "type"), findings)


def _check_literal(text: str, targets: tuple[str, ...], path: Path, findings: Findings) -> None:
    if text.startswith("#"):
        findings.local.append((path, text))
        return
    ref = relative(text)
    if ref is not None:
        _check_type(ref.type, targets, path, findings)
    elif not _ABSOLUTE.fullmatch(text):
        findings.add(
            path,
            "value",
            f"must be Type/id, an absolute address or #id: '{text[:60]}' is not",
        )


def _check_type(kind: str, targets: tuple[str, ...], path: Path, findings: Findings) -> None:
    if targets and kind not in targets:
        listed = " or ".join(targets)
        findings.add(path, "value", f"points to {kind[:60]}; it must point to {listed}")
    elif kind not in resource_types():
        findings.add(path, "value", f"names '{kind[:60]}', which is no resource type of R4")
