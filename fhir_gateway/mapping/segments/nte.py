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


def _text(segment: Segment, reading: Reading) -> str:
    lines = [clean(field.text) for field in segment.repetitions(3)]
    text = "\n".join(filter(None, lines))
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
    return whole, (deleted or reading.profile.snapshot_notes) and whole is None
