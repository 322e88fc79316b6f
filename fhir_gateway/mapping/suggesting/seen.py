"""What do the messages of a sender hold, as far as suggestions need it?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.hl7.delimiters import Unreadable
from fhir_gateway.hl7.message import Message
from fhir_gateway.mapping.adt import read_adt
from fhir_gateway.mapping.moments import Moment
from fhir_gateway.mapping.places import place
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.segments.rgs import ResourceRow, resource_rows
from fhir_gateway.mapping.segments.sch_shift import straight
from fhir_gateway.mapping.siu import read_siu
from fhir_gateway.mapping.srm import as_siu
from fhir_gateway.mapping.triggers import VISITS, meant

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """One message.

    Attributes:
        message: Itself; a request as the SIU that tells the same.
        reading: Through the present profile.
        rows: Its resource rows.
        type: SIU, SRM or ADT.
    """

    message: Message
    reading: Reading
    rows: tuple[ResourceRow, ...]
    type: str = "SIU"

    @property
    def understood(self) -> bool:
        """Whether the profile reads it; reads it whole."""
        read: Callable[..., object] = read_adt if self.type == "ADT" else read_siu
        try:
            read(self.message, self.reading.profile, _LONG_AGO)
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
    """Read what can be read; what is not for us and what is broken is left out."""
    found = (_seen(raw, profile) for raw in raws)
    return [each for each in found if each is not None]


def _seen(raw: bytes, profile: SenderProfile) -> Seen | None:
    try:
        message = Message.parse(raw, encoding=profile.charset)
        kind, event, _ = message.event
        if kind not in ("SIU", "SRM", "ADT") or (
            kind == "ADT" and meant(message, profile)[0] != kind
        ):
            return None
        if kind == "ADT" and event not in VISITS:
            return None
        if kind == "SRM":
            # A change: what a new one has to say besides is not the sender's habit.
            message = as_siu(message, "S14")
        message, _ = straight(message, profile)
        reading = Reading(message, profile)
    except (Unreadable, GatewayError):
        return None
    return Seen(message, reading, resource_rows(reading), kind)


def valued(messages: Sequence[Seen], name: str) -> list[str]:
    """The values of a field in the messages that have one."""
    return [text for each in messages if (text := each.text(name))]
