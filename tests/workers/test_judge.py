"""What we send is compared with the standard afterwards, and a departure is told."""

import pytest

from fhir_gateway.storage import dispatches
from fhir_gateway.storage.dispatches import Draft
from fhir_gateway.workers.judge import judge_waiting
from tests.usecases.clinic import TENANT
from tests.workers.receiver import Line

pytestmark = pytest.mark.slow  # a process of its own judges


async def test_each_message_is_judged_once(line: Line) -> None:
    booked = await line.clinic.book(comment="a|b^c\r\nMSH|^~\\&|")
    await line.clinic.cancel(f"Appointment/{booked['id']}")
    raw = b"MSH|^~\\&|G|H|E|C|20350501||SIU^S12^SIU_S12|1|P|2.5.1\rSCH|P1|F1\rRGS|1\r"
    async with line.clinic.deps.database.transaction(TENANT) as tx:
        dispatches.add(tx, Draft("ehr", booked["id"], "1", "SIU^S12", "booked", raw))
    await judge_waiting(line.clinic.deps, TENANT)
    verdicts = [each.deviations for each in await line.sent()]
    assert verdicts[:2] == ["", ""]
    assert "SCH^1^6 required" in str(verdicts[2])
    assert line.log.of("outbound.deviates") == [{"destination": "ehr", "control_id": "1"}]
    async with line.clinic.deps.database.transaction(TENANT) as tx:
        assert await dispatches.unjudged(tx, 10) == []
