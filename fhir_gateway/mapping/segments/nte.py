"""What do the notes of the message add up to?

A note belongs to the segment it follows. Those of the schedule come first, then those of services,
general resources, places and people; notes about the patient or an observation are not the
appointment's.

Source: HL7 v2.9.1 chapter 2, NTE; v2-to-FHIR NTE[Appointment-Comment]; hl7v2.md section 1.5.
"""

from fhir_gateway.hl7.message import Segment
from fhir_gateway.mapping.reading import Reading, clean

_ORDER = ("SCH", "AIS", "AIG", "AIL", "AIP")
#: TQ1 stands between SCH and its notes, RGS begins a group.
_OWNERS = {"SCH": "SCH", "TQ1": "SCH", "RGS": "AIS"} | {name: name for name in _ORDER[1:]}
#: NTE-2 is a code of table 0105, and none is longer.
_LONGEST_SOURCE = 8
#: More repetitions than anybody writes by hand.
_MANY = 1_000
#: Characters of a string in R4.
MAX_STRING = 1024 * 1024


def _lines(segment: Segment) -> str:
    """NTE-3, a line for each repetition."""
    mark = segment.syntax.delimiters.repetition
    if mark and segment.raw_field(3).count(mark) > _MANY:
        # Objects by the hundred thousand would stop everybody while they are collected.
        whole = segment.raw_field(3)[: 2 * MAX_STRING].replace(mark, "\n")
        while "\n\n" in whole:
            whole = whole.replace("\n\n", "\n")
        return clean(segment.syntax.value(whole))
    return "\n".join(filter(None, (clean(field.text) for field in segment.repetitions(3))))


def _text(segment: Segment, reading: Reading) -> str:
    text = _lines(segment)
    stray = clean(segment.field(2).text)
    if not text and len(stray) > _LONGEST_SOURCE:
        reading.warn("the note stands in NTE-2; it is taken", segment.location(2))
        return stray
    return text


def comment(reading: Reading) -> tuple[str | None, bool]:
    """Every note of the appointment, a line each.

    Returns:
        The text, None without notes; and whether the sender deletes the notes (`""`).
    """
    found: dict[str, list[str]] = {name: [] for name in _ORDER}
    deleted = False
    owner: str | None = None
    for segment in reading.message.segments:
        if segment.name != "NTE":
            owner = _OWNERS.get(segment.name)
        elif owner:
            deleted = deleted or segment.is_null(3)
            text = _text(segment, reading)
            if text:
                found[owner].append(text)
                reading.took("comment", segment, 3)
    lines = [line for name in _ORDER for line in found[name]]
    whole = "\n".join(lines) or None
    if whole and len(whole) > MAX_STRING:
        reading.warn("the notes are longer than FHIR allows; they are cut", "NTE^1^3")
        whole = whole[:MAX_STRING].rstrip()
    return whole, (deleted or reading.profile.snapshot_notes) and whole is None
