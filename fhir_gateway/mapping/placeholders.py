"""Is this a number, or does it stand there because the field must not be empty?

Whatever is known by `0` or 000-00-0000 would become one and the same patient.

Source: hl7v2.md section 4; decision 5; decision record 0025.
"""

from fhir_gateway.mapping.reading import Reading

_WORDS = frozenset({"NA", "NONE", "NULL", "NIL", "UNK", "UNKNOWN", "NOTAVAILABLE", "NOTKNOWN"})
#: So many of one and the same digit are no number of anybody.
_REPEATED = 9


def is_placeholder(value: str) -> bool:
    """Whether an identifier names nobody."""
    bare = "".join(filter(str.isalnum, value)).upper()
    if not bare.strip("0"):
        return True
    same = len(bare) >= _REPEATED and bare.isdigit() and bare == bare[0] * len(bare)
    return same or bare in _WORDS


def named(value: str, reading: Reading, place: str) -> str:
    """An identifier; '' with a warning where it names nobody."""
    if not value or not is_placeholder(value):
        return value
    reading.warn(
        f"'{value[:20]}' names nobody and is not taken for a number", place, details="placeholder"
    )
    return ""
