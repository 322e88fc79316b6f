"""How well was a clinic's time used? Against counting by hand."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.codes import APPOINTMENT_STATUSES
from fhir_gateway.core.time import Interval
from fhir_gateway.engines.metrics import (
    METRICS,
    Belonging,
    Counts,
    Group,
    SlotFact,
    VisitFact,
    tally,
)

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
NOW = MIDNIGHT + timedelta(hours=12)
BY_CODE = {each.code: each for each in METRICS}
_MINUTES = st.integers(0, 30 * 60)
_SLOT_STATUSES = ("free", "busy", "busy-tentative", "busy-unavailable", "entered-in-error")


def _some(kind: str, most: int) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from([f"{kind}/{n}" for n in (1, 2)]), max_size=most)


def minute(number: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=number)


def span(start: int, length: int) -> Interval:
    return Interval(minute(start), minute(start + length))


@st.composite
def belongings(draw: st.DrawFn) -> Belonging:
    day = (MIDNIGHT + timedelta(days=draw(st.integers(0, 1)))).date()
    return Belonging(
        day, draw(_some("Practitioner", 2)), draw(_some("Location", 1)), draw(_some("Service", 2))
    )


lengths = st.integers(1, 90)
spans = st.builds(span, _MINUTES, lengths)
slot_facts = st.builds(SlotFact, belongings(), st.sampled_from(_SLOT_STATUSES), spans)
seconds = st.none() | st.integers(0, 4000)
visit_facts = st.builds(
    VisitFact,
    of=belongings(),
    status=st.sampled_from(APPOINTMENT_STATUSES),
    start=_MINUTES.map(minute),
    seconds=st.integers(0, 5400),
    lasted=seconds,
    waited=seconds,
    worked=st.none() | spans,
    ended_by_waitlist=st.booleans(),
)


def belongs(of: Belonging, group: Group) -> bool:
    return (
        of.day == group.day
        and group.subject in ("", *of.people, *of.places)
        and group.service in ("", *of.services)
    )


def minutes_of(times: Iterable[Interval]) -> set[datetime]:
    return {each.start + timedelta(minutes=n) for each in times for n in range(int(each.minutes))}


def by_hand(slots: list[SlotFact], visits: list[VisitFact], group: Group) -> Counts:
    """One group, looked at for itself, minute by minute where times overlap."""
    offered = [each for each in slots if each.status in ("free", "busy", "busy-tentative")]
    mine = [each for each in offered if belongs(each.of, group)]
    real = [
        each
        for each in visits
        if belongs(each.of, group)
        and not each.ended_by_waitlist
        and each.status not in ("proposed", "waitlist", "entered-in-error")
    ]

    def having(*statuses: str) -> list[VisitFact]:
        return [each for each in real if each.status in statuses]

    def late(person: str) -> int:
        ends = [each.span.end for each in offered
                if person in each.of.people and each.of.day == group.day]  # fmt: skip
        worked = [each.worked for each in real if each.worked and person in each.of.people]
        return 60 * len([each for each in minutes_of(worked) if ends and each >= max(ends)])

    whose = {person for each in visits for person in each.of.people}
    if group.subject.startswith("Practitioner/"):
        whose &= {group.subject}
    booked = having("booked", "arrived", "checked-in", "fulfilled")
    lasted = [each.lasted for each in having("fulfilled") if each.lasted is not None]
    waited = [each.waited for each in real if each.waited is not None]
    begun = [each for each in real if each.start < NOW]
    return Counts(
        offered_slots=len(mine),
        offered_seconds=sum(int(each.span.minutes) * 60 for each in mine),
        booked_slots=len([each for each in mine if each.status == "busy"]),
        booked_seconds=sum(each.seconds for each in booked),
        appointments=len(real),
        booked=len(booked),
        completed=len(having("fulfilled")),
        no_shows=len(having("noshow")),
        cancellations=len(having("cancelled")),
        visits_timed=len(lasted),
        visit_seconds=sum(lasted),
        waits_timed=len(waited),
        wait_seconds=sum(waited),
        overtime_seconds=sum(map(late, whose)),
        started=len(begun),
        started_no_shows=len([each for each in begun if each.status == "noshow"]),
    )


def groups_of(slots: list[SlotFact], visits: list[VisitFact]) -> set[Group]:
    return {
        Group(each.of.day, subject, service)
        for each in (*slots, *visits)
        for subject in ("", *each.of.people, *each.of.places)
        for service in ("", *each.of.services)
    }


@given(slots=st.lists(slot_facts, max_size=8), visits=st.lists(visit_facts, max_size=8))
def test_every_group_is_counted_as_by_hand(slots: list[SlotFact], visits: list[VisitFact]) -> None:
    found = tally(slots, visits, NOW)
    wanted = {group: by_hand(slots, visits, group) for group in groups_of(slots, visits)}
    assert {group: found.get(group, Counts()) for group in wanted} == wanted
    assert found.keys() <= wanted.keys()


OF = Belonging(MIDNIGHT.date(), frozenset({"Practitioner/1"}))


def of_all(counts: dict[Group, Counts]) -> Counts:
    return counts[Group(MIDNIGHT.date(), "", "")]


def visit(status: str, start: int = 0, **more: object) -> VisitFact:
    return replace(VisitFact(OF, status, minute(start), 1800), **more)  # type: ignore[arg-type]


def plan_utilisation(slots: list[SlotFact], visits: list[VisitFact]) -> Decimal:
    """The plan's own words; rows S2, S8 and S13 settled."""
    total = len([each for each in slots if each.status != "busy-unavailable"])
    booked = len([each for each in visits if each.status in
                  ("booked", "arrived", "checked-in", "fulfilled")])  # fmt: skip
    return round(Decimal(booked) / total * 100, 2) if total else Decimal(0)


def plan_no_show_rate(_: list[SlotFact], visits: list[VisitFact]) -> Decimal:
    counted = [each for each in visits if each.start < NOW
               and each.status not in ("proposed", "waitlist", "entered-in-error")]  # fmt: skip
    missed = [each for each in counted if each.status == "noshow"]
    return round(Decimal(len(missed)) / len(counted) * 100, 2) if counted else Decimal(0)


@pytest.mark.parametrize(
    ("code", "rule"),
    [("plan-utilisation", plan_utilisation), ("plan-no-show-rate", plan_no_show_rate)],
)
@given(data=st.data())
def test_the_plans_numbers_are_the_plans(
    code: str, rule: Callable[[list[SlotFact], list[VisitFact]], Decimal], data: st.DataObject
) -> None:
    slots = [
        SlotFact(OF, status, span(0, 30))
        for status in data.draw(st.lists(st.sampled_from(_SLOT_STATUSES[:4]), max_size=9))
    ]
    visits = [
        visit(status, start)
        for status, start in data.draw(
            st.lists(st.tuples(st.sampled_from(APPOINTMENT_STATUSES), _MINUTES), max_size=9)
        )
    ]
    counted = reduce(add, (n for g, n in tally(slots, visits, NOW).items()
                           if not g.subject and not g.service), Counts())  # fmt: skip
    assert BY_CODE[code].value(counted) == rule(slots, visits)


def test_a_rate_of_nothing_is_unknown_and_the_plans_is_zero() -> None:
    values = {each.code: each.value(Counts()) for each in METRICS}
    known = {code for code, value in values.items() if value is not None}
    assert known == {"plan-utilisation", "plan-no-show-rate", "completed", "overtime"}
    assert {values[each] for each in known} == {0}


def test_the_rates_of_a_day() -> None:
    slots = [SlotFact(OF, status, span(60 * n, 30)) for n, status in enumerate(
        ("busy", "busy", "free", "busy-unavailable"))]  # fmt: skip
    visits = [visit("fulfilled", lasted=1200, waited=450), visit("noshow"), visit("cancelled"),
              visit("cancelled", ended_by_waitlist=True), visit("booked", 13 * 60)]  # fmt: skip
    counts = of_all(tally(slots, visits, NOW))
    assert {code: str(each.value(counts)) for code, each in BY_CODE.items()} == {
        "utilisation-minutes": "66.67",
        "utilisation-slots": "66.67",
        "plan-utilisation": "66.67",
        "no-show-rate": "50.00",
        "plan-no-show-rate": "33.33",
        "cancellation-rate": "25.00",
        "completed": "1",
        "average-duration": "20.00",
        "average-wait": "7.50",
        "overtime": "0.00",
    }


def test_whoever_works_past_the_last_slot_works_overtime_and_nobody_else_does() -> None:
    two = frozenset({"Practitioner/1", "Practitioner/2"})
    second = replace(OF, people=frozenset({"Practitioner/2"}))
    slots = [SlotFact(OF, "free", span(0, 60)), SlotFact(second, "free", span(0, 120))]
    visits = [visit("fulfilled", of=replace(OF, people=two), worked=span(30, 50)),
              visit("fulfilled", worked=span(70, 20))]  # fmt: skip
    found = tally(slots, visits, NOW)
    late = {group.subject: counts.overtime_seconds for group, counts in found.items()}
    assert late == {"": 1800, "Practitioner/1": 1800, "Practitioner/2": 0}
