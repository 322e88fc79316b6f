"""How well was a clinic's time used?

Slots and Appointments of whole days are counted once for each group that they belong to: everybody,
each practitioner, each place, and each of these for each service. Counts add up over days, so that
every rate of every period is made from sums, in exact arithmetic.

Source: owner's plan, phase 10 (SchedulingMetrics, SchedulingAnalytics), rows S2 and S13; decisions
16 and 22.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from fhir_gateway.core.time import Interval, merged
from fhir_gateway.engines.decision import rounded
from fhir_gateway.engines.no_show_facts import UNCOUNTED

#: The group of everybody, and of every service.
ALL = ""
#: Appointments that the plan's utilisation counts as booked.
BOOKED = frozenset({"booked", "arrived", "checked-in", "fulfilled"})
#: A Slot of these is offered to nobody (row S13).
NOT_OFFERED = frozenset({"busy-unavailable", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class Belonging:
    """To which groups something belongs.

    Args:
        day: The clinic's day of its planned start.
        people: References of practitioners.
        places: References of locations.
        services: References of services.
    """

    day: date
    people: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SlotFact:
    """One Slot.

    Args:
        of: Whose it is.
        status: Of R4.
        span: Its time.
        seats: How many patients it takes.
        taken: Seats that are booked, where it has several; of others the status says it.
    """

    of: Belonging
    status: str
    span: Interval
    seats: int = 1
    taken: int = 0


@dataclass(frozen=True, slots=True)
class VisitFact:
    """One Appointment that has a planned start.

    Args:
        of: See Belonging.
        status: Of R4.
        start: Planned, aware.
        seconds: Planned length, for each patient where seats are taken; 0 where there is no end.
        lasted: Seconds that it took; None where nothing is known.
        waited: Seconds from arrival to start; None where either is unknown.
        worked: When it took place; None where it did not.
        ended_by_waitlist: Whether it was an offer that came to nothing (decision 16).
    """

    of: Belonging
    status: str
    start: datetime
    seconds: int = 0
    lasted: int | None = None
    waited: int | None = None
    worked: Interval | None = None
    ended_by_waitlist: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """A day's share of a subject (`Practitioner/7`, `Location/7`, or ALL) and a service or ALL."""

    day: date
    subject: str
    service: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted; all of it adds up.

    Attributes:
        offered_slots, offered_seconds: Slots that somebody could have; one with seats counts as
            so many.
        booked_slots: Those of them that are booked.
        booked_seconds: Planned time of the Appointments that are booked or took place.
        appointments: All but offers, entries of the waitlist and errors.
        booked: Booked, arrived, checked-in and fulfilled ones.
        completed, no_shows, cancellations: By status.
        visits_timed, visit_seconds: Completed ones whose length is known, and how long they took.
        waits_timed, wait_seconds: Those whose wait is known, and how long they waited.
        overtime_seconds: Worked by practitioners past the end of their last Slot of the day.
        started, started_no_shows: Appointments whose planned start is past, and the missed ones.
    """

    offered_slots: int = 0
    offered_seconds: int = 0
    booked_slots: int = 0
    booked_seconds: int = 0
    appointments: int = 0
    booked: int = 0
    completed: int = 0
    no_shows: int = 0
    cancellations: int = 0
    visits_timed: int = 0
    visit_seconds: int = 0
    waits_timed: int = 0
    wait_seconds: int = 0
    overtime_seconds: int = 0
    started: int = 0
    started_no_shows: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in COUNTED))


COUNTED = tuple(each.name for each in fields(Counts))
#: Those that stay what they are while time passes.
STEADY = tuple(name for name in COUNTED if not name.startswith("started"))


def tally(
    slots: Iterable[SlotFact], visits: Iterable[VisitFact], now: datetime
) -> dict[Group, Counts]:
    """Count what belongs to each group.

    Args:
        slots: All of the days in question.
        visits: Likewise.
        now: Aware; decides which appointments should have begun.

    Returns:
        Counts of every group that anything belongs to.
    """
    sums: defaultdict[Group, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    ends: dict[tuple[date, str], datetime] = {}
    for slot in slots:
        if slot.status in NOT_OFFERED:
            continue
        _add(sums, slot.of, _of_slot(slot))
        for person in slot.of.people:
            key = (slot.of.day, person)
            ends[key] = max(ends.get(key, slot.span.end), slot.span.end)
    overtime: defaultdict[tuple[Group, str], list[Interval]] = defaultdict(list)
    for visit in visits:
        if visit.status in UNCOUNTED or visit.ended_by_waitlist:
            continue
        _add(sums, visit.of, _of_visit(visit, now))
        for person, late in _late(visit, ends):
            # Whoever works late, the others do not.
            alone = replace(visit.of, people=frozenset({person}))
            for group in _groups(alone):
                overtime[group, person].append(late)
    for (group, _), times in overtime.items():
        sums[group]["overtime_seconds"] += sum(_seconds(each) for each in merged(times))
    return {group: Counts(**found) for group, found in sums.items()}


def _add(
    sums: Mapping[Group, defaultdict[str, int]], of: Belonging, found: Mapping[str, int]
) -> None:
    for group in _groups(of):
        counted = sums[group]
        for name, number in found.items():
            counted[name] += number


def _groups(of: Belonging) -> Iterator[Group]:
    for subject in (ALL, *of.people, *of.places):
        for service in (ALL, *of.services):
            yield Group(of.day, subject, service)


def _of_slot(slot: SlotFact) -> dict[str, int]:
    booked = int(slot.status == "busy") if slot.seats == 1 else min(slot.seats, slot.taken)
    return {
        "offered_slots": slot.seats,
        "offered_seconds": slot.seats * _seconds(slot.span),
        "booked_slots": booked,
    }


def _of_visit(visit: VisitFact, now: datetime) -> dict[str, int]:
    found = {"appointments": 1}
    missed = visit.status == "noshow"
    if visit.start < now:
        found |= {"started": 1, "started_no_shows": int(missed)}
    if visit.status in BOOKED:
        found |= {"booked": 1, "booked_seconds": visit.seconds}
    if visit.status == "fulfilled":
        found["completed"] = 1
        if visit.lasted is not None:
            found |= {"visits_timed": 1, "visit_seconds": visit.lasted}
    elif visit.status == "cancelled":
        found["cancellations"] = 1
    elif missed:
        found["no_shows"] = 1
    if visit.waited is not None:
        found |= {"waits_timed": 1, "wait_seconds": visit.waited}
    return found


def _late(
    visit: VisitFact, ends: Mapping[tuple[date, str], datetime]
) -> Iterator[tuple[str, Interval]]:
    if visit.worked is None:
        return
    for person in visit.of.people:
        end = ends.get((visit.of.day, person))
        if end is not None and visit.worked.end > end:
            yield person, Interval(max(end, visit.worked.start), visit.worked.end)


def _seconds(span: Interval) -> int:
    return int((span.end - span.start).total_seconds())


@dataclass(frozen=True, slots=True)
class Metric:
    """How one number is made from counts.

    Args:
        code: Of our code system `metric`.
        unit: `%`, `min` or `1` (a count), as UCUM writes them.
        numerator: Code and field of what is divided, or of the number itself; that is made from
            nothing else where it has the metric's own code.
        denominator: Code and fields, summed, of what it is divided by; None for a number itself.
        empty: What it is where there is nothing to divide by; None for unknown.
    """

    code: str
    unit: str
    numerator: tuple[str, str]
    denominator: tuple[str, tuple[str, ...]] | None = None
    empty: Decimal | None = None

    def value(self, counts: object) -> Decimal | None:
        """The number, to two decimals, half to even, or whole; None where it cannot be known.

        Args:
            counts: Counts, or others that have the fields.
        """
        above = getattr(counts, self.numerator[1])
        if self.unit == "1" and self.denominator is None:
            return Decimal(above)
        scale = Fraction(100 if self.unit == "%" else 1)
        if self.numerator[1].endswith("_seconds") and self.unit == "min":
            scale = Fraction(1, 60)
        if self.denominator is None:
            return rounded(above * scale)
        below = sum(getattr(counts, name) for name in self.denominator[1])
        return rounded(above * scale / below) if below else self.empty

    def populations(self, counts: object) -> tuple[tuple[str, int], ...]:
        """Code and count of what it is made from; times in whole minutes."""
        if self.numerator[0] == self.code:
            return ()
        above = (self.numerator[0], (self.numerator[1],))
        made = (above,) if self.denominator is None else (above, self.denominator)
        return tuple(
            (code, sum(_whole(name, getattr(counts, name)) for name in names))
            for code, names in made
        )


def _whole(name: str, number: int) -> int:
    return number // 60 if name.endswith("_seconds") else number


_PLAN = Decimal("0.00")
METRICS = (
    Metric("utilisation-minutes", "%", ("booked-minutes", "booked_seconds"),
           ("offered-minutes", ("offered_seconds",))),
    Metric("utilisation-slots", "%", ("booked-slots", "booked_slots"),
           ("offered-slots", ("offered_slots",))),
    Metric("plan-utilisation", "%", ("booked-appointments", "booked"),
           ("offered-slots", ("offered_slots",)), _PLAN),
    Metric("no-show-rate", "%", ("no-shows", "no_shows"),
           ("kept-or-missed", ("completed", "no_shows"))),
    Metric("plan-no-show-rate", "%", ("past-no-shows", "started_no_shows"),
           ("past-appointments", ("started",)), _PLAN),
    Metric("cancellation-rate", "%", ("cancellations", "cancellations"),
           ("appointments", ("appointments",))),
    Metric("completed", "1", ("completed-appointments", "completed")),
    Metric("average-duration", "min", ("visit-minutes", "visit_seconds"),
           ("timed-visits", ("visits_timed",))),
    Metric("average-wait", "min", ("waited-minutes", "wait_seconds"),
           ("timed-waits", ("waits_timed",))),
    Metric("overtime", "min", ("overtime-minutes", "overtime_seconds")),
)  # fmt: skip
