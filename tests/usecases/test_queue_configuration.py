"""Where people can queue, by which rules, and who may still join."""

from typing import Any

import pytest

from fhir_gateway.core.codes import EXT_QUEUE, EXT_QUEUE_CONFIGURATION
from fhir_gateway.core.errors import Category
from tests.usecases.builders import a_location, ref
from tests.usecases.clinic import Clinic, refusal, refused_with
from tests.usecases.queueing import Desk, a_service, configuration, entry_parts

_CONFLICT = Category.CONFLICT


async def test_a_full_queue_takes_nobody_in(bare: Clinic) -> None:
    desk = await Desk.opened(bare, maximumSize=2)
    await desk.joins("ann")
    await desk.joins("bob")
    assert await refused_with(desk.joins("cem")) == (_CONFLICT, "queue-full")
    await desk.does("call-next")
    assert (await desk.joins("cem"))["ticket"] == "003"


async def test_a_queue_is_paused_and_resumed(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    await desk.joins("ann")
    assert await desk.does("pause") == {"accepting": False}
    assert await refused_with(desk.does("pause")) == (_CONFLICT, "illegal-command")
    assert await refused_with(desk.joins("bob")) == (_CONFLICT, "not-accepting")
    assert (await desk.does("call-next"))["ticket"] == "001"
    said = await bare.get("HealthcareService/desk")
    assert {"url": "accepting", "valueBoolean": False} in said["extension"][0]["extension"]
    assert await desk.does("resume") == {"accepting": True}
    assert await refused_with(desk.does("resume")) == (_CONFLICT, "illegal-command")
    assert (await desk.joins("bob"))["ticket"] == "002"


async def test_people_are_sent_on_from_the_threshold(bare: Clinic) -> None:
    await bare.put(a_service("second", maximumSize=1))
    desk = await Desk.opened(
        bare, overflow=True, overflowTo="HealthcareService/second", overflowThreshold=1
    )
    assert (await desk.joins("ann"))["queue"] == "HealthcareService/desk"
    sent = await desk.joins("bob")
    assert (sent["queue"], sent["ticket"]) == ("HealthcareService/second", "001")
    assert entry_parts(sent["entry"])["queue"] == "HealthcareService/second"
    assert await refused_with(desk.joins("cem")) == (_CONFLICT, "queue-full")


async def test_nobody_is_sent_to_where_there_is_no_queue(bare: Clinic) -> None:
    await bare.put(a_location())
    desk = await Desk.opened(bare, overflow=True, overflowTo="Location/room", overflowThreshold=1)
    await desk.joins("ann")
    assert await refused_with(desk.joins("bob")) == (Category.NOT_FOUND, "no-queue")


async def test_nobody_is_transferred_to_a_full_queue(bare: Clinic) -> None:
    await bare.put(a_service("second", accepting=False))
    desk = await Desk.opened(bare)
    await desk.joins("ann")
    attempt = desk.does("transfer", ticket="001", to="HealthcareService/second")
    assert await refused_with(attempt) == (_CONFLICT, "not-accepting")
    assert await desk.waiting() == ["001"]


@pytest.mark.parametrize(
    "parts",
    [
        {"policy": "nonsense"},
        {"ordering": "nonsense"},
        {"nonsense": 1},
        {"maximumSize": "ten"},
        {"priorityWeight": 2},
        {"priorityWeight": 0.9},
        {"overflow": True},
        {"overflowTo": "HealthcareService/desk"},
        {"overflowTo": "Patient/ann"},
    ],
)
async def test_a_configuration_that_cannot_be_is_refused(
    bare: Clinic, parts: dict[str, Any]
) -> None:
    await bare.put(a_service(), {"resourceType": "Patient", "id": "ann"})
    error = await refusal(bare.put(a_service(**parts)))
    assert error.category in (Category.UNPROCESSABLE, Category.INVALID)
    assert error.issues[0].expression[0].startswith("HealthcareService.extension[0]")


async def test_where_a_queue_says_no_policy_the_gateways_counts(bare: Clinic) -> None:
    desk = await Desk.opened(bare.under(queue="plan"))
    await desk.joins("ann")
    assert (await desk.joins("bob"))["estimated-wait"] == {"low": 20, "high": 20}


async def test_a_part_stands_once(bare: Clinic) -> None:
    twice = [{"url": "servers", "valuePositiveInt": each} for each in (1, 2)]
    service = a_service() | {"extension": [{"url": EXT_QUEUE_CONFIGURATION, "extension": twice}]}
    assert (await refused_with(bare.put(service)))[0] is Category.UNPROCESSABLE


async def test_a_queue_with_people_in_it_stays(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    await desk.joins("ann")
    plain = {"resourceType": "HealthcareService", "id": "desk"}
    assert await refused_with(bare.put(plain)) == (_CONFLICT, "queue-occupied")
    await desk.does("leave", ticket="001")
    await bare.put(plain)
    assert await refused_with(desk.joins("ann")) == (Category.NOT_FOUND, "no-queue")


async def test_an_entry_changes_by_the_queue_alone(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    id_ = (await desk.joins("ann"))["entry"]["id"]
    stored = await bare.get(f"Encounter/{id_}")
    other = stored | {"status": "finished"}
    forged = stored | {"id": "forged"}
    bare_of_it = {name: each for name, each in stored.items() if name != "extension"}
    for each in (other, forged, bare_of_it):
        assert await refused_with(bare.put(each)) == (_CONFLICT, "queue-entry")
    assert await refused_with(bare.delete(f"Encounter/{id_}")) == (_CONFLICT, "queue-entry")
    await bare.put(stored | {"reasonCode": [{"text": "Cough"}]})
    assert stored["extension"][0]["url"] == EXT_QUEUE


async def test_entries_are_found_by_their_queue(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    await desk.joins("ann")
    rows = await bare.sql(
        "SELECT count(*) FROM encounter WHERE tokens @> ARRAY['1|queue|HealthcareService/desk']"
    )
    assert rows == [(1,)]
    attempt = bare.delete("HealthcareService/desk")
    assert await refused_with(attempt) == (_CONFLICT, "referenced")


async def test_the_clock_of_a_queue_is_that_of_its_place(bare: Clinic) -> None:
    zone = {"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": "Asia/Riyadh"}
    await bare.put(a_location(extension=[zone]))
    await bare.put(a_service() | {"location": [ref("Location/room")]})
    await bare.put(a_location("hall", extension=[*configuration(name="Hall"), zone]))
    zones = await bare.sql("SELECT reference, zone FROM queue ORDER BY reference")
    assert zones == [("HealthcareService/desk", "Asia/Riyadh"), ("Location/hall", "Asia/Riyadh")]
