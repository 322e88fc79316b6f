"""What does SCH-11 say, before TQ1 took its place?

Start in .4, end in .5, duration in .3; some senders put the start into .1.

Source: HL7 v2.5.1 chapter 2A, TQ; v2-to-FHIR TQ[Appointment]; hl7v2.md sections 1.3 and 1.8.
"""

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.durations import Duration, read_tq_duration
from fhir_gateway.mapping.moments import Moment
from fhir_gateway.mapping.reading import Reading, part

#: Digits of a time stamp with a time of day.
_STAMP = 12


def moment(field: Field, component: int, reading: Reading, place: str) -> Moment | None:
    """A time stamp in one component: .4 start, .5 end."""
    return reading.moment(part(field, component, 1), part(field, component, 2), place)


def quantity_as_moment(field: Field, reading: Reading, place: str) -> Moment | None:
    """TQ.1 where it holds a date instead of a quantity: eight digits or more, or ISO 8601."""
    text = part(field, 1, 1)
    digits = text[:10].replace("-", "")[:8]
    date_like = len(digits) == 8 and digits.isdigit() and text[:2] in ("19", "20", "21")
    return reading.moment(text, "", place) if date_like else None


def end(field: Field, reading: Reading, place: str) -> Moment | None:
    """TQ.5; TQ.2 where TQ.1 and TQ.2 hold start and end instead of quantity and interval."""
    found = moment(field, 5, reading, place)
    if found is None and not part(field, 4) and quantity_as_moment(field, reading, place):
        found = reading.moment(part(field, 2), "", place) if len(part(field, 2)) >= _STAMP else None
    return found


def duration(field: Field, reading: Reading) -> Duration | None:
    """TQ.3."""
    profile = reading.profile
    return read_tq_duration(part(field, 3), profile.blank_unit, profile.units)
