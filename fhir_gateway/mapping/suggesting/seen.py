"""What do the messages of a sender hold, as far as suggestions need it?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.moments import Moment
from fhir_gateway.mapping.places import place
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.segments.rgs import ResourceRow, resource_rows
from fhir_gateway.mapping.segments.sch_shift import straight
from fhir_gateway.mapping.siu import read_siu

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """One SIU message.

    Attributes:
        message: Itself.
        reading: Through the present profile.
        rows: Its resource rows.
    """

    message: Message
    reading: Reading
    rows: tuple[ResourceRow, ...]

    @property
    def understood(self) -> bool:
        """Whether the profile reads it; reads it whole."""
        try:
            read_siu(self.message, self.reading.profile, _LONG_AGO)
        except GatewayError:
            return False
        return True

    @property
    def trigger(self) -> str:
        """MSH-9.2."""
        return self.message.event[1]

    @property
    def patient(self) -> str:
        """The first patient identifier; ''."""
        return self.text("PID-3") or self.text("PID-2")

    def text(self, name: str) -> str:
        """First component of a field (or the component that the name has)."""
        found = place(name).field(self.message)
        return part(found[1], 1) if found else ""

    def whole(self, name: str) -> str:
        """A field as one text."""
        found = place(name).field(self.message)
        return found[1].text if found else ""

    def moment(self, name: str) -> Moment | None:
        """A time stamp with a time of day."""
        found = self.reading.moment(self.text(name), "", "")
        return found if found and found.has_time else None

    @property
    def own_id(self) -> str:
        """SCH-2, else SCH-1; ''."""
        return self.text("SCH-2") or self.text("SCH-1")


def seen(raws: Iterable[bytes], profile: SenderProfile) -> list[Seen]:
    """Read what can be read; other types and what is broken is left out."""
    found: list[Seen] = []
    for raw in raws:
        try:
            message, _ = straight(Message.parse(raw, encoding=profile.charset), profile)
            reading = Reading(message, profile)
        except (Unreadable, GatewayError):
            continue
        if message.event[0] == "SIU":
            found.append(Seen(message, reading, resource_rows(reading)))
    return found


def valued(messages: Sequence[Seen], name: str) -> list[str]:
    """The values of a field in the messages that have one."""
    return [text for each in messages if (text := each.text(name))]
