"""How do the parts of a composite stand in the index together, and how is that asked for?

The entries of the components are joined to one, so that only an element that has all of them is
found; where the last one is a number, the entries before it and its unit are what it is filed
under. FHIR R4 section 3.1.1.4.18 (composite search parameters).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from fhir_gateway.fhir.declaration import SearchParam


def joined_entries(
    name: str, components: Sequence[SearchParam], entries: Sequence[Iterable[str]]
) -> list[str]:
    """The entries of a composite.

    Args:
        name: Of the composite.
        components: Its parameters.
        entries: Those of each component, as `fhir.search_values` has them.
    """
    return [f"{name}|{joined}" for joined in _joined(components, entries)]


def filed_numbers(
    name: str,
    components: Sequence[SearchParam],
    entries: Sequence[Iterable[str]],
    numbers: Mapping[str, list[Any]],
) -> dict[str, list[Any]]:
    """The numbers of a composite whose last component is a number or a quantity.

    Args:
        name: Of the composite.
        components: Its parameters.
        entries: Those of each component but the last.
        numbers: Of the last, by its name and by its units (`param:unit|=mg`).

    Returns:
        By `composite:entries` and `composite:entries$:unit|=mg`.
    """
    last = components[-1].name
    return {
        f"{name}:{joined}{'$' if unit else ''}{unit}": ranges
        for joined in _joined(components[:-1], entries)
        for key, ranges in numbers.items()
        for unit in [key.removeprefix(last)]
    }


def _joined(components: Sequence[SearchParam], entries: Sequence[Iterable[str]]) -> Iterator[str]:
    """Each combination as one text; what stands beside a code, such as its name, is left out."""
    plain = [
        [_escaped(each.removeprefix(f"{param.name}|")) for each in own if _is_plain(param, each)]
        for param, own in zip(components, entries, strict=True)
    ]
    return ("$".join(parts) for parts in product(*plain))


def _is_plain(param: SearchParam, entry: str) -> bool:
    return entry.startswith(f"{param.name}|")


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace("$", "\\$")
