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
from fhir_gateway.engines.queue_estimate import estimates, list_schedule, residual
from fhir_gateway.engines.queue_facts import State
from fhir_gateway.engines.queue_learning import Learnt
from tests.engines.builders import cases
from tests.engines.queueing import DESK, NOW, ago, an_entry, in_service

_THREE = replace(DESK, servers=3)


def test_with_a_free_server_nobody_waits() -> None:
    (found,) = estimates([an_entry(1)], [], DESK, Learnt(), NOW)
    assert found.low == 0
    assert found.high < 10


def test_those_ahead_are_dealt_out_to_the_servers() -> None:
    assert list_schedule([5.0, 1.0], 3, 10.0, 5) == [0.0, 1.0, 5.0, 10.0, 11.0]
    assert list_schedule([5.0, 1.0, 2.0], 1, 10.0, 2) == [1.0, 2.0]


def test_more_servers_are_faster_and_more_people_ahead_slower() -> None:
    people = [an_entry(each) for each in range(1, 7)]
    served = [in_service(8, 2)]
    one = [each.high for each in estimates(people, served, DESK, Learnt(), NOW)]
    three = [each.high for each in estimates(people, served, _THREE, Learnt(), NOW)]
    assert one == sorted(one)
    assert all(few > many for few, many in zip(one, three, strict=True))


@pytest.mark.parametrize("elapsed", [0.0, 3.0, 20.0, 60.0, 1e6])
def test_a_service_that_lasts_takes_some_time_still(elapsed: float) -> None:
    assert 0 < residual(elapsed, math.log(20), 0.5) < 400


@pytest.mark.parametrize("elapsed", [0.0, 5.0, 15.0, 30.0])
def test_the_rest_of_a_service_is_its_conditional_mean(elapsed: float) -> None:
    dice = random.Random(7)
    lengths = [dice.lognormvariate(math.log(15), 0.6) for _ in range(100_000)]
    rest = [each - elapsed for each in lengths if each > elapsed]
    assert residual(elapsed, math.log(15), 0.6) == pytest.approx(sum(rest) / len(rest), rel=0.05)


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
