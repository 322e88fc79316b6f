"""In which order are the writes of a transaction carried out?

In their own, except that what is new comes before what points to it, because a booking looks at
its Slot. FHIR R4 section 3.1.0.11.2: the outcome does not depend on the order of the entries.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.fhir.bundle_references import pointers


def in_order(
    writes: Sequence[int], contents: Mapping[int, Any], new: Mapping[Ref, int]
) -> list[int]:
    """Put writes into an order.

    Args:
        writes: Their numbers, in the order that is kept where nothing speaks against it.
        contents: What each writes, with references that name resources.
        new: The resources that are made, with the write that makes them.

    Returns:
        The same numbers. Of resources that point to each other, the one that comes first is
        written first.
    """
    ordered: dict[int, None] = {}
    begun: set[int] = set()
    for write in writes:
        waiting = [write]
        while waiting:
            here = waiting[-1]
            needed = [] if here in begun else _needed(contents[here], new)
            begun.add(here)
            missing = [each for each in needed if each not in begun]
            if missing:
                waiting += reversed(missing)
            else:
                ordered.setdefault(waiting.pop())
    return list(ordered)


def _needed(content: Any, new: Mapping[Ref, int]) -> list[int]:
    found = (relative(each.text) for each in pointers(content, ""))
    return list(dict.fromkeys(new[ref] for ref in found if ref is not None and ref in new))
