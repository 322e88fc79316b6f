"""Where do the references between the entries of a transaction lead?

FHIR R4 section 3.1.0.11.2 (transaction processing rules) and 2.3.0.3 (resolving references in
Bundles).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Members that point to resources, beside the literal reference of a Reference.
_POINTERS = frozenset(
    {"reference", "valueUri", "valueUrl", "valueCanonical", "valueOid", "valueUuid"}
)
_ENTRY_ONLY = ("urn:uuid:", "urn:oid:")
_CONDITIONAL = re.compile(r"[A-Z][A-Za-z]{1,63}\?.+")
_RESTFUL = re.compile(r"(.*?)/?[A-Z][A-Za-z]{1,63}/[A-Za-z0-9.\-]{1,64}")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A text that may point to a resource.

    Attributes:
        text: As it is written.
        path: FHIRPath of the element.
        literal: Whether it is the literal reference of a Reference; else it is any URI.
    """

    text: str
    path: str
    literal: bool


def pointers(node: Any, path: str) -> Iterator[Pointer]:
    """Every text below node that may point to a resource, contained ones too."""
    if isinstance(node, dict):
        for name, child in node.items():
            if isinstance(child, str):
                if name == "reference":
                    yield Pointer(child, path, literal=True)
                elif name in _POINTERS:
                    yield Pointer(child, f"{path}.{name}", literal=False)
            else:
                yield from pointers(child, f"{path}.{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from pointers(child, f"{path}[{index}]")


def redirected(node: Any, change: Callable[[str], str]) -> Any:
    """A copy of a tree in which every text that may point to a resource is changed."""
    if isinstance(node, dict):
        return {
            name: change(child)
            if isinstance(child, str) and name in _POINTERS
            else redirected(child, change)
            for name, child in node.items()
        }
    if isinstance(node, list):
        return [redirected(child, change) for child in node]
    return node


def lead(text: str, full_url: str | None, names: Mapping[str, str]) -> str | None:
    """Where a reference leads within the Bundle; None where to nothing in it.

    Args:
        text: The reference.
        full_url: Of the entry that it is in; a relative reference is looked for beside it.
        names: fullUrl of an entry -> `Type/id` under which its resource is kept.
    """
    found = names.get(text)
    if found is None and full_url is not None and _RESTFUL.fullmatch(text):
        root = _RESTFUL.fullmatch(full_url)
        found = names.get(f"{root[1]}/{text}") if root and root[1] else None
    return found


def leads_to_entry_only(text: str) -> bool:
    """Whether a reference means nothing outside of its Bundle."""
    return text.startswith(_ENTRY_ONLY)


def is_conditional(text: str) -> bool:
    """Whether a reference is a search: `Patient?identifier=…`."""
    return _CONDITIONAL.fullmatch(text) is not None
