"""When does the appointment take place, where sources are missing or disagree?

Start: TQ1-7, SCH-11.4, SCH-11.1, the first of AIS-4, AIP-6, AIG-8, AIL-6, PV1-44 (the profile may
order them otherwise). End: TQ1-8, SCH-11.5, start and TQ1-6, start and SCH-9, start and SCH-11.3,
the last end of AIS, start and the sender's default. What loses against another value is reported
with both. A start without time of day never becomes midnight.

Source: hl7v2.md section 1.8 rules 4 to 7 and section 1.9; decision 20.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_gateway.core.time import format_instant
from fhir_gateway.hl7.message import Field, Segment
from fhir_gateway.mapping import places
from fhir_gateway.mapping.datatypes import tq
from fhir_gateway.mapping.datatypes.cwe import words
from fhir_gateway.mapping.durations import Duration, read_duration
from fhir_gateway.mapping.moments import Moment
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.segments.aix import span
from fhir_gateway.mapping.segments.rgs import START_FIELD, ResourceRow

#: Sources that speak of the appointment as a whole and therefore have to agree.
_WHOLE = ("TQ1-7", "SCH-11.4", "SCH-11.1")
#: RPT codes of TQ1-3 that repeat nothing.
_ONCE = frozenset({"", "ONCE", "1", "C"})


@dataclass(frozen=True, slots=True)
class Times:
    """When an appointment takes place.

    Attributes:
        start: None where no source tells a time of day.
        end: Given exactly where start is.
        day: The start where a source tells the day only.
        day_place: Where that stood.
        assumed: Whether end is the sender's default only.
    """

    start: datetime | None = None
    end: datetime | None = None
    day: Moment | None = None
    day_place: str = ""
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class _Told:
    """A time stamp and where it stood."""

    moment: Moment
    place: str


def read_times(reading: Reading, rows: tuple[ResourceRow, ...]) -> Times:
    """Find start and end.

    Args:
        reading: The message.
        rows: Its resource rows.
    """
    return _TimeReader(reading, [row for row in rows if row.action != "D"]).times()


class _TimeReader:
    def __init__(self, reading: Reading, rows: list[ResourceRow]) -> None:
        self._reading = reading
        self._rows = rows
        self._sch = reading.message.first("SCH")
        self._tq1 = next((s for s in reading.message.all("TQ1") if _timed(s)), None)

    def times(self) -> Times:
        self._warn_about_repeats()
        starts = self._starts()
        timed = [(name, told) for name, told in starts if told.moment.has_time]
        instants = [
            (name, told.place, at)
            for name, told in timed
            if (at := self._reading.instant(told.moment, told.place))
        ]
        if not instants:
            return self._without_start([told for _, told in starts])
        _, place, start = instants[0]
        self._reading.provenance["start"] = place
        lost = self._report_starts(start, place, instants)
        end, assumed = self._end(start, lost_sch_11="SCH-11.4" in lost)
        return Times(start, end, assumed=assumed)

    def _without_start(self, days: list[_Told]) -> Times:
        """TQ1-8 less TQ1-6, else only a day, else nothing."""
        if self._tq1 is not None:
            end = self._instant_of(self._tq1, 8)
            lasts = self._service_duration()
            if end and lasts and lasts.span > timedelta(0):
                self._reading.provenance["start"] = self._tq1.location(6)
                return Times(self._reading.zoning.later(end, -lasts.span), end)
        if days:
            return Times(day=days[0].moment, day_place=days[0].place)
        return Times()

    # -- start

    def _starts(self) -> list[tuple[str, _Told]]:
        readers: dict[str, Callable[[], _Told | None]] = {
            "TQ1-7": self._tq1_start,
            "SCH-11.4": lambda: self._sch_11(lambda field, place: tq.moment(
                field, 4, self._reading, place)),
            "SCH-11.1": lambda: self._sch_11(lambda field, place: tq.quantity_as_moment(
                field, self._reading, place)),
        }  # fmt: skip
        found: list[tuple[str, _Told]] = []
        for name in self._reading.profile.start_sources:
            read = readers.get(name)
            told = read() if read else self._elsewhere(name)
            if told and not (name == "PV1-44" and found):
                found.append((name, told))
        return found

    def _tq1_start(self) -> _Told | None:
        if self._tq1 is None:
            return None
        place = self._tq1.location(7)
        field = self._tq1.field(7)
        moment = self._reading.moment(field.component(1), field.component(2), place)
        explicit = part(self._tq1.field(4), 1)
        if moment and moment.precision == "day" and explicit:
            joined = f"{moment.local:%Y%m%d}{explicit}"
            moment = self._reading.moment(joined, "", self._tq1.location(4)) or moment
        return _Told(moment, place) if moment else None

    def _sch_11(self, read: Callable[[Field, str], Moment | None]) -> _Told | None:
        if self._sch is None:
            return None
        place = self._sch.location(11)
        for field in self._sch.repetitions(11):
            moment = read(field, place)
            if moment:
                return _Told(moment, place)
        return None

    def _elsewhere(self, source: str) -> _Told | None:
        """The rows of AIS, AIG, AIL or AIP; else one field of the first segment of a name."""
        at = places.place(source)
        if START_FIELD.get(at.segment) == at.number:
            return self._earliest(at.segment)
        found = at.field(self._reading.message)
        if found is None:
            return None
        where = found[0].location(at.number)
        moment = self._reading.moment(found[1].component(1), found[1].component(2), where)
        return _Told(moment, where) if moment else None

    def _earliest(self, name: str) -> _Told | None:
        """The first start of the rows of one name; those with a time of day before others."""
        found: list[_Told] = []
        for row in self._rows:
            if row.name != name:
                continue
            field, place = row.segment.field(row.start), row.segment.location(row.start)
            moment = self._reading.moment(field.component(1), field.component(2), place)
            if moment:
                found.append(_Told(moment, place))
        return min(found, key=lambda t: (not t.moment.has_time, t.moment.local), default=None)

    def _report_starts(
        self, start: datetime, place: str, instants: list[tuple[str, str, datetime]]
    ) -> set[str]:
        """Warn of appointment-level sources that say another start; their names."""
        lost = {name for name, _, at in instants[1:] if name in _WHOLE and at != start}
        for name, other, at in instants[1:]:
            if name in lost:
                self._conflict("start", (place, start), (other, at))
        return lost

    def _conflict(
        self,
        what: str,
        won: tuple[str, datetime | timedelta],
        lost: tuple[str, datetime | timedelta],
    ) -> None:
        told = f"{what} {_shown(won[1])} ({won[0]}) and {_shown(lost[1])} ({lost[0]}) differ"
        self._reading.warn(f"{told}; the first is taken", won[0], lost[0], details="conflict")

    # -- end

    def _end(self, start: datetime, *, lost_sch_11: bool) -> tuple[datetime, bool]:
        """End, and whether it is only the sender's default."""
        ends = list(self._ends(start, with_sch_11=not lost_sch_11))
        usable = [(place, at) for place, at, _ in ends if at > start]
        for place, at, _ in ends:
            if at <= start:
                told = f"end {format_instant(at)} is not after start {format_instant(start)}"
                self._reading.warn(told, place, details="conflict")
        if not usable:
            minutes = self._reading.profile.default_minutes
            self._reading.warn(
                f"no end and no duration; {minutes} minutes are assumed", "SCH^1^9", "TQ1^1^8"
            )
            return self._reading.zoning.later(start, timedelta(minutes=minutes)), True
        place, end = usable[0]
        self._reading.provenance["end"] = place
        self._report_ends(start, end, place, ends)
        return end, False

    def _ends(
        self, start: datetime, *, with_sch_11: bool
    ) -> Iterator[tuple[str, datetime, Duration | None]]:
        """Every end that is told, in order: place, end, the duration it was made of."""
        if self._tq1 is not None and (at := self._instant_of(self._tq1, 8)):
            yield self._tq1.location(8), at, None
        if with_sch_11 and (told := self._sch_11(lambda f, p: tq.end(f, self._reading, p))):
            at = self._reading.instant(told.moment, told.place) if told.moment.has_time else None
            if at:
                yield told.place, at, None
        for place, lasts in self._durations(with_sch_11):
            yield place, self._reading.zoning.later(start, lasts.span), lasts
        spans = [span(row, self._reading, start) for row in self._rows if row.name == "AIS"]
        last = max((ends for _, ends in spans if ends), default=None)
        if last:
            yield "AIS^1^7", last, None

    def _durations(self, with_sch_11: bool) -> Iterator[tuple[str, Duration]]:
        found: list[tuple[str, Duration | None]] = []
        if self._tq1 is not None:
            found += [(self._tq1.location(n), self._service_duration(n)) for n in (6, 13)]
        if self._sch is not None:
            found.append((self._sch.location(9), self._sch_9()))
            if with_sch_11:
                quantities = self._sch.repetitions(11)[:1]
                found += [
                    (self._sch.location(11), tq.duration(each, self._reading))
                    for each in quantities
                ]
        for place, lasts in found:
            if lasts is not None and lasts.span > timedelta(0):
                yield place, lasts

    def _service_duration(self, number: int = 6) -> Duration | None:
        """TQ1-6, or TQ1-13 of one occurrence (CQ: quantity and units)."""
        if self._tq1 is None:
            return None
        field = self._tq1.field(number)
        units = (part(field, 2, 1), part(field, 2, 2))
        profile = self._reading.profile
        return read_duration(part(field, 1), units, profile.blank_unit, profile.units)

    def _sch_9(self) -> Duration | None:
        if self._sch is None:
            return None
        units = words(self._sch.field(10))
        profile = self._reading.profile
        return read_duration(self._sch.text(9), units, profile.blank_unit, profile.units)

    def _report_ends(
        self,
        start: datetime,
        end: datetime,
        place: str,
        ends: list[tuple[str, datetime, Duration | None]],
    ) -> None:
        """Warn of a guessed unit, and of ends and durations that say something else."""
        taken = next(each for each in ends if each[:2] == (place, end))
        if taken[2] is not None and taken[2].guessed:
            told = f"a duration without known unit is read as {taken[2].minutes} minutes"
            self._reading.warn(told, place, details="unit")
        for other, at, lasts in ends:
            if other == place and at == end:
                continue
            if lasts is not None and not lasts.fits(end - start):
                self._conflict("duration", (place, end - start), (other, lasts.span))
            elif lasts is None and at > start and at != end:
                self._conflict("end", (place, end), (other, at))

    # -- both

    def _instant_of(self, segment: Segment, number: int) -> datetime | None:
        place = segment.location(number)
        field = segment.field(number)
        moment = self._reading.moment(field.component(1), field.component(2), place)
        if moment is None:
            return None
        if not moment.has_time:
            self._reading.warn("an end without time of day is not used", place)
            return None
        return self._reading.instant(moment, place)

    def _warn_about_repeats(self) -> None:
        timed = [segment for segment in self._reading.message.all("TQ1") if _timed(segment)]
        if len(timed) > 1:
            told = f"{len(timed)} TQ1 tell times; only the first occurrence is booked"
            self._reading.warn(told, timed[1].location(7))
        if timed and part(timed[0].field(3), 1).upper() not in _ONCE:
            self._reading.warn("a repeat pattern is not expanded", timed[0].location(3))


def _timed(segment: Segment) -> bool:
    return bool(segment.field(7)) or bool(segment.field(8))


def _shown(value: datetime | timedelta) -> str:
    if isinstance(value, datetime):
        return format_instant(value)
    return f"{value.total_seconds() / 60:g} min"
