"""A freed time is held and offered to one after the other. Decisions 15 and 16, policy `best`."""

import pytest

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.core.time import parse_instant
from fhir_gateway.fhir.validation import validate
from fhir_gateway.storage import engagements
from fhir_gateway.usecases import offers as offering
from fhir_gateway.usecases import react, tasks
from fhir_gateway.usecases.zones import extension, part
from tests.usecases.builders import (
    CHECKUP,
    SURGERY,
    a_response,
    a_schedule,
    a_waitlist_entry,
    at,
    availability,
    ref,
)
from tests.usecases.clinic import Clinic
from tests.usecases.waiting_room import (
    asked,
    counters,
    free_up,
    messages,
    offers,
    reason_of,
    the_offer,
    the_task,
    waiting,
)


@pytest.fixture
async def freed(clinic: Clinic) -> Clinic:
    """Bob and then Cem are waiting, and Ann has given 09:00 up."""
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    return clinic


async def test_whoever_is_first_is_asked(freed: Clinic) -> None:
    assert asked(await offers(freed)) == ["bob"]


async def test_an_offer_is_a_proposed_appointment(freed: Clinic) -> None:
    offer, task = await the_offer(freed), await the_task(freed)
    validate(offer, type_name="Appointment")
    assert (offer["start"], offer["end"], offer["minutesDuration"]) == (
        at("09:00"), at("09:30"), 30,
    )  # fmt: skip
    assert offer["slot"] == [ref("Slot/s1-0900")]
    assert offer["serviceType"] == [CHECKUP]
    assert offer["supportingInformation"] == [
        ref("Appointment/wait-bob"),
        ref(f"Task/{task['id']}"),
    ]
    said = [(each["actor"]["reference"], each["status"]) for each in offer["participant"]]
    assert said == [("Patient/bob", "needs-action"), ("Practitioner/p1", "accepted")]


async def test_an_offer_says_why_this_patient(freed: Clinic) -> None:
    score = extension(await the_offer(freed), EXT_SCORE)
    assert (part(score, "policy"), part(score, "rank")) == ("best", 1)
    assert part(score, "total") is None
    keys = [each["extension"][0]["valueCode"] for each in (score or {})["extension"][2:]]
    assert keys == ["class", "deadline", "days-gained", "created"]


async def test_one_hold_keeps_the_time(freed: Clinic) -> None:
    task = await the_task(freed)
    rows = await freed.sql("SELECT kind, task, appointment, expires_at FROM busy")
    ((kind, holder, appointment, expires),) = rows
    assert (kind, holder, appointment) == (engagements.OFFER, task["id"], None)
    ends = parse_instant(task["restriction"]["period"]["end"])
    assert abs((expires - ends).total_seconds()) < 1
    assert await freed.status("Slot/s1-0900") == ["busy-tentative"]


async def test_the_patient_is_told(freed: Clinic) -> None:
    offer, task = await the_offer(freed), await the_task(freed)
    (message,) = await freed.all("Communication")
    validate(message, type_name="Communication")
    assert message["status"] == "preparation"
    assert message["recipient"] == [ref("Patient/bob")]
    assert message["about"] == [ref(f"Appointment/{offer['id']}"), ref(f"Task/{task['id']}")]
    assert "at 09:00" in message["payload"][0]["contentString"]


async def test_the_entry_counts_its_offers(freed: Clinic) -> None:
    assert await counters(freed, "bob") == {"offered": 1, "accepted": 0, "declined": 0}
    assert await counters(freed, "cem") == {"offered": 0, "accepted": 0, "declined": 0}
    entry = await freed.get("Appointment/wait-bob")
    validate(entry, type_name="Appointment")
    assert entry["status"] == "waitlist"


async def test_the_task_is_in_progress_and_names_the_offer(freed: Clinic) -> None:
    task, offer = await the_task(freed), await the_offer(freed)
    validate(task, type_name="Task")
    assert task["status"] == "in-progress"
    assert list(map(str, tasks.references(task, "offer", of="output"))) == [
        f"Appointment/{offer['id']}"
    ]


async def test_after_a_refusal_the_next_is_asked(freed: Clinic) -> None:
    first = await the_offer(freed)
    await freed.post(a_response(f"Appointment/{first['id']}", "declined"))
    await freed.work()
    assert asked(await offers(freed)) == ["cem"]
    declined = await freed.get(f"Appointment/{first['id']}")
    assert (declined["status"], reason_of(declined)) == ("cancelled", "declined")
    assert await counters(freed, "bob") == {"offered": 1, "accepted": 0, "declined": 1}
    assert await freed.status("Appointment/wait-bob", "Slot/s1-0900") == [
        "waitlist", "busy-tentative",
    ]  # fmt: skip


async def test_after_a_silence_the_next_is_asked(freed: Clinic) -> None:
    first = await the_offer(freed)
    await freed.time_is_up(first)
    await freed.work()
    assert asked(await offers(freed)) == ["cem"]
    expired = await freed.get(f"Appointment/{first['id']}")
    assert (expired["status"], reason_of(expired)) == ("cancelled", "offer-expired")
    assert await freed.status("Slot/s1-0900") == ["busy-tentative"]
    assert await freed.sql("SELECT count(*) FROM busy") == [(1,)]
    assert len(await messages(freed, "bob")) == 2


async def test_where_nobody_is_left_the_slot_is_free(freed: Clinic) -> None:
    for patient in ("bob", "cem"):
        offer = await the_offer(freed)
        answer = a_response(f"Appointment/{offer['id']}", "declined", f"Patient/{patient}")
        await freed.post(answer)
        await freed.work()
    task = await the_task(freed)
    assert (task["status"], task["statusReason"]["text"]) == ("failed", "Nobody accepted")
    assert await freed.status("Slot/s1-0900") == ["free"]
    assert await freed.sql("SELECT count(*) FROM busy") == [(0,)]
    assert await freed.sql("SELECT count(*) FROM timer") == [(0,)]


async def test_where_nobody_could_come_the_slot_is_free_at_once(clinic: Clinic) -> None:
    await clinic.put(a_waitlist_entry("bob", serviceType=[SURGERY]))
    await free_up(clinic)
    assert (await the_task(clinic))["status"] == "failed"
    assert await clinic.status("Slot/s1-0900") == ["free"]


async def test_who_gave_the_time_up_is_not_asked(clinic: Clinic) -> None:
    await waiting(clinic, "ann", "bob")
    await free_up(clinic, patient="ann")
    assert asked(await offers(clinic)) == ["bob"]


async def test_who_has_another_visit_then_is_not_asked(clinic: Clinic) -> None:
    await waiting(clinic, "bob", "cem")
    await clinic.book("09:00", patient="bob", schedule=None, others=())
    await free_up(clinic)
    assert asked(await offers(clinic)) == ["cem"]


async def test_a_wave_asks_one_more_and_holds_the_time_once(freed: Clinic) -> None:
    await freed.sql("UPDATE timer SET due = clock_timestamp() WHERE kind = %s RETURNING 1",
                    (offering.WAVE,))  # fmt: skip
    await freed.work()
    assert asked(await offers(freed)) == ["bob", "cem"]
    assert await freed.sql("SELECT count(*) FROM busy") == [(1,)]


async def test_time_that_is_booked_before_anybody_is_asked_is_left_alone(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    booked = await clinic.book("09:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.book("09:00", patient="cem")
    await clinic.work()
    assert await offers(clinic) == []
    assert (await the_task(clinic))["status"] == "cancelled"
    assert await clinic.status("Slot/s1-0900") == ["busy"]


async def test_time_whose_buffer_is_taken_is_not_offered(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    await clinic.put(a_schedule(extension=availability(bufferAfter=15)))
    booked = await clinic.book("09:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.book("09:30", patient="cem")
    await clinic.work()
    assert await offers(clinic) == []
    assert (await the_task(clinic))["status"] == "cancelled"


async def test_time_that_is_not_in_its_slot_any_more_is_not_offered(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    booked = await clinic.book("09:00")
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.change("Slot/s1-0900", end=at("09:20"))
    await clinic.work()
    assert (await the_task(clinic))["status"] == "cancelled"


async def test_an_expired_hold_counts_as_free_at_once(freed: Clinic) -> None:
    offer = await the_offer(freed)
    await freed.time_is_up(offer)
    await freed.book("09:00", patient="dan")
    assert await freed.status("Slot/s1-0900") == ["busy"]
    await freed.work()
    assert await offers(freed) == []
    assert (await the_task(freed))["status"] == "cancelled"


async def test_the_sweeper_frees_the_slots_of_expired_holds(freed: Clinic) -> None:
    await freed.time_is_up(await the_offer(freed))
    assert await react.sweep(freed.deps) == 1
    assert await freed.status("Slot/s1-0900") == ["free"]


async def test_a_part_of_an_expired_hold_can_be_booked_and_the_rest_is_free(
    clinic: Clinic,
) -> None:
    await waiting(clinic, "bob")
    both = [ref("Slot/s1-0900"), ref("Slot/s1-0930")]
    booked = await clinic.book("09:00", minutes=60, slot=both)
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.work()
    await clinic.time_is_up(await the_offer(clinic))
    await clinic.book("09:00", patient="dan")
    assert await clinic.status("Slot/s1-0900", "Slot/s1-0930") == ["busy", "free"]


async def test_offers_have_the_length_of_the_visit_that_is_wanted(clinic: Clinic) -> None:
    await clinic.put(a_waitlist_entry("bob", minutesDuration=20))
    await free_up(clinic)
    assert (await the_offer(clinic))["end"] == at("09:20")
