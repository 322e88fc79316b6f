"""What does this HL7 v2 message say, position by position?

A lazy reader: it cuts segments at once and fields only when they are asked for. It knows no
segment or data type, refuses nothing but bytes without an MSH, and answers '' for what is not
there. hl7apy, which knows all types, is thousands of times slower and lives in
`hl7.conformance`.

Source: HL7 v2.9.1 chapter 2, 2.5 and 2.6; hl7v2.md sections 3.3 and 4.
"""

import re
from functools import lru_cache
from itertools import islice

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.hl7.charset import decode
from fhir_gateway.hl7.delimiters import Delimiters, Unreadable, read_delimiters
from fhir_gateway.hl7.escapes import unescape
from fhir_gateway.hl7.peek import Header, header_of, peek

__all__ = ["MAX_SEGMENTS", "Field", "Message", "Segment", "Syntax", "Unreadable"]

#: Decision 20. Counted in lines, so that a flood of line breaks is refused as well.
MAX_SEGMENTS = 50_000
#: No segment of the standard has 100 fields; what is beyond stays in one piece in the last one.
_MAX_FIELDS = 1_000
_NULL = '""'
_HEADERS = frozenset({"MSH", "FHS", "BHS"})
_LINE = re.compile(r"[^\r\n]+")
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
        parts = _split(self.raw, self._syntax.delimiters.component)
        return parts[component - 1] if 1 <= component <= len(parts) else ""

    def component(self, component: int) -> str:
        """Component 1.. as one text, with any subcomponent separators left in."""
        return self._syntax.value(self.raw_component(component))

    def part(self, component: int) -> "Field":
        """Component 1.. as a field of its own, for who has put something else into it."""
        return Field(self.raw_component(component), self._syntax)

    def sub(self, component: int, sub: int) -> str:
        """Subcomponent 1.. of component 1.., decoded."""
        parts = _split(self.raw_component(component), self._syntax.delimiters.subcomponent)
        return self._syntax.value(parts[sub - 1]) if 1 <= sub <= len(parts) else ""


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
        field = self.field(number, repetition)
        if self._is_verbatim(number):
            return field.raw
        return field.sub(component, sub)

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
        segments: In order; the first is MSH.
        syntax: Delimiters and codec.
        warnings: Oddities of form: character set, stray lines, delimiters.
    """

    __slots__ = ("raw", "segments", "syntax", "text", "warnings")

    def __init__(
        self,
        raw: bytes,
        text: str,
        segments: tuple[Segment, ...],
        syntax: Syntax,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.raw = raw
        self.text = text
        self.segments = segments
        self.syntax = syntax
        self.warnings = warnings

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
        peeked = peek(raw)
        decoded = decode(raw, peeked.repetitions(18) if peeked else (), encoding)
        found = _HEADER_START.search(decoded.text)
        if found is None:
            raise Unreadable("no MSH segment")
        text = decoded.text[found.start(1) :]
        delimiters, odd = read_delimiters(text)
        syntax = Syntax(delimiters, decoded.encoding)
        segments, stray = _segments(text, syntax, max_segments)
        return cls(raw, text, segments, syntax, (*decoded.warnings, *odd, *stray))

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
        return tuple(segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next((segment for segment in self.segments if segment.name == name), None)

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


@lru_cache(maxsize=64)
def _segment_start(separator: str) -> re.Pattern[str]:
    return re.compile(rf"[ \t\0]*([A-Z][A-Z0-9]{{2}})(?:{re.escape(separator)}|[ \t\0]*\Z)")


@lru_cache(maxsize=1024)
def _is_name(name: str, separator: str) -> bool:
    """Whether a line that begins so begins a segment, as most lines plainly do."""
    return _segment_start(separator).fullmatch(name) is not None


def _lines(text: str, separator: str, limit: int) -> list[tuple[str, str]]:
    """Name and text of each segment; a line that begins like none belongs to the one before."""
    if text.count("\r") + text.count("\n") < limit:
        lines = _LINE.findall(text)
    else:  # a flood need not be cut to be refused
        lines = [each[0] for each in islice(_LINE.finditer(text), limit + 1)]
    if len(lines) > limit:
        raise fail(Category.TOO_LARGE, f"more than {limit} segments", "MSH^1", code="too-long")
    found: list[tuple[str, str]] = []
    carried: list[str] = []
    for line in lines:
        if _is_name(line[:4], separator):
            name, whole = line[:3], line
        elif head := _segment_start(separator).match(line):
            name, whole = head[1], line[head.start(1) :]
        else:
            carried.append(line)
            continue
        if carried:
            _carry(found, carried)
        found.append((name, whole))
    if carried:
        _carry(found, carried)
    return found


def _carry(found: list[tuple[str, str]], carried: list[str]) -> None:
    """Add to the last segment what stands on lines of its own; the lines are used up."""
    name, raw = found[-1]
    found[-1] = name, "\n".join([raw, *carried])
    carried.clear()


def _segments(text: str, syntax: Syntax, limit: int) -> tuple[tuple[Segment, ...], list[str]]:
    seen: dict[str, int] = {}
    segments: list[Segment] = []
    warnings: list[str] = []
    for index, (name, raw) in enumerate(_lines(text, syntax.delimiters.field, limit)):
        sequence = seen[name] = seen.get(name, 0) + 1
        segments.append(Segment(raw, name, index, sequence, syntax))
        if "\n" in raw and len(warnings) < 20 and raw.strip("\n \t\0"):
            warnings.append(f"{name}^{sequence} holds a bare line break")
    return tuple(segments), warnings
