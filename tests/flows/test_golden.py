"""For each event one message, the acknowledgement and the resources that it comes to.

The pairs stand in conformance/samples/golden for whoever wants to compare. What is got is written
to the test's temporary folder too, in the same form.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fhir_gateway.core.clock import FixedClock
from fhir_gateway.core.ids import CountedIds
from fhir_gateway.hl7.conformance import report
from fhir_gateway.mapping.triggers import EVENTS, MERGES
from fhir_gateway.usecases.deps import Deps
from tests.usecases.builders import Resource
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import Ehr

GOLDEN = Path(__file__).parents[2] / "conformance" / "samples" / "golden"
NOW = datetime(2035, 5, 1, 12, tzinfo=UTC)
ALL = [f"{kind}-{event}" for kind, events in EVENTS.items() for event in events]
BOOKED, ASKED = ("SIU-S12",), ("SRM-S01",)

#: What has been said before, event by event.
BEFORE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(["SIU-S13", "SIU-S14", "SIU-S15", "SIU-S16", "SIU-S17", "SIU-S18"], BOOKED),
    **dict.fromkeys(["SIU-S19", "SIU-S20", "SIU-S21", "SIU-S22"], (*BOOKED, "SIU-S18")),
    **dict.fromkeys(["SIU-S26", "SIU-S27"], BOOKED),
    "SIU-S24": ("SIU-S23",),
    **dict.fromkeys(["ADT-A01", "ADT-A04", "ADT-A10", "ADT-A38"], BOOKED),
    **dict.fromkeys([f"ADT-{event}" for event in MERGES], BOOKED),
    **dict.fromkeys(["ADT-A03", "ADT-A09", "ADT-A11", "ADT-A32"], (*BOOKED, "ADT-A04")),
    **dict.fromkeys(["ADT-A13", "ADT-A33"], (*BOOKED, "ADT-A04", "ADT-A03")),
    **dict.fromkeys(["ADT-A08", "ADT-A31"], ("ADT-A28",)),
    **dict.fromkeys([f"SRM-S{n:02}" for n in range(2, 8)], ASKED),
    **dict.fromkeys([f"SRM-S{n:02}" for n in range(8, 12)], (*ASKED, "SRM-S07")),
    "SQM-S25": ASKED,
}
TYPES = ("Patient", "Practitioner", "Location", "Schedule", "Slot", "Appointment", "Task")


def message(name: str) -> bytes:
    return (GOLDEN / name / "message.hl7").read_bytes()


async def resources(clinic: Clinic) -> list[Resource]:
    """Everything that is stored, without what each writing changes."""
    found = [each for name in TYPES for each in await clinic.all(name)]
    return [{key: value for key, value in each.items() if key != "meta"} for each in found]


def text(found: list[Resource]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def test_there_is_a_pair_for_each_event() -> None:
    assert sorted(ALL) == sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", ["SRM-S01", "SRM-S04", "SQM-S25"])
def test_an_answer_has_the_structure_of_the_standard(name: str) -> None:
    found = report((GOLDEN / name / "ack.hl7").read_bytes())
    assert [each.location for each in found if each.severity == "error"] == []


@pytest.mark.parametrize("name", ALL)
async def test_an_event_comes_to_what_is_published(deps: Deps, name: str, tmp_path: Path) -> None:
    fixed = replace(deps, clock=FixedClock(NOW), ids=CountedIds("made"))
    ehr = Ehr(Clinic(fixed)).watched()
    await ehr.clinic.put(*json.loads((GOLDEN / "given.json").read_text("utf-8")))
    given = {(each["resourceType"], each["id"]): each for each in await resources(ehr.clinic)}
    for each in (*BEFORE.get(name, ()), name):
        answer = await ehr.deliver(message(each))
    found = [
        each
        for each in await resources(ehr.clinic)
        if given.get((each["resourceType"], each["id"])) != each
    ]
    (tmp_path / "ack.hl7").write_bytes(answer)
    (tmp_path / "resources.json").write_text(text(found), "utf-8")
    assert text(found) == (GOLDEN / name / "resources.json").read_text("utf-8")
    assert answer == (GOLDEN / name / "ack.hl7").read_bytes()
    assert ehr.failures == []
    assert await ehr.clinic.wrong_slots() == []
