"""When does the appointment take place?"""

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.mapping.profiles import SenderProfile
from tests.mapping.builders import actor, read, validate, warned

TQ1 = "TQ1|||||||20260310090000+0300|20260310100000+0300"
NONE = {11: ""}


def times(*more: str, **options: object) -> tuple[str | None, str | None]:
    found = read(*more, **options).appointment  # type: ignore[arg-type]
    return found.get("start"), found.get("end")


@pytest.mark.parametrize(
    ("segments", "sch_11", "start"),
    [
        ([TQ1], "^^^20260311090000+0300", "2026-03-10T09:00:00+03:00"),
        ([], "^^^20260311090000+0300", "2026-03-11T09:00:00+03:00"),
        ([], "20260312090000+0300^^30", "2026-03-12T09:00:00+03:00"),
        (["AIS|1||X|20260314090000+0300", "AIS|2||Y|20260313090000+0300"], "",
         "2026-03-13T09:00:00+03:00"),
        (["AIP|1||D^N|||20260315090000+0300"], "", "2026-03-15T09:00:00+03:00"),
        (["AIG|1||G^N|||||20260316090000+0300"], "", "2026-03-16T09:00:00+03:00"),
        (["AIL|1||L|||20260317090000+0300"], "", "2026-03-17T09:00:00+03:00"),
        (["PV1" + "|" * 44 + "20260318090000+0300"], "", "2026-03-18T09:00:00+03:00"),
        (["AIP|1||D^N|||20260315090000+0300", "AIS|1||X|20260316090000+0300"], "",
         "2026-03-16T09:00:00+03:00"),
    ],
)  # fmt: skip
def test_the_start_is_found_wherever_it_stands(
    segments: list[str], sch_11: str, start: str
) -> None:
    assert times(*segments, sch={11: sch_11})[0] == start


def test_a_sender_may_order_its_sources_otherwise() -> None:
    profile = SenderProfile(start_sources=("AIP-6", "TQ1-7"))
    place = "AIP|1||D^N|||20260310093000+0300"
    assert times(TQ1, place, sch=NONE, profile=profile)[0] == "2026-03-10T09:30:00+03:00"


@pytest.mark.parametrize(
    ("segments", "sch", "end"),
    [
        ([TQ1], {9: "30", 10: "min", 11: ""}, "2026-03-10T10:00:00+03:00"),
        ([], {11: "^^M20^20260310090000+0300^20260310091500+0300"}, "2026-03-10T09:15:00+03:00"),
        (["TQ1||||||40^min|20260310090000+0300"], {9: "50", 10: "min", 11: ""},
         "2026-03-10T09:40:00+03:00"),
        ([], {9: "50", 10: "MIN^Minutes", 11: "^^M20^20260310090000+0300"},
         "2026-03-10T09:50:00+03:00"),
        ([], {11: "^^M20^20260310090000+0300"}, "2026-03-10T09:20:00+03:00"),
        (["AIS|1||X|20260310090000+0300|||10|min", "AIS|2||Y|20260310091000+0300|||15|min"],
         {11: ""}, "2026-03-10T09:25:00+03:00"),
    ],
)  # fmt: skip
def test_the_end_is_found_wherever_it_stands(
    segments: list[str], sch: dict[int, str], end: str
) -> None:
    found = read(*segments, sch=sch)
    assert found.appointment["end"] == end
    assert not found.end_assumed


def test_a_start_without_any_end_gets_the_senders_default_and_says_so() -> None:
    found = read(sch={11: "^^^20260310090000+0300"}, profile=SenderProfile(default_minutes=45))
    assert found.appointment["end"] == "2026-03-10T09:45:00+03:00"
    assert found.end_assumed
    assert any("45 minutes are assumed" in each.diagnostics for each in found.warnings)


def test_an_end_less_its_duration_is_a_start() -> None:
    line = "TQ1||||||40^min||20260310100000+0300"
    assert times(line, sch=NONE) == ("2026-03-10T09:20:00+03:00", "2026-03-10T10:00:00+03:00")


def test_an_explicit_time_completes_a_date() -> None:
    line = "TQ1||||0915|||20260310"
    assert times(line, sch=NONE)[0] == "2026-03-10T09:15:00Z"


def test_a_start_that_contradicts_another_is_reported_with_both() -> None:
    (told,) = warned(read(TQ1, sch={11: "^^^20250310090000+0300"}), "conflict")
    assert "2026-03-10T09:00:00+03:00 (TQ1^1^7)" in told
    assert "2025-03-10T09:00:00+03:00 (SCH^1^11)" in told


def test_the_same_instant_in_another_offset_is_no_conflict() -> None:
    assert not warned(read(TQ1, sch={11: "^^^20260310070000+0100"}), "conflict")


def test_an_end_before_the_start_is_not_used() -> None:
    found = read(
        "TQ1|||||||20260310090000+0300|20260310080000+0300", sch={9: "20", 10: "min", 11: ""}
    )
    assert found.appointment["end"] == "2026-03-10T09:20:00+03:00"
    assert len(warned(found, "conflict")) == 1


def test_only_the_first_occurrence_is_booked_and_the_others_are_reported() -> None:
    later = "TQ1|2||||||20260317090000+0300|20260317100000+0300"
    found = read(TQ1, later, sch=NONE)
    assert found.appointment["start"] == "2026-03-10T09:00:00+03:00"
    assert any("only the first occurrence" in each.diagnostics for each in found.warnings)


@pytest.mark.parametrize("event", ["S12", "S13"])
def test_a_day_without_time_becomes_a_proposal_for_that_day(event: str) -> None:
    found = read(event=event, sch={11: "^^^20260310"})
    assert found.status == found.appointment["status"] == "proposed"
    assert found.start is None
    assert "start" not in found.appointment
    day = {"start": "2026-03-10", "end": "2026-03-10"}
    assert found.appointment["requestedPeriod"] == [day]
    validate(found)


@pytest.mark.parametrize("event", ["S12", "S13"])
def test_a_sender_may_want_a_day_without_time_refused(event: str) -> None:
    with pytest.raises(GatewayError) as refused:
        read(event=event, sch={11: "^^^20260310"}, profile=SenderProfile(date_only="reject"))
    (issue,) = refused.value.issues
    assert (issue.expression, issue.code) == (("SCH^1^11",), "value")


@pytest.mark.parametrize("event", ["S14", "S15", "S26"])
def test_elsewhere_a_day_without_time_changes_nothing(event: str) -> None:
    found = read(event=event, sch={11: "^^^20260310", 25: "Arrived"})
    assert "requestedPeriod" not in found.appointment
    assert "start" not in found.appointment


@pytest.mark.parametrize("event", ["S12", "S13"])
@pytest.mark.parametrize("said", ["Booked", "", "Rubbish"])
def test_a_booking_without_start_cannot_be_carried_out(event: str, said: str) -> None:
    with pytest.raises(GatewayError) as refused:
        read(event=event, sch={11: "", 25: said})
    assert refused.value.category is Category.UNPROCESSABLE
    assert refused.value.issues[0].expression[0] == "SCH^1^11"


@pytest.mark.parametrize("event", ["S14", "S15", "S16", "S17", "S26"])
def test_no_other_event_needs_a_start(event: str) -> None:
    found = read(event=event, sch=NONE)
    assert (found.start, found.end) == (None, None)


def test_a_time_that_cannot_be_read_is_reported_and_the_next_source_is_taken() -> None:
    found = read("TQ1|||||||soon", sch={11: "^^^20260310090000+0300"})
    assert found.appointment["start"] == "2026-03-10T09:00:00+03:00"
    assert warned(found, "time") == ["'soon' is no time that can be read"]


def test_a_row_that_is_deleted_tells_no_time() -> None:
    rows = ["AIS|1|D|X|20260309090000+0300", "AIS|2|A|Y|20260310090000+0300"]
    assert times(*rows, sch=NONE)[0] == "2026-03-10T09:00:00+03:00"


@pytest.mark.parametrize(
    ("row", "period"),
    [
        ("AIP|1||D^N|||20260310090000+0300|||30|min", None),
        ("AIP|1||D^N|||||||", None),
        ("AIP|1||D^N|||20260310091000+0300|||10|min",
         ("2026-03-10T09:10:00+03:00", "2026-03-10T09:20:00+03:00")),
        ("AIP|1||D^N||||-15|min|15|min",
         ("2026-03-10T08:45:00+03:00", "2026-03-10T09:00:00+03:00")),
        ("AIP|1||D^N||||10|min", ("2026-03-10T09:10:00+03:00", "2026-03-10T09:30:00+03:00")),
        ("AIP|1||D^N|||||| 20|min", ("2026-03-10T09:00:00+03:00", "2026-03-10T09:20:00+03:00")),
    ],
)  # fmt: skip
def test_a_resource_has_a_period_where_its_time_differs(
    row: str, period: tuple[str, str] | None
) -> None:
    found = actor(read(row), "AIP^1^3")
    expected = None if period is None else dict(zip(("start", "end"), period, strict=True))
    assert found.participant.get("period") == expected
    assert (found.start is None) == (period is None)


def test_a_resource_time_outside_the_appointment_is_reported() -> None:
    found = read("AIL|1||L|||20260410090000+0300|||10|min")
    assert warned(found, "conflict") == ["2026-04-10T09:00:00+03:00 is outside the appointment"]
