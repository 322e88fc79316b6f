"""What has to be known of a waitlist entry and of a freed time?

Source: owner's plan, phase 12 (WaitingList, SlotCancellation); decisions 1 and 16.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from fhir_gateway.core.time import Interval
from fhir_gateway.engines.quiet_hours import NEVER_QUIET, QuietHours


@dataclass(frozen=True, slots=True)
class WantedPeriod:
    """Clinic-local days, both included; a missing bound is open (row W1)."""

    first: date | None = None
    last: date | None = None

    def includes(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class WaitlistEntry:
    """One Appointment with status `waitlist`.

    Args:
        id: Of the Appointment.
        patient: Reference.
        service_types: Codes wanted; none matches nothing (row W8).
        created: When the patient joined, aware; later edits do not reset it (row W11).
        practitioners: References; empty = no preference.
        wanted: Periods; empty = any day.
        preferred_date: Clinic-local day.
        preferred_hour: 0..23, clinic time; minutes do not count.
        flexibility: 0..100 as stated or stored; None is worked out (row W2).
        priority: 1 highest … 9, then 0 or None.
        duration_minutes: Length of the visit; None takes whatever there is.
        live_offers: Offers of this patient that are still open.
        busy: Times at which the patient is elsewhere.
        held_start: Start of the later appointment that the patient would give up.
        channels: How the patient can be reached, the preferred one first; empty = not at all.
        zone: IANA name of the patient's zone; None: the clinic's.
    """

    id: str
    patient: str
    service_types: frozenset[str]
    created: datetime
    practitioners: frozenset[str] = frozenset()
    wanted: tuple[WantedPeriod, ...] = ()
    preferred_date: date | None = None
    preferred_hour: int | None = None
    flexibility: int | None = None
    priority: int | None = None
    duration_minutes: int | None = None
    live_offers: int = 0
    busy: tuple[Interval, ...] = ()
    held_start: datetime | None = None
    channels: tuple[str, ...] = ("sms",)
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class FreedTime:
    """One contiguous time that was booked and is free again.

    Args:
        start: Aware.
        end: Aware, after start.
        zone: IANA name of the clinic's zone.
        service_types: Codes that the time may be used for.
        practitioner: Reference.
        location: Reference.
        canceller: Reference of the patient who gave it up.
        minimum_notice: Minutes that a patient needs before a visit.
        notice_by_type: The same for some kinds of visit, by their codes.
        quiet: When patients are not disturbed.
    """

    start: datetime
    end: datetime
    zone: str
    service_types: frozenset[str]
    practitioner: str | None = None
    location: str | None = None
    canceller: str | None = None
    minimum_notice: int = 0
    notice_by_type: Mapping[str, int] = field(default_factory=dict)
    quiet: QuietHours = NEVER_QUIET

    def notice_for(self, service_types: Iterable[str]) -> int:
        """Minutes that a visit of these kinds needs: the longest of theirs."""
        notices = (self.notice_by_type.get(each, self.minimum_notice) for each in service_types)
        return max(notices, default=self.minimum_notice)

    @property
    def shortest_notice(self) -> int:
        """Minutes that the kind of visit needs least that the time may be used for."""
        notices = (self.notice_for([each]) for each in self.service_types)
        return min(notices, default=self.minimum_notice)
