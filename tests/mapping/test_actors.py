"""Who and what takes part?"""

import pytest

from fhir_gateway.mapping.profiles import SenderProfile
from tests.mapping.builders import BASE, actor, read, validate

PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
PENDING = {25: "Pending"}


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("PROVIDER", "Practitioner"), ("Attending Physician", "Practitioner"),
        ("1^Doctor^L", "Practitioner"), ("nurse", "Practitioner"), ("ROOM", "Location"),
        ("^Location", "Location"), ("011^Lab Equipment^L", "Device"), ("DEVICE", "Device"),
        ("", "Device"), ("THING", "Device"),
    ],
)  # fmt: skip
def test_the_words_of_aig_4_tell_what_a_general_resource_is(words: str, kind: str) -> None:
    found = actor(read(f"AIG|1||7^Seven^L|{words}"), "AIG^1^3")
    assert found.type == kind
    assert found.resource["identifier"] == [{"system": f"{BASE}:{kind.lower()}", "value": "7"}]
    assert found.display == "Seven"
    validate(read(f"AIG|1||7^Seven^L|{words}"))


@pytest.mark.parametrize("kind", ["Practitioner", "Location", "Device"])
def test_the_profile_tells_what_a_general_resource_is_where_aig_4_does_not(kind: str) -> None:
    found = read("AIG|1||7^Seven", profile=SenderProfile(aig_role=kind))  # type: ignore[arg-type]
    assert actor(found, "AIG^1^3").type == kind


def test_a_person_with_a_name_only_takes_part_without_becoming_a_resource() -> None:
    found = actor(read("AIP|1||^Hall^Ann"), "AIP^1^3")
    assert found.resource == {"display": "Ann Hall"}
    assert (found.type, found.schedule_key) == (None, None)


def test_the_repetitions_of_one_person_are_its_identifiers() -> None:
    people = [
        each
        for each in read("AIP|1||D1^Hall^Ann~N2^HALL^ANN^^^^^^NPI^^^^NPI").actors
        if each.source == "AIP^1^3"
    ]
    assert len(people) == 1
    known = people[0].resource["identifier"]
    assert [(each["system"], each["value"]) for each in known] == [
        (f"{BASE}:practitioner", "D1"),
        ("http://hl7.org/fhir/sid/us-npi", "N2"),
    ]


def test_repetitions_with_other_names_are_other_people() -> None:
    assert len(read("AIP|1||D1^Hall^Ann~D2^Wall^Bob").actors) == 2


def test_every_repetition_of_a_place_is_a_place() -> None:
    found = read("AIL|1||POC^R1~POC^R2")
    values = [each.resource["identifier"][0]["value"] for each in found.actors]
    assert values == ["POC^R1", "POC^R2"]


@pytest.mark.parametrize(
    ("written", "value", "code", "name"),
    [
        ("4E^136^B^Hosp^^^Main^2", "4E^136^B^Hosp^^^Main^2", "bd", "B"),
        ("4E^136", "4E^136", "ro", "136"),
        ("4E^^^Hosp^^^^3", "4E^^^Hosp^^^^3", "lvl", "3"),
        ("4E^^^Hosp", "4E^^^Hosp", None, "4E"),
        ("^^^Hosp^^^Main", "^^^Hosp^^^Main", "bu", "Main"),
        ("^^^Hosp", "^^^Hosp", "si", "Hosp"),
        ("11&X-Ray Room&L", "11", None, "X-Ray Room"),
    ],
)
def test_a_place_is_known_by_its_whole_path(
    written: str, value: str, code: str | None, name: str
) -> None:
    place = actor(read(f"AIL|1||{written}"), "AIL^1^3").resource
    assert place["identifier"] == [{"system": f"{BASE}:location", "value": value}]
    assert place["name"] == name
    codes = [each["code"] for each in place.get("physicalType", {}).get("coding", ())]
    assert codes == ([code] if code else [])


def test_the_wider_place_is_named_too() -> None:
    place = actor(read("AIL|1||4E^136^B"), "AIL^1^3").resource
    assert place["partOf"]["identifier"]["value"] == "4E^136"


def test_a_comprehensive_place_identifier_wins_over_the_path() -> None:
    place = actor(read("AIL|1||^R1^^^^^^^Room 1^r-1&&https://x.example/places&URI"), "AIL^1^3")
    assert place.resource["identifier"] == [{"system": "https://x.example/places", "value": "r-1"}]
    assert place.resource["description"] == "Room 1"


def test_contacts_are_only_asked_and_hold_no_time() -> None:
    found = read(sch={12: "C1^Clerk", 13: "^WPN^PH^^^^555", 16: "C2^Chief"})
    placer, filler = found.actors
    for each, text in ((placer, "placer contact"), (filler, "filler contact")):
        assert each.participant == {
            "type": [{"text": text}], "required": "information-only", "status": "accepted",
        }  # fmt: skip
        assert not each.excludes
    assert placer.resource["telecom"] == [{"system": "phone", "value": "555", "use": "work"}]


def test_one_contact_of_both_sides_is_named_once() -> None:
    (only,) = read(sch={12: "C1^Clerk", 16: "C1^Clerk"}).actors
    assert [kind["text"] for kind in only.participant["type"]] == [
        "placer contact",
        "filler contact",
    ]


ATTENDED = "PV1|1|O|W^R1||||A1^Hall|||MED|||||||||V-1"


def test_the_visit_names_doctor_place_and_service_where_the_schedule_does_not() -> None:
    found = read(ATTENDED)
    doctor, place = actor(found, "PV1^1^7"), actor(found, "PV1^1^3")
    assert doctor.resource["identifier"][0]["value"] == "A1"
    assert doctor.participant["type"][0]["coding"][0]["code"] == "ATND"
    assert place.resource["identifier"][0]["value"] == "W^R1"
    assert found.appointment["serviceType"][0]["coding"][0]["code"] == "MED"
    validate(found)


@pytest.mark.parametrize("row", ["AIP|1||D1^Hall", "AIP|1||^Hall", "AIG|1||D1^Hall|PROVIDER"])
def test_the_doctor_of_the_visit_is_not_added_to_one_of_the_schedule(row: str) -> None:
    sources = [each.source for each in read(ATTENDED, row).actors]
    assert "PV1^1^7" not in sources
    assert "PV1^1^3" in sources


def test_the_place_and_service_of_the_visit_are_not_added_to_those_of_the_schedule() -> None:
    found = read(ATTENDED, "AIL|1||L1", "AIS|1||X")
    assert "PV1^1^3" not in [each.source for each in found.actors]
    assert len(found.appointment["serviceType"]) == 1


@pytest.mark.parametrize(
    ("group", "own", "action"),
    [
        ("D", "A", "D"), ("D", "", "D"), ("A", "", "A"), ("A", "D", "D"), ("U", "A", "A"),
        ("X", "", "X"), ("", "", None), ("", "U", "U"), ("", "C", "U"), ("", "E", None),
    ],
)  # fmt: skip
def test_the_action_of_a_group_is_that_of_its_rows(
    group: str, own: str, action: str | None
) -> None:
    found = read(f"RGS|1|{group}", f"AIP|1|{own}|D1^Hall", f"AIS|1|{own}|X")
    assert actor(found, "AIP^1^3").action == action
    assert found.services[0].action == action


def test_a_group_ends_where_the_next_begins() -> None:
    found = read("RGS|1|D", "AIP|1||D1^Hall", "RGS|2|A", "AIP|1||D2^Wall")
    assert [each.action for each in found.actors] == ["D", "A"]


def test_a_service_that_is_deleted_is_told_but_not_set() -> None:
    found = read("AIS|1|D|X", "AIS|2|A|Y")
    codes = [kind["coding"][0]["code"] for kind in found.appointment["serviceType"]]
    assert codes == ["Y"]
    assert len(found.services) == 2


@pytest.mark.parametrize(
    ("rows", "complete"),
    [
        (["AIP|1||D1^Hall", "AIL|1||L1", "AIG|1||G1", "AIS|1||X"],
         {"Practitioner", "Location", "Device", "serviceType"}),
        (["AIP|1|A|D1^Hall", "AIL|1||L1"], {"Location"}),
        (["AIP|1|A|D1^Hall", "AIP|2||D2^Wall"], set()),
        (["RGS|1|U", "AIP|1||D1^Hall"], set()),
        ([ATTENDED], set()),
        ([], set()),
    ],
)  # fmt: skip
def test_a_list_is_complete_where_no_row_of_it_has_an_action_code(
    rows: list[str], complete: set[str]
) -> None:
    assert read(*rows).snapshot == complete


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Booked", "accepted"), ("Started", "accepted"), ("Complete", "accepted"),
        ("Overbook", "accepted"), ("Pending", "tentative"), ("Waitlist", "tentative"),
        ("Tentative", "tentative"), ("Cancelled", "declined"), ("Deleted", "declined"),
        ("Dc", "declined"), ("Noshow", "declined"), ("", "needs-action"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("row", ["AIG|1||7^N{}|{}", "AIL|1||L{}|{}", "AIP|1||D^N{}|{}"])
def test_the_status_of_a_row_is_that_of_its_participant(row: str, said: str, status: str) -> None:
    blanks = "|" * (10 if row.startswith("AIG") else 8)
    (found,) = read(row.format(blanks, said), sch=PENDING).actors
    assert found.participant["status"] == status


@pytest.mark.parametrize("said", ["Booked", "Arrived", "Started", "Complete"])
def test_who_takes_part_in_what_is_booked_has_accepted(said: str) -> None:
    found = read("AIP|1||D1^Hall", "PID|1||MRN", sch={25: said})
    assert found.actors[0].participant["status"] == "accepted"
    assert found.patient_participant == {"required": "required", "status": "accepted"}


def test_the_status_of_a_row_never_becomes_that_of_the_appointment() -> None:
    found = read("AIS|1||X|||||||Cancelled", sch={25: "Booked"})
    assert found.status == "booked"


@pytest.mark.parametrize(
    ("said", "required"), [("No", "required"), ("NO", "required"), ("Yes", None)]
)
def test_who_may_not_be_replaced_is_required(said: str, required: str | None) -> None:
    found = actor(read(f"AIP|1||D1^Hall||||||||{said}"), "AIP^1^3")
    assert found.participant.get("required") == required


@pytest.mark.parametrize(("role", "code"), [("ATND", "ATND"), ("AT", "ATND"), ("RP", "REF")])
def test_a_known_role_is_a_participation_type(role: str, code: str) -> None:
    found = actor(read(f"AIP|1||D1^Hall|{role}"), "AIP^1^3")
    coding = found.participant["type"][0]["coding"][0]
    assert (coding["system"], coding["code"]) == (PARTICIPATION, code)


def test_another_role_stays_the_senders() -> None:
    found = actor(read("AIP|1||D1^Hall|010^Surgeon^L"), "AIP^1^3")
    assert found.participant["type"] == [
        {"coding": [{"system": f"{BASE}:role", "code": "010", "display": "Surgeon"}]}
    ]


def test_the_same_actor_in_two_groups_takes_part_once_with_both_roles() -> None:
    (only,) = read("RGS|1", "AIP|1||D1^Hall|R1", "RGS|2", "AIP|1||D1^Hall|R2").actors
    assert len(only.participant["type"]) == 2


def test_the_same_actor_at_two_times_takes_part_twice() -> None:
    early, late = "20260310090000+0300|||10|min", "20260310091000+0300|||10|min"
    assert len(read(f"AIP|1||D1^Hall|||{early}", f"AIP|2||D1^Hall|||{late}").actors) == 2


def test_rows_that_name_nothing_are_nobody() -> None:
    assert read("AIP|1", "AIG|1", "AIL|1", "AIS|1", "RGS").actors == ()
