"""Which types of message does this sender send that nothing here reads?

Each is answered AR, and many a sender stops there; its profile may have them taken and passed over.

Source: hl7v2.md section 3.2; decision record 0025.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from fhir_gateway.hl7.peek import peek
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.suggesting.evidence import Suggestion
from fhir_gateway.mapping.triggers import EVENTS

#: Never sure enough to be taken by itself.
_FOR_PEOPLE = 0.4
#: Types that answer one of ours.
_ANSWERS = frozenset({"ACK", "MCF", "SRR"})


def unwanted(raws: Sequence[bytes], profile: SenderProfile) -> Iterator[Suggestion]:
    """Types that are refused today, to be taken and passed over.

    Args:
        raws: Messages of the sender.
        profile: What it calls `filtered` is not said again.
    """
    headers = [header for raw in raws if (header := peek(raw))]
    types = Counter(header.event[0] for header in headers)
    refused = {
        each: count
        for each, count in types.items()
        if len(each) == 3 and each.isalnum() and each.isupper()
        if each not in EVENTS and each not in _ANSWERS and each not in profile.filtered
    }
    if refused:
        told = ", ".join(f"{each} ({count}x)" for each, count in sorted(refused.items()))
        evidence = (f"it sends {told}, which nothing here reads: each is answered AR",)
        value = (*profile.filtered, *sorted(refused))
        against = ("its sender does not hear any more that it reaches nobody: a person decides",)
        yield Suggestion("filtered", value, _FOR_PEOPLE, evidence, against)
