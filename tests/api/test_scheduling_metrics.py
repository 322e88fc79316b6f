"""Are metrics answered as FHIR and as CSV, and is what they mean there to be read?"""

from base64 import b64decode
from typing import Any

import pytest
from starlette.types import ASGIApp

from fhir_gateway.usecases.operations.scheduling_metrics import MEASURE
from tests.api.builders import ask
from tests.usecases.builders import DAY

METRICS = "/fhir/Practitioner/p1/$scheduling-metrics"
PERIOD = f"start={DAY}&end={DAY}"


@pytest.mark.parametrize(
    ("accept", "query"),
    [
        ("text/csv", ""),
        ("text/csv, */*;q=0.1", ""),
        ("Text/CSV", ""),
        ("application/fhir+json", "&_format=text/csv"),
        ("", "&_format=csv"),
    ],
)
async def test_whoever_wants_rows_gets_rows(clinic: ASGIApp, accept: str, query: str) -> None:
    response = await ask(clinic, f"{METRICS}?{PERIOD}{query}", headers={"accept": accept})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    head, line = response.text.splitlines()
    assert head.startswith("start,end,subject,service,booked-minutes,offered-minutes")
    assert line.startswith(f"{DAY},{DAY},Practitioner/p1,")


@pytest.mark.parametrize("accept", ["", "*/*", "text/csv;q=0.5, application/fhir+json"])
async def test_whoever_wants_a_resource_gets_a_resource(clinic: ASGIApp, accept: str) -> None:
    response = await ask(clinic, f"{METRICS}?{PERIOD}", headers={"accept": accept})
    assert response.json()["resourceType"] == "MeasureReport"


async def test_other_answers_are_no_rows(clinic: ASGIApp) -> None:
    response = await ask(clinic, "/fhir/Practitioner/p1", headers={"accept": "text/csv"})
    assert response.status_code == 406


async def test_what_is_wrong_is_told_in_fhir(clinic: ASGIApp) -> None:
    response = await ask(clinic, f"{METRICS}?start=now&_format=csv")
    assert (response.status_code, response.json()["resourceType"]) == (400, "OperationOutcome")


async def test_rows_in_a_batch_are_a_binary(clinic: ASGIApp) -> None:
    url = f"Practitioner/p1/$scheduling-metrics?{PERIOD}&_format=csv"
    batch: dict[str, Any] = {"resourceType": "Bundle", "type": "batch"}
    batch |= {"entry": [{"request": {"method": "GET", "url": url}}]}
    response = await ask(clinic, "/fhir", "POST", json=batch)
    resource = response.json()["entry"][0]["resource"]
    assert (resource["resourceType"], resource["contentType"]) == ("Binary", "text/csv")
    assert b64decode(resource["data"]).startswith(b"start,end,")


async def test_the_measure_can_be_read_until_somebody_puts_another_there(clinic: ASGIApp) -> None:
    path = f"/fhir/Measure/{MEASURE.code}"
    ours = (await ask(clinic, path)).json()
    assert ours["url"] == MEASURE.url
    theirs = {"resourceType": "Measure", "id": MEASURE.code, "status": "draft"}
    assert (await ask(clinic, path, "PUT", json=theirs)).status_code == 201
    assert (await ask(clinic, path)).json()["status"] == "draft"
