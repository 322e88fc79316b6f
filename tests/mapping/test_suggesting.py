"""What is learnt from the first messages of a sender, how sure is it, and what stays open?"""

import pytest

from fhir_gateway.mapping.profile_files import Described, as_content, read_profile
from fhir_gateway.mapping.suggesting.evidence import Suggestion, confidence
from fhir_gateway.mapping.suggesting.profile import Suggested, suggest
from tests.mapping.builders import siu

SENDER = ("EHR", "CLINIC")
DOE = "AIP|1||D1^Doe"
ANN = "PID|1||A1"


def learnt(*raws: bytes, present: Described | None = None) -> Suggested:
    return suggest(raws, present or Described("one"), SENDER)


def about(found: Suggested, key: str) -> Suggestion:
    (only,) = [each for each in found.suggestions if each.key == key]
    return only


def keys(found: Suggested) -> set[str]:
    """What is suggested beside the zone, of which these messages say nothing."""
    return {each.key for each in found.suggestions} - {"zone"}


@pytest.mark.parametrize(("hits", "of", "sure"), [(0, 0, 0.0), (3, 3, 0.44), (4, 4, 0.51),
                                                  (20, 20, 0.84), (15, 20, 0.53)])  # fmt: skip
def test_few_messages_are_not_sure(hits: int, of: int, sure: float) -> None:
    assert confidence(hits, of) == sure


def test_a_sender_that_writes_as_the_standard_gets_no_suggestion() -> None:
    assert keys(learnt(*[siu(ANN, DOE, sch={2: f"F{n}"}) for n in range(6)])) == set()


def test_no_message_gives_no_suggestion() -> None:
    found = learnt(b"junk", siu().replace(b"SIU^", b"ORU^"))
    assert (found.messages, found.suggestions) == (0, ())


def test_what_is_suggested_can_be_written_and_read_again() -> None:
    found = learnt(*[siu(ANN, DOE, event="S15", sch={2: f"F{n}", 25: "9"}) for n in range(4)])
    content = as_content(found.described)
    assert content["statuses"] == {"9": "cancelled"}
    assert (content["application"], content["facility"]) == SENDER
    assert read_profile("one", content).profile.statuses == {"9": "cancelled"}


def test_what_a_person_has_said_stays() -> None:
    present = read_profile(
        "one", {"application": "EHR", "zone": "UTC", "statuses": {"1": "booked"}}
    )
    raws = [siu(ANN, DOE, event="S15", sch={2: f"F{n}", 25: "9"}) for n in range(4)]
    found = learnt(*raws, present=present)
    assert found.described.profile.zone == "UTC"
    assert found.described.profile.statuses == {"1": "booked", "9": "cancelled"}


def test_a_code_of_several_meanings_is_left_to_a_person() -> None:
    raws = [siu(ANN, DOE, event=event, sch={25: "7"}) for event in ("S12", "S15") * 4]
    found = about(learnt(*raws), "statuses")
    assert found.value is None
    assert found.against == (
        "'7' comes with events of booked 4x, cancelled 4x: a person has to say",
    )


def test_a_code_that_only_comes_with_changes_is_left_to_a_person() -> None:
    found = about(learnt(*[siu(ANN, DOE, event="S14", sch={25: "3"})] * 5), "statuses")
    assert found.value is None
    assert "only with events that say no status (S14)" in found.against[0]


def test_codes_elsewhere_that_go_with_the_events_are_the_status() -> None:
    raws = [
        siu(ANN, DOE, event=event, sch={25: "", 21: code, 2: f"F{n}"})
        for n in range(5)
        for event, code in (("S12", "o1"), ("S15", "c9"))
    ]
    found = learnt(*raws)
    assert about(found, "status_fields").value == ("SCH-25", "SCH-21")
    assert about(found, "statuses").value == {"o1": "booked", "c9": "cancelled"}


def test_a_number_that_several_patients_share_identifies_no_appointment() -> None:
    raws = [
        siu(f"PID|1||A{n}", "PV1|1|O" + "|" * 17 + "SAME", DOE, sch={2: "", 1: ""})
        for n in range(6)
    ]
    found = about(learnt(*raws), "identity_fields")
    assert not found.is_sure
    assert found.value != ("PV1-19",) or "1 values come with several patients" in found.against


def test_a_day_that_may_be_a_month_is_left_to_a_person() -> None:
    raws = [siu(ANN, DOE, sch={2: f"F{n}", 11: f"^^^0{n}/05/2026 09:00"}) for n in range(1, 7)]
    found = about(learnt(*raws), "time_formats")
    assert not found.is_sure
    assert "both fit: no day is beyond 12" in found.against[0]


def test_of_two_starts_the_one_that_the_resources_have_wins() -> None:
    rows = (ANN, "TQ1|1||||||20260311090000", "AIP|1||D1|||20260310090000")
    raws = [siu(*rows, sch={2: f"F{n}", 11: "^^^20260310090000"}) for n in range(6)]
    found = about(learnt(*raws), "start_sources")
    assert found.value[0] == "SCH-11.4"
    assert found.is_sure


def test_notes_that_updates_always_repeat_are_whole() -> None:
    raws = [
        siu(ANN, "NTE|1||fasting", DOE, event=event, sch={2: f"F{n}"})
        for n in range(8)
        for event in ("S12", "S14", "S14")
    ]
    raws.append(siu(ANN, DOE, event="S14", sch={2: "F1"}))
    assert about(learnt(*raws), "snapshot_notes").value is True


def test_notes_that_are_never_left_out_say_nothing() -> None:
    raws = [siu(ANN, "NTE|1||fasting", DOE, event=e) for e in ("S12", "S14", "S14", "S14", "S14")]
    assert keys(learnt(*raws)) == set()


def test_resources_called_like_rooms_are_places() -> None:
    raws = [siu(ANN, DOE, f"AIG|1||R{n}^Exam room {n}", sch={2: f"F{n}"}) for n in range(5)]
    assert about(learnt(*raws), "aig_role").value == "Location"


def test_an_event_of_the_site_that_begins_appointments_books() -> None:
    raws = [siu(ANN, DOE, event="Z11", sch={2: f"F{n}"}) for n in range(5)]
    assert about(learnt(*raws), "events").value == {"Z11": "S12"}


def test_names_of_patients_are_not_quoted() -> None:
    raws = [
        siu(f"PID|1||A{n}||Secretname^Ann", DOE, event="Z02", sch={2: "", 1: "", 25: "q", 11: "x"})
        for n in range(5)
    ]
    told = [text for each in learnt(*raws).suggestions for text in (*each.evidence, *each.against)]
    assert told != []
    assert [text for text in told if "Secretname" in text] == []
