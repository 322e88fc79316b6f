"""Who is meant by a message, and who takes part then? Decision 5; hl7v2.md 1.4 and 2.3."""

import pytest

from fhir_gateway.core.codes import TASK_MATCH_IDENTITY
from fhir_gateway.usecases import tasks
from tests.usecases.builders import Resource, a_location
from tests.usecases.ehr import ANN, DOE, ROE, Ehr, known_here, known_patient, number_of, siu


def shown(appointment: Resource) -> list[str]:
    """What the participants are called, in order."""
    return [each["actor"]["display"] for each in appointment["participant"]]


async def the(ehr: Ehr, type_name: str) -> Resource:
    (found,) = await ehr.clinic.all(type_name)
    return found


async def test_a_patient_is_known_by_number_and_not_by_name(ehr: Ehr) -> None:
    await ehr.send(
        siu("S12", id_="F-1", patient={3: "A1", 5: "Ash^Ann"}),
        siu("S12", id_="F-2", start="10:00", patient={3: "A1", 5: "Ash-Miller^Ann"}),
        siu("S12", id_="F-3", start="11:00", patient={3: "A2", 5: "Ash-Miller^Ann"}),
    )
    names = [each["name"][0]["family"] for each in await ehr.clinic.all("Patient")]
    assert names == ["Ash-Miller", "Ash-Miller"]


async def test_a_patient_of_the_clinic_is_found_by_the_number_of_the_ehr(ehr: Ehr) -> None:
    await ehr.clinic.put(known_patient() | {"gender": "female"})
    booked = await ehr.sends("S12")
    assert booked["participant"][0]["actor"]["reference"] == "Patient/ann"
    patient = await the(ehr, "Patient")
    assert (patient["gender"], patient["name"][0]["family"]) == ("female", "Ash")


async def test_a_new_number_of_a_known_patient_is_kept_beside_the_old_one(ehr: Ehr) -> None:
    await ehr.send(siu("S12"), siu("S14", patient={3: "A1~A9^^^OTHER", 5: "Ash^Ann"}))
    await ehr.sends("S14", patient={3: "A9^^^OTHER", 5: "Ash^Anna"})
    patient = await the(ehr, "Patient")
    assert [each["value"] for each in patient["identifier"]] == ["A1", "A9"]
    assert patient["name"][0]["given"] == ["Anna"]


async def test_a_patient_without_a_number_is_a_name_in_the_appointment(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", patient={5: "Ash^Ann"})
    assert booked["participant"][0]["actor"] == {"type": "Patient", "display": "Ann Ash"}
    assert await ehr.clinic.all("Patient") == []


async def test_what_nobody_tells_about_a_patient_stays_and_what_is_deleted_goes(ehr: Ehr) -> None:
    told = ANN | {7: "19800102", 8: "F", 11: "^^Bern", 13: "555"}
    await ehr.sends("S12", patient=told)
    await ehr.sends("S14", patient=ANN | {11: '""'})
    patient = await the(ehr, "Patient")
    assert (patient["birthDate"], patient["gender"]) == ("1980-01-02", "female")
    assert patient["telecom"][0]["value"] == "555"
    assert "address" not in patient


@pytest.mark.parametrize(
    ("first", "second", "known"),
    [
        ({29: "20260101120000+0000"}, {30: "Y"}, "deceasedBoolean"),
        ({30: "N"}, {29: "20260101120000+0000"}, "deceasedDateTime"),
        ({24: "Y"}, {25: "2"}, "multipleBirthInteger"),
    ],
)
async def test_a_fact_told_in_another_type_takes_the_place_of_the_first(
    ehr: Ehr, first: dict[int, str], second: dict[int, str], known: str
) -> None:
    await ehr.send(siu("S12", patient=ANN | first), siu("S14", patient=ANN | second))
    assert (await ehr.last()).state == "sent"
    patient = await the(ehr, "Patient")
    found = [each for each in patient if each.startswith(("deceased", "multipleBirth"))]
    assert found == [known]


async def test_extensions_that_the_feed_does_not_know_are_left_to_others(ehr: Ehr) -> None:
    own = {"url": "http://clinic.example/vip", "valueBoolean": True}
    await ehr.clinic.put(known_patient() | {"extension": [own]})
    await ehr.sends("S12", patient=ANN | {6: "Oak"})
    extensions = (await the(ehr, "Patient"))["extension"]
    assert own in extensions
    assert "Oak" in [each.get("valueString") for each in extensions]


async def test_of_doctors_and_places_only_gaps_are_filled(ehr: Ehr) -> None:
    await ehr.clinic.put(known_here() | {"name": [{"text": "Prof. Jane Doe"}]})
    await ehr.clinic.put(a_location(identifier=[number_of("location", "W1^R7")]))
    booked = await ehr.sends("S12", more=("AIL|||W1^R7",))
    assert shown(booked) == ["Ann Ash", "Prof. Jane Doe", "R7"]
    assert (await the(ehr, "Location"))["name"] == "R7"


async def test_an_unchanged_record_gets_no_new_version(ehr: Ehr) -> None:
    await ehr.sends("S12", more=("AIL|||W1^R7",))
    await ehr.sends("S14", more=("AIL|||W1^R7",))
    for each in ("Patient", "Practitioner", "Location"):
        assert (await the(ehr, each))["meta"]["versionId"] == "1"


async def test_numbers_of_two_patients_in_one_message_are_for_people_to_decide(ehr: Ehr) -> None:
    await ehr.clinic.put(known_patient(), known_patient("bob", "B1"))
    before = await ehr.counts()
    view = await ehr.send(siu("S12", patient={3: "A1~B1"}, people=({3: "D9^New"},)))
    assert view.code == "AA"
    entry = await ehr.last()
    assert (entry.state, entry.details) == ("error", ["ambiguous-identity"])
    task = await the(ehr, "Task")
    assert tasks.holds(task, TASK_MATCH_IDENTITY)
    candidates = [str(each) for each in tasks.references(task, "candidate")]
    assert candidates == ["Patient/ann", "Patient/bob"]
    assert await ehr.counts() == before | {"Task": 1}


async def test_a_doubt_about_a_doctor_leaves_the_patient_untouched(ehr: Ehr) -> None:
    await ehr.clinic.put(known_here(), known_here("p2", "D2"))
    before = await ehr.counts()
    await ehr.send(siu("S12", people=({3: "D1^Doe^Jane~D2^Doe^Jane"},)))
    assert await ehr.counts() == before | {"Task": 1}


async def test_ids_of_two_appointments_in_one_message_are_for_people_to_decide(ehr: Ehr) -> None:
    await ehr.send(siu("S12", id_="F-1"), siu("S12", id_="", sch={1: "P-1"}, start="11:00"))
    await ehr.send(siu("S15", id_="F-1", sch={1: "P-1"}))
    assert (await ehr.last()).state == "error"
    statuses = [each["status"] for each in await ehr.clinic.all("Appointment")]
    assert statuses == ["booked", "booked"]


async def test_a_repeated_doubt_is_one_task(ehr: Ehr) -> None:
    await ehr.clinic.put(known_patient(), known_patient("bob", "B1"))
    await ehr.send(*[siu("S12", patient={3: "A1~B1"})] * 2)
    assert len(await ehr.clinic.all("Task")) == 1


async def test_several_patients_share_an_appointment(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", more=("PID|2||B1||Bo^Bea",))
    assert shown(booked) == ["Ann Ash", "Bea Bo", "Jane Doe"]


async def test_action_codes_say_who_comes_and_who_goes(ehr: Ehr) -> None:
    await ehr.sends("S12", people=({2: "A"} | DOE, {2: "A", 3: "D3^Three"}))
    people = ({2: "D", 3: "D3^Three"}, {2: "A"} | ROE)
    changed = await ehr.sends("S14", people=people)
    assert shown(changed) == ["Ann Ash", "Jane Doe", "Max Roe"]


async def test_a_row_that_says_no_change_changes_nothing(ehr: Ehr) -> None:
    before = await ehr.sends("S12", people=({4: "ATND"} | DOE,))
    after = await ehr.sends("S14", people=({2: "X"} | DOE, {2: "A"} | ROE))
    assert after["participant"][:2] == before["participant"]
    assert shown(after) == ["Ann Ash", "Jane Doe", "Max Roe"]


async def test_rows_without_action_codes_are_the_whole_list_of_their_kind(ehr: Ehr) -> None:
    await ehr.sends("S12", people=(DOE, {3: "^Four^Fay"}), more=("AIL|||W1^R7",))
    changed = await ehr.sends("S13", people=(ROE,))
    assert shown(changed) == ["Ann Ash", "R7", "Max Roe"]


async def test_a_kind_that_is_not_listed_stays(ehr: Ehr) -> None:
    await ehr.sends("S12", more=("AIL|||W1^R7", "AIS|||a^A^L"))
    changed = await ehr.sends("S14", people=(), more=("AIL|||W1^R8",))
    assert shown(changed) == ["Ann Ash", "Jane Doe", "R8"]
    assert len(changed["serviceType"]) == 1


async def test_services_follow_their_action_codes_or_are_listed_completely(ehr: Ehr) -> None:
    def codes(appointment: Resource) -> list[str]:
        return [each["coding"][0]["code"] for each in appointment["serviceType"]]

    await ehr.sends("S12", more=("AIS|1||a^A^L", "AIS|2||b^B^L"))
    changed = await ehr.sends("S14", more=("AIS|1|D|a^A^L", "AIS|2|A|c^C^L"))
    assert codes(changed) == ["b", "c"]
    assert codes(await ehr.sends("S14", more=("AIS|1||d^D^L",))) == ["d"]


async def test_two_quotes_delete_what_is_held(ehr: Ehr) -> None:
    told = {7: "knee^Pain^L", 8: "NORMAL", 26: "O-1"}
    booked = await ehr.sends("S12", sch=told, more=("NTE|1||Note",))
    assert {"reasonCode", "appointmentType", "basedOn", "comment"} <= set(booked)
    emptied = dict.fromkeys((7, 8, 26), '""')
    changed = await ehr.sends("S14", sch=emptied, more=('NTE|1||""',))
    assert not {"reasonCode", "appointmentType", "basedOn", "comment"} & set(changed)


async def test_whom_to_ask_is_a_participant_for_information(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", sch={16: "C9^Desk"})
    (contact,) = [e for e in booked["participant"] if e.get("required") == "information-only"]
    assert contact["type"] == [{"text": "filler contact"}]


async def test_a_doctor_who_is_the_contact_too_still_takes_part(ehr: Ehr) -> None:
    booked = await ehr.sends("S12", sch={16: "D1^Doe^Jane"})
    doctor = [e for e in booked["participant"] if e["actor"]["display"] == "Jane Doe"]
    assert [each.get("required") for each in doctor] == [None, "information-only"]
    assert [each["status"] for each in await ehr.clinic.all("Slot")] == ["busy"]
    again = await ehr.sends("S14", sch={16: "D1^Doe^Jane", 7: "knee"})
    assert again["participant"] == booked["participant"]


async def test_a_list_of_people_leaves_the_contacts_alone(ehr: Ehr) -> None:
    await ehr.sends("S12", sch={12: "C9^Desk", 16: "C9^Desk"})
    changed = await ehr.sends("S14", people=(ROE,))
    assert shown(changed) == ["Ann Ash", "Desk", "Max Roe"]


async def test_a_new_contact_takes_over_from_the_old_one(ehr: Ehr) -> None:
    await ehr.sends("S12", sch={12: "C9^Desk", 16: "C9^Desk"})
    changed = await ehr.sends("S14", sch={16: "C8^Office"})
    contacts = [
        (each["actor"]["display"], each["type"])
        for each in changed["participant"]
        if each.get("required") == "information-only"
    ]
    assert contacts == [("Desk", [{"text": "placer contact"}]),
                        ("Office", [{"text": "filler contact"}])]  # fmt: skip


async def test_who_comes_twice_is_named_twice(ehr: Ehr) -> None:
    twice = (DOE | {6: "20270105090000+0000", 9: "10", 10: "min"},
             DOE | {6: "20270105093000+0000", 9: "10", 10: "min"})  # fmt: skip
    times = {7: "20270105090000+0000", 8: "20270105100000+0000"}
    booked = await ehr.sends("S12", start="", tq1=times, people=twice)
    starts = [e["period"]["start"] for e in booked["participant"] if "period" in e]
    assert starts == ["2027-01-05T09:00:00Z", "2027-01-05T09:30:00Z"]
    assert (await ehr.sends("S14", start="", tq1=times, people=twice))["participant"] == (
        booked["participant"]
    )


async def test_a_doctor_who_declines_is_free(ehr: Ehr) -> None:
    await ehr.sends("S12", people=(DOE, ROE))
    changed = await ehr.sends("S14", people=(DOE | {12: "Cancelled"}, ROE))
    statuses = {e["actor"]["display"]: e["status"] for e in changed["participant"]}
    assert statuses == {"Ann Ash": "accepted", "Jane Doe": "declined", "Max Roe": "accepted"}
    assert sorted(each["status"] for each in await ehr.clinic.all("Slot")) == ["busy", "free"]
