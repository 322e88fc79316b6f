"""How does a time stamp become a FHIR dateTime?

With an offset from the minute on, as R4 demands; a date where the value tells no minute.

Source: HL7 v2.9.1 chapter 2A, DTM; v2-to-FHIR DTM[dateTime]; hl7v2.md section 1.8.
"""

from fhir_gateway.core.time import format_instant
from fhir_gateway.mapping.reading import Reading
from fhir_gateway.mapping.zones import in_range


def date_time(text: str, reading: Reading, place: str) -> str | None:
    """Read a TS or DTM.

    Args:
        text: The value.
        reading: The message.
        place: For warnings.

    Returns:
        FHIR dateTime; None for '' and for what is no time (reported).
    """
    moment = reading.moment(text, "", place)
    if moment is None:
        return None
    if not moment.has_time or not in_range(moment):
        return moment.date
    value = reading.instant(moment, place)
    return format_instant(value) if value else moment.date
