"""Does the timing of SCH stand beside SCH-11, where a sender has left a field out or one too many?

A value with a start where TQ has it can be nothing else. Duration and unit go with it, and of an
SCH that is one field short also what stands before them.

Source: HL7 v2.5.1 chapter 2A, TQ; hl7v2.md section 4.
"""

from datetime import datetime

from fhir_gateway.core.errors import Issue
from fhir_gateway.hl7.message import Message, Segment
from fhir_gateway.mapping.moments import read_ts
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.tables import lookup

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
    if head is None:
        return message, None
    named = {each.partition(".")[0] for each in profile.start_sources}
    found = _pair(head)
    if found is not None and f"SCH-{found}" in named:
        found = None
    if found is None and not _is_timing(head, _TIMING):
        found = next((n for n in _BESIDE if _is_timing(head, n) and f"SCH-{n}" not in named), None)
    if found is None:
        return message, None
    told = f"the timing stands in SCH-{found} and is read as SCH-11, with the duration beside it"
    issue = Issue(told, (head.location(found),), "informational", "shifted")
    made = _moved(head, found)
    segments = tuple(made if each is head else each for each in message.segments)
    straightened = message.with_segments(segments)
    return straightened, issue


def _pair(head: Segment) -> int | None:
    """SCH-9 or SCH-10 where it and the next are start and end; SCH-10 as the start alone, too."""
    start, end = _stamp(head.text(_DURATION)), _stamp(head.text(_UNIT))
    if start is not None and end is not None and end > start:
        return _DURATION
    start = _stamp(head.text(_UNIT))
    end = _stamp(head.text(_TIMING))
    if start is None or _stamp(head.text(_TIMING, 4)) or (end is not None and end <= start):
        return None
    return _UNIT


def _stamp(text: str) -> datetime | None:
    moment = read_ts(text)
    return moment.local if moment is not None and moment.has_time else None


def _is_timing(head: Segment, number: int) -> bool:
    """Whether a field tells a start in its fourth component, or as SCH-11 in the first."""
    component = 1 if number == _TIMING and not head.text(number, 4) else 4
    return _stamp(head.text(number, component)) is not None


def _moved(head: Segment, found: int) -> Segment:
    fields = {n: head.raw_field(n) for n in range(1, head.field_count + 1)}
    timing = head.raw_field(found)
    bare = _stamp(head.text(found)) is not None
    follows = bare and _stamp(head.text(found + 1)) is not None
    if follows:
        timing += head.syntax.delimiters.component + head.raw_field(found + 1)
    lasts = _duration(head, found)
    for number in {found, *lasts, *([found + 1] if follows else [])}:
        fields[number] = ""
    if found == _UNIT and not bare:
        for number in range(_DURATION - 1, _SLIPS_FROM, -1):
            fields[number] = head.raw_field(number - 1)
        fields[_SLIPS_FROM] = ""
    moved = zip((_DURATION, _UNIT), lasts, strict=False)
    fields |= {_TIMING: timing} | {to: head.raw_field(one) for to, one in moved}
    mark = head.syntax.delimiters.field
    raw = mark.join(["SCH", *(fields.get(n, "") for n in range(1, max(fields) + 1))])
    return Segment(raw, "SCH", head.index, head.sequence, head.syntax)


def _duration(head: Segment, found: int) -> tuple[int, ...]:
    """Fields of duration and unit, before the timing or after it; () where they are none."""
    for number in (found - 2, found - 3, found + 1):
        unit = head.text(number + 1).strip().casefold()
        if head.text(number).strip().replace(".", "", 1).isdigit() and lookup(
            "units", unit, "seconds"
        ):
            return number, number + 1
    return ()
