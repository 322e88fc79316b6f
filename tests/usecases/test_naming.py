"""Does an Appointment say whom it is with? Names in offers and in found appointments."""

from typing import Any

import pytest

from fhir_gateway.usecases.naming import name_of
from tests.usecases.builders import a_location, a_patient, a_practitioner, a_schedule, at, ref
from tests.usecases.clinic import Clinic
from tests.usecases.waiting_room import free_up, the_offer, waiting

EVE = {"family": "Hall", "given": ["Eve"], "prefix": ["Dr"]}


def _called(appointment: dict[str, Any]) -> dict[str, str | None]:
    actors = [each["actor"] for each in appointment["participant"]]
    return {each["reference"]: each.get("display") for each in actors}


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ({"name": "Room 1"}, "Room 1"),
        ({"name": [EVE]}, "Dr Eve Hall"),
        ({"name": [EVE | {"text": "Eve, the doctor"}]}, "Eve, the doctor"),
        ({"deviceName": [{"name": "Scanner", "type": "other"}]}, "Scanner"),
        ({"name": [{"use": "official"}]}, None),
        ({}, None),
    ],
)
def test_everybody_is_called_what_people_call_them(
    resource: dict[str, Any], name: str | None
) -> None:
    assert name_of(resource) == name


async def test_an_offer_names_who_is_there_by_what_is_stored(clinic: Clinic) -> None:
    await clinic.put(a_practitioner(name=[EVE]))
    await waiting(clinic, "bob")
    await free_up(clinic)
    assert _called(await the_offer(clinic)) == {
        "Patient/bob": None,
        "Practitioner/p1": "Dr Eve Hall",
    }


async def test_the_schedules_own_word_goes_before_what_is_stored(clinic: Clinic) -> None:
    await clinic.put(a_practitioner(name=[EVE]))
    await clinic.put(a_schedule(actor=[ref("Practitioner/p1") | {"display": "Dr E. Hall"}]))
    await waiting(clinic, "bob")
    await free_up(clinic)
    assert _called(await the_offer(clinic))["Practitioner/p1"] == "Dr E. Hall"


async def test_a_found_appointment_names_doctor_room_and_patient(clinic: Clinic) -> None:
    await clinic.put(
        a_practitioner(name=[EVE]),
        a_location(name="Room 1"),
        a_patient(name=[{"text": "Ann Lee"}]),
        a_schedule("s1", "Practitioner/p1", "Location/room"),
    )
    answer = await clinic.call(
        "find-optimal-slots",
        ("start", at("00:00")),
        ("end", at("23:00")),
        ("patient", "Patient/ann"),
    )
    found = answer["entry"][0]["resource"]
    expected = {
        "Patient/ann": "Ann Lee",
        "Practitioner/p1": "Dr Eve Hall",
        "Location/room": "Room 1",
    }
    assert _called(found) == expected
    assert _called(await clinic.get(f"Appointment/{found['id']}")) == expected
