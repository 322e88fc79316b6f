"""What an EHR has to confirm is taken and not booked yet: 202. Decision 19."""

from dataclasses import replace

import pytest

from fhir_gateway.api.app import make_app
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import always_ready, ask
from tests.usecases.builders import a_patient, a_practitioner, a_schedule, a_slot, an_appointment
from tests.usecases.clinic import TENANT
from tests.workers.receiver import a_destination


@pytest.mark.parametrize(
    ("confirm", "status", "held"), [("none", 201, "booked"), ("application", 202, "pending")]
)
async def test_an_appointment_that_somebody_has_to_confirm_is_accepted(
    deps: Deps, confirm: str, status: int, held: str
) -> None:
    told = {TENANT: (a_destination(1, confirm=confirm),)}
    app = make_app(replace(deps, destinations=told), ready=always_ready, software_version="1")
    for each in (a_practitioner(), a_patient("ann"), a_schedule(), a_slot("09:00")):
        path = f"/fhir/{each['resourceType']}/{each['id']}"
        assert (await ask(app, path, "PUT", json=each)).status_code == 201
    answer = await ask(app, "/fhir/Appointment", "POST", json=an_appointment())
    assert (answer.status_code, answer.json()["status"]) == (status, held)
    assert answer.headers["location"].endswith("/_history/1")
