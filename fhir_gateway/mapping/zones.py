"""At which instant is a v2 time that says no offset?

Its own offset wins, then that of MSH-7, then the sender's zone. MSH-7's offset is that of the day
of sending: where it is what the sender's zone has on that day, the zone is meant, and a time on
the other side of a clock change takes the offset of its own day.

Source: HL7 v2.9.1 chapter 2, MSH-7; hl7v2.md section 1.8 rules 2 and 3.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from fhir_gateway.core.time import ClockChange, at_wall_clock
from fhir_gateway.mapping.moments import Moment

#: How far a sender's clock may be ahead of ours.
_SKEW = timedelta(minutes=5)
#: Zone rules say nothing useful outside, and arithmetic may overflow.
FIRST_YEAR, LAST_YEAR = 1900, 2400


@dataclass(frozen=True, slots=True)
class Zoning:
    """How a message's times become instants.

    Attributes:
        tz: The sender's zone.
        fixed: Offset of MSH-7 where it is not the zone's; None where the zone decides.
    """

    tz: ZoneInfo
    fixed: timezone | None = None

    @classmethod
    def of(cls, header: Moment | None, tz: ZoneInfo) -> "Zoning":
        """Compare MSH-7 with the zone.

        Args:
            header: MSH-7, where it could be read.
            tz: The sender's zone.
        """
        if header is None or header.offset is None or not in_range(header):
            return cls(tz)
        sent = header.local.replace(tzinfo=header.offset)
        agrees = sent.astimezone(tz).utcoffset() == sent.utcoffset()
        return cls(tz, None if agrees else header.offset)

    def instant(self, moment: Moment) -> tuple[datetime, ClockChange]:
        """The instant of a moment in range, and whether a clock change was in the way.

        It carries a plain offset: differences of two times in one zone would be those of the
        clock on the wall.
        """
        offset = moment.offset or self.fixed
        if offset is not None:
            return moment.local.replace(tzinfo=offset), ClockChange.NONE
        value, change = at_wall_clock(moment.local, self.tz)
        return _plain(value), change

    def sent(self, moment: Moment, received_at: datetime) -> datetime:
        """When a message was sent that says so at a moment in range.

        Of an hour that the clock shows twice it is the second, unless the message was here before:
        otherwise each message of the second hour would look older than one of the first.
        """
        value, change = self.instant(moment)
        if change is not ClockChange.FOLD:
            return value
        second = _plain(moment.local.replace(tzinfo=self.tz, fold=1))
        return second if second <= received_at + _SKEW else value

    def later(self, at: datetime, span: timedelta) -> datetime:
        """An instant that much after another; at the clinic's offset of that day."""
        value = at.astimezone(UTC) + span
        local = value.astimezone(self.tz)
        if at.astimezone(self.tz).utcoffset() == at.utcoffset():
            return _plain(local)
        return value.astimezone(at.tzinfo)


def _plain(value: datetime) -> datetime:
    offset = value.utcoffset()
    return value if offset is None else value.replace(tzinfo=timezone(offset), fold=0)


def in_range(moment: Moment) -> bool:
    """Whether an instant can be made of it."""
    return FIRST_YEAR <= moment.local.year <= LAST_YEAR
