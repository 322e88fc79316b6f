"""A person corrects a message that waits. hl7v2.md section 6, row 5; decision record 0025."""

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.storage import inbox_queue
from fhir_gateway.storage.inbox_queue import Kept, Wanted
from fhir_gateway.usecases import corrections
from fhir_gateway.usecases.corrections import Corrected, FieldChange
from tests.usecases.builders import at
from tests.usecases.clinic import TENANT, refused_with
from tests.usecases.ehr import Ehr, siu

BAD, GOOD = siu(start="", control="C-1"), siu(control="C-1")


async def kept(ehr: Ehr) -> list[Kept]:
    async with ehr.clinic.deps.database.transaction(TENANT) as tx:
        return await inbox_queue.page(tx, Wanted(), limit=10, oldest_first=True)


async def correct(ehr: Ehr, number: int, raw: bytes, reason: str = "no time") -> Corrected:
    deps = ehr.clinic.deps
    return await corrections.correct(deps, TENANT, number, raw, by="Eve", reason=reason)


@pytest.fixture
async def waiting(ehr: Ehr) -> tuple[Ehr, int]:
    """A message without start, and its number."""
    await ehr.send(BAD)
    (row,) = await kept(ehr)
    return ehr, row.id


async def test_a_corrected_message_is_applied_and_the_original_kept(
    waiting: tuple[Ehr, int],
) -> None:
    ehr, number = waiting
    done = await correct(ehr, number, GOOD)
    assert (done.outcome, (await ehr.appointment())["start"]) == ("applied", at("09:00"))
    original, copy = await kept(ehr)
    assert (original.raw, original.state, original.settled_as) == (BAD, "filtered", "corrected")
    assert (original.settled_by, original.note) == ("Eve", f"as {copy.id}: no time")
    assert (copy.id, copy.corrects, copy.raw, copy.state) == (done.number, number, GOOD, "sent")
    assert (copy.settled_by, copy.note, copy.ack) == ("Eve", "no time", original.ack)
    assert copy.appointment == (await ehr.appointment())["id"] == done.appointment
    assert copy.settled_at == original.settled_at is not None


async def test_the_sender_gets_its_first_answer_again_and_nothing_is_applied_twice(
    waiting: tuple[Ehr, int],
) -> None:
    ehr, number = waiting
    await correct(ehr, number, GOOD)
    assert await ehr.deliver(BAD) == (await kept(ehr))[0].ack
    assert (await ehr.counts())["Appointment"] == 1


async def test_what_is_still_at_fault_is_not_kept(waiting: tuple[Ehr, int]) -> None:
    ehr, number = waiting
    done = await correct(ehr, number, siu(id_="", control="C-1"))
    assert (done.number, done.outcome, done.issues[0].code) == (None, "error", "required")
    (original,) = await kept(ehr)
    assert (original.state, original.settled_by) == ("error", None)
    assert await ehr.counts() == {}


async def test_a_correction_that_comes_too_late_says_so(waiting: tuple[Ehr, int]) -> None:
    ehr, number = waiting
    await ehr.sends("S13", start="11:00", sent="20260301100000+0000")
    done = await correct(ehr, number, GOOD)
    assert (done.outcome, done.number is None) == ("superseded", False)
    assert (await ehr.appointment())["start"] == at("11:00")


async def test_a_plan_tells_fields_and_what_they_come_to(waiting: tuple[Ehr, int]) -> None:
    ehr, number = waiting
    plan = await corrections.plan(ehr.clinic.deps, TENANT, number, GOOD)
    assert [(each.place, each.before) for each in plan.fields] == [("TQ1^1^7", ""), ("TQ1^1^8", "")]
    (outcome,) = plan.elements
    assert outcome.before.startswith("refused: ")
    assert outcome.after.startswith("read: S12, booked")
    assert (await kept(ehr))[0].state == "error"


async def test_bytes_that_were_no_message_can_be_made_one(ehr: Ehr) -> None:
    await ehr.send(b"rubbish")
    (row,) = await kept(ehr)
    assert corrections.field_changes(b"rubbish", b"rubbish") == ()
    assert corrections.field_changes(b"rubbish", GOOD)[0] == FieldChange("", "rubbish", "")
    assert (await correct(ehr, row.id, GOOD)).number is not None


@pytest.mark.parametrize(
    ("raw", "reason", "category"),
    [
        (BAD, "same", Category.CONFLICT),
        (b"PID|1", "no header", Category.INVALID),
        (GOOD, " ", Category.INVALID),
    ],
)
async def test_a_correction_that_is_none_is_refused(
    waiting: tuple[Ehr, int], raw: bytes, reason: str, category: Category
) -> None:
    ehr, number = waiting
    found, _ = await refused_with(correct(ehr, number, raw, reason))
    assert found is category


async def test_what_has_been_applied_is_not_corrected(ehr: Ehr) -> None:
    await ehr.send(GOOD)
    (row,) = await kept(ehr)
    for number, category in ((row.id, Category.CONFLICT), (10**9, Category.NOT_FOUND)):
        found, _ = await refused_with(correct(ehr, number, siu(start="10:00", control="C-1")))
        assert found is category
