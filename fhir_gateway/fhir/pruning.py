"""What is left of a resource after something has been taken out of it?

R4 knows no empty object and no empty array, so what a removal has emptied goes as well; what a
client itself sent empty stays, to be refused. FHIR R4 section 2.6.2 (JSON).
"""

from collections.abc import Iterable
from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.json import MAX_DEPTH


def without_emptied(tree: Any, emptied: Iterable[Any]) -> Any:
    """Drop containers that a removal has emptied, and those that this empties in turn.

    Args:
        tree: Objects and arrays; changed in place.
        emptied: The very objects and arrays from which something was removed.

    Returns:
        The tree.
    """
    _prune(tree, {id(each) for each in emptied})
    return tree


def _prune(node: Any, emptied: set[int]) -> None:
    members: list[tuple[Any, Any]] = []
    if isinstance(node, dict):
        members = list(node.items())
    elif isinstance(node, list):
        members = list(enumerate(node))
    # From the end, so that the places of what comes before stay right.
    for key, child in reversed(members):
        if isinstance(child, dict | list):
            _prune(child, emptied)
            if not child and id(child) in emptied:
                del node[key]
                emptied.add(id(node))


def size_of(tree: Any) -> tuple[int, int]:
    """How many values a tree has, and how deep its objects and arrays are nested."""
    count, deepest = 0, 0
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if isinstance(node, dict | list):
            deepest = max(deepest, depth + 1)
            children = node.values() if isinstance(node, dict) else node
            waiting.extend((each, depth + 1) for each in children)
    return count, deepest


def check_depth(depth: int) -> None:
    """Refuse what is nested too deep to be a resource.

    Raises:
        GatewayError: unprocessable.
    """
    if depth > MAX_DEPTH:
        raise fail(Category.UNPROCESSABLE, f"The result is nested deeper than {MAX_DEPTH}")
