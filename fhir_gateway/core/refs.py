"""How do resources point to each other?

Stored references are relative (`Patient/7`); our own absolute ones are made relative on the way
in, foreign absolute ones are kept unchecked (decisions 2 and 4).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_RELATIVE = re.compile(
    r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9.\-]{1,64})(/_history/([1-9][0-9]{0,17}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A resource of this tenant, by type and id."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.id}"


def relative(text: str) -> Ref | None:
    """Read `Type/id` or `Type/id/_history/n`; None for anything else."""
    match = _RELATIVE.fullmatch(text)
    return Ref(match[1], match[2]) if match else None


def to_relative(text: str, base: str) -> str:
    """Strip our own base from an absolute reference; leave every other text alone."""
    prefix = base.rstrip("/") + "/"
    return text.removeprefix(prefix)


def reference_of(element: Any) -> Ref | None:
    """The resource a Reference element points to, where it is a relative literal reference."""
    text = element.get("reference") if isinstance(element, dict) else None
    return relative(text) if isinstance(text, str) else None


def first_of(references: Iterable[str], kind: str) -> str | None:
    """The first of some relative references that is of a type."""
    return next((each for each in references if each.startswith(f"{kind}/")), None)


def walk_references(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every element below node with a literal `reference`, with its FHIRPath."""
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield path, node
        for name, child in node.items():
            if name != "contained" and isinstance(child, dict | list):
                yield from walk_references(child, f"{path}.{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from walk_references(child, f"{path}[{index}]")


def rewrite_references(node: Any, change: Callable[[str], str]) -> None:
    """Replace each literal reference below node in place."""
    for _, element in walk_references(node, ""):
        element["reference"] = change(element["reference"])
