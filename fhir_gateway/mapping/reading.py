"""What does everything that reads one message need to know, and where does it say what was odd?

Source: hl7v2.md sections 1.6, 1.8 and 3.3.
"""

from datetime import datetime

from fhir_gateway.core.errors import Issue
from fhir_gateway.core.time import ClockChange, format_instant, zone
from fhir_gateway.hl7.message import Field, Message, Segment
from fhir_gateway.mapping.moments import Moment, read_as, read_ts
from fhir_gateway.mapping.profiles import SenderProfile, base_of, percent_encoded
from fhir_gateway.mapping.zones import Zoning, in_range

_CLOCK_CHANGE = {
    ClockChange.GAP: "the clock skips {text}; read as {instant}",
    ClockChange.FOLD: "the clock shows {text} twice; the first, {instant}, is taken",
}


def clean(text: str) -> str:
    """Text as FHIR and XML can hold it: no control characters, no blanks around it."""
    if not text:
        return text
    kept = text if text.isprintable() else "".join(c for c in text if c >= " " or c in "\t\n\r")
    return kept.strip()


def part(field: Field, component: int, sub: int = 1) -> str:
    """One subcomponent of a field, cleaned; '' where absent."""
    return clean(field.sub(component, sub))


class Reading:
    """One message in the course of being read: its sender's rules, and warnings as they arise."""

    def __init__(self, message: Message, profile: SenderProfile) -> None:
        self.message = message
        self.profile = profile
        self.sender = message.sender
        self.base = base_of(profile, message.sender)
        self.header_time = self._read(message.time_text)
        self.zoning = Zoning.of(self.header_time, zone(profile.zone or "UTC"))
        self.provenance: dict[str, str] = {}
        self._warnings: dict[tuple[str, tuple[str, ...]], Issue] = {}
        for text in message.warnings:
            self.warn(text)

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """In order, each once."""
        return tuple(self._warnings.values())

    def sent_at(self, received_at: datetime) -> datetime | None:
        """MSH-7, where it tells the minute.

        Args:
            received_at: When the message came; it tells which of two equal clock times is meant.
        """
        header = self.header_time
        if header is None or not header.has_time or not in_range(header):
            return None
        return self.zoning.sent(header, received_at)

    def warn(self, diagnostics: str, *expression: str, details: str | None = None) -> None:
        """Note something that a person should know."""
        issue = Issue(diagnostics, expression, "informational", details)
        self._warnings.setdefault((diagnostics, expression), issue)

    def took(self, element: str, segment: Segment, *position: int) -> None:
        """Note which field an element was read from."""
        self.provenance.setdefault(element, segment.location(*position))

    def system(self, kind: str, name: str = "") -> str:
        """The system made for values of this sender that name no authority known elsewhere.

        Args:
            kind: What is identified or coded (`patient`, `ns` for a named authority).
            name: Namespace or coding system inside the kind.
        """
        tail = f":{percent_encoded(name)}" if name else ""
        return f"{self.base}:{kind}{tail}"

    def _read(self, text: str, declared: str = "") -> Moment | None:
        found = read_ts(text, declared)
        formats = self.profile.time_formats
        return read_as(text, formats) if found is None and formats and text else found

    def moment(self, text: str, declared: str, place: str) -> Moment | None:
        """Read a time stamp; a value that is none is reported."""
        found = self._read(text, declared)
        if found is None and text.strip():
            # Not even a wrong birth date may show up where warnings are listed.
            shown = "this" if place.startswith("PID") else f"'{clean(text)[:30]}'"
            self.warn(f"{shown} is no time that can be read", place, details="time")
        return found

    def instant(self, moment: Moment, place: str) -> datetime | None:
        """The instant of a moment; clock changes and impossible years are reported."""
        if not in_range(moment):
            self.warn(f"the year {moment.local.year} is too far away", place, details="time")
            return None
        value, change = self.zoning.instant(moment)
        if change is not ClockChange.NONE:
            text = f"{moment.local:%Y-%m-%d %H:%M}"
            told = _CLOCK_CHANGE[change].format(text=text, instant=format_instant(value))
            self.warn(told, place, details="clock-change")
        return value
