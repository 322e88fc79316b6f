"""What does the header of these bytes say, before anybody parses them?

Enough for routing, for the duplicate key and for an answer to a message that cannot be read.
The body is never looked at.

Source: HL7 v2.9.1 chapter 2, MSH; hl7v2.md sections 3.2 and 3.3.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cached_property

from fhir_gateway.hl7.charset import codec_of
from fhir_gateway.hl7.delimiters import Delimiters, Unreadable, read_delimiters
from fhir_gateway.hl7.escapes import unescape

#: How far into the bytes the header is looked for, and how long it may be.
_REACH = 64 * 1024
_LONGEST = 8 * 1024
_START = re.compile(rb"(?:\A|[\r\n\x0b])[ \t\0]*(?:\xef\xbb\xbf)?(MSH)(?![A-Za-z0-9\s])")
_LINE_END = re.compile(rb"[\r\n]")
#: Sets in which a part of a character may look like a delimiter, and where that may be the case.
_MULTI_BYTE = ("big5hkscs", "shift_jis", "gb18030", "iso2022_jp_2")
_HIDING = re.compile(rb"[\x80-\xff][\x40-\x7e]|\x1b")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def find_header(raw: bytes, reach: int = _REACH) -> int | None:
    """Where MSH begins; None where there is none."""
    found = _START.search(raw, 0, reach)
    return found.start(1) if found else None


@dataclass(frozen=True)
class Header:
    """MSH, cut but not decoded.

    Args:
        delimiters: Of the message.
        fields: Raw text, index = field number (0 holds the name). Bytes outside ASCII are kept as
            surrogate escapes where the codec is not known.
        encoding: Codec that turns `fields` back into the very bytes that came.
    """

    delimiters: Delimiters
    fields: tuple[str, ...]
    encoding: str = "ascii"

    def field(self, number: int) -> str:
        """Field 1.. as written; '' where absent."""
        return self.fields[number] if 1 <= number < len(self.fields) else ""

    def octets(self, number: int) -> bytes:
        """Field 1.. as the bytes that came."""
        return self.field(number).encode(self.encoding, "surrogateescape")

    def repetitions(self, number: int) -> tuple[str, ...]:
        """The repetitions of field 1.. as written."""
        mark = self.delimiters.repetition
        return tuple(self.field(number).split(mark) if mark else [self.field(number)])

    def component(self, number: int, component: int = 1) -> str:
        """Component 1.. of the first repetition of a field, decoded for reading."""
        first, mark = self.field(number), self.delimiters.repetition
        if mark and mark in first:
            first = first.split(mark, 1)[0]
        mark = self.delimiters.component
        parts = first.split(mark) if mark and mark in first else [first]
        return self._readable(parts[component - 1]) if component <= len(parts) else ""

    def _readable(self, raw: str) -> str:
        if self._is_plain(raw):
            return raw
        text = raw.encode(self.encoding, "surrogateescape").decode(self.encoding, "replace")
        return "" if text == '""' else unescape(text, self.delimiters, self.encoding)

    def _is_plain(self, raw: str) -> bool:
        """Whether a piece means just what it looks like, as nearly all do."""
        escape = self.delimiters.escape
        return (
            self.encoding == "ascii"
            and raw.isascii()
            and not ('"' in raw or "\0" in raw or (escape and escape in raw))
        )

    @cached_property
    def control_id(self) -> str:
        """MSH-10 as one text."""
        return self._readable(self.field(10))

    @cached_property
    def event(self) -> tuple[str, str, str]:
        """MSH-9: message type, trigger event, structure."""
        return self.component(9, 1), self.component(9, 2), self.component(9, 3)

    @property
    def version(self) -> str:
        """MSH-12.1."""
        return self.component(12)

    @cached_property
    def sender(self) -> tuple[str, str]:
        """MSH-3 and MSH-4: namespace, or the universal id where there is no namespace."""
        return (
            self.component(3) or self.component(3, 2),
            self.component(4) or self.component(4, 2),
        )


def header_of(line: str, encoding: str) -> Header:
    """Cut the text of an MSH segment.

    Raises:
        Unreadable: there is no field separator.
    """
    delimiters, _ = read_delimiters(line)
    fields = line.split(delimiters.field)
    return Header(delimiters, (fields[0], delimiters.field, *fields[1:]), encoding)


def peek(raw: bytes) -> Header | None:
    """Read the header of a message in whatever state.

    Args:
        raw: The bytes of a frame, or the beginning of them.

    Returns:
        None where no MSH is found.
    """
    if raw.startswith(_UTF16_MARKS):
        raw = raw[: 2 * _LONGEST].decode("utf-16", "ignore").encode("utf-8", "ignore")
    start = find_header(raw)
    if start is None:
        return None
    line = _LINE_END.split(raw[start : start + _LONGEST], maxsplit=1)[0]
    header = _cut(line, "ascii")
    if header is None or not _HIDING.search(line):
        return header
    return _by_its_own_declaration(line) or header


def _cut(line: bytes, encoding: str) -> Header | None:
    try:
        return header_of(line.decode(encoding, "surrogateescape"), encoding)
    except (Unreadable, UnicodeError):
        return None


def _by_its_own_declaration(line: bytes) -> Header | None:
    """The header in the set that it declares, if that can only be read after decoding."""
    for encoding in _MULTI_BYTE:
        header = _cut(line, encoding)
        if header is not None and encoding in map(_codec, header.repetitions(18)):
            return header
    return None


def _codec(declared: str) -> str | None:
    try:
        return codec_of(declared)
    except LookupError:
        return None
