"""Messages that wait for people: found, applied later, once and in their place, or skipped."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fhir_gateway.core.clock import FixedClock
from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.mapping.profile_files import Described
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.storage.inbox_queue import Kept, Wanted
from fhir_gateway.usecases import work_queue
from fhir_gateway.usecases.receive_v2 import Line, receive
from fhir_gateway.usecases.senders import Senders
from fhir_gateway.usecases.work_queue import Replayed, Search
from tests.usecases.builders import a_schedule, a_slot, at
from tests.usecases.clinic import TENANT, Clinic, refused_with
from tests.usecases.ehr import ANN, CEM, Ehr, adt, known_here, siu, srm

#: Reads what the default profile refuses: an appointment known by its visit only.
VISITS = SenderProfile(identity_fields=("PV1-19",))
VISIT = {"id_": "", "more": ("PV1|1|O" + "|" * 17 + "V-7",)}
NINE, TEN = "20260301090000+0000", "20260301100000+0000"


async def search(ehr: Ehr, mrn: str | None = None, **wanted: Any) -> list[Kept]:
    return await work_queue.find(
        ehr.clinic.deps, TENANT, Search(Wanted(**wanted), mrn), limit=100, oldest_first=True
    )


async def replay(ehr: Ehr, number: int) -> Replayed:
    return await work_queue.replay(ehr.clinic.deps, TENANT, number)


async def waiting(ehr: Ehr) -> list[int]:
    return [each.id for each in await search(ehr, states=["error"])]


async def last(ehr: Ehr) -> Kept:
    return (await search(ehr))[-1]


def at_moment(ehr: Ehr, minutes: int) -> Ehr:
    """The same, so many minutes after the first message may have come."""
    now = datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(minutes=minutes)
    clinic = replace(ehr.clinic, deps=replace(ehr.clinic.deps, clock=FixedClock(now)))
    return replace(ehr, clinic=clinic)


# -- finding


async def test_messages_are_found_by_what_they_say(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", control="C-1")
    await ehr.send(siu(id_="F-2", patient=CEM, control="C-2", msh={3: "LAB"}))
    await ehr.send(siu(start="", id_="F-3", control="C-3", more=("NTE|1||A1 and F-1",)))
    for wanted, ids in (
        ({"mrn": "A1"}, ["C-1", "C-3"]),
        ({"mrn": "C1"}, ["C-2"]),
        ({"mrn": "Ash"}, []),
        ({"appointment": "F-1"}, ["C-1"]),
        ({"appointment": booked["id"]}, ["C-1"]),
        ({"appointment": "F-3"}, ["C-3"]),
        ({"control_id": "C-2"}, ["C-2"]),
        ({"application": "EHR"}, ["C-1", "C-3"]),
        ({"facility": "CLINIC"}, ["C-1", "C-2", "C-3"]),
        ({"states": ["error"]}, ["C-3"]),
        ({"states": ["sent", "error"], "mrn": "A1"}, ["C-1", "C-3"]),
        ({"event": "SIU^S12"}, ["C-1", "C-2", "C-3"]),
        ({"since": datetime(2100, 1, 1, tzinfo=UTC)}, []),
        ({"until": datetime(2100, 1, 1, tzinfo=UTC)}, ["C-1", "C-2", "C-3"]),
    ):
        assert [each.control_id for each in await search(ehr, **wanted)] == ids


async def test_a_walk_passes_every_message_once_in_order(ehr: Ehr) -> None:
    for number in range(7):
        await ehr.send(siu(start="", control=f"C-{number}"))
    walk = work_queue.walk(ehr.clinic.deps, TENANT, Search(), page_size=3)
    walked = [each.control_id async for each in walk]
    assert walked == [f"C-{number}" for number in range(7)]


async def test_a_message_is_shown_with_what_the_present_profile_makes_of_it(ehr: Ehr) -> None:
    await ehr.send(siu(**VISIT))
    (number,) = await waiting(ehr)
    before = await work_queue.show(ehr.clinic.deps, TENANT, number)
    after = await work_queue.show(ehr.called(VISITS).clinic.deps, TENANT, number, provenance=True)
    assert before.preview is not None
    assert after.preview is not None
    assert (before.preview.refused, after.preview.refused) == (True, False)
    assert after.preview.provenance["Appointment.identifier[0].value"] == ("PV1^1^19^1^1",)
    assert before.kept.raw == siu(**VISIT)


async def test_a_message_that_was_applied_is_shown_with_its_appointment(ehr: Ehr) -> None:
    booked = await ehr.sends("S12")
    shown = await work_queue.show(ehr.clinic.deps, TENANT, (await last(ehr)).id)
    assert shown.appointment == booked


async def test_bytes_that_are_no_message_are_shown_too(ehr: Ehr) -> None:
    await ehr.send(b"GET / HTTP/1.1")
    shown = await work_queue.show(ehr.clinic.deps, TENANT, (await last(ehr)).id)
    assert (shown.kept.state, shown.preview, shown.appointment) == ("refused", None, None)


async def test_a_message_that_is_not_there_is_not_found(ehr: Ehr) -> None:
    deps = ehr.clinic.deps
    for work in (
        work_queue.show(deps, TENANT, 10**9),
        work_queue.replay(deps, TENANT, 10**9),
        work_queue.skip(deps, TENANT, 10**9, "why"),
    ):
        category, _ = await refused_with(work)
        assert category is Category.NOT_FOUND


# -- applying again


async def test_a_message_that_waits_is_applied_through_the_profile_of_today(ehr: Ehr) -> None:
    await ehr.send(siu(**VISIT))
    (number,) = await waiting(ehr)
    done = await replay(ehr.called(VISITS), number)
    (made,) = await ehr.clinic.all("Appointment")
    assert (done.outcome, done.appointment) == ("applied", made["id"])
    assert (made["status"], made["start"]) == ("booked", at("09:00"))
    kept = await last(ehr)
    assert (kept.state, kept.settled_as, kept.attempts) == ("sent", "replayed", 1)
    assert kept.settled_at is not None
    assert await ehr.clinic.wrong_slots() == []


async def test_a_message_is_applied_once_however_many_try(ehr: Ehr) -> None:
    await ehr.send(siu(**VISIT))
    (number,) = await waiting(ehr)
    better = ehr.called(VISITS)
    done = await asyncio.gather(*(replay(better, number) for _ in range(6)))
    outcomes = sorted(each.outcome for each in done)
    assert outcomes == ["applied", *["not-waiting"] * 5]
    counts = await ehr.counts()
    assert counts["Appointment"] == 1


async def test_what_is_still_at_fault_goes_on_waiting_with_the_reason_of_today(ehr: Ehr) -> None:
    await ehr.send(siu(**VISIT))
    (number,) = await waiting(ehr)
    early = ehr.called(replace(VISITS, start_sources=("ZAP-3",)))
    for attempts in (1, 2):
        done = await replay(early, number)
        kept = await last(ehr)
        assert (done.outcome, kept.state, kept.attempts) == ("error", "error", attempts)
        assert "needs a start" in kept.issues[0]["text"]
    assert await ehr.counts() == {}


@pytest.mark.parametrize("raw", [siu(), siu("S99")], ids=["sent", "filtered"])
async def test_only_what_waits_is_applied_again(ehr: Ehr, raw: bytes) -> None:
    await ehr.send(raw)
    counts = await ehr.counts()
    assert (await replay(ehr, (await last(ehr)).id)).outcome == "not-waiting"
    assert await ehr.counts() == counts


async def test_a_newer_message_that_was_applied_meanwhile_stays(ehr: Ehr) -> None:
    await ehr.send(siu(sent=NINE, sch={25: "Booked"}, start=""))
    await ehr.sends("S13", start="11:00", sent=TEN)
    (number,) = await waiting(ehr)
    lenient = ehr.called(SenderProfile(start_sources=("MSH-7",)))
    done = await replay(lenient, number)
    assert (done.outcome, done.issues[-1].details) == ("superseded", "superseded")
    assert (await ehr.appointment())["start"] == at("11:00")
    assert (await last(ehr)).state == "sent"
    assert await waiting(ehr) == []


@pytest.mark.parametrize("sent", ["", NINE], ids=["no-clock", "same-moment"])
async def test_where_the_clock_does_not_tell_what_came_later_stays(ehr: Ehr, sent: str) -> None:
    lenient = SenderProfile(start_sources=("TQ1-7", "ZAP-1"))
    broken = siu(sent=sent, start="", more=("ZAP|20260310070000+0000",))
    await at_moment(ehr, 0).send(broken)
    await at_moment(ehr, 5).sends("S13", start="11:00", sent=sent)
    (number,) = await waiting(ehr)
    assert (await replay(ehr.called(lenient), number)).outcome == "superseded"
    assert (await ehr.appointment())["start"] == at("11:00")


async def test_a_message_that_came_before_does_not_open_the_door_for_what_came_between(
    ehr: Ehr,
) -> None:
    lenient = SenderProfile(start_sources=("TQ1-7", "ZAP-1"))
    await at_moment(ehr, 0).send(siu("S13", sent=TEN, start="", more=("ZAP|20260310070000+0000",)))
    await at_moment(ehr, 5).sends("S12", start="11:00", sent=NINE)
    (number,) = await waiting(ehr)
    done = await replay(ehr.called(lenient), number)
    assert (done.outcome, (await ehr.appointment())["start"]) == ("applied", "2026-03-10T07:00:00Z")


async def test_an_appointment_that_was_deleted_meanwhile_does_not_rise(ehr: Ehr) -> None:
    await ehr.send(siu(sent=NINE, start="", more=("ZAP|20260310070000+0000",)))
    await ehr.send(siu("S15", sent=TEN))
    (number,) = await waiting(ehr)
    done = await replay(ehr.called(SenderProfile(start_sources=("ZAP-1",))), number)
    assert done.outcome == "superseded"
    assert await ehr.clinic.all("Appointment") == []


async def test_a_message_about_several_people_waits_and_makes_no_second_task(ehr: Ehr) -> None:
    await ehr.send(siu(id_="F-1", patient=ANN), siu(start="13:00", id_="F-2", patient=CEM))
    await ehr.send(siu(id_="F-3", patient={3: "A1~C1", 5: "Who^Ever"}))
    (number,) = await waiting(ehr)
    assert (await replay(ehr, number)).outcome == "error"
    assert len(await ehr.clinic.all("Task")) == 1


#: Reads a form of time that the default profile refuses.
ODD_TIMES = SenderProfile(time_formats=("DD.MM.YYYY HH:mm",))
ODD = {"start": "", "tq1": {7: "10.03.2026 09:00", 8: "10.03.2026 10:00"}}
BLOCK = {"id_": "B-1", "patient": None}


async def test_a_block_that_waits_is_applied(ehr: Ehr) -> None:
    await ehr.send(siu("S23", **ODD, **BLOCK))
    (number,) = await waiting(ehr)
    assert (await replay(ehr.called(ODD_TIMES), number)).outcome == "applied"
    (slot,) = await ehr.clinic.all("Slot")
    assert (slot["status"], slot["start"]) == ("busy-unavailable", "2026-03-10T09:00:00Z")


async def test_a_block_that_was_given_back_meanwhile_does_not_rise(ehr: Ehr) -> None:
    await ehr.send(siu("S23", **ODD, **BLOCK, sent=NINE), siu("S24", **BLOCK, sent=TEN))
    (number,) = await waiting(ehr)
    assert (await replay(ehr.called(ODD_TIMES), number)).outcome == "superseded"
    assert await ehr.clinic.all("Slot") == []


async def test_data_of_a_patient_that_wait_are_applied_once_it_is_clear_whose_they_are(
    ehr: Ehr,
) -> None:
    await ehr.send(adt("A28"), adt("A28", patient=CEM))
    await ehr.send(adt("A08", patient={3: "A1~C1", 5: "Oak^Ann"}, sent=TEN))
    (number,) = await waiting(ehr)
    assert (await replay(ehr, number)).outcome == "error"
    await ehr.send(adt("A40", mrg={1: "C1"}))
    assert (await replay(ehr, number)).outcome == "applied"
    active = [each for each in await ehr.clinic.all("Patient") if each.get("active", True)]
    assert [each["name"][0]["family"] for each in active] == ["Oak"]


async def test_data_of_a_patient_that_came_before_others_change_nothing(ehr: Ehr) -> None:
    await ehr.send(adt("A28", sent=""), adt("A28", patient=CEM, sent=""))
    await at_moment(ehr, 0).send(adt("A08", patient={3: "A1~C1", 5: "Oak^Ann"}, sent=""))
    await at_moment(ehr, 5).send(adt("A40", mrg={1: "C1"}, sent=""), adt("A08", sent=""))
    (number,) = await waiting(ehr)
    assert (await replay(ehr, number)).outcome == "superseded"


async def test_a_request_that_was_refused_is_booked_once_there_is_a_free_time(bare: Clinic) -> None:
    placer = Ehr(bare).watched()
    await bare.put(known_here(), a_schedule())
    await placer.send(srm())
    (number,) = await waiting(placer)
    await bare.put(a_slot("09:00"))
    assert (await replay(placer, number)).outcome == "applied"
    (made,) = await bare.all("Appointment")
    assert (made["status"], made["start"]) == ("booked", at("09:00"))


@pytest.mark.parametrize(
    "raw",
    [siu("S20", id_="F-9"), srm("S25", kind="SQM", patient=None, people=({3: "D9^Nobody"},))],
    ids=["S20", "SQM"],
)
async def test_what_is_about_nobody_that_is_known_goes_on_waiting(ehr: Ehr, raw: bytes) -> None:
    await ehr.send(raw)
    (number,) = await waiting(ehr)
    done = await replay(ehr, number)
    assert (done.outcome, done.issues[0].code) == ("error", "not-found")


async def test_the_sender_of_the_port_holds_for_what_came_in_there(ehr: Ehr) -> None:
    lab = Line(sender="lab")
    before = ehr.described(Senders([Described("lab", "LAB")]))
    await receive(before.clinic.deps, TENANT, siu(**VISIT), "198.51.100.7:1", lab)
    await receive(before.clinic.deps, TENANT, siu(**VISIT, control="2"), "198.51.100.7:1")
    by_port, by_header = await waiting(ehr)
    after = ehr.described(Senders([Described("lab", "LAB", profile=VISITS)]))
    assert (await replay(after, by_header)).outcome == "error"
    assert (await replay(after, by_port)).outcome == "applied"


# -- skipping


async def test_a_message_that_is_skipped_waits_no_more_and_says_why(ehr: Ehr) -> None:
    await ehr.send(siu(start=""))
    (number,) = await waiting(ehr)
    assert await work_queue.skip(ehr.clinic.deps, TENANT, number, " a test of theirs ")
    kept = await last(ehr)
    assert (kept.state, kept.settled_as, kept.note) == ("filtered", "skipped", "a test of theirs")
    assert not await work_queue.skip(ehr.clinic.deps, TENANT, number, "again")
    assert (await replay(ehr, number)).outcome == "not-waiting"


async def test_a_message_is_not_skipped_without_a_reason(ehr: Ehr) -> None:
    await ehr.send(siu(start=""))
    with pytest.raises(GatewayError, match="reason"):
        await work_queue.skip(ehr.clinic.deps, TENANT, (await last(ehr)).id, " ")


async def test_what_was_applied_is_not_skipped(ehr: Ehr) -> None:
    await ehr.sends("S12")
    assert not await work_queue.skip(ehr.clinic.deps, TENANT, (await last(ehr)).id, "why")


async def test_a_message_of_another_tenant_is_not_seen(ehr: Ehr) -> None:
    await ehr.send(siu(start=""))
    number = (await last(ehr)).id
    category, _ = await refused_with(work_queue.replay(ehr.clinic.deps, 2, number))
    assert category is Category.NOT_FOUND
