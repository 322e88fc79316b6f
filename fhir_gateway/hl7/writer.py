"""How is an HL7 v2 message written so that no value can become structure?

Values are plain Python: a text is one value, a tuple holds components (and inside it a tuple
holds subcomponents), a list holds repetitions, NULL is the null value `""`, None is nothing.

    build([("MSH", {9: ("SIU", "S12", "SIU_S12")}), ("SCH", {2: "4711", 25: ("Booked",)})])

Source: HL7 v2.9.1 chapter 2, 2.5 and 2.7.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Final

from fhir_gateway.hl7.delimiters import DEFAULT_DELIMITERS, Delimiters
from fhir_gateway.hl7.escapes import escape_text


class Null(Enum):
    """The null value: delete what you hold."""

    NULL = '""'


NULL: Final = Null.NULL

Part = str | Null | None
Component = Part | tuple[Part, ...]
Repetition = Part | tuple[Component, ...]
Value = Repetition | list[Repetition]
#: Segment name and values by field number, as the standard counts them.
Row = tuple[str, Mapping[int, Value]]


class SegmentWriter:
    """Writes values of one message."""

    def __init__(self, delimiters: Delimiters, encoding: str) -> None:
        self._delimiters = delimiters
        self._encoding = encoding

    def part(self, value: Part) -> str:
        """One text, escaped."""
        if value is None:
            return ""
        if isinstance(value, Null):
            return str(value.value)
        return escape_text(value, self._delimiters, self._encoding)

    def _joined(self, parts: Iterable[str], mark: str) -> str:
        """Parts with their separators, without those after the last value."""
        return mark.join(parts).rstrip(mark)

    def _component(self, value: Component) -> str:
        if isinstance(value, tuple):
            return self._joined(map(self.part, value), self._delimiters.subcomponent)
        return self.part(value)

    def _repetition(self, value: Repetition) -> str:
        if isinstance(value, tuple):
            return self._joined(map(self._component, value), self._delimiters.component)
        return self.part(value)

    def field(self, value: Value) -> str:
        """One field with all its repetitions."""
        if isinstance(value, list):
            return self._joined(map(self._repetition, value), self._delimiters.repetition)
        return self._repetition(value)

    def segment(self, row: Row) -> str:
        """One segment without its end."""
        name, values = row
        mark = self._delimiters.field
        last = max(values, default=0)
        fields = [self.field(values.get(number)) for number in range(1, last + 1)]
        if name in {"MSH", "FHS", "BHS"}:
            # MSH-1 is the separator itself, MSH-2 stands as it is.
            text = self._joined(fields[2:], mark)
            return name + mark + self._delimiters.encoding_characters + mark + text
        return self._joined([name, *fields], mark)


def build(
    rows: Sequence[Row],
    delimiters: Delimiters = DEFAULT_DELIMITERS,
    *,
    encoding: str = "utf-8",
) -> bytes:
    """Write a message; every segment ends in CR.

    Args:
        rows: Segments in order; MSH-1 and MSH-2 are written from `delimiters`.
        delimiters: Five distinct characters (truncation may be empty).
        encoding: Python codec; it has to agree with the MSH-18 given. What it lacks becomes `?`.

    Raises:
        ValueError: a delimiter is missing or a segment name is none.
    """
    needed = (
        delimiters.field, delimiters.component, delimiters.repetition, delimiters.escape,
        delimiters.subcomponent,
    )  # fmt: skip
    if not all(needed):
        raise ValueError("writing needs all five delimiters")
    writer = SegmentWriter(delimiters, encoding)
    for name, _ in rows:
        if len(name) != 3 or not (name.isascii() and name.isalnum() and name.isupper()):
            raise ValueError(f"{name!r} is no segment name")
    text = "".join(writer.segment(row) + "\r" for row in rows)
    return text.encode(encoding, "replace")
