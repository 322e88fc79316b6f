"""Does a message name more people, places and services than any appointment has?

Reading is linear in notes and in whatever is not understood, but resources are compared with each
other. The bound is far beyond what any feed sends and far below what would take a second.

Source: decision 20 (limits of a message).
"""

from fhir_gateway.core.errors import Issue
from fhir_gateway.hl7.message import Message

#: Segments whose values are compared with each other.
_COMPARED = frozenset(
    {"SCH", "PID", "PV1", "AIS", "AIG", "AIL", "AIP", "ARQ", "APR", "EVN", "MRG", "QRF", "TQ1"}
)
#: Of these segments and of repetitions in them, together.
MOST_VALUES = 500


def excess(message: Message) -> Issue | None:
    """What is too much in a message; None where nothing is."""
    mark = message.syntax.delimiters.repetition
    values = 0
    for segment in message.segments:
        if segment.name in _COMPARED:
            values += 1 + (segment.raw.count(mark) if mark else 0)
            if values > MOST_VALUES:
                text = (
                    f"More than {MOST_VALUES} segments and repetitions about people, places and"
                    " services; no appointment has so many"
                )
                return Issue(text, (segment.location(),), "too-long")
    return None
