"""What can be asked of an element before it is known to be valid?

Invariants are judged together with the shape, so every question here has an answer for anything
that JSON can hold. FHIRPath section 5 (exists, implies), in the few forms that R4's rules use.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.fhir.date_ranges import Range, stored_range

Node = dict[str, Any]
Rule = Callable[[Node], bool]

#: Choices that R4's rules ask about; their members are `valueString` and the like.
_CHOICES = frozenset({"value", "abatement", "timing"})
_UTC = ZoneInfo("UTC")
_UNKNOWN_OFFSET = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule of one type.

    Args:
        key: R4's own (`app-3`), or a phrase where the rule is ours.
        holds: Whether an object keeps it; true for everything that the rule does not speak of.
        sentence: What would be right.
        at: The element to point at, below the object; empty for the object itself.
    """

    key: str
    holds: Rule
    sentence: str
    at: str = ""


def exists(node: Node, name: str) -> bool:
    """Whether an element is there: as a value, as an extension of one, or as any of a choice."""
    if name in node or f"_{name}" in node:
        return True
    return name in _CHOICES and any(_is_member(each.lstrip("_"), name) for each in node)


def _is_member(found: str, stem: str) -> bool:
    return found.startswith(stem) and found[len(stem) :][:1].isupper()


def objects(node: Node, name: str) -> Iterator[Node]:
    """The objects under a repeating element."""
    found = node.get(name)
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, dict))


def implies(first: str, second: str) -> Rule:
    """Where the first element is, the second is as well."""

    def holds(node: Node) -> bool:
        return not exists(node, first) or exists(node, second)

    return holds


def exactly_one(node: Node, *names: str) -> bool:
    """Whether one of these elements is there and no other."""
    return sum(exists(node, name) for name in names) == 1


def has_coding(concept: Any, system: str, codes: tuple[str, ...]) -> bool:
    """Whether a CodeableConcept has one of these codes of that system."""
    return isinstance(concept, dict) and any(
        each.get("system") == system and each.get("code") in codes
        for each in objects(concept, "coding")
    )


def number(value: Any) -> Decimal | None:
    """The number that a value is; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        return None
    return Decimal(value)


def not_after(first: Any, second: Any, *, equal: bool = True) -> bool:
    """Whether one FHIR time is not after another; true where that cannot be said.

    Args:
        first, second: dates, dateTimes or instants of any precision.
        equal: Whether two equal times are in order.
    """
    if not isinstance(first, str) or not isinstance(second, str):
        return True
    if len(first) == len(second) > 18 and first[19:] == second[19:]:
        return first <= second if equal else first < second
    try:
        low, high = _range(first), _range(second)
    except ValueError:
        return True
    # Times that name no offset may be anywhere on earth.
    slack = _UNKNOWN_OFFSET if _names_offset(first) != _names_offset(second) else timedelta(0)
    latest = high[1] if equal else high[0]
    return latest - low[0] > -slack


def _range(text: str) -> Range:
    return stored_range(text, _UTC)


def _names_offset(text: str) -> bool:
    return "T" in text
