"""What would a message come to, which field says so, and what would another profile change?"""

from fhir_gateway.mapping.previews import Difference, Preview, differences, preview
from fhir_gateway.mapping.profiles import DEFAULT_PROFILE, SenderProfile
from tests.mapping.builders import NOW, siu
from tests.usecases.builders import Resource

ROWS = ("PID|1||A1^^^HOUSE^MR||Ash^Ann|||F", "AIP|1||D1^Doe^Jane|ATND", "NTE|1||bring shoes")


def shown(*more: str, profile: SenderProfile = DEFAULT_PROFILE, **options: object) -> Preview:
    return preview(siu(*(more or ROWS), **options), profile, NOW, provenance=True)  # type: ignore[arg-type]


def test_resources_refer_to_each_other_by_identifier() -> None:
    appointment, patient, doctor = shown().resources
    actors: list[Resource] = [each["actor"] for each in appointment["participant"]]
    assert [each["type"] for each in actors] == ["Patient", "Practitioner"]
    for actor, resource in zip(actors, (patient, doctor), strict=True):
        known = resource["identifier"][0]
        assert actor["identifier"] == {"system": known["system"], "value": known["value"]}


def test_each_element_names_the_component_that_it_was_read_from() -> None:
    found = shown().provenance
    assert found["Patient.name[0].family"] == ("PID^1^5^1^1",)
    assert found["Patient.name[0].given[0]"] == ("PID^1^5^1^2",)
    assert found["Patient.gender"] == ("PID^1^8^1^1",)
    assert found["Appointment.start"] == ("SCH^1^11^1^4",)
    assert found["Appointment.comment"] == ("NTE^1^3^1^1",)
    assert found["Practitioner.identifier[0].value"] == ("AIP^1^3^1^1",)
    assert found["Appointment.participant[1].type[0].coding[0].code"] == ("AIP^1^4^1^1",)
    assert found["Appointment.minutesDuration"] == ("SCH^1^11^1^4", "SCH^1^11^1^5")
    assert found["Patient.identifier[0].system"] == (
        "MSH^1^3^1^1", "MSH^1^4^1^1", "PID^1^3^1^4",
    )  # fmt: skip


def test_what_is_always_so_names_no_field() -> None:
    assert shown().provenance["Appointment.participant[0].required"] == ()


def test_a_status_that_the_event_says_comes_from_the_event() -> None:
    assert shown(event="S15").provenance["Appointment.status"][0] == "MSH^1^9"
    assert "SCH^1^25^1^1" in shown(event="S14").provenance["Appointment.status"]


def test_a_value_told_twice_names_both_places() -> None:
    twice = shown(ROWS[0], "AIP|1||D1^Doe", "AIP|2||D1^Doe|CON")
    assert twice.provenance["Practitioner.identifier[0].value"] == ("AIP^1^3^1^1", "AIP^2^3^1^1")


def test_a_message_that_names_nobody_says_so_in_the_preview() -> None:
    assert shown("ZZZ|1").issues[-1].diagnostics.startswith("The message names nobody")


def test_what_is_refused_says_why_and_where() -> None:
    found = shown(sch={2: "", 1: ""})
    assert (found.refused, found.resources) == (True, ())
    assert found.issues[0].expression == ("SCH^1^2", "SCH^1^1")


def changes(before: SenderProfile, after: SenderProfile, **options: object) -> list[Difference]:
    raw = siu(*ROWS, **options)  # type: ignore[arg-type]
    return list(differences(preview(raw, before, NOW), preview(raw, after, NOW)))


def test_the_same_profile_changes_nothing() -> None:
    assert changes(DEFAULT_PROFILE, SenderProfile()) == []


def test_another_profile_changes_what_it_reads_otherwise() -> None:
    numeric = SenderProfile(statuses={"3": "fulfilled"})
    assert changes(DEFAULT_PROFILE, numeric, event="S14", sch={25: "3"}) == [
        Difference("Appointment.status", None, "fulfilled")
    ]


def test_a_message_that_would_be_read_at_last_says_so() -> None:
    visits = SenderProfile(identity_fields=("MSH-10",))
    (found,) = changes(DEFAULT_PROFILE, visits, sch={1: "", 2: ""})
    assert found.path == ""
    assert found.before.startswith("refused: the appointment has neither")
    assert found.after == "read: S12, booked, 2026-03-10T09:00:00+03:00"


def test_what_is_not_needed_comes_to_nothing_and_a_profile_can_change_that() -> None:
    raw = siu(*ROWS)
    taken = preview(raw, SenderProfile(filtered=("SIU",)), NOW)
    assert (taken.event, taken.refused, taken.resources) == ("nothing", False, ())
    (change,) = differences(taken, preview(raw, DEFAULT_PROFILE, NOW))
    assert change.before == "taken, and nothing is changed"
    assert str(change.after).startswith("read: S12, booked")
