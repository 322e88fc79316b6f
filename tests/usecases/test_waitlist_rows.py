"""How the owner's text is read where it cannot be run as written: engines.md section 6, rows W."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fhir_gateway.core.codes import EXT_TIMEZONE, EXT_WAITLIST
from fhir_gateway.core.errors import Category
from fhir_gateway.core.time import format_instant, parse_instant
from fhir_gateway.engines.quiet_hours import QuietHours, may_go
from fhir_gateway.fhir.validation import validate
from fhir_gateway.usecases import tasks
from fhir_gateway.usecases.offers import WAVE
from fhir_gateway.usecases.zones import extension, part
from tests.usecases.builders import (
    Resource,
    a_patient,
    a_practitioner,
    a_response,
    a_slot,
    a_waitlist_entry,
    an_appointment,
    participant,
    wishes,
)
from tests.usecases.clinic import Clinic, refused_with
from tests.usecases.waiting_room import (
    asked,
    counters,
    free_up,
    messages,
    offers,
    the_offer,
    the_task,
    waiting,
)

P1 = participant("Practitioner/p1")


async def flexible(clinic: Clinic, patient: str = "bob") -> int | None:
    entry = await clinic.get(f"Appointment/wait-{patient}")
    value: int | None = part(extension(entry, EXT_WAITLIST), "flexibility")
    return value


async def funnel(clinic: Clinic) -> dict[str, int]:
    """How far patients got, as the Task counts them."""
    task = await the_task(clinic)
    validate(task, type_name="Task")
    lines = [each for each in task["output"] if "valueInteger" in each]
    return {each["type"]["coding"][0]["code"]: each["valueInteger"] for each in lines}


async def soon(clinic: Clinic, minutes: int) -> None:
    """Ann gives up a time that begins in so many minutes."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=minutes)
    times = {
        "start": format_instant(start),
        "end": format_instant(start + timedelta(minutes=30)),
    }
    await clinic.put(a_slot() | times)
    booked = await clinic.post(an_appointment() | times)
    await clinic.cancel(f"Appointment/{booked['id']}")
    await clinic.work()


async def test_row_w2_flexibility_is_worked_out_when_a_patient_joins(clinic: Clinic) -> None:
    await clinic.put(a_waitlist_entry("bob"))
    await clinic.put(a_waitlist_entry("cem", participant=[participant("Patient/cem"), P1]))
    assert (await flexible(clinic), await flexible(clinic, "cem")) == (80, 60)
    validate(await clinic.get("Appointment/wait-bob"), type_name="Appointment")


async def test_row_w2_flexibility_follows_the_wishes(clinic: Clinic) -> None:
    await clinic.put(a_waitlist_entry("bob"))
    people = [participant("Patient/bob"), P1]
    await clinic.change("Appointment/wait-bob", participant=people)
    assert await flexible(clinic) == 60


async def test_row_w2_a_stated_flexibility_stays(clinic: Clinic) -> None:
    await clinic.put(a_waitlist_entry("bob", extension=wishes(flexibility=35)))
    await clinic.change("Appointment/wait-bob", participant=[participant("Patient/bob"), P1])
    assert await flexible(clinic) == 35
    await clinic.put(a_waitlist_entry("bob", extension=wishes(flexibility=36)))
    assert await flexible(clinic) == 36


@pytest.mark.parametrize(
    ("telecom", "channels", "media"),
    [
        ([{"system": "phone", "value": "1"}], [], ["SMSWRIT"]),
        ([{"system": "email", "value": "b@x.example"}], [], ["EMAILWRIT"]),
        (
            [{"system": "email", "value": "b@x.example"}, {"system": "sms", "value": "1"}],
            [],
            ["SMSWRIT", "EMAILWRIT"],
        ),
        ([{"system": "phone", "value": "1"}], ["voice"], ["PHONE"]),
        ([{"system": "phone", "value": "1"}], ["email", "sms"], ["SMSWRIT"]),
    ],
)
async def test_row_w4_who_has_not_said_how_is_told_as_the_clinic_does(
    clinic: Clinic, telecom: list[Resource], channels: list[str], media: list[str]
) -> None:
    stated = [{"url": "channel", "valueCode": each} for each in channels]
    own = [{"url": EXT_WAITLIST, "extension": stated}] if stated else []
    entry = a_waitlist_entry("bob") | ({"extension": own} if own else {})
    await clinic.put(a_patient("bob", telecom=telecom), entry)
    await free_up(clinic)
    told = await clinic.all("Communication")
    assert sorted(each["medium"][0]["coding"][0]["code"] for each in told) == sorted(media)


@pytest.mark.parametrize("policy", ["plan", "best"])
async def test_row_w4_whoever_cannot_be_told_is_passed_by_and_not_counted(
    clinic: Clinic, policy: str
) -> None:
    chosen = clinic.under(waitlist=policy)
    await chosen.put(a_patient("bob", telecom=[{"system": "fax", "value": "1"}]))
    await waiting(chosen, "bob", "cem")
    await free_up(chosen)
    assert asked(await offers(chosen)) == ["cem"]
    assert (await counters(chosen, "bob"))["offered"] == 0


async def test_row_w5_patients_and_messages_are_counted_apart(clinic: Clinic) -> None:
    telecom = [{"system": "sms", "value": "1"}, {"system": "email", "value": "b@x.example"}]
    await clinic.put(a_patient("bob", telecom=telecom))
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    assert await funnel(clinic) == {
        "eligible": 2, "offered": 1, "messages": 2, "answered": 0, "accepted": 0, "completed": 0,
    }  # fmt: skip
    offer = await the_offer(clinic)
    await clinic.post(a_response(f"Appointment/{offer['id']}", "accepted"))
    await clinic.work()
    assert await funnel(clinic) == {
        "eligible": 2, "offered": 1, "messages": 2, "answered": 1, "accepted": 1, "completed": 1,
    }  # fmt: skip


async def test_row_w6_what_begins_too_soon_is_offered_to_nobody(clinic: Clinic) -> None:
    plan = clinic.under(waitlist="plan")
    await waiting(plan, "bob")
    await soon(plan, 90)
    task = await the_task(plan)
    assert task["status"] == "failed"
    assert [each["code"] for each in task["statusReason"]["coding"]] == ["too-late"]
    assert await offers(plan) == []
    assert (await counters(plan, "bob"))["offered"] == 0


async def test_a_freed_time_is_recorded_with_reason_and_last_answer(clinic: Clinic) -> None:
    plan = clinic.under(waitlist="plan")
    booked = await plan.book("09:00")
    why = {"text": "Has a cold"}
    await plan.change(f"Appointment/{booked['id']}", status="cancelled", cancelationReason=why)
    task = await the_task(plan)
    validate(task, type_name="Task")
    assert task["reasonCode"] == why
    (expires,) = tasks.values(task, "expires")
    start = parse_instant(booked["start"])
    assert parse_instant(expires["valueInstant"]) == start - timedelta(hours=2)


async def test_row_w7_a_time_that_is_booked_again_is_not_given_twice(clinic: Clinic) -> None:
    plan = clinic.under(waitlist="plan")
    await waiting(plan, "bob")
    await free_up(plan)
    await plan.book("09:00", patient="dan")
    offer = await the_offer(plan)
    late = plan.post(a_response(f"Appointment/{offer['id']}", "accepted"))
    assert await refused_with(late) == (Category.CONFLICT, "slot-taken")


async def test_row_w10_no_count_is_lost_when_several_times_come_free_at_once(
    clinic: Clinic,
) -> None:
    plan = clinic.under(waitlist="plan")
    await waiting(plan, "bob")
    booked = [await plan.book(start, patient="ann") for start in ("09:00", "09:30")]
    for each in booked:
        await plan.cancel(f"Appointment/{each['id']}")
    await asyncio.gather(*(plan.work() for _ in range(3)))
    await plan.work()
    assert (await counters(plan, "bob"))["offered"] == 2


async def test_row_w10_an_edit_resets_no_counter(clinic: Clinic) -> None:
    await waiting(clinic, "bob")
    await free_up(clinic)
    await clinic.put(a_waitlist_entry("bob", extension=wishes(offered=0, accepted=7)))
    assert await counters(clinic, "bob") == {"offered": 1, "accepted": 0, "declined": 0}


async def test_row_w11_an_edit_does_not_reset_the_days_waited(clinic: Clinic) -> None:
    entry = a_waitlist_entry("bob")
    await clinic.put(entry)
    await clinic.put({name: each for name, each in entry.items() if name != "created"})
    assert (await clinic.get("Appointment/wait-bob"))["created"] == entry["created"]
    joining = a_waitlist_entry("cem")
    del joining["created"]
    joined = parse_instant((await clinic.put(joining))["created"])
    assert abs((datetime.now(UTC) - joined).total_seconds()) < 600


def night_now(hours: int = 12) -> tuple[QuietHours, datetime]:
    """Quiet hours that began an hour ago, in UTC, and when they end."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    begin = (now - timedelta(hours=1)).time()
    quiet = QuietHours(begin, (now + timedelta(hours=hours)).time())
    return quiet, now + timedelta(hours=hours)


@pytest.mark.parametrize(("zone", "waits"), [("UTC", True), ("Pacific/Kiritimati", False)])
async def test_a_message_of_the_night_waits_until_the_morning_of_its_patient(
    clinic: Clinic, zone: str, waits: bool
) -> None:
    quiet, morning = night_now(hours=6)
    night = clinic.under(quiet_hours=quiet)
    lives: dict[str, Any] = {"url": EXT_TIMEZONE, "valueCode": zone}
    await night.put(a_patient("bob", extension=[lives]))
    await waiting(night, "bob")
    await free_up(night)
    ((due,),) = await night.sql("SELECT due FROM message")
    assert (due == morning) is waits


async def test_the_clock_of_an_offer_stands_still_in_quiet_hours(clinic: Clinic) -> None:
    quiet, morning = night_now(hours=6)
    night = clinic.under(quiet_hours=quiet)
    await waiting(night, "bob")
    await free_up(night)
    ((until,),) = await night.sql("SELECT expires_at FROM offer")
    assert may_go(until, quiet, night.deps.tenants[1].zone) == until
    assert until > morning


async def test_whoever_would_hear_of_it_too_late_is_passed_by(clinic: Clinic) -> None:
    quiet, _ = night_now(hours=5)
    night = clinic.under(quiet_hours=quiet)
    await waiting(night, "bob")
    await soon(night, 150)
    assert await offers(night) == []
    task = await the_task(night)
    assert task["statusReason"]["text"] == "The patient cannot be told in time"


async def test_who_never_heard_of_an_offer_does_not_hear_of_its_end(clinic: Clinic) -> None:
    quiet, _ = night_now()
    night = clinic.under(quiet_hours=quiet)
    await waiting(night, "bob")
    await free_up(night)
    await night.time_is_up(await the_offer(night))
    await night.work()
    assert len(await messages(night, "bob")) == 1
    (message,) = await night.all("Communication")
    assert message["status"] == "not-done"
    assert await night.sql("SELECT 1 FROM message") == []


async def test_minimum_notice_is_that_of_the_kind_of_visit(clinic: Clinic) -> None:
    careful = clinic.under(notice_by_type={"checkup": 24 * 60})
    await waiting(careful, "bob")
    await soon(careful, 23 * 60)
    assert await offers(careful) == []
    hasty = clinic.under(notice_by_type={"checkup": 15})
    await hasty.put(a_practitioner("p2"))
    await soon(hasty, 55)
    assert asked(await offers(hasty)) == ["bob"]


async def test_whoever_has_two_open_offers_is_asked_about_a_third_when_one_has_ended(
    clinic: Clinic,
) -> None:
    await clinic.put(a_slot("10:00"))
    await waiting(clinic, "bob")
    for start in ("09:00", "09:30", "10:00"):
        await free_up(clinic, start)
    first, _ = await offers(clinic)
    await clinic.post(a_response(f"Appointment/{first['id']}", "declined"))
    await clinic.work()
    await clinic.sql(
        "UPDATE timer SET due = clock_timestamp() WHERE kind = %s RETURNING 1", (WAVE,)
    )
    await clinic.work()
    third = {"reference": "Slot/s1-1000"}
    assert third in [slot for each in await offers(clinic) for slot in each["slot"]]


async def test_texts_are_in_the_language_of_the_patient(clinic: Clinic) -> None:
    spoken = [{"language": {"coding": [{"code": "ar-SA"}]}, "preferred": True}]
    await clinic.put(a_patient("bob", communication=spoken))
    await waiting(clinic, "bob", "cem")
    await free_up(clinic)
    (arabic,) = await clinic.all("Communication")
    assert arabic["language"] == "ar"
    assert "يتوفر موعد" in arabic["payload"][0]["contentString"]
