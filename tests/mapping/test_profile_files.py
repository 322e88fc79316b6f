"""What may the description of a sender say, and what does each setting do?"""

from typing import Any

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.mapping.profile_files import (
    UNSET,
    Described,
    as_content,
    collisions,
    explained,
    read_profile,
)
from fhir_gateway.mapping.profiles import SenderProfile
from tests.mapping.builders import actor, read, warned

EVERYTHING: dict[str, Any] = {
    "application": "PAS", "facility": "*", "zone": "Europe/London", "charset": "8859/1",
    "ack": "strict", "authority": "placer", "identifier_base": "urn:x",
    "namespaces": {"N": "urn:n"},
    "coding_systems": {"L": "urn:l"}, "identity_fields": ["PV1-19"], "status_fields": ["SCH-27.1"],
    "statuses": {"01": "fulfilled", "NO": "discontinued"}, "events": {"Z02": "S14"},
    "unneeded": "refuse", "filtered": ["ORU", "SIU^S27"],
    "expect_every": 900,
    "start_sources": ["ZAP-3", "TQ1-7"], "time_formats": ["DD/MM/YYYY HH:mm"],
    "date_only": "reject", "blank_unit": "minutes", "units": {"S": 60, "BLK": 900},
    "default_minutes": 20, "provider_fields": ["ROL-4"], "aig_role": "Practitioner",
    "snapshot_notes": True, "types": {"FU": {"system": "urn:t", "code": "FOLLOWUP"}},
    "reasons": {"R": {"code": "r", "display": "Reason"}},
    "services": {"S": {"system": "urn:s", "code": "s"}}, "priorities": {"U": 3},
}  # fmt: skip


def described(**content: Any) -> Described:
    return read_profile("one", {"application": "EHR"} | content, "senders/one.yaml")


def profile(**content: Any) -> SenderProfile:
    return described(**content).profile


def refused(**content: Any) -> list[str]:
    with pytest.raises(GatewayError) as caught:
        described(**content)
    return [issue.diagnostics for issue in caught.value.issues]


def test_every_field_of_a_profile_can_be_described() -> None:
    assert frozenset() == UNSET
    given = {each.key for each in explained(read_profile("all", EVERYTHING)) if each.given}
    assert given == set(EVERYTHING) - {"application", "facility"}


def test_a_description_comes_back_as_it_was_written() -> None:
    assert as_content(read_profile("all", EVERYTHING)) == EVERYTHING
    assert as_content(described()) == {"application": "EHR", "facility": "*"}


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("zone", "Europe/Berln", "not an IANA time zone; allowed: a name such as Europe/Berlin"),
        ("zone", 1, "1 is no text"),
        ("zon", "UTC", "there is no such setting; did you mean zone?"),
        ("charset", "ebcdic", "no character set"),
        ("charset", "cp037", "does not write ASCII as ASCII"),
        ("charset", "hex", "no character set"),
        ("ack", True, "True is none of durable, stored, strict"),
        ("status_fields", ["SCH-29"], "SCH has no field 29, the last is SCH-28"),
        ("status_fields", ["SCH25"], "'SCH25' is not a field such as SCH-25"),
        ("status_fields", ["XXX-1"], "'XXX-1' is not a field"),
        ("status_fields", "SCH-25", "no list"),
        ("status_fields", [], "no list with at least one entry"),
        ("status_fields", ["SCH-25", "SCH-25"], "twice"),
        ("statuses", {1: "booked"}, "1 is no text; put the code in quotes"),
        ("statuses", {False: "cancelled"}, "False is no text; put the code in quotes"),
        ("statuses", {"1": "Booked"}, "'Booked' is none of proposed, pending, booked"),
        ("events", {"Z02": "S99"}, "'S99' is none of S12"),
        ("unneeded", "AR", "'AR' is none of accept, refuse"),
        ("filtered", ["oru"], "neither a type of message such as ORU nor an event"),
        ("expect_every", "soon", "'soon' is no length of time such as 15 minutes"),
        ("expect_every", 0, "no whole number"),
        ("units", {"S": "fortnights"}, "neither seconds, minutes"),
        ("units", {"S": 0}, "no whole number from 1"),
        ("units", {"S": True}, "neither seconds"),
        ("default_minutes", 1441, "no whole number from 1 to 1440"),
        ("default_minutes", True, "no whole number"),
        ("time_formats", ["HH:mm"], "does not tell year"),
        ("time_formats", ["DD/MM/YYYY HH"], "tells no time of day: HH:mm"),
        ("time_formats", ["DD/MM/YYYY DD"], "names a part twice"),
        ("snapshot_notes", "yes", "neither true nor false"),
        ("types", {"FU": "FOLLOWUP"}, "is no {system, code, display}"),
        ("types", {"FU": {"code": "F", "text": "x"}}, "is no {system, code, display}"),
        ("facility", 7, "7 is no text; put it in quotes"),
        ("facility", " ", "is no text"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_file_key_and_what_is_allowed(
    key: str, value: Any, why: str
) -> None:
    (told,) = refused(**{key: value})
    assert told.startswith(f"senders/one.yaml: {key}: ")
    assert why in told


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert len(refused(zone="x", aig_role="y", nonsense=1)) == 3


def test_a_description_says_whom_it_is_for() -> None:
    with pytest.raises(GatewayError, match="application: is missing"):
        read_profile("one", {"zone": "UTC"})


def test_a_sender_that_only_asks_is_always_told() -> None:
    (told,) = refused(authority="placer", ack="durable")
    assert "ack: a sender that only asks" in told


def test_two_descriptions_of_one_sender_are_told_by_name() -> None:
    other = read_profile("two", {"application": "EHR"})
    (issue,) = collisions([described(), other])
    assert issue.diagnostics == "two and one both describe the sender EHR / *"


# -- what the settings do


def test_a_unit_that_means_something_else_here() -> None:
    odd = profile(units={"S": "minutes", "BLK": 900})
    for number, unit, minutes in (("30", "S", 30), ("30", "s", 30), ("2", "BLK", 30)):
        sch = {9: number, 10: unit, 11: "^^^20260310090000"}
        assert read(profile=odd, sch=sch).appointment["minutesDuration"] == minutes


@pytest.mark.parametrize(
    ("form", "text"),
    [("DD/MM/YYYY HH:mm", "10/03/2026 09:00"), ("MM/DD/YY hh:mm a", "3/10/26 9:00 AM"),
     ("DD-MMM-YYYY HH:mm:ss", "10-Mar-2026 09:00:00"), ("YYYY/MM/DD HH:mm", "2026/03/10 09:00")],
)  # fmt: skip
def test_a_time_in_a_form_of_the_sender(form: str, text: str) -> None:
    found = read(profile=profile(time_formats=[form]), sch={11: f"^^^{text}"})
    assert found.appointment["start"] == "2026-03-10T09:00:00Z"


@pytest.mark.parametrize("text", ["2026-03-10T09:00:00Z", "2026-03-10 09:00", "20260310T0900"])
def test_iso_8601_is_read_without_being_asked_for(text: str) -> None:
    assert read(sch={11: f"^^^{text}"}).appointment["start"] == "2026-03-10T09:00:00Z"


def test_a_time_that_cannot_be_read_is_the_reason_why_a_message_is_refused() -> None:
    with pytest.raises(GatewayError) as caught:
        read(sch={11: "^^^25/11/2026 09:30"})
    (issue,) = caught.value.issues
    assert "'25/11/2026 09:30' is no time that can be read" in issue.diagnostics
    assert (issue.expression, issue.code) == (("SCH^1^11",), "value")


def test_a_start_in_a_field_of_the_site() -> None:
    odd = profile(start_sources=["ZAP-3", "SCH-11.4"])
    found = read("ZAP|1|OPEN|20260310100000", profile=odd, sch={11: "^^30"})
    assert found.appointment["start"] == "2026-03-10T10:00:00Z"
    assert found.provenance["start"] == "ZAP^1^3"


def test_codes_of_the_sender_get_the_codings_that_they_mean() -> None:
    coding = {"system": "urn:types", "code": "FOLLOWUP", "display": "Follow-up"}
    found = read(profile=profile(types={"FU": coding}), sch={8: "FU^local"}).appointment
    codings = found["appointmentType"]["coding"]
    assert codings[0] == coding
    assert codings[1]["code"] == "FU"


def test_statuses_may_say_overbooked_and_discontinued() -> None:
    odd = profile(statuses={"2": "overbooked", "7": "discontinued"})
    assert read(profile=odd, sch={25: "2"}).overbooked
    ended = read(profile=odd, event="S14", sch={25: "7"})
    assert ended.appointment["cancelationReason"]["text"] == "discontinued"


def test_a_status_of_the_sender_counts_for_those_who_take_part_too() -> None:
    odd = profile(statuses={"4": "cancelled"})
    row = "AIP|1||D1^Doe" + "|" * 9 + "4"
    assert actor(read(row, profile=odd), "AIP^1^3").participant["status"] == "declined"


def test_a_practitioner_may_stand_in_another_field() -> None:
    odd = profile(provider_fields=["AIP-3", "ROL-4"])
    row = "ROL|1||AT|R1^Roe"
    assert actor(read(row, profile=odd), "ROL^1^4").type == "Practitioner"
    with_aip = read(row, "AIP|1||D1^Doe", profile=odd)
    assert [each.source for each in with_aip.actors] == ["AIP^1^3"]


def test_a_field_that_is_not_listed_names_no_practitioner() -> None:
    odd = profile(provider_fields=["PV1-7"])
    rows = ("PV1|1|O|||||P7^Seven", "AIG|1||G1^Dr Grey|DOCTOR", "AIP|1||D1^Doe")
    assert [each.source for each in read(*rows, profile=odd).actors] == ["PV1^1^7"]


def test_a_contact_that_is_the_practitioner_is_no_contact_too() -> None:
    odd = profile(provider_fields=["AIP-3", "SCH-16"])
    found = read(profile=odd, sch={16: "C1^Clerk"})
    assert [(each.source, each.excludes) for each in found.actors] == [("SCH^1^16", True)]


@pytest.mark.parametrize("field", [6, 17, 20, 21, 26, 27, 28])
def test_a_word_of_status_in_a_wrong_field_is_taken_and_reported(field: int) -> None:
    found = read(event="S14", sch={25: "", field: "Arrived"})
    assert found.status == "arrived"
    assert warned(found, "status-elsewhere") == [
        f"the status 'Arrived' stands in SCH-{field}; it is taken"
    ]


@pytest.mark.parametrize("word", ["S", "X", "NS", "DNA", "JDOE"])
def test_initials_are_no_status(word: str) -> None:
    assert read(event="S14", sch={25: "", 20: word}).status is None


def test_sch_25_wins_over_words_elsewhere() -> None:
    assert read(event="S14", sch={25: "Booked", 27: "Arrived"}).status == "booked"


def test_one_component_can_hold_the_status() -> None:
    odd = profile(status_fields=["SCH-25.4"])
    assert read(event="S14", profile=odd, sch={25: "Booked^^^Arrived"}).status == "arrived"


def test_a_second_sch_is_reported() -> None:
    assert warned(read("SCH|X|Y"), "conflict") == ["2 SCH in one message; only the first is read"]


@pytest.mark.parametrize(
    ("code", "gender"),
    [("1", "male"), ("2", "female"), ("9", "unknown"), ("0", "unknown"), ("V", "female"),
     ("w", "female"), ("K", "female")],
)  # fmt: skip
def test_sexes_of_iso_5218_and_of_neighbours_are_read(code: str, gender: str) -> None:
    patient = read(f"PID|1||P1|||||{code}").patient
    assert patient is not None
    assert patient["gender"] == gender


@pytest.mark.parametrize(
    ("value", "seconds"), [("15 minutes", 900), ("2 h", 7200), (30, 30), ("45", 45)]
)
def test_a_length_of_time_is_written_with_its_unit(value: str | int, seconds: int) -> None:
    assert profile(expect_every=value).expect_every == seconds
