"""A refused booking says why, and when else it would go. Decisions 8, 15 and 18."""

from typing import Any

import pytest

from fhir_gateway.core.codes import EXT_ALTERNATIVE
from fhir_gateway.core.errors import Category, GatewayError
from tests.usecases.builders import (
    a_practitioner,
    a_schedule,
    a_slot,
    a_waitlist_entry,
    an_appointment,
    at,
    availability,
    ref,
)
from tests.usecases.clinic import Clinic, only_issue, refusal


def alternatives(error: GatewayError) -> list[str]:
    """The starts that the issue names, in its order."""
    extensions = only_issue(error).extension
    assert {each["url"] for each in extensions} <= {EXT_ALTERNATIVE}
    return [each["valuePeriod"]["start"] for each in extensions]


async def test_a_taken_slot_is_named(clinic: Clinic) -> None:
    await clinic.book("09:00")
    issue = only_issue(await refusal(clinic.book("09:00", patient="bob")))
    assert (issue.code, issue.details) == ("conflict", "slot-taken")
    assert issue.expression == ("Appointment.slot",)


async def test_a_busy_person_is_named(clinic: Clinic) -> None:
    await clinic.book("09:00")
    attempt = clinic.post(an_appointment("09:15", schedule=None, patient="bob"))
    issue = only_issue(await refusal(attempt))
    assert issue.details == "actor-busy"
    assert issue.expression == ("Appointment.participant[1].actor",)


async def test_a_slot_whose_owner_is_elsewhere_is_not_called_taken(clinic: Clinic) -> None:
    await clinic.post(an_appointment("09:10", 10, schedule=None, patient="bob"))
    assert only_issue(await refusal(clinic.book("09:00"))).details == "actor-busy"


async def test_a_blocked_time_is_called_blocked(clinic: Clinic) -> None:
    await clinic.change("Slot/s1-0900", status="busy-unavailable")
    assert only_issue(await refusal(clinic.book("09:00"))).details == "blocked"


async def test_a_slot_that_is_taken_elsewhere_is_taken(clinic: Clinic) -> None:
    await clinic.put(a_slot("10:00", status="busy"))
    assert only_issue(await refusal(clinic.book("10:00"))).details == "slot-taken"


async def test_a_time_on_offer_is_called_offered(clinic: Clinic) -> None:
    booked = await clinic.book("09:00")
    await clinic.put(a_waitlist_entry("bob"))
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.work()
    error = await refusal(clinic.book("09:00", patient="cem"))
    assert error.category is Category.CONFLICT
    assert only_issue(error).details == "offered"


async def test_a_patient_who_is_elsewhere_is_named(clinic: Clinic) -> None:
    await clinic.put(a_practitioner("p2"))
    await clinic.book("09:00")
    attempt = clinic.post(an_appointment("09:15", schedule=None, others=("Practitioner/p2",)))
    issue = only_issue(await refusal(attempt))
    assert issue.details == "patient-busy"
    assert issue.expression == ("Appointment.participant[0].actor",)


@pytest.fixture
async def busy_day(clinic: Clinic) -> Clinic:
    """Slots all day, of which 12:00 is booked."""
    starts = ("10:00", "11:30", "12:00", "12:30", "13:00", "15:00", "16:00")
    await clinic.put(*(a_slot(each) for each in starts))
    await clinic.book("12:00")
    return clinic


async def wanted_at_noon(clinic: Clinic, patient: str = "bob", **elements: Any) -> GatewayError:
    return await refusal(clinic.book("12:00", patient=patient, **elements))


async def test_other_times_are_told_nearest_first(busy_day: Clinic) -> None:
    error = await wanted_at_noon(busy_day)
    nearest = ["11:30", "12:30", "13:00", "10:00", "09:30"]
    assert alternatives(error) == [at(each) for each in nearest]


async def test_other_times_have_the_length_of_the_visit(busy_day: Clinic) -> None:
    error = await wanted_at_noon(
        busy_day, minutes=60, slot=[ref("Slot/s1-1200"), ref("Slot/s1-1230")]
    )
    (first, *_) = only_issue(error).extension
    assert first["valuePeriod"] == {"start": at("12:30"), "end": at("13:30")}
    assert alternatives(error) == [at(each) for each in ("12:30", "09:30", "09:00")]


async def test_other_times_are_times_at_which_the_patient_is_free(busy_day: Clinic) -> None:
    await busy_day.put(a_practitioner("p2"))
    elsewhere = an_appointment("11:40", schedule=None, patient="bob", others=("Practitioner/p2",))
    await busy_day.post(elsewhere | {"end": at("11:50")})
    assert at("11:30") not in alternatives(await wanted_at_noon(busy_day))


async def test_other_times_are_free_for_everybody_who_is_needed(busy_day: Clinic) -> None:
    await busy_day.put(a_practitioner("p2"), a_schedule("s2", "Practitioner/p2"))
    await busy_day.put(a_slot("12:00", 60, schedule="s2"), a_slot("16:00", 60, schedule="s2"))
    others = ("Practitioner/p1", "Practitioner/p2")
    error = await wanted_at_noon(busy_day, others=others)
    assert alternatives(error) == [at(each) for each in ("12:30", "16:00")]


async def test_other_times_leave_room_for_the_buffers(clinic: Clinic) -> None:
    around = availability(bufferAfter=15)
    await clinic.put(a_practitioner("p2"), a_schedule("s2", "Practitioner/p2", extension=around))
    await clinic.put(*(a_slot(each, schedule="s2") for each in ("11:00", "11:30", "12:00")))
    visit: dict[str, Any] = {"schedule": "s2", "others": ("Practitioner/p2",)}
    await clinic.book("12:00", **visit)
    error = await refusal(clinic.book("12:00", patient="bob", **visit))
    assert alternatives(error) == [at("11:00")]


async def test_other_times_reach_a_week_from_the_day(busy_day: Clinic) -> None:
    starts = {"next": at("12:00", 6), "late": at("12:00", 7), "before": at("12:00", -1)}
    ends = {"next": at("12:30", 6), "late": at("12:30", 7), "before": at("12:30", -1)}
    for name in starts:
        await busy_day.put(a_slot() | {"id": name, "start": starts[name], "end": ends[name]})
    for start in ("09:00", "09:30", "10:00", "11:30", "12:30", "13:00", "15:00"):
        await busy_day.book(start, patient="cem")
    error = await wanted_at_noon(busy_day)
    assert alternatives(error) == [at("16:00"), starts["next"]]


async def test_without_a_schedule_there_are_no_other_times(clinic: Clinic) -> None:
    await clinic.put(a_practitioner("p2"))
    visit = an_appointment(schedule=None, others=("Practitioner/p2",))
    await clinic.post(visit)
    attempt = clinic.post(an_appointment(schedule=None, patient="bob", others=("Practitioner/p2",)))
    assert alternatives(await refusal(attempt)) == []


async def test_a_refused_move_names_other_times_too(busy_day: Clinic) -> None:
    bobs = await busy_day.book("12:30", patient="bob")
    attempt = busy_day.change(
        f"Appointment/{bobs['id']}", start=at("12:00"), end=at("12:30"), slot=[ref("Slot/s1-1200")]
    )
    nearest = ["11:30", "13:00", "10:00", "09:30", "09:00"]
    assert alternatives(await refusal(attempt)) == [at(each) for each in nearest]
