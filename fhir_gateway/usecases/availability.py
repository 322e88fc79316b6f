"""What does a Schedule say about its time?

The extension `availability`, read into the engine's rules; whatever cannot be meant is refused
with its place when the Schedule is written. Decisions 1, 9, 10 and 21.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.codes import EXT_AVAILABILITY
from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.core.time import zone as zone_named
from fhir_gateway.engines.availability import DifferentDays, Hours, Rules, Weekly
from fhir_gateway.engines.clinic_time import DAYS
from fhir_gateway.fhir.extension_values import complaints
from fhir_gateway.usecases import holiday_dates
from fhir_gateway.usecases.seats import MOST_SEATS
from fhir_gateway.usecases.zones import extension, part

Resource = dict[str, Any]

_DAY = 24 * 60  # minutes
#: Longest buffer, and longest Slot.
_MOST_MINUTES = _DAY


@dataclass(frozen=True, slots=True)
class Availability:
    """The rules of a Schedule, and by which calendar it has holidays."""

    rules: Rules
    calendar: str | None


def check(schedule: Resource) -> None:
    """Make sure that the availability of a Schedule, if it has one, can be followed.

    Raises:
        GatewayError: unprocessable, with every issue and its place.
    """
    issues = complaints(schedule, EXT_AVAILABILITY)
    if not issues and extension(schedule, EXT_AVAILABILITY) is not None:
        issues = _Reading(schedule).issues
    if issues:
        raise GatewayError(Category.UNPROCESSABLE, *issues)


def availability_of(schedule: Resource, zone: ZoneInfo) -> Availability | None:
    """The rules of a Schedule that has been checked; None where it has none.

    Args:
        schedule: As stored.
        zone: Where the rules name none (decision 21).

    Raises:
        GatewayError: unprocessable, where it was stored before anybody checked it.
    """
    if extension(schedule, EXT_AVAILABILITY) is None:
        return None
    check(schedule)
    return _Reading(schedule).availability(zone)


@dataclass
class _Reading:
    """One look at the extension of a Schedule, and all that is wrong with it."""

    schedule: Resource
    issues: list[Issue] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = next(
            n
            for n, each in enumerate(self.schedule["extension"])
            if each.get("url") == EXT_AVAILABILITY
        )
        self._where = f"Schedule.extension[{place}]"
        self._element = self.schedule["extension"][place]
        self._weekly = [self._week(*each) for each in self._parts("weekly")]
        self._exceptions = [self._days(*each) for each in self._parts("exception")]
        self._first, self._last = self._validity()
        self._check_numbers()
        self._check_names()

    def availability(self, zone: ZoneInfo) -> Availability:
        named = part(self._element, "zone")
        rules = Rules(
            zone=zone_named(named) if named else zone,
            slot_minutes=int(part(self._element, "slotMinutes")),
            align_minutes=part(self._element, "alignMinutes"),
            buffer_before=int(part(self._element, "bufferBefore") or 0),
            buffer_after=int(part(self._element, "bufferAfter") or 0),
            first=self._first,
            last=self._last,
            weekly=tuple(each for each in self._weekly if each is not None),
            exceptions=tuple(each for each in self._exceptions if each is not None),
        )
        return Availability(rules, part(self._element, "holidays"))

    def _parts(self, name: str) -> Iterator[tuple[str, Resource]]:
        for place, each in enumerate(self._element.get("extension", ())):
            if each["url"] == name:
                yield f"{self._where}.extension[{place}]", each

    def _complain(self, where: str, text: str) -> None:
        self.issues.append(Issue(f"{where}: {text}", (where,), "business-rule"))

    def _week(self, where: str, each: Resource) -> Weekly | None:
        days = [one["valueCode"] for one in each["extension"] if one["url"] == "daysOfWeek"]
        if not set(days) <= set(DAYS):
            self._complain(where, f"daysOfWeek is one of {', '.join(DAYS)}")
            return None
        hours = self._hours(where, each)
        return Weekly(frozenset(map(DAYS.index, days)), hours) if hours else None

    def _hours(self, where: str, each: Resource) -> Hours | None:
        start, end = (self._clock(where, each, name) for name in ("start", "end"))
        if start is None or end is None:
            return None
        if start == end:
            self._complain(where, "end is after start, or on the next day before it")
            return None
        return Hours(start, end)

    def _clock(self, where: str, each: Resource, name: str) -> time | None:
        text = part(each, name)
        if text is None:
            return None
        clock = time.fromisoformat(text)
        if clock.second or clock.microsecond:
            self._complain(where, f"{name} is a whole minute")
        return clock.replace(second=0, microsecond=0)

    def _days(self, where: str, each: Resource) -> DifferentDays | None:
        closed = part(each, "closed") is True
        given = [name for name in ("start", "end") if part(each, name) is not None]
        if len(given) == 1:
            self._complain(where, "start and end come together")
        elif not given and not closed:
            self._complain(where, "say closed, or from start to end when it is open")
        hours = self._hours(where, each) if len(given) == 2 else None
        period = part(each, "period")
        first, last = (self._day(where, period, name) for name in ("start", "end"))
        if first is None or last is None:
            self._complain(where, "the period has a first and a last day, YYYY-MM-DD")
            return None
        if last < first:
            self._complain(where, "the period ends before it starts")
        return DifferentDays(first, last, closed, hours)

    def _day(self, where: str, period: Resource, name: str) -> date | None:
        text = period.get(name)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self._complain(where, f"period.{name} is a day, YYYY-MM-DD")
            return None

    def _validity(self) -> tuple[date | None, date | None]:
        for where, each in self._parts("validity"):
            period = each["valuePeriod"]
            first, last = (self._day(where, period, name) for name in ("start", "end"))
            if first and last and last < first:
                self._complain(where, "validity ends before it starts")
            return first, last
        return None, None

    def _check_numbers(self) -> None:
        for name in ("slotMinutes", "bufferBefore", "bufferAfter"):
            for where, each in self._parts(name):
                value = next(each[key] for key in each if key.startswith("value"))
                if value > _MOST_MINUTES:
                    self._complain(where, f"{name} is {_MOST_MINUTES} minutes at most")
        for where, each in self._parts("alignMinutes"):
            if _DAY % each["valuePositiveInt"]:
                self._complain(where, "alignMinutes divides a day: 5, 10, 15, 20, 30, 60 …")
        for where, each in self._parts("capacity"):
            if each["valuePositiveInt"] > MOST_SEATS:
                self._complain(where, f"capacity is {MOST_SEATS} at most")

    def _check_names(self) -> None:
        for where, each in self._parts("zone"):
            try:
                zone_named(each["valueCode"])
            except GatewayError as error:
                self._complain(where, error.issues[0].diagnostics)
        for where, each in self._parts("holidays"):
            if not holiday_dates.is_known(each["valueUri"]):
                text = (
                    "there is no such calendar of holidays;"
                    " name a country, urn:iso:std:iso:3166:DE, or a part, …:-2:DE-BY"
                )
                self._complain(where, text)
