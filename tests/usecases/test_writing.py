"""Create, replace and read again. Decisions 3 and 4."""

import asyncio
from datetime import timedelta

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.core.refs import Ref
from fhir_gateway.core.time import parse_instant
from fhir_gateway.usecases import read
from tests.usecases.builders import (
    a_location,
    a_patient,
    a_schedule,
    a_slot,
    an_appointment,
    participant,
    ref,
)
from tests.usecases.clinic import TENANT, Clinic, only_issue, refusal, refused_with

ANN = Ref("Patient", "ann")


async def versions(clinic: Clinic, ref: Ref = ANN) -> list[tuple[int, str]]:
    found = await read.history(clinic.deps, TENANT, ref, before=None, after=None, limit=100)
    return [(each.version, each.method) for each in found]


async def test_a_new_resource_has_an_id_of_ours_and_version_one(bare: Clinic) -> None:
    stored = await bare.post(a_patient("theirs"))
    assert stored["id"] != "theirs"
    assert stored["meta"]["versionId"] == "1"
    assert await bare.get(f"Patient/{stored['id']}") == stored


async def test_a_client_may_choose_the_id(bare: Clinic) -> None:
    await bare.put(a_patient("ann"))
    assert (await bare.get("Patient/ann"))["meta"]["versionId"] == "1"
    assert await versions(bare) == [(1, "PUT")]


async def test_each_replacement_is_a_version(bare: Clinic) -> None:
    for gender in ("female", "male", "other"):
        await bare.put(a_patient("ann", gender=gender))
    assert await versions(bare) == [(3, "PUT"), (2, "PUT"), (1, "PUT")]
    second = await read.vread(bare.deps, TENANT, ANN, 2)
    assert b'"male"' in (second.content or b"")
    assert (await bare.get("Patient/ann"))["gender"] == "other"


async def test_every_version_is_later_than_the_one_before(bare: Clinic) -> None:
    stamps = []
    for _ in range(3):
        stored = await bare.put(a_patient("ann"))
        stamps.append(parse_instant(stored["meta"]["lastUpdated"]))
    assert stamps[1] - stamps[0] >= timedelta(milliseconds=1)
    assert stamps[2] - stamps[1] >= timedelta(milliseconds=1)


async def test_if_match_protects_from_writing_over_a_newer_version(bare: Clinic) -> None:
    await bare.put(a_patient("ann"))
    await bare.put(a_patient("ann", gender="female"), if_match=1)
    error = await refusal(bare.put(a_patient("ann"), if_match=1))
    assert error.category is Category.PRECONDITION_FAILED
    assert (await bare.get("Patient/ann"))["gender"] == "female"


async def test_if_match_of_what_is_not_there_fails(bare: Clinic) -> None:
    error = await refusal(bare.put(a_patient("ann"), if_match=1))
    assert error.category is Category.PRECONDITION_FAILED


async def test_a_clinic_may_demand_if_match(bare: Clinic) -> None:
    strict = bare.under(require_if_match=True)
    await strict.put(a_patient("ann"))
    error = await refusal(strict.put(a_patient("ann")))
    assert error.category is Category.PRECONDITION_REQUIRED
    await strict.put(a_patient("ann"), if_match=1)


async def test_writers_beside_each_other_make_one_version_each(bare: Clinic) -> None:
    await bare.put(a_patient("ann"))
    await asyncio.gather(*(bare.put(a_patient("ann", gender="female")) for _ in range(3)))
    assert [version for version, _ in await versions(bare)] == [4, 3, 2, 1]


async def test_of_writers_with_the_same_if_match_one_wins(bare: Clinic) -> None:
    await bare.put(a_patient("ann"))
    attempts = [bare.put(a_patient("ann"), if_match=1) for _ in range(8)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert len([each for each in results if isinstance(each, dict)]) == 1
    assert [version for version, _ in await versions(bare)] == [2, 1]


async def test_what_never_was_is_not_found(bare: Clinic) -> None:
    assert (await refusal(bare.get("Patient/ann"))).category is Category.NOT_FOUND
    attempt = read.history(bare.deps, TENANT, ANN, before=None, after=None, limit=10)
    assert (await refusal(attempt)).category is Category.NOT_FOUND
    assert (await refusal(read.vread(bare.deps, TENANT, ANN, 1))).category is Category.NOT_FOUND


async def test_a_reference_to_nothing_is_named(clinic: Clinic) -> None:
    others = ("Practitioner/p1", "Location/nowhere")
    error = await refusal(clinic.book(others=others))
    assert error.category is Category.UNPROCESSABLE
    issue = only_issue(error)
    assert (issue.code, issue.expression) == (
        "not-found", ("Appointment.participant[2].actor",),
    )  # fmt: skip
    assert "Location/nowhere" in issue.diagnostics


async def test_a_reference_to_a_type_that_is_not_served_is_named(clinic: Clinic) -> None:
    error = await refusal(clinic.put(a_patient(managingOrganization=ref("Substance/1"))))
    assert error.category is Category.UNPROCESSABLE
    patient = a_patient(extension=[{"url": "http://a.example", "valueReference": ref("Goal/1")}])
    error = await refusal(clinic.put(patient))
    assert (only_issue(error).code, error.category) == ("not-supported", Category.UNPROCESSABLE)


async def test_an_absolute_reference_is_kept_unchecked(clinic: Clinic) -> None:
    elsewhere = "http://other.example/fhir/Organization/1"
    stored = await clinic.put(a_patient(managingOrganization=ref(elsewhere)))
    assert stored["managingOrganization"] == ref(elsewhere)


async def test_a_resource_may_point_to_itself(bare: Clinic) -> None:
    await bare.put(a_location("room", partOf=ref("Location/room")))
    await bare.delete("Location/room")
    assert (await refusal(bare.get("Location/room"))).category is Category.GONE


async def test_what_is_not_valid_is_not_kept(bare: Clinic) -> None:
    error = await refusal(bare.put(a_patient("ann", gender="blue")))
    assert error.category is Category.UNPROCESSABLE
    assert await bare.all("Patient") == []


async def test_what_is_deleted_is_gone_but_remembered(bare: Clinic) -> None:
    await bare.put(a_patient("ann"))
    await bare.delete("Patient/ann")
    assert (await refusal(bare.get("Patient/ann"))).category is Category.GONE
    assert await versions(bare) == [(2, "DELETE"), (1, "PUT")]
    assert (await refusal(read.vread(bare.deps, TENANT, ANN, 2))).category is Category.GONE


async def test_to_delete_what_is_not_there_does_nothing(bare: Clinic) -> None:
    await bare.delete("Patient/ann")
    await bare.put(a_patient("ann"))
    await bare.delete("Patient/ann")
    await bare.delete("Patient/ann")
    assert await versions(bare) == [(2, "DELETE"), (1, "PUT")]


async def test_what_was_deleted_may_come_back(bare: Clinic) -> None:
    await bare.put(a_patient("ann"))
    await bare.delete("Patient/ann")
    back = await bare.put(a_patient("ann"))
    assert back["meta"]["versionId"] == "3"
    assert await versions(bare) == [(3, "PUT"), (2, "DELETE"), (1, "PUT")]


async def test_a_deletion_may_name_the_version_too(bare: Clinic) -> None:
    await bare.put(a_patient("ann"))
    error = await refusal(bare.delete("Patient/ann", if_match=2))
    assert error.category is Category.PRECONDITION_FAILED
    await bare.delete("Patient/ann", if_match=1)


async def test_what_is_pointed_to_stays(clinic: Clinic) -> None:
    attempt = clinic.delete("Practitioner/p1")
    assert await refused_with(attempt) == (Category.CONFLICT, "referenced")
    assert "Schedule/s1" in only_issue(await refusal(clinic.delete("Practitioner/p1"))).diagnostics


async def test_what_nobody_points_to_any_more_goes(clinic: Clinic) -> None:
    for each in ("Slot/s1-0900", "Slot/s1-0930", "Schedule/s1", "Practitioner/p1"):
        await clinic.delete(each)
        assert (await refusal(clinic.get(each))).category is Category.GONE
    assert await clinic.sql("SELECT count(*) FROM schedule_actor") == [(0,)]


@pytest.mark.parametrize("status", ["pending", "booked", "fulfilled"])
async def test_an_appointment_that_holds_time_stays(clinic: Clinic, status: str) -> None:
    booked = await clinic.book(status=status)
    attempt = clinic.delete(f"Appointment/{booked['id']}")
    assert await refused_with(attempt) == (Category.CONFLICT, "time-held")


@pytest.mark.parametrize("status", ["proposed", "cancelled", "noshow"])
async def test_an_appointment_that_holds_no_time_goes(clinic: Clinic, status: str) -> None:
    booked = await clinic.book(status=status)
    await clinic.delete(f"Appointment/{booked['id']}")
    assert await clinic.all("Appointment") == []


async def test_a_slot_in_which_time_is_held_stays(clinic: Clinic) -> None:
    await clinic.put(a_schedule("s2"), a_slot("09:00", schedule="s2"))
    await clinic.post(an_appointment("09:00", schedule=None))
    await clinic.delete("Slot/s2-0900")
    booked = await clinic.book("09:30", patient="bob")
    assert (await refusal(clinic.delete("Slot/s1-0930"))).category is Category.CONFLICT
    await clinic.cancel(f"Appointment/{booked['id']}")
    assert (await refusal(clinic.delete("Slot/s1-0930"))).category is Category.CONFLICT


async def test_a_deleted_booking_does_not_come_back_without_its_time(clinic: Clinic) -> None:
    booked = await clinic.put(an_appointment() | {"id": "visit"})
    await clinic.cancel("Appointment/visit")
    await clinic.sql("DELETE FROM task RETURNING 1")
    await clinic.delete("Appointment/visit")
    await clinic.book("09:00", patient="bob")
    attempt = clinic.put({name: booked[name] for name in booked if name != "meta"})
    assert await refused_with(attempt) == (Category.CONFLICT, "slot-taken")
    await clinic.put(an_appointment("09:30") | {"id": "visit"})
    assert await clinic.status("Slot/s1-0930") == ["busy"]


async def test_participants_may_be_people_outside_of_this_server(clinic: Clinic) -> None:
    elsewhere = participant("http://other.example/fhir/Practitioner/9")
    booked = await clinic.book(participant=[participant("Patient/ann"), elsewhere])
    assert booked["participant"][1] == elsewhere
