"""Which field does a profile mean by `SCH-25` or `PV1-19.1`?

Source: HL7 v2.9.1 chapter 2, 2.5; hl7v2.md section 4.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from fhir_gateway.hl7.message import Field, Message, Segment

#: How many fields the last version gives a segment; Z segments may have any.
_FIELDS = {
    "MSH": 25, "EVN": 7, "SCH": 28, "TQ1": 14, "NTE": 9, "PID": 40, "PD1": 23, "PV1": 54, "PV2": 50,
    "OBX": 33, "ROL": 13, "PRT": 27, "RGS": 3, "AIS": 12, "AIG": 14, "AIL": 12, "AIP": 12,
}  # fmt: skip
_TEXT = re.compile(r"([A-Z][A-Z0-9]{2})-([1-9][0-9]?)(?:\.([1-9][0-9]?))?")
#: For messages to people.
ALLOWED = f"a field such as SCH-25 or SCH-11.4 of {', '.join(_FIELDS)} or a Z segment"


@dataclass(frozen=True, slots=True)
class Place:
    """A field of the first segment of a name, or one component of it.

    Attributes:
        segment: Its name.
        number: Field, from 1.
        component: From 1; None for the whole field.
    """

    segment: str
    number: int
    component: int | None = None

    def field(self, message: Message) -> tuple[Segment, Field] | None:
        """The segment and the first repetition, where there is a value; a component stands for
        a field of its own."""
        segment = message.first(self.segment)
        field = segment.field(self.number) if segment else None
        if segment is None or field is None or not field:
            return None
        if self.component is None:
            return segment, field
        part = field.part(self.component)
        return (segment, part) if part else None


@lru_cache(maxsize=512)
def place(text: str) -> Place:
    """Read `SCH-25` or `SCH-11.4`.

    Raises:
        ValueError: no field that there can be; the text says what is allowed.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text[:30]}' is not {ALLOWED}")
    name, number = match[1], int(match[2])
    most = 99 if name.startswith("Z") else _FIELDS.get(name, 0)
    if most == 0:
        raise ValueError(f"'{text}' is not {ALLOWED}")
    if number > most:
        raise ValueError(f"{name} has no field {number}, the last is {name}-{most}")
    return Place(name, number, int(match[3]) if match[3] else None)
