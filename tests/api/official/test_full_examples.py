"""Does every element of R4 come out as it went in?

The examples are made from the table of R4 itself (see `tests.fhir.examples`): together they have
every element of every served type, and every member of every choice.
"""

from typing import Any

import pytest
from starlette.types import ASGIApp

from fhir_gateway.core.refs import rewrite_references
from fhir_gateway.fhir import json
from fhir_gateway.fhir.catalogue import CATALOGUE
from tests.api.builders import FHIR_JSON, ask
from tests.api.official.collection import ELSEWHERE
from tests.api.official.texts import AS_XML, FHIR_XML, text_of
from tests.fhir.examples import example, variants

pytestmark = pytest.mark.slow

#: What rules of this house fix: an answer answers somebody here, bookings decide on a Slot.
FIXED: dict[str, dict[str, Any]] = {
    "AppointmentResponse": {
        "appointment": {"reference": "Appointment/example"},
        "actor": {"reference": "Patient/example"},
        "participantStatus": "accepted",
    },
    "Slot": {"schedule": {"reference": "Schedule/example"}, "status": "free", "overbooked": None},
}


def full(kind: str, variant: int) -> dict[str, Any]:
    """An example that points to other servers only, apart from what is fixed."""
    resource, _ = example(kind, variant)
    rewrite_references(resource, lambda text: text if text[0] == "#" else ELSEWHERE + text)
    resource |= {"id": f"full-{variant}"} | FIXED.get(kind, {})
    for each in resource.get("identifier", ()):
        each["value"] = f"full-{variant}"
    return {name: value for name, value in resource.items() if value is not None}


@pytest.mark.parametrize("kind", CATALOGUE)
async def test_every_element_is_read_as_it_was_put_as_json_and_as_xml(
    house: ASGIApp, kind: str
) -> None:
    for variant in range(variants(kind)):
        body = json.dump(full(kind, variant))
        address = f"/fhir/{kind}/full-{variant}"
        put = await ask(house, address, "PUT", content=body, headers=FHIR_JSON)
        assert put.status_code == 201, put.text
        as_xml = await ask(house, address, headers=AS_XML)
        again = await ask(house, address, "PUT", content=as_xml.content, headers=FHIR_XML)
        assert again.status_code == 200, again.text
        assert text_of(put.content) == text_of(again.content) == text_of(body)
