"""What people say to an Appointment that is no offer. Decision 16."""

import pytest

from fhir_gateway.core.errors import Category
from tests.usecases.builders import a_location, a_response, participant, ref
from tests.usecases.clinic import Clinic, only_issue, refusal, refused_with


@pytest.fixture
async def pending(clinic: Clinic) -> Clinic:
    """Ann's appointment waits for her and for p1; the place is not asked."""
    await clinic.put(a_location())
    await clinic.book(
        status="pending",
        participant=[
            participant("Patient/ann", "needs-action"),
            participant("Practitioner/p1", "needs-action", required="required"),
            participant("Location/room", "needs-action", required="optional"),
        ],
    )
    return clinic


async def the_appointment(clinic: Clinic) -> str:
    (appointment,) = await clinic.all("Appointment")
    return f"Appointment/{appointment['id']}"


async def said(clinic: Clinic) -> list[str]:
    appointment = await clinic.get(await the_appointment(clinic))
    return [each["status"] for each in appointment["participant"]]


async def respond(clinic: Clinic, actor: str, status: str = "accepted") -> None:
    await clinic.post(a_response(await the_appointment(clinic), status, actor))


@pytest.mark.parametrize("status", ["accepted", "declined", "tentative"])
async def test_an_answer_becomes_the_status_of_who_gave_it(pending: Clinic, status: str) -> None:
    await respond(pending, "Patient/ann", status)
    assert await said(pending) == [status, "needs-action", "needs-action"]
    assert len(await pending.all("AppointmentResponse")) == 1


async def test_it_is_booked_once_everybody_required_has_accepted(pending: Clinic) -> None:
    await respond(pending, "Patient/ann")
    appointment = await the_appointment(pending)
    assert await pending.status(appointment, "Slot/s1-0900") == ["pending", "busy-tentative"]
    await respond(pending, "Practitioner/p1")
    assert await pending.status(appointment, "Slot/s1-0900") == ["booked", "busy"]


async def test_it_stays_pending_where_somebody_required_has_declined(pending: Clinic) -> None:
    await respond(pending, "Patient/ann", "declined")
    await respond(pending, "Practitioner/p1")
    assert await pending.status(await the_appointment(pending)) == ["pending"]


async def test_an_answer_can_be_taken_back(pending: Clinic) -> None:
    await respond(pending, "Patient/ann", "declined")
    await respond(pending, "Patient/ann")
    await respond(pending, "Practitioner/p1")
    assert await pending.status(await the_appointment(pending)) == ["booked"]


async def test_a_patient_who_declines_may_be_elsewhere(pending: Clinic) -> None:
    await respond(pending, "Patient/ann", "declined")
    await pending.book("09:00", schedule=None, others=())


async def test_a_booked_appointment_stays_booked_whatever_is_said(clinic: Clinic) -> None:
    await clinic.book()
    await respond(clinic, "Patient/ann", "declined")
    assert await clinic.status(await the_appointment(clinic)) == ["booked"]


async def test_who_does_not_take_part_is_not_asked(pending: Clinic) -> None:
    attempt = respond(pending, "Patient/bob")
    assert await refused_with(attempt) == (Category.UNPROCESSABLE, "not-a-participant")
    assert await pending.all("AppointmentResponse") == []


async def test_an_answer_needs_an_appointment_of_this_server(pending: Clinic) -> None:
    response = a_response(await the_appointment(pending), actor="Patient/ann")
    elsewhere = ref("http://other.example/fhir/Appointment/1")
    error = await refusal(pending.post(response | {"appointment": elsewhere}))
    assert error.category is Category.UNPROCESSABLE
    assert only_issue(error).expression == ("AppointmentResponse.appointment",)


async def test_an_answer_says_who_gives_it(pending: Clinic) -> None:
    response = a_response(await the_appointment(pending), actor="Patient/ann")
    error = await refusal(pending.post(response | {"actor": {"display": "Ann"}}))
    assert error.category is Category.UNPROCESSABLE
    assert only_issue(error).expression == ("AppointmentResponse.actor",)


async def test_an_answer_may_be_put_under_an_id_of_the_client(pending: Clinic) -> None:
    response = a_response(await the_appointment(pending), actor="Patient/ann") | {"id": "yes"}
    await pending.put(response)
    assert (await said(pending))[0] == "accepted"


async def test_an_answer_may_be_put_again_after_it_was_deleted(pending: Clinic) -> None:
    response = a_response(await the_appointment(pending), actor="Patient/ann") | {"id": "yes"}
    await pending.put(response)
    await pending.delete("AppointmentResponse/yes")
    again = await pending.put(response | {"participantStatus": "declined"})
    assert again["meta"]["versionId"] == "3"
    assert (await said(pending))[0] == "declined"
