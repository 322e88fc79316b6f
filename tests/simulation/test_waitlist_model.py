"""Freed times: who is asked, who answers, who has it."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fhir_gateway.engines.waitlist import matching
from fhir_gateway.engines.waitlist_facts import FreedTime
from simulation.waitlist_model import POLICIES, Patient, fill, freed_time, read_at, waiting_list

DICE = 800_010


def a_case(notice: float = 8) -> tuple[list[Patient], FreedTime, datetime]:
    dice = random.Random(DICE)
    freed, now = freed_time(dice, notice)
    return waiting_list(dice, 30, freed, now), freed, now


@pytest.mark.parametrize("policy", POLICIES)
def test_where_nobody_wants_it_nobody_has_it(policy: str) -> None:
    patients, freed, now = a_case()
    unwilling = [replace(each, accepts=False, agrees=False) for each in patients]
    assert fill(policy, unwilling, freed, now).minutes is None


@pytest.mark.parametrize("policy", ["plan", "best"])
def test_where_everybody_wants_it_the_first_who_answers_has_it(policy: str) -> None:
    patients, freed, now = a_case()
    willing = [replace(each, accepts=True, latency=3.0) for each in patients]
    assert fill(policy, willing, freed, now).minutes == 3.0


def test_a_receptionist_needs_one_call_where_everybody_wants_it() -> None:
    patients, freed, now = a_case()
    willing = [replace(each, reached=True, agrees=True) for each in patients]
    found = fill("manual", willing, freed, now)
    assert (found.messages, found.minutes is None) == (1, False)


def test_plan_asks_five_and_no_more() -> None:
    patients, freed, now = a_case()
    silent = [replace(each, accepts=None) for each in patients]
    assert fill("plan", silent, freed, now).messages == 5
    assert fill("best", silent, freed, now).messages > 5


def test_the_cascade_first_asks_whom_plan_would() -> None:
    patients, freed, now = a_case()
    first = matching("plan", [each.entry for each in patients], freed, now).placed[0].entry.id
    one = [replace(each, accepts=each.entry.id == first, latency=1.0) for each in patients]
    assert fill("cascade", one, freed, now).messages == 1


def test_best_asks_fewer_for_nothing_than_all_at_once() -> None:
    patients, freed, now = a_case()
    willing = [replace(each, accepts=True, latency=10.0) for each in patients]
    assert fill("best", willing, freed, now).messages == 1
    assert fill("plan", willing, freed, now).messages == 5


def test_plan_has_no_time_to_offer_what_begins_in_two_hours() -> None:
    patients, freed, now = a_case(2)
    assert fill("plan", patients, freed, now).messages == 0


@pytest.mark.parametrize(("sent", "read"), [((1, 7), (1, 7)), ((1, 21), (1, 21)),
                                            ((1, 22), (2, 7)), ((2, 3), (2, 7))])  # fmt: skip
def test_a_message_at_night_is_read_in_the_morning(
    sent: tuple[int, int], read: tuple[int, int]
) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)

    def at(day: int, hour: int) -> datetime:
        return first + timedelta(days=day - 1, hours=hour)

    assert read_at(at(*sent)) == at(*read)
