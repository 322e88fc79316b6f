"""What else does a message say about the appointment, and what does it leave alone?"""

import pytest

from fhir_gateway.mapping.profiles import SenderProfile
from tests.mapping.builders import BASE, read, validate

V2_0276 = "http://terminology.hl7.org/CodeSystem/v2-0276"
V2_0277 = "http://terminology.hl7.org/CodeSystem/v2-0277"


@pytest.mark.parametrize("code", ["ROUTINE", "WALKIN", "CHECKUP", "FOLLOWUP", "EMERGENCY"])
@pytest.mark.parametrize("written", ["{}", "{}^text^HL70276", "{}^text^L"])
def test_a_reason_of_table_0276_is_the_appointment_type(code: str, written: str) -> None:
    found = read(sch={7: written.format(code.lower())}).appointment
    coding = found["appointmentType"]["coding"][0]
    assert (coding["system"], coding["code"]) == (V2_0276, code)
    assert "reasonCode" not in found


def test_any_other_reason_is_a_reason() -> None:
    found = read(sch={7: "K21^Reflux^I10"}).appointment
    coding = {"system": "http://hl7.org/fhir/sid/icd-10", "code": "K21", "display": "Reflux"}
    assert found["reasonCode"] == [{"coding": [coding]}]
    assert "appointmentType" not in found


@pytest.mark.parametrize(
    ("written", "system", "code"),
    [
        ("Normal", V2_0277, "Normal"), ("NORMAL", V2_0277, "Normal"),
        ("NEW^New patient^L", f"{BASE}:appointment-type", "NEW"),
        ("NEW^New patient^99ABC", f"{BASE}:appointment-type", "NEW"),
        ("NEW^New patient^ACME", f"{BASE}:appointment-type:ACME", "NEW"),
    ],
)  # fmt: skip
def test_sch_8_is_always_the_appointment_type(written: str, system: str, code: str) -> None:
    coding = read(sch={8: written}).appointment["appointmentType"]["coding"][0]
    assert (coding["system"], coding["code"]) == (system, code)


def test_sch_7_and_sch_8_can_both_name_the_type() -> None:
    coding = read(sch={7: "EMERGENCY", 8: "Normal"}).appointment["appointmentType"]["coding"]
    assert [each["code"] for each in coding] == ["EMERGENCY", "Normal"]


def test_every_service_is_a_service_type() -> None:
    kinds = read("AIS|1||X^X-ray^L", "AIS|2||58410-2^CBC^LN").appointment["serviceType"]
    assert [each["coding"][0]["system"] for each in kinds] == [
        f"{BASE}:service",
        "http://loinc.org",
    ]


def test_notes_come_in_the_order_of_what_they_are_about() -> None:
    found = read(
        "TQ1|1", "NTE|1||schedule", "PID|1||M", "NTE|1||patient", "RGS|1", "AIP|1||D^N",
        "NTE|1||person", "AIL|1||L", "NTE|1||place", "AIG|1||G", "NTE|1||thing", "AIS|1||X",
        "NTE|1||service~second line",
    )  # fmt: skip
    assert found.appointment["comment"].split("\n") == [
        "schedule", "service", "second line", "thing", "place", "person",
    ]  # fmt: skip


def test_a_note_of_an_observation_is_not_the_appointments() -> None:
    assert "comment" not in read("OBX|1", "NTE|1||high").appointment


def test_a_note_in_the_wrong_field_is_taken_and_reported() -> None:
    found = read("NTE||Moved to Friday.")
    assert found.appointment["comment"] == "Moved to Friday."
    assert ("NTE^1^2",) in [each.expression for each in found.warnings]


def test_a_message_without_notes_leaves_the_comment_unless_the_sender_sends_all() -> None:
    assert read(event="S14").removed == ()
    assert read(event="S14", profile=SenderProfile(snapshot_notes=True)).removed == ("comment",)


@pytest.mark.parametrize("text", ["~a" * 2_000, "~" * 2_000 + "a", "a~" * 2_000])
def test_a_flood_of_repetitions_is_a_note_without_empty_lines(text: str) -> None:
    comment = read(f"NTE|1||{text}").appointment["comment"]
    assert comment.split("\n") == ["a"] * text.count("a")


def test_a_note_longer_than_a_string_of_fhir_is_cut_and_that_is_told() -> None:
    found = read("NTE|1||" + "x" * 1_048_577)
    assert len(found.appointment["comment"]) == 1_048_576
    assert ("NTE^1^3",) in [each.expression for each in found.warnings]


@pytest.mark.parametrize(
    ("segments", "sch", "element"),
    [
        ([], {7: '""'}, "reasonCode"), ([], {8: '""'}, "appointmentType"),
        ([], {26: '""'}, "basedOn"), (['NTE|1||""'], {}, "comment"),
        (['TQ1|||||||||""'], {}, "priority"), (['TQ1|||||||||||""'], {}, "patientInstruction"),
        (['AIS|1||""'], {}, "serviceType"),
    ],
)  # fmt: skip
def test_a_null_value_deletes_and_an_empty_one_does_not(
    segments: list[str], sch: dict[int, str], element: str
) -> None:
    deleted = read(*segments, event="S14", sch=sch)
    kept = read(
        *(each.replace('""', "") for each in segments),
        event="S14",
        sch=dict.fromkeys(sch, ""),
    )
    assert deleted.removed == (element,)
    assert element not in deleted.appointment
    assert kept.removed == ()
    assert element not in kept.appointment


def test_what_is_set_is_not_removed() -> None:
    found = read("NTE|1||text", 'NTE|2||""', event="S14")
    assert (found.appointment["comment"], found.removed) == ("text", ())


@pytest.mark.parametrize(("code", "priority"), [("S", 1), ("A", 2), ("R", 5), ("r^Routine", 5)])
def test_the_priority_is_a_number(code: str, priority: int) -> None:
    assert read(f"TQ1|||||||||{code}").appointment["priority"] == priority


def test_an_unknown_priority_is_reported_and_a_sender_may_have_its_own() -> None:
    found = read("TQ1|||||||||ZZ")
    assert "priority" not in found.appointment
    assert ("TQ1^1^9",) in [each.expression for each in found.warnings]
    profile = SenderProfile(priorities={"ZZ": 9})
    assert read("TQ1|||||||||ZZ", profile=profile).appointment["priority"] == 9


def test_what_the_patient_is_told_is_an_instruction() -> None:
    assert read("TQ1|||||||||||Come early").appointment["patientInstruction"] == "Come early"


def test_a_change_sets_nothing_that_the_message_does_not_say() -> None:
    found = read(event="S14", sch={11: "", 25: ""})
    assert list(found.appointment) == ["identifier"]
    assert found.patient is None
    assert found.actors == ()


def test_every_element_knows_where_it_came_from() -> None:
    found = read("TQ1|||||||||S", "NTE|1||n", "PID|1||M", sch={1: "P", 8: "Normal"})
    assert found.provenance == {
        "identifier": "SCH^1^2", "start": "SCH^1^11", "end": "SCH^1^11", "status": "SCH^1^25",
        "comment": "NTE^1^3", "priority": "TQ1^1^9", "appointmentType": "SCH^1^8",
        "patient": "PID^1",
    }  # fmt: skip


def test_delimiters_and_control_characters_in_values_do_no_harm() -> None:
    found = read("NTE|1||a\\F\\b\\S\\c\\.br\\d\\X07\\")
    assert found.appointment["comment"] == "a|b^c\nd"
    validate(found)
