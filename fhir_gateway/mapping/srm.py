"""What does a placer ask for, in an SRM or SQM?

ARQ says of a wish what SCH says of an appointment, so a request is read as the message with which
a filler would have told the same: ARQ becomes SCH, APR is read here, everything else stays.

Source: HL7 v2.9.1 chapter 10, ARQ, APR; table 0294; hl7v2.md section 1.11.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from fhir_gateway.core.errors import GatewayError, Issue
from fhir_gateway.core.time import Interval
from fhir_gateway.hl7.message import Field, Message, Segment
from fhir_gateway.mapping.datatypes.cwe import words
from fhir_gateway.mapping.durations import read_duration
from fhir_gateway.mapping.intent import ActorIntent, Concept
from fhir_gateway.mapping.moments import Moment
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.roster import actors_of, services_of
from fhir_gateway.mapping.segments.aix import Frame
from fhir_gateway.mapping.segments.rgs import resource_rows
from fhir_gateway.mapping.times import read_times

#: Field of SCH -> field of ARQ that says the same.
FIELDS = {
    **{number: number for number in range(1, 11)},
    12: 15, 13: 16, 23: 22, 24: 23, 26: 24, 27: 25,
}  # fmt: skip
_RANGE, _PRIORITY = 11, 12
#: Free times that are told where QRD-7 says nothing, and at most.
_USUAL, _MOST = 10, 100
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_PLACE = re.compile(r"SCH\^1(?:\^([0-9]+))?(.*)")
_CLOCK = re.compile(r"([0-9]{2}):?([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted, before anybody has looked for it.

    Attributes:
        exact: The start, where one is told.
        ranges: Times in which the visit may be, each end open where None; empty for any time.
        minutes: How long; None where not told.
        services: What for.
        actors: Who has to be there, the patient apart.
        earliest: Time of day before which it may not begin.
        latest: Time of day after which it may not end.
        days: Days of the week that are excluded, Monday 0.
        warnings: What was odd.
    """

    exact: datetime | None
    ranges: tuple[tuple[datetime | None, datetime | None], ...]
    minutes: int | None
    services: tuple[Concept, ...]
    actors: tuple[ActorIntent, ...]
    earliest: time | None = None
    latest: time | None = None
    days: frozenset[int] = frozenset()
    warnings: tuple[Issue, ...] = ()


def as_siu(message: Message, event: str, span: Interval | None = None) -> Message:
    """A request as the message that tells the same of an appointment.

    Args:
        message: SRM or SQM.
        event: The SIU event.
        span: When it is to be, where that has been found; it takes the place of other times.
    """
    mark = message.syntax.delimiters.field
    component = message.syntax.delimiters.component
    segments: list[Segment] = []

    def add(name: str, values: dict[int, str]) -> None:
        fields = [values.get(number, "") for number in range(1, max(values, default=0) + 1)]
        raw = mark.join([name, *fields])
        segments.append(Segment(raw, name, len(segments), 1, message.syntax))

    for each in message.segments:
        if each.name == "MSH":
            rest = [each.raw_field(n) for n in range(3, each.field_count + 1)]
            rest += [""] * (7 - len(rest))
            rest[6] = component.join(["SIU", event])
            raw = mark.join(["MSH", each.raw_field(2), *rest])
            segments.append(Segment(raw, "MSH", 0, 1, message.syntax))
        elif each.name == "ARQ":
            add("SCH", {sch: each.raw_field(arq) for sch, arq in FIELDS.items()})
            times = {9: each.raw_field(_PRIORITY)} | (_tq1(span) if span else {})
            if any(times.values()):
                add("TQ1", times)
        elif each.name not in ("APR", "SCH", "TQ1"):
            segments.append(each)
    return message.with_segments(segments)


def _tq1(span: Interval) -> dict[int, str]:
    return {7: f"{span.start:%Y%m%d%H%M%S%z}", 8: f"{span.end:%Y%m%d%H%M%S%z}"}


def read_wish(message: Message, profile: SenderProfile) -> Wish:
    """Read what is wanted.

    Args:
        message: SRM or SQM.
        profile: The sender's habits.
    """
    reading = Reading(as_siu(message, "S12"), _asking(profile))
    head = reading.message.first("SCH") or Segment("SCH", "SCH", 0, 1, message.syntax)
    rows = resource_rows(reading)
    times = read_times(reading, rows)
    named = actors_of(rows, head, reading, Frame(None, times.start, times.end), single=True)
    request = message.first("ARQ")
    ranges = _ranges(request, 11, reading) or _query_range(message, reading)
    minutes = None
    if times.start and times.end and not times.assumed:
        minutes = int((times.end - times.start).total_seconds()) // 60
    elif request is not None:
        minutes = _minutes(head, reading)
    exact = times.start or _only_start(ranges, minutes)
    preferences = _preferences(message)
    return Wish(
        exact=exact,
        ranges=ranges,
        minutes=minutes,
        services=tuple(each.concept for each in services_of(rows, reading, single=True)),
        actors=tuple(each for each in named if each.excludes and each.action != "D"),
        earliest=preferences.earliest,
        latest=preferences.latest,
        days=preferences.days,
        warnings=tuple(e for e in reading.warnings if exact or e.details == "range"),
    )


def _asking(profile: SenderProfile) -> SenderProfile:
    """The visit during which somebody asks says nothing about when the next one may be."""
    told = [each for each in profile.start_sources if not each.startswith("PV1-")]
    return replace(profile, start_sources=tuple(told))


def _minutes(head: Segment, reading: Reading) -> int | None:
    """ARQ-9 and ARQ-10."""
    found = read_duration(head.text(9), words(head.field(10)), reading.profile.blank_unit)
    return found.minutes if found and found.span > timedelta(0) else None


def _only_start(
    ranges: tuple[tuple[datetime | None, datetime | None], ...], minutes: int | None
) -> datetime | None:
    """The start of a range in which the visit has one place only."""
    if len(ranges) != 1:
        return None
    start, end = ranges[0]
    if start is None or end is None:
        return None
    room = end - start
    fits = room == timedelta(0) or (minutes is not None and room == timedelta(minutes=minutes))
    return start if fits else None


def _ranges(
    segment: Segment | None, number: int, reading: Reading
) -> tuple[tuple[datetime | None, datetime | None], ...]:
    """A DR field: repetitions are alternatives."""
    if segment is None:
        return ()
    place = f"{segment.name}^1^{number}"
    found = [
        (_bound(field, 1, reading, place), _bound(field, 2, reading, place))
        for field in segment.repetitions(number)
        if field
    ]
    return tuple(_forward(*each, reading, place) for each in found if each != (None, None))


def _forward(
    low: datetime | None, high: datetime | None, reading: Reading, place: str
) -> tuple[datetime | None, datetime | None]:
    """A range; one that ends before it begins is open at its end."""
    if low is not None and high is not None and high < low:
        reading.warn("the range ends before it begins; its end is not used", place, details="range")
        return low, None
    return low, high


def _bound(field: Field, component: int, reading: Reading, place: str) -> datetime | None:
    text, precision = part(field, component, 1), part(field, component, 2)
    moment = reading.moment(text, precision, place)
    if moment is None:
        return None
    return reading.instant(_whole_day(moment, last=component == 2), place)


def _whole_day(moment: Moment, *, last: bool) -> Moment:
    """A day without time of day begins at its midnight and ends at the next."""
    if moment.has_time:
        return moment
    local = moment.local.replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(moment, local=local + timedelta(days=1) if last else local)


def _query_range(
    message: Message, reading: Reading
) -> tuple[tuple[datetime | None, datetime | None], ...]:
    """QRF-2 and QRF-3 of a query."""
    segment = message.first("QRF")
    if segment is None:
        return ()
    bounds = [
        _bound(segment.field(number), 1, reading, segment.location(number)) for number in (2, 3)
    ]
    return ((bounds[0], bounds[1]),) if any(bounds) else ()


def query_tag(message: Message) -> str:
    """QRD-4: what the answer to a query is found by."""
    query = message.first("QRD")
    return query.text(4) if query else ""


def query_count(message: Message) -> int:
    """QRD-7: how many free times are wanted."""
    query = message.first("QRD")
    text = query.text(7) if query else ""
    return min(int(text[:6]), _MOST) if text.isascii() and text.isdigit() else _USUAL


@dataclass(frozen=True, slots=True)
class _Preferences:
    earliest: time | None = None
    latest: time | None = None
    days: frozenset[int] = frozenset()


def _preferences(message: Message) -> _Preferences:
    """APR-1: time of day (PREFSTART, PREFEND) and days of the week (MON^NO)."""
    told = {
        part(field, 1).upper(): part(field, 2)
        for segment in message.all("APR")
        for field in segment.repetitions(1)
    }
    excluded = {n for n, name in enumerate(_DAYS) if told.get(name, "").upper() in ("NO", "N")}
    wanted = {n for n, name in enumerate(_DAYS) if told.get(name, "").upper() in ("OK", "Y", "YES")}
    if wanted:
        excluded |= {*range(7)} - wanted
    return _Preferences(
        _clock(told.get("PREFSTART", "")), _clock(told.get("PREFEND", "")), frozenset(excluded)
    )


def _clock(text: str) -> time | None:
    found = _CLOCK.match(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))


def places(error: GatewayError) -> GatewayError:
    """The same failure with the places of the request instead of those that it was read as."""
    return GatewayError(error.category, *requested(error.issues))


def requested(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Issues with the places of the request (`ARQ^1^7`)."""
    return tuple(
        replace(each, expression=tuple(_place(one) for one in each.expression)) for each in issues
    )


def _place(text: str) -> str:
    if text.startswith("TQ1^1"):
        return f"ARQ^1^{_RANGE}"
    found = _PLACE.fullmatch(text)
    if found is None:
        return text
    if found[1] is None:
        return "ARQ^1"
    number = int(found[1])
    return f"ARQ^1^{FIELDS.get(number, _RANGE)}{found[2]}"
