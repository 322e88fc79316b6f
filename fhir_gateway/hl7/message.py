"""What does this HL7 v2 message say, position by position?

A lazy reader: it cuts segments at once and fields only when they are asked for. It knows no
segment or data type, refuses nothing but bytes without an MSH, and answers '' for what is not
there. hl7apy, which knows all types, is thousands of times slower and lives in
`hl7.conformance`.

Source: HL7 v2.9.1 chapter 2, 2.5 and 2.6; hl7v2.md sections 3.3 and 4.
"""

import re
from collections.abc import Sequence

from fhir_gateway.hl7.charset import Decoded, decode
from fhir_gateway.hl7.delimiters import Delimiters, Unreadable, read_delimiters
from fhir_gateway.hl7.escapes import unescape
from fhir_gateway.hl7.lines import MAX_SEGMENTS, lines_of, stray_lines
from fhir_gateway.hl7.peek import Header, header_of, peek

__all__ = ["MAX_SEGMENTS", "Field", "Message", "Segment", "Syntax", "Unreadable"]

#: No segment of the standard has 100 fields; what is beyond stays in one piece in the last one.
_MAX_FIELDS = 1_000
_NULL = '""'
_HEADERS = frozenset({"MSH", "FHS", "BHS"})
_HEADER_START = re.compile(r"(?:^|[\r\n\v])[ \t\0\ufeff]*(MSH)(?![A-Za-z0-9\s])")


class Syntax:
    """How one message writes its values: delimiters and codec."""

    __slots__ = ("delimiters", "encoding")

    def __init__(self, delimiters: Delimiters, encoding: str) -> None:
        self.delimiters = delimiters
        self.encoding = encoding

    def value(self, raw: str) -> str:
        """The text meant by a piece of the message; '' for the null value."""
        return "" if raw == _NULL else unescape(raw, self.delimiters, self.encoding)


def _split(text: str, delimiter: str) -> list[str]:
    return text.split(delimiter) if delimiter else [text]


def _nth(text: str, delimiter: str, position: int) -> str:
    """Part 1.. of a text; '' where absent."""
    if not delimiter or delimiter not in text:
        return text if position == 1 else ""
    if position < 1:
        return ""
    parts = text.split(delimiter, position)
    return parts[position - 1] if position <= len(parts) else ""


class Field:
    """One repetition of a field. True where it holds a value (absent and `""` are False)."""

    __slots__ = ("_syntax", "raw")

    def __init__(self, raw: str, syntax: Syntax) -> None:
        self.raw = raw
        self._syntax = syntax

    def __bool__(self) -> bool:
        return self.raw not in ("", _NULL)

    def __repr__(self) -> str:
        return f"Field({self.raw!r})"

    @property
    def is_null(self) -> bool:
        """Whether the sender asks to delete the value (`""`)."""
        return self.raw == _NULL

    @property
    def text(self) -> str:
        """The whole repetition as one text: component separators stay."""
        return self._syntax.value(self.raw)

    @property
    def components(self) -> tuple[str, ...]:
        """All components, decoded, subcomponent separators left in; () for an absent field."""
        if not self.raw:
            return ()
        parts = _split(self.raw, self._syntax.delimiters.component)
        return tuple(self._syntax.value(part) for part in parts)

    def raw_component(self, component: int) -> str:
        """Component 1.. as written; '' where absent."""
        return _nth(self.raw, self._syntax.delimiters.component, component)

    def component(self, component: int) -> str:
        """Component 1.. as one text, with any subcomponent separators left in."""
        return self._syntax.value(self.raw_component(component))

    def part(self, component: int) -> "Field":
        """Component 1.. as a field of its own, for who has put something else into it."""
        return Field(self.raw_component(component), self._syntax)

    def sub(self, component: int, sub: int) -> str:
        """Subcomponent 1.. of component 1.., decoded."""
        raw = _nth(self.raw_component(component), self._syntax.delimiters.subcomponent, sub)
        return self._syntax.value(raw)


class Segment:
    """One segment.

    Attributes:
        name: `SCH`, `ZXX` ….
        raw: Its text without the segment end.
        index: Position in the message from 0.
        sequence: The how-manieth of this name, from 1 (ERR-2.2).
    """

    __slots__ = ("_fields", "_syntax", "index", "name", "raw", "sequence")

    def __init__(self, raw: str, name: str, index: int, sequence: int, syntax: Syntax) -> None:
        self.raw = raw
        self.name = name
        self.index = index
        self.sequence = sequence
        self._syntax = syntax
        self._fields: list[str] | None = None

    def __repr__(self) -> str:
        return f"Segment({self.raw[:60]!r})"

    @property
    def syntax(self) -> Syntax:
        """Delimiters and codec of its message."""
        return self._syntax

    def _cut(self) -> list[str]:
        """Raw fields, so that list index and field number agree (0 is the name)."""
        if self._fields is None:
            separator = self._syntax.delimiters.field
            self._fields = self.raw.split(separator, _MAX_FIELDS)
            if self.name in _HEADERS:
                self._fields.insert(1, separator)
        return self._fields

    def _is_verbatim(self, number: int) -> bool:
        """Whether the field defines delimiters and is therefore not cut by them."""
        return number <= 2 and self.name in _HEADERS

    @property
    def field_count(self) -> int:
        """The number of the last field that is written, even if empty."""
        return len(self._cut()) - 1

    def raw_field(self, number: int) -> str:
        """Field 1.. as written with all its repetitions; '' where absent."""
        fields = self._cut()
        return fields[number] if 1 <= number < len(fields) else ""

    def repetitions(self, number: int) -> tuple[Field, ...]:
        """Every repetition of field 1..; () where the field is absent."""
        raw = self.raw_field(number)
        if not raw:
            return ()
        if self._is_verbatim(number):
            return (Field(raw, self._syntax),)
        parts = _split(raw, self._syntax.delimiters.repetition)
        return tuple(Field(part, self._syntax) for part in parts)

    def field(self, number: int, repetition: int = 1) -> Field:
        """One repetition of field 1..; an empty Field where absent."""
        found = self.repetitions(number)
        return found[repetition - 1] if 1 <= repetition <= len(found) else Field("", self._syntax)

    def text(self, number: int, component: int = 1, sub: int = 1, repetition: int = 1) -> str:
        """One subcomponent, decoded; '' where absent or null.

        Args:
            number: Field, from 1.
            component: From 1.
            sub: Subcomponent, from 1.
            repetition: From 1.
        """
        raw = self.raw_field(number)
        if not raw:
            return ""
        if self._is_verbatim(number):
            return raw if repetition == 1 else ""
        cut = self._syntax.delimiters
        raw = _nth(_nth(raw, cut.repetition, repetition), cut.component, component)
        return self._syntax.value(_nth(raw, cut.subcomponent, sub))

    def is_null(self, number: int) -> bool:
        """Whether the field is `""`: the sender asks to delete what we hold."""
        return self.raw_field(number) == _NULL

    def location(self, *position: int) -> str:
        """This segment or a part of it, in the form of ERR-2: `SCH^1^25`.

        Args:
            position: Nothing, field, or field, repetition, component, subcomponent.
        """
        return "^".join([self.name, str(self.sequence), *map(str, position)])


class Message:
    """A decoded message.

    Attributes:
        raw: The bytes as they came.
        text: Decoded, from MSH on, segment ends as they came.
        syntax: Delimiters and codec.
        warnings: Oddities of form: character set, stray lines, delimiters.
    """

    __slots__ = ("_by_name", "_lines", "_segments", "raw", "syntax", "text", "warnings")

    def __init__(
        self,
        raw: bytes,
        text: str,
        lines: Sequence[tuple[str, str]],
        syntax: Syntax,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.raw = raw
        self.text = text
        self.syntax = syntax
        self.warnings = warnings
        self._lines = lines
        self._segments: tuple[Segment, ...] | None = None
        self._by_name: dict[str, tuple[Segment, ...]] | None = None

    def with_segments(self, segments: Sequence[Segment]) -> "Message":
        """The same message read with other segments, of which the first is MSH."""
        other = Message(self.raw, self.text, (), self.syntax, self.warnings)
        other._segments = tuple(segments)
        return other

    @classmethod
    def parse(
        cls, raw: bytes, *, encoding: str | None = None, max_segments: int = MAX_SEGMENTS
    ) -> "Message":
        """Read one message; segments may end in CR, LF or CR LF.

        Args:
            raw: The bytes of a frame.
            encoding: Character set known for the sender; wins over MSH-18.
            max_segments: Refuse above.

        Raises:
            Unreadable: there is no MSH, or no codec for the declared character set.
            GatewayError: too large, for more than max_segments lines.
        """
        if encoding is None and (plain := _plain(raw)) is not None:
            decoded = plain
        else:
            peeked = peek(raw)
            decoded = decode(raw, peeked.repetitions(18) if peeked else (), encoding)
        text = _from_header(decoded.text)
        delimiters, odd = read_delimiters(text)
        syntax = Syntax(delimiters, decoded.encoding)
        lines = lines_of(text, delimiters.field, max_segments)
        return cls(raw, text, lines, syntax, (*decoded.warnings, *odd, *stray_lines(lines)))

    @property
    def segments(self) -> tuple[Segment, ...]:
        """In order; the first is MSH."""
        if self._segments is None:
            seen: dict[str, int] = {}
            made = []
            for index, (name, raw) in enumerate(self._lines):
                sequence = seen[name] = seen.get(name, 0) + 1
                made.append(Segment(raw, name, index, sequence, self.syntax))
            self._segments = tuple(made)
        return self._segments

    @property
    def msh(self) -> Segment:
        """The message header segment."""
        return self.segments[0]

    @property
    def header(self) -> Header:
        """MSH in the form that an acknowledgement is made from."""
        wide = self.syntax.encoding.startswith(("utf-16", "utf-32"))
        return header_of(self.msh.raw, "utf-8" if wide else self.syntax.encoding)

    def all(self, name: str) -> tuple[Segment, ...]:
        """Every segment of that name, in order."""
        if self._by_name is None:
            gathered: dict[str, list[Segment]] = {}
            for segment in self.segments:
                gathered.setdefault(segment.name, []).append(segment)
            self._by_name = {each: tuple(found) for each, found in gathered.items()}
        return self._by_name.get(name, ())

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        found = self.all(name)
        return found[0] if found else None

    @property
    def control_id(self) -> str:
        """MSH-10, decoded as one text."""
        return self.syntax.value(self.msh.raw_field(10))

    @property
    def event(self) -> tuple[str, str, str]:
        """MSH-9: message type, trigger event, structure; each '' where absent."""
        field = self.msh.field(9)
        return field.component(1), field.component(2), field.component(3)

    @property
    def version(self) -> str:
        """MSH-12.1."""
        return self.msh.text(12)

    @property
    def sender(self) -> tuple[str, str]:
        """MSH-3 and MSH-4: namespace, or the universal id where there is no namespace."""
        application, facility = self.msh.field(3), self.msh.field(4)
        return (
            application.component(1) or application.component(2),
            facility.component(1) or facility.component(2),
        )

    @property
    def time_text(self) -> str:
        """MSH-7.1 as written."""
        return self.msh.text(7)


def _plain(raw: bytes) -> Decoded | None:
    """The text of a message that begins with MSH and is ASCII throughout, as nearly all are.

    None where the bytes need a closer look: escapes to other sets begin with ESC, and a byte order
    mark is not ASCII.
    """
    if not (raw.startswith(b"MSH") and raw.isascii()) or b"\x1b" in raw:
        return None
    text = raw.decode("ascii")
    head = text.partition("\r")[0].partition("\n")[0]
    separator = head[3:4]
    fields = head.split(separator, 18) if separator else []
    if len(fields) < 18 or not fields[17]:
        return Decoded(text, "utf-8")
    return None


def _from_header(text: str) -> str:
    """The text from its MSH on."""
    if text.startswith("MSH") and _HEADER_START.match(text):
        return text
    found = _HEADER_START.search(text)
    if found is None:
        raise Unreadable("no MSH segment")
    return text[found.start(1) :]
