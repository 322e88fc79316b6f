"""Somebody comes, is called, served, passed over, sent on, or goes."""

from typing import Any

import pytest

from fhir_gateway.core.codes import EXT_QUEUE, EXT_STATUS_REASON
from fhir_gateway.core.errors import Category
from fhir_gateway.engines.queue_transitions import Command
from fhir_gateway.fhir.validation import validate
from tests.usecases.builders import a_location, an_appointment
from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.queueing import Desk, a_service, configuration, entry_parts, minute

_CONFLICT = Category.CONFLICT


@pytest.fixture
async def desk(bare: Clinic) -> Desk:
    """A desk without any limit, and three patients."""
    return await Desk.opened(bare)


async def test_whoever_joins_is_told_ticket_place_and_range(desk: Desk) -> None:
    first, second = await desk.joins("ann"), await desk.joins("bob")
    assert (first["ticket"], first["position"], first["waited"]) == ("001", 1, 0)
    assert (second["ticket"], second["position"]) == ("002", 2)
    assert first["estimated-wait"]["low"] == 0
    assert second["estimated-wait"]["high"] > first["estimated-wait"]["high"] > 0


async def test_an_entry_is_an_encounter(desk: Desk) -> None:
    entry = (await desk.joins("ann"))["entry"]
    stored = await desk.clinic.get(f"Encounter/{entry['id']}")
    assert (stored["status"], stored["class"]["code"]) == ("arrived", "AMB")
    assert stored["subject"] == {"reference": "Patient/ann"}
    parts = entry_parts(stored)
    assert (parts["ticket"], parts["state"], parts["class"]) == ("001", "waiting", "routine")
    assert minute(parts["deadline"]) == "10:00"
    assert [each["url"] for each in stored["extension"]] == [EXT_QUEUE]
    validate(entry, type_name="Encounter")


async def test_a_visit_from_coming_to_going(desk: Desk) -> None:
    id_ = (await desk.joins("ann"))["entry"]["id"]
    called = await desk.later(5).does("call-next", desk="Room 3")
    assert called["entry"]["id"] == id_
    assert "position" not in called
    later = desk.later(6)
    await later.does("recall", ticket="001")
    assert (await later.does("start", ticket="001"))["entry"]["status"] == "in-progress"
    done = (await desk.later(20).does("finish", entry=f"Encounter/{id_}"))["entry"]
    assert (done["status"], minute(done["period"]["end"])) == ("finished", "08:20")
    assert [each["status"] for each in done["statusHistory"]] == ["arrived", "in-progress"]
    assert [minute(each["period"]["start"]) for each in done["statusHistory"]] == ["08:00", "08:06"]
    assert await desk.places() == []


@pytest.mark.parametrize(("code", "reason"), [("leave", "left"), ("no-show", "no-show")])
async def test_whoever_goes_leaves_an_encounter_with_the_reason(
    desk: Desk, code: str, reason: str
) -> None:
    await desk.joins("ann")
    await desk.does("call-next")
    gone = (await desk.does(code, ticket="001"))["entry"]
    (why,) = (each for each in gone["extension"] if each["url"] == EXT_STATUS_REASON)
    assert gone["status"] == "cancelled"
    assert why["valueCodeableConcept"]["coding"][0]["code"] == reason


async def test_whoever_is_passed_over_waits_as_if_they_had_come_now(desk: Desk) -> None:
    await desk.joins("ann")
    await desk.later(1).joins("bob")
    await desk.later(2).does("call-next")
    after = desk.later(3)
    assert (await after.does("skip", ticket="001"))["position"] == 2
    assert await after.waiting() == ["002", "001"]


@pytest.mark.parametrize("policy", ["best", "plan"])
async def test_the_next_call_is_for_somebody_else(bare: Clinic, policy: str) -> None:
    desk = await Desk.opened(bare, policy=policy)
    await desk.joins("ann", priority_score=90, **{"class": "urgent"})
    await desk.later(1).joins("bob")
    assert (await desk.later(2).does("call-next"))["ticket"] == "001"
    assert (await desk.later(3).does("skip", ticket="001"))["position"] == 2
    later = desk.later(4)
    assert [(await later.does("call-next"))["ticket"] for _ in range(2)] == ["002", "001"]


async def test_emergencies_come_first_and_say_so(desk: Desk) -> None:
    await desk.joins("ann")
    await desk.joins("bob", **{"class": "urgent"})
    found = await desk.joins("cem", **{"class": "emergency"})
    assert found["entry"]["class"]["code"] == "EMER"
    assert await desk.waiting() == ["003", "002", "001"]


async def test_by_the_plan_points_decide_and_are_explained(bare: Clinic) -> None:
    desk = await Desk.opened(bare, policy="plan")
    await desk.joins("ann")
    second = await desk.later(10).joins("bob", priority_score="7.5")
    assert second["position"] == 1
    assert second["estimated-wait"] == {"low": 0, "high": 0}
    assert await desk.later(10).waiting() == ["002", "001"]
    assert await desk.later(60).waiting() == ["002", "001"]


async def test_the_appointment_goes_along(clinic: Clinic) -> None:
    desk = await Desk.opened(clinic)
    ids = [
        (await clinic.book(start, who, priority=2))["id"]
        for start, who in (("09:00", "ann"), ("09:30", "bob"))
    ]
    for each in ids:
        found = await desk.joins(appointment=f"Appointment/{each}")
        assert found["entry"]["appointment"] == [{"reference": f"Appointment/{each}"}]
        assert entry_parts(found["entry"])["class"] == "urgent"
    first, second = (f"Appointment/{each}" for each in ids)
    assert await clinic.status(first, second) == ["checked-in", "checked-in"]
    after = await desk.serves("001")
    await after.does("call-next")
    await after.does("no-show", ticket="002")
    assert await clinic.status(first, second) == ["fulfilled", "noshow"]
    assert await clinic.wrong_slots() == []


async def test_whoever_leaves_gives_the_time_back(clinic: Clinic) -> None:
    desk = await Desk.opened(clinic)
    booked = await clinic.book()
    await desk.joins(appointment=f"Appointment/{booked['id']}")
    await desk.does("leave", ticket="001")
    gone = await clinic.get(f"Appointment/{booked['id']}")
    assert gone["status"] == "cancelled"
    assert gone["cancelationReason"]["coding"][0]["code"] == "pat"
    assert await clinic.held(booked["id"]) == []


async def test_nobody_arrives_at_an_appointment_that_has_ended(clinic: Clinic) -> None:
    desk = await Desk.opened(clinic)
    booked = await clinic.book()
    await clinic.cancel(f"Appointment/{booked['id']}")
    attempt = desk.joins(appointment=f"Appointment/{booked['id']}")
    assert await refused_with(attempt) == (Category.UNPROCESSABLE, "terminal-status")
    assert await desk.places() == []


async def test_an_appointment_that_ended_otherwise_holds_nobody_up(clinic: Clinic) -> None:
    desk = await Desk.opened(clinic)
    booked = await clinic.book()
    await desk.joins(appointment=f"Appointment/{booked['id']}")
    await clinic.cancel(f"Appointment/{booked['id']}")
    await desk.serves("001")
    assert await clinic.status(f"Appointment/{booked['id']}") == ["cancelled"]


async def test_one_person_is_in_a_queue_once(clinic: Clinic) -> None:
    desk = await Desk.opened(clinic)
    booked = await clinic.book()
    await desk.joins(appointment=f"Appointment/{booked['id']}")
    assert await refused_with(desk.joins("ann")) == (_CONFLICT, "in-queue")
    await desk.clinic.put(a_service("other"))
    other = desk.at("HealthcareService/other")
    again = other.joins(appointment=f"Appointment/{booked['id']}")
    assert await refused_with(again) == (_CONFLICT, "in-queue")
    assert (await other.joins("ann"))["position"] == 1


async def test_somebody_whom_nobody_knows_may_wait(desk: Desk) -> None:
    found = await desk.joins()
    assert "subject" not in found["entry"]
    assert (await desk.joins())["ticket"] == "002"


async def test_the_wait_goes_along_to_another_queue(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    await desk.clinic.put(a_location(extension=configuration(name="Room")))
    room = desk.at("Location/room")
    await room.joins("bob")
    id_ = (await desk.joins("ann"))["entry"]["id"]
    moved = await desk.later(30).does("transfer", ticket="001", to="Location/room")
    assert (moved["queue"], moved["ticket"], moved["waited"]) == ("Location/room", "002", 30)
    assert moved["entry"]["location"] == [{"location": {"reference": "Location/room"}}]
    assert await room.waiting() == ["001", "002"]
    assert await desk.places() == []
    again = desk.does("start", entry=f"Encounter/{id_}")
    assert (await refused_with(again))[0] is Category.NOT_FOUND


@pytest.mark.parametrize("command", [
    Command.RECALL, Command.START, Command.FINISH, Command.SKIP, Command.NO_SHOW,
])  # fmt: skip
async def test_what_cannot_be_done_is_refused_with_the_reason(desk: Desk, command: Command) -> None:
    await desk.joins("ann")
    before = await desk.sequence()
    attempt = desk.does(command.value, ticket="001")
    assert await refused_with(attempt) == (_CONFLICT, "illegal-command")
    assert await desk.sequence() == before


async def test_nothing_can_be_done_with_somebody_who_is_gone(desk: Desk) -> None:
    id_ = (await desk.joins("ann"))["entry"]["id"]
    await desk.does("leave", ticket="001")
    attempt = desk.does("leave", entry=f"Encounter/{id_}")
    assert await refused_with(attempt) == (_CONFLICT, "illegal-command")


@pytest.mark.parametrize(
    ("code", "values", "category"),
    [
        ("start", {}, Category.INVALID),
        ("start", {"ticket": "x"}, Category.INVALID),
        ("start", {"ticket": "1", "entry": "Encounter/1"}, Category.INVALID),
        ("start", {"entry": "Patient/ann"}, Category.INVALID),
        ("start", {"ticket": "77"}, Category.NOT_FOUND),
        ("start", {"entry": "Encounter/none"}, Category.NOT_FOUND),
        ("check-in", {"patient": "Patient/none"}, Category.NOT_FOUND),
        ("check-in", {"appointment": "Appointment/none"}, Category.NOT_FOUND),
        ("check-in", {"class": "nonsense"}, Category.INVALID),
        ("check-in", {"priority-score": "101"}, Category.INVALID),
        ("transfer", {"ticket": "001"}, Category.INVALID),
        ("transfer", {"ticket": "001", "to": "Location/none"}, Category.NOT_FOUND),
        ("transfer", {"ticket": "001", "to": "HealthcareService/desk"}, Category.CONFLICT),
        ("queue-status", {"count": "-1"}, Category.INVALID),
        ("call-next", {"nonsense": "1"}, Category.INVALID),
        ("call-next", {"desk": "x" * 41}, Category.INVALID),
        ("call-next", {"desk": "a\x00b"}, Category.INVALID),
    ],
)
async def test_bad_input_gets_a_clear_error(
    desk: Desk, code: str, values: dict[str, Any], category: Category
) -> None:
    await desk.joins("ann")
    assert (await refused_with(desk.does(code, **values)))[0] is category


async def test_nobody_can_be_called_where_nobody_waits(desk: Desk) -> None:
    assert await refused_with(desk.does("call-next")) == (_CONFLICT, "nobody-waiting")


@pytest.mark.parametrize("code", ["check-in", "call-next", "pause", "queue-status"])
async def test_where_nobody_can_queue_there_is_no_queue(bare: Clinic, code: str) -> None:
    await bare.put(a_location())
    attempt = Desk(bare, "Location/room").call(code)
    assert await refused_with(attempt) == (Category.NOT_FOUND, "no-queue")


async def test_tickets_begin_anew_each_day_and_none_is_here_twice(desk: Desk) -> None:
    await desk.joins("ann")
    tomorrow = desk.later(24 * 60)
    assert (await tomorrow.joins("bob"))["ticket"] == "002"
    await tomorrow.does("leave", ticket="001")
    assert (await tomorrow.later(24 * 60).joins("cem"))["ticket"] == "001"


async def test_an_appointment_of_somebody_else_is_refused(clinic: Clinic) -> None:
    desk = await Desk.opened(clinic)
    booked = await clinic.post(an_appointment())
    attempt = desk.joins("bob", appointment=f"Appointment/{booked['id']}")
    assert (await refused_with(attempt))[0] is Category.UNPROCESSABLE
