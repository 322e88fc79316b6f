"""Virtual deadlines: who overtakes whom, and by how much at most."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.clinical_class import ClinicalClass
from fhir_gateway.engines.queue import Facts, look
from fhir_gateway.engines.queue_facts import QUEUE_TARGET_MINUTES, QueueConfiguration, QueueEntry
from fhir_gateway.engines.queue_learning import Learnt
from tests.engines.builders import cases
from tests.engines.queueing import DESK, NOW, an_entry, entries

_EMERGENCY = ClinicalClass.EMERGENCY
_MINUTE = timedelta(minutes=1)


def order(people: list[QueueEntry], rules: QueueConfiguration = DESK) -> list[QueueEntry]:
    return [each.entry for each in look(Facts(rules, people, Learnt()), NOW).places]


_targets = st.tuples(*[st.integers(0, 240)] * len(ClinicalClass)).map(
    lambda each: dict(zip(ClinicalClass, each, strict=True))
)


@cases(200)
@given(entries(), st.one_of(st.just(dict(QUEUE_TARGET_MINUTES)), _targets))
def test_who_overtakes_comes_within_the_difference_of_the_targets(
    people: list[QueueEntry], targets: dict[ClinicalClass, int]
) -> None:
    for first, second in combinations(order(people, replace(DESK, targets=targets)), 2):
        overtaken = second.joined < first.joined and first.clinical_class is not _EMERGENCY
        bound = (targets[second.clinical_class] - targets[first.clinical_class]) * _MINUTE
        assert not overtaken or first.joined - second.joined <= bound


@cases(60)
@given(entries())
def test_emergencies_are_first(people: list[QueueEntry]) -> None:
    flags = [each.clinical_class is _EMERGENCY for each in order(people)]
    assert flags == sorted(flags, reverse=True)


@cases(60)
@given(entries(), st.integers(0, 600))
def test_the_order_among_those_present_never_changes(people: list[QueueEntry], later: int) -> None:
    facts = Facts(DESK, people, Learnt())
    now = [each.entry.id for each in look(facts, NOW).places]
    assert [each.entry.id for each in look(facts, NOW + later * _MINUTE).places] == now


@cases(100)
@given(entries())
def test_within_a_class_it_is_first_come_first_served(people: list[QueueEntry]) -> None:
    same = [replace(each, clinical_class=ClinicalClass.SOON) for each in people]
    assert order(same) == sorted(same, key=lambda each: (each.joined, each.ticket))


@pytest.mark.parametrize(("waited", "first"), [(109, "urgent"), (111, "soon")])
def test_the_wait_of_somebody_less_urgent_counts(waited: int, first: str) -> None:
    soon = an_entry(1, waited, clinical_class=ClinicalClass.SOON)
    urgent = an_entry(2, 30, clinical_class=ClinicalClass.URGENT)
    assert order([soon, urgent])[0].clinical_class.name.lower() == first


def test_targets_can_be_others() -> None:
    rules = replace(DESK, targets={**QUEUE_TARGET_MINUTES, ClinicalClass.ROUTINE: 10})
    routine = an_entry(1, 10)
    urgent = an_entry(2, 10, clinical_class=ClinicalClass.URGENT)
    assert order([routine, urgent], rules)[0] == routine
    assert order([routine, urgent])[0] == urgent


def test_what_was_compared_is_told() -> None:
    place = look(Facts(DESK, [an_entry(1)], Learnt()), NOW).places[0]
    assert [each.code for each in place.keys] == ["class", "deadline", "waiting"]
    assert place.total is None
