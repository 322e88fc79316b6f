"""Does the timing of SCH stand beside SCH-11, where a sender has left a field out or one too many?

A value with a start where TQ has it can be nothing else. Duration and unit go with it, and of an
SCH that is one field short also what stands before them.

Source: HL7 v2.5.1 chapter 2A, TQ; hl7v2.md section 4.
"""

from fhir_gateway.core.errors import Issue
from fhir_gateway.hl7.message import Message, Segment
from fhir_gateway.mapping.moments import read_ts
from fhir_gateway.mapping.profiles import SenderProfile

_TIMING, _DURATION, _UNIT = 11, 9, 10
#: Where it has been seen instead, the nearest first.
_BESIDE = (10, 12, 9, 13, 8)
#: The first field that may have slipped with those after it: nothing before is told by its place.
_SLIPS_FROM = 5


def straight(message: Message, profile: SenderProfile) -> tuple[Message, Issue | None]:
    """The message with the timing where it belongs, and what is to be said of that.

    Args:
        message: Any.
        profile: What it says of a field is not touched.
    """
    head = message.first("SCH")
    if head is None or _is_timing(head, _TIMING):
        return message, None
    named = {each.partition(".")[0] for each in profile.start_sources}
    found = next((n for n in _BESIDE if _is_timing(head, n) and f"SCH-{n}" not in named), None)
    if found is None:
        return message, None
    place = head.location(found)
    told = f"the timing stands in SCH-{found} and is read as SCH-11, with the duration beside it"
    issue = Issue(told, (place,), "informational", "shifted")
    made = _moved(head, found)
    segments = tuple(made if each is head else each for each in message.segments)
    straightened = Message(message.raw, message.text, segments, message.syntax, message.warnings)
    return straightened, issue


def _is_timing(head: Segment, number: int) -> bool:
    """Whether a field tells a start in its fourth component, or as SCH-11 in the first."""
    component = 1 if number == _TIMING and not head.text(number, 4) else 4
    moment = read_ts(head.text(number, component))
    return moment is not None and moment.has_time


def _moved(head: Segment, found: int) -> Segment:
    fields = {n: head.raw_field(n) for n in range(1, head.field_count + 1)}
    trio = _trio(head, found)
    for number in {found, *trio}:
        fields[number] = ""
    if found == _UNIT:
        for number in range(_DURATION - 1, _SLIPS_FROM, -1):
            fields[number] = head.raw_field(number - 1)
        fields[_SLIPS_FROM] = ""
    moved = zip((_DURATION, _UNIT), trio, strict=False)
    fields |= {_TIMING: head.raw_field(found)} | {to: head.raw_field(one) for to, one in moved}
    mark = head.syntax.delimiters.field
    raw = mark.join(["SCH", *(fields.get(n, "") for n in range(1, max(fields) + 1))])
    return Segment(raw, "SCH", head.index, head.sequence, head.syntax)


def _trio(head: Segment, found: int) -> tuple[int, ...]:
    """Fields of duration and unit, before the timing or after it; () where they are none."""
    if found in (_UNIT, _TIMING + 1, _TIMING + 2):
        pair = (found - 2, found - 1)
    else:
        pair = (found + 1, found + 2)
    return pair if _number(head.text(pair[0])) else ()


def _number(text: str) -> bool:
    return text.strip().replace(".", "", 1).isdigit()
