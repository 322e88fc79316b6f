"""Every message that is carried out can be looked at before, through the same readers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fhir_gateway.mapping.drafts import DRAWERS
from fhir_gateway.mapping.previews import Preview, preview
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile
from fhir_gateway.mapping.triggers import EVENTS
from fhir_gateway.usecases.told_v2 import HANDLERS
from tests.mapping.builders import SAMPLES
from tests.usecases.builders import at, later
from tests.usecases.ehr import DOE, adt, siu, srm, ts

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
GOLDEN = SAMPLES.parent / "golden"
NAMES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def shown(raw: bytes, profile: SenderProfile = DEFAULT_PROFILE) -> Preview:
    return preview(raw, profile, NOW, provenance=True)


def kinds(found: Preview) -> list[str]:
    return [each["resourceType"] for each in found.resources]


def first(found: Preview) -> dict[str, Any]:
    return found.resources[0]


def test_whatever_is_carried_out_can_be_shown() -> None:
    assert set(DRAWERS) == set(HANDLERS) == set(EVENTS)


@pytest.mark.parametrize("name", NAMES)
def test_each_event_is_shown_as_what_it_is(name: str) -> None:
    found = preview(Path(GOLDEN / name / "message.hl7").read_bytes(), DEFAULT_PROFILE, NOW)
    assert (found.refused, found.event) == (False, name[-3:])


@pytest.mark.parametrize(("event", "status"), [("S23", "busy-unavailable"), ("S24", "free")])
def test_a_block_is_a_slot_of_each_resource(event: str, status: str) -> None:
    block = siu(event, id_="B-1", sch={6: "VAC^Vacation"}, patient=None)
    found = shown(block)
    assert kinds(found) == ["Slot", "Practitioner"]
    slot = first(found)
    assert (slot["status"], slot["start"], slot["end"]) == (status, at("09:00"), at("09:30"))
    assert (slot["comment"], slot["schedule"]["identifier"]["value"]) == ("Vacation", "D1")
    assert found.provenance["Slot.start"] == ("TQ1^1^7^1^1",)


def test_a_visit_shows_on_which_appointment_it_depends() -> None:
    found = shown(adt("A04", pv1={2: "O", 19: "V-1"}))
    assert kinds(found) == ["Appointment", "Patient"]
    assert (first(found)["status"], first(found)["identifier"][0]["value"]) == ("arrived", "V-1")
    (note,) = found.issues
    assert "booked or pending becomes arrived: the one with the number of the visit" in (
        note.diagnostics
    )
    assert "from 2 h before to 4 h after" in note.diagnostics


def test_a_merge_shows_who_stays_and_who_goes() -> None:
    found = shown(adt("A40", mrg={1: "OLD"}))
    stays, goes = found.resources
    assert (stays["identifier"][0]["value"], goes["active"]) == ("A1", False)
    assert goes["link"][0]["other"]["identifier"]["value"] == "A1"


def test_a_request_shows_what_would_be_booked() -> None:
    found = shown(srm("S01", arq={7: "KNEE"}))
    assert (found.event, first(found)["start"]) == ("S01", at("09:00"))
    assert found.issues[-1].expression == ("ARQ^1^11",)
    assert found.provenance["Appointment.reasonCode[0].coding[0].code"] == ("ARQ^1^7^1^1",)


def test_a_request_without_a_time_shows_when_it_may_be() -> None:
    low, high = ts(at("09:00")), ts(later(at("09:00"), 120))
    found = shown(srm("S01", "", arq={9: "20", 10: "min", 11: f"{low}^{high}"}))
    period = {"start": at("09:00"), "end": later(at("09:00"), 120)}
    assert (first(found)["requestedPeriod"], first(found)["minutesDuration"]) == ([period], 20)
    assert "start" not in first(found)


def test_a_range_that_ends_before_it_begins_is_open() -> None:
    low, high = ts(at("09:00")), ts(at("08:00"))
    found = shown(srm("S01", "", arq={11: f"{low}^{high}"}))
    assert first(found)["requestedPeriod"] == [{"start": at("09:00")}]
    assert "ends before it begins" in found.issues[0].diagnostics


def test_the_visit_of_who_asks_is_not_when_the_next_one_is_wanted() -> None:
    found = shown(srm("S01", "", more=("PV1|1|I" + "|" * 42 + ts(at("07:00")),)))
    assert "start" not in first(found)


def test_a_query_shows_what_is_looked_for() -> None:
    found = shown(srm("S25", kind="SQM", patient=None, qrd={4: "Q-1"}, people=(DOE,)))
    assert (found.event, first(found)["status"]) == ("S25", "proposed")
    assert kinds(found) == ["Appointment", "Practitioner"]


def test_what_cannot_be_read_says_where_in_the_request() -> None:
    found = shown(srm("S04", "", id_=""))
    assert (found.refused, found.issues[0].expression) == (True, ("ARQ^1^2", "ARQ^1^1"))


VISITS = SenderProfile(
    events={"A05": "S12", "A38": "S15"}, identity_fields=("PV1-19",), start_sources=("PV2-8",)
)


@pytest.mark.parametrize(
    ("event", "amounts", "status"), [("A05", "S12", "booked"), ("A38", "S15", "cancelled")]
)
def test_a_visit_may_stand_for_an_appointment(event: str, amounts: str, status: str) -> None:
    visit = adt(event, pv1={2: "O", 7: "D1^Doe^Jane", 19: "V-1"})
    found = shown(visit + f"PV2||||||||{ts(at('09:00'))}\r".encode(), VISITS)
    assert (found.event, first(found)["status"]) == (amounts, status)
    assert (first(found)["identifier"][0]["value"], first(found)["start"]) == ("V-1", at("09:00"))
    assert kinds(found) == ["Appointment", "Patient", "Practitioner"]
    assert shown(adt("A08"), VISITS).event == "A08"
