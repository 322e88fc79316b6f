"""Do the clients that JavaScript developers use get along with the gateway?

All of them do the same, each in its own way (`clients/story.js`), and tell what they saw.
"""

import json
from typing import Any

import pytest

from tests.compat.conftest import run_script
from tests.compat.installing import HERE, missing
from tests.flows.gateway import Gateway
from tests.usecases.builders import slot_id

MISSING = missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))

CLIENTS = ("fhir_kit_client", "fhirclient_js", "medplum")
#: What is seen, and what is to be seen.
SEEN = {
    "fhirVersion": "4.0.1",
    "read": "Archer",
    "paged": [slot_id(each) for each in ("09:00", "09:30", "10:00", "10:30", "11:00")],
    "versions": ["1", "2"],
    "patched": True,
    "history": ['W/"3"', 'W/"2"', 'W/"1"'],
    "createdOnce": True,
    "resolved": True,
    "compartment": 1,
    "operationByGet": "Appointment/booked",
    "operationByPost": "Appointment/booked",
}
#: What is refused, and the beginning and a part of what the client tells about it.
REFUSED = {
    "stale": ("412 ", "conflict ", "version"),
    "taken": ("409 ", "conflict ", "taken"),
    "wrong": ("400 ", "not-supported ", "no search parameter 'colour'"),
    "gone": ("410 ", "deleted ", "has been deleted"),
}


@pytest.fixture(scope="module", params=CLIENTS)
def seen(request: pytest.FixtureRequest, gateway: Gateway) -> Any:
    """What one client saw."""
    run = run_script(str(HERE / "clients" / f"{request.param}.js"), gateway.base)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


@pytest.mark.parametrize("what", SEEN)
def test_the_client_sees_what_it_should(seen: dict[str, Any], what: str) -> None:
    assert seen[what] == SEEN[what]


@pytest.mark.parametrize("what", REFUSED)
def test_the_client_tells_why_it_was_refused(seen: dict[str, Any], what: str) -> None:
    status, code, text = REFUSED[what]
    assert seen[what].startswith((status, code))
    assert text in seen[what]
