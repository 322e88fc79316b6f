"""How long will it take? Against what is known of queues, and in a day that is played through."""

import heapq
import math
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.queue_estimate import calls, ended, estimates
from fhir_gateway.engines.queue_facts import State
from fhir_gateway.engines.queue_learning import Learnt
from tests.engines.builders import cases
from tests.engines.queueing import DESK, NOW, ago, an_entry, in_service

_THREE = replace(DESK, servers=3)


def test_with_a_free_server_nobody_waits() -> None:
    (found,) = estimates([an_entry(1)], [], DESK, Learnt(), NOW)
    assert found.low == 0
    assert found.high < 10


_MU, _SIGMA = math.log(15), 0.6


def _played(dice: random.Random, under_way: list[float], servers: int, count: int) -> list[float]:
    """When those who wait are called in one course of the events."""
    ends = [_length(dice, each) - each for each in under_way] + [0.0] * (servers - len(under_way))
    heapq.heapify(ends)
    return [heapq.heapreplace(ends, ends[0] + _length(dice, 0.0)) for _ in range(count)]


def _length(dice: random.Random, elapsed: float) -> float:
    """Of a service that has lasted so long."""
    while (found := dice.lognormvariate(_MU, _SIGMA)) <= elapsed:
        pass
    return found


@pytest.mark.parametrize(
    ("under_way", "servers"),
    [([2.0, 9.0, 20.0], 3), ([0.0], 1), ([30.0], 1), ([5.0], 3), ([1.0, 1.0, 1.0, 1.0, 1.0], 5)],
)
def test_a_call_is_expected_in_the_middle_of_when_it_comes(
    under_way: list[float], servers: int
) -> None:
    dice = random.Random(11)
    runs = [_played(dice, under_way, servers, 4) for _ in range(2000)]
    for place, told in enumerate(calls(under_way, servers, _MU, _SIGMA, 4)):
        earlier = sum(run[place] <= told for run in runs) / len(runs)
        assert earlier == 1 or 0.4 < earlier < 0.66


def test_the_first_of_several_services_ends_before_any_is_expected_to() -> None:
    (alone,), (first,) = (calls([4.0] * each, each, _MU, _SIGMA, 1) for each in (1, 3))
    assert first < 0.7 * alone


def test_many_are_called_at_the_pace_of_all_servers() -> None:
    found = calls([1.0, 2.0, 3.0], 3, _MU, _SIGMA, 40)
    assert found == sorted(found)
    assert found[39] - found[19] == pytest.approx(20 * math.exp(_MU + _SIGMA**2 / 2) / 3)


def test_more_servers_are_faster_and_more_people_ahead_slower() -> None:
    people = [an_entry(each) for each in range(1, 7)]
    served = [in_service(8, 2)]
    one = [each.high for each in estimates(people, served, DESK, Learnt(), NOW)]
    three = [each.high for each in estimates(people, served, _THREE, Learnt(), NOW)]
    assert one == sorted(one)
    assert all(few > many for few, many in zip(one, three, strict=True))


@pytest.mark.parametrize("elapsed", [0.0, 5.0, 15.0, 30.0])
def test_a_service_ends_as_those_do_that_have_lasted_so_long(elapsed: float) -> None:
    dice = random.Random(7)
    lengths = [_length(dice, elapsed) for _ in range(20_000)]
    for minutes in (1.0, 10.0, 30.0):
        over = sum(each - elapsed <= minutes for each in lengths) / len(lengths)
        assert ended(minutes, elapsed, _MU, _SIGMA) == pytest.approx(over, abs=0.015)


def test_a_service_that_nobody_ended_is_one_that_has_just_begun() -> None:
    assert ended(10, 1e9, _MU, _SIGMA) == ended(10, 0, _MU, _SIGMA)


def test_emergencies_that_come_often_lengthen_the_wait() -> None:
    quiet = Learnt()
    busy = quiet
    for each in range(30):
        busy = busy.arrived(ClinicalClass.EMERGENCY, ago(60 - 2 * each))
    people = [an_entry(1), an_entry(2)]
    served = [in_service(8, 2)]
    low, high = (estimates(people, served, DESK, each, NOW)[1].high for each in (quiet, busy))
    assert low < high


def test_an_estimate_never_ends_in_a_number_nobody_can_use() -> None:
    flood = Learnt()
    for _ in range(10_000):
        flood = flood.arrived(ClinicalClass.EMERGENCY, NOW)
    found = estimates([an_entry(1), an_entry(2)], [in_service(3, 1)], DESK, flood, NOW)
    assert max(each.high for each in found) < 24 * 60


@cases(60)
@given(st.lists(st.floats(0.2, 300), min_size=40, max_size=80))
def test_lengths_of_services_are_learnt(lengths: list[float]) -> None:
    learnt = Learnt()
    for each in lengths * 20:
        learnt = learnt.served(each)
    mu, _ = learnt.lognormal(20)
    logs = [math.log(each) for each in lengths]
    assert abs(mu - sum(logs) / len(logs)) < 0.5
    assert Learnt.read(learnt.plain()) == learnt


def _a_day(seed: int, servers: int) -> float:
    """Play a day; which part of the people were called within their range."""
    dice = random.Random(seed)
    rules = replace(DESK, servers=servers)
    learnt, now, ticket = Learnt(), NOW, 0
    ends: list[tuple[object, int]] = []
    waiting: list = []
    served: dict[int, object] = {}
    told, inside, counted = {}, 0, 0
    coming = NOW
    for _ in range(1600):
        now = coming if not ends or coming <= ends[0][0] else ends[0][0]
        if now == coming:
            ticket += 1
            entry = an_entry(ticket, joined=now, since=now)
            waiting.append(entry)
            learnt = learnt.arrived(entry.clinical_class, now)
            range_ = estimates(waiting, list(served.values()), rules, learnt, now)[-1]
            told[ticket] = range_
            coming = now + timedelta(minutes=dice.expovariate(0.9 * servers / 12))
        else:
            _, done = heapq.heappop(ends)
            begun = served.pop(done)
            learnt = learnt.served((now - begun.started).total_seconds() / 60)
        while waiting and len(served) < servers:
            entry = waiting.pop(0)
            minutes = (now - entry.joined).total_seconds() / 60
            range_ = told.pop(entry.ticket)
            learnt = learnt.waited(entry.clinical_class, range_.shown, minutes)
            if entry.ticket > 200:
                counted += 1
                inside += range_.low <= minutes <= range_.high
            served[entry.ticket] = replace(entry, state=State.IN_SERVICE, started=now)
            length = dice.lognormvariate(math.log(12) - 0.125, 0.5)
            heapq.heappush(ends, (now + timedelta(minutes=length), entry.ticket))
    return inside / counted


@pytest.mark.parametrize("servers", [1, 3])
def test_four_of_five_are_called_within_their_range(servers: int) -> None:
    assert 0.7 <= _a_day(11, servers) <= 0.92
