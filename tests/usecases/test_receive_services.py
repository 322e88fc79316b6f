"""Single services and resources come, change and go. S18 to S22; table 0206; decision 9."""

import pytest

from fhir_gateway.core.refs import reference_of
from fhir_gateway.usecases import tasks
from tests.usecases.builders import Resource, a_schedule, a_slot, at
from tests.usecases.ehr import DOE, ROE, Ehr, known_here, siu

NEXT = "20260301090100+0000"
KNEE = "AIS|||KNEE^Knee"
HIP = "AIS|||HIP^Hip"


@pytest.fixture
async def booked(ehr: Ehr) -> Ehr:
    """Ann has Doe and Roe at nine, for the knee; each has a Schedule with a Slot."""
    await ehr.clinic.put(known_here(), known_here("p2", "D2"))
    for schedule, who in (("s1", "p1"), ("s2", "p2")):
        await ehr.clinic.put(a_schedule(schedule, f"Practitioner/{who}"))
        await ehr.clinic.put(a_slot(schedule=schedule))
    await ehr.sends("S12", people=(DOE, ROE), more=(KNEE,))
    return ehr


async def change(ehr: Ehr, event: str, **options: object) -> Resource:
    """Send a message about single rows, without time of its own."""
    told = {"start": "", "sent": NEXT, "people": ()} | options
    return await ehr.sends(event, **told)


def people(appointment: Resource) -> dict[str, str]:
    """Status of everybody but the patient."""
    found = [(reference_of(e["actor"]), e["status"]) for e in appointment["participant"]]
    return {str(ref): status for ref, status in found if ref and ref.type != "Patient"}


def services(appointment: Resource) -> list[str]:
    return [each["coding"][0]["code"] for each in appointment.get("serviceType", ())]


async def slots(ehr: Ehr) -> list[str]:
    return await ehr.clinic.status("Slot/s1-0900", "Slot/s2-0900")


async def freed(ehr: Ehr) -> list[str]:
    """Whose time the Tasks to fill a Slot are about."""
    found = [each for each in await ehr.clinic.all("Task") if tasks.holds(each, "fill-slot")]
    return [str(ref) for each in found for ref in tasks.references(each, "actor")]


async def test_what_is_added_comes_beside_what_is_there(booked: Ehr) -> None:
    after = await change(booked, "S18", people=({3: "D3^Third"},), more=(HIP,))
    assert [*people(after).values()] == ["accepted"] * 3
    assert services(after) == ["KNEE", "HIP"]
    assert (after["status"], after["start"]) == ("booked", at("09:00"))
    third = [e for e in await booked.clinic.held(after["id"]) if e.exclusive]
    assert len(third) == 3


async def test_what_is_modified_keeps_what_is_not_told(booked: Ehr) -> None:
    first = ROE | {4: "PPRF^Primary", 9: "10", 10: "min"}
    await change(booked, "S19", people=(first,), start="09:00")
    after = await change(booked, "S19", people=(ROE | {11: "NO"},), control="2")
    (roe,) = [each for each in after["participant"] if each["actor"]["reference"].endswith("p2")]
    assert roe["required"] == "required"
    assert roe["type"][0]["coding"][0]["code"] == "PPRF"
    assert roe["period"] == {"start": at("09:00"), "end": at("09:10")}
    assert people(after) == {"Practitioner/p1": "accepted", "Practitioner/p2": "accepted"}


@pytest.mark.parametrize("event", ["S20", "S21"])
async def test_who_is_cancelled_has_declined_and_the_time_is_free(booked: Ehr, event: str) -> None:
    after = await change(booked, event, people=(ROE,))
    assert people(after) == {"Practitioner/p1": "accepted", "Practitioner/p2": "declined"}
    assert (after["status"], services(after)) == ("booked", ["KNEE"])
    assert await slots(booked) == ["busy", "free"]
    assert await freed(booked) == ["Practitioner/p2"]
    assert await booked.clinic.wrong_slots() == []


async def test_who_is_deleted_is_gone(booked: Ehr) -> None:
    after = await change(booked, "S22", people=(ROE,), more=(KNEE,))
    assert people(after) == {"Practitioner/p1": "accepted"}
    assert services(after) == []
    assert await slots(booked) == ["busy", "free"]
    assert await freed(booked) == ["Practitioner/p2"]


async def test_action_codes_tell_who_is_meant_in_a_complete_message(booked: Ehr) -> None:
    after = await change(booked, "S20", people=(DOE, ROE | {2: "D"}), more=(KNEE,))
    assert people(after) == {"Practitioner/p1": "accepted", "Practitioner/p2": "declined"}
    assert services(after) == ["KNEE"]


async def test_a_group_that_is_deleted_takes_its_rows_with_it(booked: Ehr) -> None:
    after = await change(booked, "S20", more=("RGS|1|D", "AIP|1||D2", "RGS|2|X", "AIP|1||D1"))
    assert people(after) == {"Practitioner/p1": "accepted", "Practitioner/p2": "declined"}


async def test_the_visit_adds_nobody_to_a_message_about_single_rows(booked: Ehr) -> None:
    after = await change(booked, "S20", people=(ROE,), more=("PV1|1|O|||||D9^Nine",))
    assert [*people(after)] == ["Practitioner/p1", "Practitioner/p2"]


async def test_who_had_declined_can_be_added_again(booked: Ehr) -> None:
    await change(booked, "S20", people=(ROE,))
    after = await change(booked, "S18", people=(ROE,), sent="20260301090200+0000")
    assert people(after)["Practitioner/p2"] == "accepted"
    assert await slots(booked) == ["busy", "busy"]


async def test_the_status_field_may_say_that_all_of_it_is_cancelled(booked: Ehr) -> None:
    after = await change(booked, "S20", people=(ROE,), sch={25: "Cancelled"})
    assert after["status"] == "cancelled"
    assert await slots(booked) == ["free", "free"]


@pytest.mark.parametrize("event", ["S18", "S19"])
async def test_an_unknown_appointment_is_made_of_what_is_told(ehr: Ehr, event: str) -> None:
    made = await ehr.sends(event)
    assert (made["status"], made["start"]) == ("booked", at("09:00"))


@pytest.mark.parametrize(("strict", "code"), [(False, "AA"), (True, "AE")])
@pytest.mark.parametrize("event", ["S20", "S21", "S22"])
async def test_nothing_can_be_taken_out_of_an_unknown_appointment(
    ehr: Ehr, event: str, strict: bool, code: str
) -> None:
    view = await ehr.under(strict_feeds=strict).send(siu(event))
    assert view.code == code
    entry = await ehr.last()
    assert (entry.state, entry.details) == ("error", ["unknown-appointment"])
    assert await ehr.counts() == {}


@pytest.mark.parametrize("event", ["S18", "S19", "S20", "S21", "S22", "S27"])
async def test_what_has_ended_is_not_opened_by_the_way(booked: Ehr, event: str) -> None:
    await booked.sends("S15", sent=NEXT)
    after = await booked.sends(event, sent="20260301090200+0000", sch={25: "Booked"})
    assert after["status"] == "cancelled"
    assert (await booked.last()).details == ["superseded"]


async def test_what_is_told_again_is_brought_up_to_date(booked: Ehr) -> None:
    after = await booked.sends("S27", "S27", start="10:00", people=(DOE,), sent=NEXT)
    assert (after["status"], after["start"]) == ("booked", at("10:00"))
    assert people(after) == {"Practitioner/p1": "accepted"}


async def test_what_is_told_for_the_first_time_by_the_broadcast_is_booked(ehr: Ehr) -> None:
    assert (await ehr.sends("S27"))["status"] == "booked"


async def test_the_broadcast_does_not_take_an_arrival_back(booked: Ehr) -> None:
    await booked.sends("S14", sch={25: "Arrived"}, sent=NEXT, people=(DOE, ROE))
    after = await booked.sends("S27", sent="20260301090200+0000", people=(DOE, ROE))
    assert after["status"] == "arrived"
