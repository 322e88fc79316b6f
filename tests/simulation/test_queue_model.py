"""The queue that is played through, against what is known of queues without playing."""

import random
from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest

from fhir_gateway.engines.clinical_class import ClinicalClass
from simulation.queue_model import DISCIPLINES, Desk, Person, Queue, Wait, arrivals, mean_of, played
from simulation.queue_study import DESK
from simulation.queue_theory import cobham, erlang_c, mean_wait
from simulation.validation import counted_waiting

HOURS = 1500
MARKOV = replace(DESK, sigma=None, profile=(1.0,) * HOURS)
RATE = 0.7 * MARKOV.servers / MARKOV.service


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return arrivals(random.Random(800_001), MARKOV, 0.7)


@pytest.fixture(scope="module")
def waits(people: list[Person]) -> dict[str, list[Wait]]:
    return {each: Queue(each, MARKOV).day(people) for each in ("fifo", "static", "best")}


def test_erlang_c_is_what_the_books_print() -> None:
    assert erlang_c(1, 0.5) == pytest.approx(0.5)
    assert erlang_c(2, 1.0) == pytest.approx(1 / 3)
    assert mean_wait(1, 0.5, 1.0) == pytest.approx(1.0)


def test_one_class_of_cobham_is_erlang_c() -> None:
    assert cobham(3, [0.16], 15.0) == pytest.approx([mean_wait(3, 0.16, 15.0)])


@pytest.mark.parametrize("discipline", ["fifo", "static", "best"])
def test_the_mean_wait_is_that_of_erlang_c(discipline: str, waits: dict[str, list[Wait]]) -> None:
    expected = mean_wait(MARKOV.servers, RATE, MARKOV.service)
    assert mean_of(waits[discipline]) == pytest.approx(expected, rel=0.12)


@pytest.mark.parametrize(
    ("clinical_class", "place"), [(each, place) for place, each in enumerate(DESK.mix)]
)
def test_static_priorities_wait_as_cobham_says(
    clinical_class: ClinicalClass, place: int, waits: dict[str, list[Wait]]
) -> None:
    expected = cobham(3, [RATE * each for each in MARKOV.mix.values()], MARKOV.service)[place]
    some = [each for each in waits["static"] if each.clinical_class is clinical_class]
    assert mean_of(some) == pytest.approx(expected, rel=0.2)


@pytest.mark.parametrize("discipline", ["fifo", "static", "best"])
def test_littles_law_holds(discipline: str, waits: dict[str, list[Wait]]) -> None:
    some = waits[discipline]
    whole = 60.0 * HOURS
    counted = counted_waiting(
        [each.joined for each in some], [each.minutes for each in some], whole
    )
    assert counted == pytest.approx(len(some) / whole * mean_of(some), rel=0.01)


@pytest.mark.parametrize("discipline", DISCIPLINES)
def test_everybody_is_served_once_and_nobody_before_coming(discipline: str) -> None:
    week = [arrivals(random.Random(800_002 + day), DESK, 1.0) for day in range(2)]
    for day, some in zip(week, played(discipline, DESK, week), strict=True):
        assert Counter(each.arrival for each in day) == Counter(each.joined for each in some)
        assert min(each.minutes for each in some) >= 0


@pytest.mark.parametrize("load", [0.9, 1.2])
def test_whoever_is_called_earlier_has_come_within_the_difference_of_the_targets(
    load: float,
) -> None:
    (day,) = played("best", DESK, [arrivals(random.Random(800_004), DESK, load)])
    for first, second in combinations(day, 2):
        gap = first.joined - second.joined
        bound = DESK.targets[second.clinical_class] - DESK.targets[first.clinical_class]
        assert gap <= max(0, bound) or first.clinical_class is ClinicalClass.EMERGENCY


def test_first_come_first_served_with_one_server_is_known_minute_by_minute() -> None:
    desk = Desk(1, 10.0, None, DESK.mix, (1.0,))
    routine = ClinicalClass.ROUTINE
    day = [Person(0, routine, 10), Person(2, routine, 5), Person(4, ClinicalClass.URGENT, 5)]
    fifo, static = (Queue(each, desk).day(day) for each in ("fifo", "static"))
    assert [(each.joined, each.minutes) for each in fifo] == [(0, 0), (2, 8), (4, 11)]
    assert [(each.joined, each.minutes) for each in static] == [(0, 0), (4, 6), (2, 13)]


def test_who_has_to_wait_is_told_how_long() -> None:
    week = [arrivals(random.Random(800_003), DESK, 1.0)]
    (told,) = played("best", DESK, week, telling=True)
    assert all((each.told is not None) == (each.minutes > 0) for each in told)
