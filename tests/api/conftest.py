from collections.abc import Iterator

import pytest
from starlette.types import ASGIApp

from fhir_gateway.api.app import make_app
from fhir_gateway.usecases.deps import Deps
from tests.api.builders import always_ready, ask
from tests.api.served import Served, served
from tests.api.spoiling.requests import seeded
from tests.conftest import Copies
from tests.usecases.builders import a_patient, a_practitioner, a_schedule, a_slot


@pytest.fixture
async def clinic(deps: Deps) -> ASGIApp:
    """The whole house with one practitioner, two free Slots and two patients."""
    app = make_app(deps, ready=always_ready, software_version="1.2.3")
    people = (a_practitioner(), a_patient("ann"), a_patient("bob"))
    for each in (*people, a_schedule(), a_slot("09:00"), a_slot("09:30")):
        path = f"/fhir/{each['resourceType']}/{each['id']}"
        assert (await ask(app, path, "PUT", json=each)).status_code == 201
    return app


@pytest.fixture(scope="module")
def house(copies: Copies) -> Iterator[Served]:
    """The whole house behind a socket, with one resource of each type and a small clinic."""
    with served(copies.url("embedded"), seeded()) as running:
        yield running
    copies.empty("embedded")
