"""What a queue says about itself."""

from fhir_gateway.core.codes import EXT_QUEUE_PLACE, EXT_QUEUE_STATUS, EXT_SCORE
from fhir_gateway.fhir.validation import validate
from tests.usecases.clinic import Clinic
from tests.usecases.queueing import Desk


async def test_the_status_is_a_list_with_encounters(bare: Clinic) -> None:
    desk = await Desk.opened(bare, maximumSize=5)
    for each in ("ann", "bob", "cem"):
        await desk.joins(each)
    await desk.does("call-next")
    bundle = await desk.later(10).call("queue-status", count=1)
    validate(bundle, type_name="Bundle")
    snapshot, *encounters = (each["resource"] for each in bundle["entry"])
    assert (snapshot["mode"], snapshot["title"]) == ("snapshot", "Desk")
    assert [each["subject"]["reference"] for each in encounters] == ["Patient/ann", "Patient/bob"]
    urls = [[each["url"] for each in one["extension"]][1:] for one in encounters]
    assert urls == [[EXT_QUEUE_PLACE], [EXT_QUEUE_PLACE, EXT_SCORE]]
    (status,) = snapshot["extension"]
    told = {each["url"]: each for each in status["extension"]}
    assert status["url"] == EXT_QUEUE_STATUS
    assert told["size"]["valueUnsignedInt"] == 2
    assert told["averageWait"]["valueUnsignedInt"] == 10
    assert told["sequence"]["valueInteger"] == 4
    assert told["accepting"]["valueBoolean"] is True


async def test_who_has_been_called_comes_first(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    for each in ("ann", "bob", "cem"):
        await desk.joins(each)
    await desk.does("call-next")
    found = [(each["ticket"], each["state"], each.get("position")) for each in await desk.places()]
    assert found == [("001", "called", None), ("002", "waiting", 1), ("003", "waiting", 2)]


async def test_an_empty_queue_is_an_empty_list(bare: Clinic) -> None:
    desk = await Desk.opened(bare)
    bundle = await desk.call("queue-status")
    validate(bundle, type_name="Bundle")
    assert len(bundle["entry"]) == 1
