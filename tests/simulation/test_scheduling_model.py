"""A clinic's month: what is booked, given back and missed."""

import random
from itertools import pairwise

import pytest

from fhir_gateway.engines.no_show_model import cold_start
from simulation.scheduling_model import Clinic, Month, Policies, wishes_met
from simulation.scheduling_requests import Size, requests

SMALL = Size(practitioners=2, days=5, weeks_ahead=1)


def a_month(policies: Policies, refill: float = 0.0) -> Month:
    asked = requests(random.Random(800_020), 1.0, SMALL)
    return Clinic(policies, {0: refill}, cold_start(), SMALL).month(asked)


@pytest.mark.parametrize("slots", ["first-free", "plan", "best"])
def test_nobody_is_booked_over_somebody_else(slots: str) -> None:
    visits = a_month(Policies(slots)).visits
    kept = sorted(
        (each.schedule, each.start, each.end) for each in visits if each.cancelled is None
    )
    assert len(kept) > 50
    assert all(one[0] != two[0] or one[2] <= two[1] for one, two in pairwise(kept))


def test_the_first_free_time_is_the_soonest() -> None:
    soon, liked = (a_month(Policies(each)).visits for each in ("first-free", "best"))
    assert sum(each.lead for each in soon) / len(soon) < sum(each.lead for each in liked) / len(
        liked
    )


@pytest.mark.parametrize("calls", ["plan", "best"])
def test_calls_prevent_no_shows_and_make_none(calls: str) -> None:
    without, with_calls = a_month(Policies()).visits, a_month(Policies(calls=calls)).visits
    pairs = list(zip(without, with_calls, strict=True))
    assert sum(each.called for each in with_calls) > 0
    assert all(one.missed or not two.missed for one, two in pairs)
    assert any(one.missed and not two.missed for one, two in pairs)


def test_a_time_that_the_waitlist_takes_is_not_free_again() -> None:
    assert a_month(Policies("plan", waitlist="best"), 1.0).refilled > 0
    assert a_month(Policies("plan")).refilled == 0


def test_wishes_are_met_or_not() -> None:
    (first, *_) = (each for each in requests(random.Random(800_021), 1.0, SMALL)
                   if each.facts.preferred_days and not each.facts.preferred_parts
                   and not each.facts.preferred_practitioners)  # fmt: skip
    met = [wishes_met(first.facts, 1440 * day, 0) for day in range(5)]
    assert sorted(met) == [0, 0, 0, 1, 1]
