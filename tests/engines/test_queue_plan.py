"""The owner's queue, row by row and against the plan written out again."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.queue import Facts, look
from fhir_gateway.engines.queue_facts import QueueConfiguration, QueueEntry, Weights
from fhir_gateway.engines.queue_learning import Learnt
from fhir_gateway.engines.queue_plan import estimated_wait, load_factor, mean_service, points
from tests.engines import queue_oracle as oracle
from tests.engines.builders import cases
from tests.engines.queueing import DESK, NOW, PLAN, ago, an_entry, entries, in_service


def seen(*people: QueueEntry, completed: int = 0, service_seconds: int = 0, **rules: Any) -> Any:
    configuration = QueueConfiguration("Desk", **({"policy": "plan"} | rules))
    return look(Facts(configuration, people, Learnt(), completed, service_seconds), NOW)


def order(*people: QueueEntry, **rules: Any) -> list[str]:
    return [each.entry.id for each in seen(*people, **rules).places]


def as_written(entry: QueueEntry) -> dict[str, Any]:
    return {"id": entry.id, "joined_at": entry.joined, "ticket": entry.ticket,
            "priority_score": entry.priority, "scheduled": entry.appointment_start}  # fmt: skip


@cases(100)
@given(entries(), st.integers(0, 60_000_000))
def test_ranks_and_points_are_those_of_the_plan(people: list[QueueEntry], later: int) -> None:
    now = NOW + timedelta(microseconds=later)
    expected = oracle.reposition_queue_entries([as_written(each) for each in people], now)
    places = look(Facts(PLAN, people, Learnt()), now).places
    assert [(each.entry.id, each.position) for each in places] == [one[:2] for one in expected]
    assert [points(each.entry, PLAN, now).units for each in places] == [
        one[2] * 120_000_000 for one in expected
    ]


@cases(60)
@given(entries())
def test_the_weights_order_as_they_say(people: list[QueueEntry]) -> None:
    weights = (Decimal("0.5"), Decimal("0.3"), Decimal("0.2"))
    worth = {each.id: oracle.weighted_score(as_written(each), NOW, weights) for each in people}
    found = order(*people, ordering="weighted", weights=Weights(*weights))
    expected = sorted(people, key=lambda each: (-worth[each.id], each.joined, each.ticket))
    assert found == [each.id for each in expected]


@cases(60)
@given(
    st.integers(-1, 30), st.integers(0, 30), st.one_of(st.none(), st.integers(1, 40)),
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4000)), max_size=6), st.booleans(),
)  # fmt: skip
def test_estimates_are_those_of_the_plan(
    position: int, size: int, most: int | None, hours: list[tuple[int, int]], past: bool
) -> None:
    rules = QueueConfiguration("Desk", policy="plan", maximum=most, historical=past)
    completed = sum(done for done, _ in hours)
    mean = mean_service(rules, completed, sum(done * seconds for done, seconds in hours))
    written = [(done, Fraction(seconds, 60)) for done, seconds in hours]
    average = oracle.average_service_time(written, 20, past)
    assert estimated_wait(position, mean, load_factor(size, most)) == (
        oracle.calculate_estimated_wait_time(position, average, size, most)
    )


def test_q1_a_position_is_a_rank() -> None:
    people = [an_entry(1, 5), an_entry(2, 50), an_entry(3, 5, priority=Decimal(40))]
    places = seen(*people).places
    assert [(each.entry.id, each.position) for each in places] == [("e3", 1), ("e2", 2), ("e1", 3)]


def test_q2_the_estimate_comes_after_the_rank() -> None:
    waits = [each.estimate.low for each in seen(*(an_entry(each, 9) for each in (1, 2, 3))).places]
    assert waits == [0, 20, 40]


def test_q4_services_count_by_how_many_there_were() -> None:
    assert mean_service(PLAN, 0, 0) == 20
    assert mean_service(PLAN, 10, 9 * 600 + 3600) == 15
    assert mean_service(QueueConfiguration("D", historical=False), 10, 60) == 20


def test_q5_equal_points_go_by_who_came_first_and_then_by_ticket() -> None:
    assert order(an_entry(2), an_entry(1), an_entry(3, 120), an_entry(4, 110)) == [
        "e3", "e4", "e1", "e2",
    ]  # fmt: skip


def test_q7_somebody_hours_overdue_keeps_the_points() -> None:
    overdue = an_entry(1, 0, appointment_start=ago(300))
    assert points(overdue, PLAN, NOW).total == 30


def test_q8_the_number_of_servers_changes_nothing() -> None:
    people = [an_entry(each, 9) for each in (1, 2, 3)]
    assert seen(*people, servers=5).places == seen(*people).places


def test_q14_minutes_are_whole() -> None:
    place = seen(an_entry(1, 10.99), completed=3, service_seconds=1000).places[0]
    assert (place.waited, place.estimate.low, place.estimate.high) == (10, 0, 0)


@pytest.mark.parametrize(
    ("until", "worth"), [(29.99, 30), (30, 15), (59.99, 15), (60, 0), (-500, 30)]
)
def test_an_appointment_that_is_near_is_worth_points(until: float, worth: int) -> None:
    assert points(an_entry(1, 0, appointment_start=ago(-until)), PLAN, NOW).total == worth


@pytest.mark.parametrize(
    ("waiting", "most", "factor"),
    [(4, 10, "1"), (5, 10, "6/5"), (7, 10, "6/5"), (8, 10, "3/2"), (9, 10, "2"), (4, None, "1"),
     (9, None, "2"), (15, 20, "3/2"), (40, 20, "2")],
)  # fmt: skip
def test_a_full_queue_is_slower(waiting: int, most: int | None, factor: str) -> None:
    assert load_factor(waiting, most) == Fraction(factor)


def test_the_wait_is_worth_fifty_points_at_most() -> None:
    worth = [points(an_entry(1, each), PLAN, NOW).total for each in (0, 60, 100, 400)]
    assert worth == [0, 30, 50, 50]


def test_without_dynamic_positioning_it_is_first_come_first_served() -> None:
    urgent = an_entry(2, 5, priority=Decimal(100))
    assert order(urgent, an_entry(1, 6), dynamic=False) == ["e1", "e2"]


def test_only_those_who_wait_have_a_place() -> None:
    view = seen(an_entry(1), in_service(2, 3))
    assert [each.entry.id for each in view.places] == ["e1"]
    assert [each.id for each in view.served] == ["e2"]


@cases(100)
@given(entries())
def test_the_parts_sum_to_the_points(people: list[QueueEntry]) -> None:
    for each in seen(*people).places:
        total = sum(factor.contribution for factor in each.factors)
        assert abs(total - each.total) <= Decimal("0.005")


def test_nobody_waits_on_average_where_nobody_waits() -> None:
    assert seen().average_wait == 0
    assert seen(an_entry(1, 4), an_entry(2, 7)).average_wait == 5
    assert DESK.policy == "best"
