"""`Appointment/$check-conflicts`: who is engaged, and when else it would go. Decision 18."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.core.time import format_instant
from tests.usecases.builders import (
    Resource,
    a_device,
    a_patient,
    a_practitioner,
    a_role,
    a_schedule,
    a_slot,
    an_appointment,
    at,
    participant,
)
from tests.usecases.clinic import Clinic, only_issue, refusal
from tests.usecases.waiting_room import free_up, the_task, waiting

CODE = "check-conflicts"


async def check(clinic: Clinic, *pairs: tuple[str, str], start: str = "09:00",
                end: str = "09:30") -> Resource:  # fmt: skip
    return await clinic.call(CODE, ("start", at(start)), ("end", at(end)), *pairs)


def conflicts(answer: Resource) -> list[str]:
    return [each["valueReference"]["reference"] for each in answer.get("parameter", ())
            if each["name"] == "conflict"]  # fmt: skip


def alternatives(answer: Resource) -> list[str]:
    """The starts, nearest first."""
    return [each["valuePeriod"]["start"] for each in answer.get("parameter", ())
            if each["name"] == "alternative"]  # fmt: skip


P1 = ("actor", "Practitioner/p1")


async def test_nobody_is_engaged(clinic: Clinic) -> None:
    assert conflicts(await check(clinic, P1, ("actor", "Patient/ann"))) == []


@pytest.mark.parametrize(
    ("start", "end", "hit"),
    [
        ("08:30", "09:00", False),
        ("08:30", "09:01", True),
        ("09:10", "09:20", True),
        ("09:29", "09:40", True),
        ("09:30", "10:00", False),
    ],
)
async def test_what_ends_where_the_other_begins_is_no_conflict(
    clinic: Clinic, start: str, end: str, hit: bool
) -> None:
    booked = await clinic.book("09:00")
    answer = await check(clinic, P1, start=start, end=end)
    assert conflicts(answer) == [f"Appointment/{booked['id']}"] * hit


@pytest.mark.parametrize(
    "actor", ["Practitioner/p1", "PractitionerRole/role", "Patient/ann", "Device/scanner"]
)
async def test_everybody_who_takes_part_is_engaged(clinic: Clinic, actor: str) -> None:
    await clinic.put(a_role(), a_device())
    booked = await clinic.book("09:00", others=("Practitioner/p1", "Device/scanner"))
    answer = await check(clinic, ("actor", actor))
    assert conflicts(answer) == [f"Appointment/{booked['id']}"]


async def test_one_appointment_of_two_actors_is_one_conflict(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    answer = await check(clinic, P1, ("actor", "Patient/ann"))
    assert conflicts(answer) == [f"Appointment/{booked['id']}"]


async def test_who_is_not_asked_about_does_not_matter(clinic: Clinic) -> None:
    await clinic.book("09:00")
    assert conflicts(await check(clinic, ("actor", "Patient/bob"))) == []


async def test_a_cancelled_appointment_is_no_conflict(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert conflicts(await check(clinic, P1)) == []


async def test_a_hold_is_shown_by_its_task_and_a_block_by_its_slot(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    await free_up(clinic)
    await clinic.change("Slot/s1-0930", status="busy-unavailable")
    answer = await check(clinic, P1, end="10:00")
    task = await the_task(clinic)
    assert conflicts(answer) == [f"Task/{task['id']}", "Slot/s1-0930"]


async def test_an_expired_hold_is_no_conflict(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    await free_up(clinic)
    await clinic.time_is_up({"id": "every hold"})
    assert conflicts(await check(clinic, P1)) == []


async def test_what_is_to_be_moved_is_left_out(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    answer = await check(clinic, P1, ("ignore-appointment", f"Appointment/{booked['id']}"))
    assert conflicts(answer) == []


async def test_other_times_are_told_nearest_first(clinic: Clinic) -> None:
    await clinic.put(*(a_slot(each) for each in ("08:00", "11:00", "12:00")))
    await clinic.book("09:00")
    answer = await check(clinic, P1)
    assert alternatives(answer) == [at(each) for each in ("09:30", "08:00", "11:00", "12:00")]


@pytest.mark.parametrize(("count", "told"), [("0", 0), ("2", 2), ("50", 4)])
async def test_as_many_other_times_as_are_wanted(clinic: Clinic, count: str, told: int) -> None:
    await clinic.put(*(a_slot(each) for each in ("08:00", "11:00", "12:00")))
    await clinic.book("09:00")
    assert len(alternatives(await check(clinic, P1, ("count", count)))) == told


async def test_other_times_are_free_for_everybody(clinic: Clinic) -> None:
    await clinic.put(a_device(), a_schedule("s2", "Device/scanner"))
    await clinic.put(*(a_slot(each, schedule="s2") for each in ("09:30", "11:00")))
    await clinic.put(a_slot("11:00"), a_slot("12:00"))
    await clinic.post(an_appointment("11:00", 10, schedule=None, others=()))
    await clinic.post(an_appointment("09:00", 10, schedule=None, others=()))
    both = (P1, ("actor", "Device/scanner"), ("actor", "Patient/ann"))
    assert alternatives(await check(clinic, *both)) == [at("09:30")]


async def test_people_who_only_listen_are_not_engaged(clinic: Clinic) -> None:
    people = [participant("Practitioner/p1", required="information-only")]
    await clinic.book("07:00", schedule=None, participant=people)
    assert conflicts(await check(clinic, P1, start="07:00", end="07:30")) == []


async def test_an_actor_who_is_not_there_is_named(clinic: Clinic) -> None:
    error = await refusal(check(clinic, P1, ("actor", "Practitioner/nobody")))
    assert error.category is Category.NOT_FOUND
    assert "Practitioner/nobody" in only_issue(error).diagnostics


@pytest.mark.parametrize(
    ("pairs", "named"),
    [
        ((("start", at("09:00")), ("end", at("09:00"))), "end"),
        ((("start", at("09:00")[:10]), ("end", at("09:00"))), "start"),
        ((("start", at("09:00")), ("end", at("10:00")), ("count", "51")), "count"),
        ((("start", at("09:00")),), "end"),
    ],
)
async def test_what_cannot_be_answered_is_invalid(
    clinic: Clinic, pairs: tuple[tuple[str, str], ...], named: str
) -> None:
    error = await refusal(clinic.call(CODE, P1, *pairs))
    assert error.category is Category.INVALID
    assert error.issues[0].expression == (named,)


async def test_other_times_are_told_only_where_there_is_a_conflict(clinic: Clinic) -> None:
    assert alternatives(await check(clinic, P1)) == []
    await clinic.book("09:00")
    assert alternatives(await check(clinic, P1)) == [at("09:30")]


#: The night on which Europe's clocks go back: 03:00 is 02:00 again, in minutes from midnight there.
BERLIN = ZoneInfo("Europe/Berlin")
TURN = datetime(2026, 10, 24, 22, tzinfo=UTC)


async def the_visit(clinic: Clinic, start: int, end: int, people: frozenset[str]) -> str:
    times = [(TURN + timedelta(minutes=n)).astimezone(BERLIN) for n in (start, end)]
    made = await clinic.post({
        "resourceType": "Appointment", "status": "booked",
        "start": format_instant(times[0]), "end": format_instant(times[1]),
        "participant": [participant(each) for each in sorted(people)],
    })  # fmt: skip
    return str(made["id"])


async def test_the_conflicts_are_all_overlaps_on_the_night_of_a_clock_change(bare: Clinic) -> None:
    chance = random.Random(1)
    names = ["Practitioner/p1", "Practitioner/p2", "Device/scanner", "Patient/ann", "Patient/bob"]
    await bare.put(
        a_practitioner(), a_practitioner("p2"), a_device(), a_patient(), a_patient("bob")
    )
    booked: list[tuple[str, int, int, frozenset[str]]] = []
    for _ in range(40):
        start, length = chance.randrange(0, 360, 5), chance.choice((5, 20, 60))
        people = frozenset(chance.sample(names, chance.randint(1, 3)))
        visit = (start, start + length, people)
        clear = not any(
            s < start + length and start < e and people & who for _, s, e, who in booked
        )
        booked += [(await the_visit(bare, *visit), *visit)] if clear else []
    assert len(booked) > 10
    for _ in range(60):
        start, length = chance.randrange(0, 360, 5), chance.choice((1, 5, 30, 120))
        asked, left_out = chance.sample(names, chance.randint(1, 4)), chance.choice(booked)[0]
        span = [format_instant(TURN + timedelta(minutes=n)) for n in (start, start + length)]
        answer = await bare.call(
            CODE, ("start", span[0]), ("end", span[1]), *(("actor", each) for each in asked),
            ("ignore-appointment", f"Appointment/{left_out}"),
        )  # fmt: skip
        expected = {
            f"Appointment/{key}"
            for key, s, e, who in booked
            if s < start + length and start < e and who & set(asked) and key != left_out
        }
        assert set(conflicts(answer)) == expected
