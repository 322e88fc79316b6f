"""What has become of the appointment?"""

import pytest

from fhir_gateway.core.codes import APPOINTMENT_STATUSES, EXT_STATUS_REASON
from fhir_gateway.mapping.profiles import SenderProfile
from fhir_gateway.mapping.tables import table
from tests.mapping.builders import read, validate, warned

REASON = {"text": "Snow"}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Pending", "pending"), ("Waitlist", "waitlist"), ("Booked", "booked"),
        ("Started", "checked-in"), ("Complete", "fulfilled"), ("Cancelled", "cancelled"),
        ("Canceled", "cancelled"), ("CANC", "cancelled"), ("X", "cancelled"), ("Dc", "cancelled"),
        ("Deleted", "entered-in-error"), ("Overbook", "booked"), ("Noshow", "noshow"),
        ("No Show", "noshow"), ("DNA", "noshow"), ("NS", "noshow"), ("Scheduled", "booked"),
        ("SCH", "booked"), ("S", "booked"), ("Confirmed", "booked"), ("New", "booked"),
        ("Rescheduled", "booked"), ("Arrived", "arrived"), ("In Fac", "arrived"),
        ("Checked In", "arrived"), ("Completed", "fulfilled"), ("CheckedOut", "fulfilled"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("spelt", [str, str.upper, str.lower])
@pytest.mark.parametrize("written", ["{}", "^{}", "77^text^L^{}", "77^^L^78^{}^L"])
def test_a_status_code_is_known_in_any_case_and_in_any_triplet(
    code: str, status: str, spelt: type[str], written: str
) -> None:
    assert read(event="S14", sch={25: written.format(spelt(code))}).status == status


@pytest.mark.parametrize("event", ["S15", "S16", "S17", "S26"])
@pytest.mark.parametrize("said", ["Booked", "Confirmed", "Deleted", "Arrived", "", "Rubbish"])
def test_the_event_wins_where_it_states_the_status_itself(event: str, said: str) -> None:
    fixed = {"S15": "cancelled", "S16": "cancelled", "S17": "entered-in-error", "S26": "noshow"}
    assert read(event=event, sch={25: said}).status == fixed[event]


def test_an_event_that_wins_against_the_status_field_is_reported() -> None:
    told = warned(read(event="S15", sch={25: "Booked"}), "conflict")
    assert told == ["S15 says cancelled, the status field says booked; the event wins"]


@pytest.mark.parametrize("event", ["S12", "S13", "S14"])
@pytest.mark.parametrize("said", ["Pending", "Arrived", "Cancelled", "Noshow"])
def test_the_status_field_wins_where_the_event_leaves_it_open(event: str, said: str) -> None:
    expected = {"Pending": "pending", "Arrived": "arrived", "Cancelled": "cancelled"}
    assert read(event=event, sch={25: said}).status == expected.get(said, "noshow")


@pytest.mark.parametrize(("event", "status"), [("S12", "booked"), ("S13", "booked"), ("S14", None)])
def test_an_empty_status_field_leaves_the_status_to_the_event(
    event: str, status: str | None
) -> None:
    found = read(event=event, sch={25: ""})
    assert found.status == status
    assert ("status" in found.appointment) == (status is not None)


@pytest.mark.parametrize("event", ["S12", "S13", "S14"])
@pytest.mark.parametrize("said", ["Rubbish", "6", "Blocked"])
def test_an_unknown_status_keeps_what_is_held_and_is_reported(event: str, said: str) -> None:
    found = read(event=event, sch={25: said})
    assert found.status is None
    assert "status" not in found.appointment
    assert len(warned(found, "unknown-status")) == 1


def test_a_senders_own_codes_are_known_by_its_profile() -> None:
    profile = SenderProfile(statuses={"6": "arrived", "Sch": "pending"})
    assert read(sch={25: "6"}, profile=profile).status == "arrived"
    assert read(sch={25: "SCH"}, profile=profile).status == "pending"


def test_a_sender_may_have_its_status_elsewhere() -> None:
    profile = SenderProfile(status_fields=("SCH-27", "SCH-25"))
    assert read(sch={25: "Booked", 27: "Arrived"}, profile=profile).status == "arrived"
    assert read(sch={25: "Pending"}, profile=profile).status == "pending"


def test_of_two_states_in_one_field_the_one_beyond_booked_counts() -> None:
    assert read(event="S14", sch={25: "Sch^Scheduled^In Fac^Arrived"}).status == "arrived"


@pytest.mark.parametrize(
    ("said", "effective"),
    [
        ("Cancelled", "S15"), ("Deleted", "S17"), ("Noshow", "S26"), ("Arrived", "S14"),
        ("", "S14"), ("Rubbish", "S14"),
    ],
)  # fmt: skip
def test_a_change_that_ends_the_appointment_is_read_as_its_end(said: str, effective: str) -> None:
    found = read(event="S14", sch={25: said})
    assert (found.event, found.event_effective) == ("S14", effective)


def test_a_booking_that_says_cancelled_stays_a_booking_message() -> None:
    assert read(event="S12", sch={25: "Cancelled"}).event_effective == "S12"


def test_overbook_is_booked_and_remembered() -> None:
    found = read(sch={25: "Overbook"})
    assert (found.status, found.overbooked) == ("booked", True)
    assert not read().overbooked


@pytest.mark.parametrize(("event", "said"), [("S15", "Booked"), ("S16", ""), ("S14", "Cancelled")])
def test_the_reason_of_a_cancellation_is_a_cancelation_reason(event: str, said: str) -> None:
    found = read(event=event, sch={6: "^Snow", 25: said})
    assert found.appointment["cancelationReason"]["text"] == "Snow"
    assert "extension" not in found.appointment
    assert found.reason == REASON


@pytest.mark.parametrize("event", ["S26", "S17"])
def test_the_reason_of_a_noshow_or_an_error_is_our_extension(event: str) -> None:
    appointment = read(event=event, sch={6: "^Snow"}).appointment
    assert "cancelationReason" not in appointment
    assert appointment["extension"] == [{"url": EXT_STATUS_REASON, "valueCodeableConcept": REASON}]


@pytest.mark.parametrize("event", ["S12", "S13", "S14"])
def test_the_reason_of_any_other_event_is_no_reason_of_the_appointment(event: str) -> None:
    found = read(event=event, sch={6: "^Snow"})
    assert found.reason == REASON
    assert "cancelationReason" not in found.appointment
    assert "reasonCode" not in found.appointment


@pytest.mark.parametrize(("event", "said"), [("S16", ""), ("S14", "Dc")])
def test_what_was_stopped_says_so(event: str, said: str) -> None:
    found = read(event=event, sch={25: said})
    assert found.appointment["cancelationReason"] == {"text": "discontinued"}


@pytest.mark.parametrize("event", ["S12", "S13", "S14", "S15", "S16", "S17", "S26"])
def test_every_event_gives_a_valid_appointment(event: str) -> None:
    validate(read("AIP|1||D1^Hall", "PID|1||MRN1", event=event, sch={6: "R^Snow"}))


def test_the_table_knows_no_status_that_r4_does_not() -> None:
    rows = table("0278").values()
    assert {row["status"] for row in rows} - {""} == set(APPOINTMENT_STATUSES)
    written = [row["status"] for row in rows if row["written"]]
    assert sorted(written) == sorted(APPOINTMENT_STATUSES)
