"""Every public SIU sample, read: status, times, participants, identifiers."""

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from tests.mapping.builders import SAMPLES, intent, sample, validate, warned

APP = "urn:fhir-gateway:v2:SCHApp:GHHSFacility"
NAMES = sorted(
    path.stem.removeprefix("microsoft_FHIR-Converter__") for path in SAMPLES.glob("*SIU-S*.hl7")
)
_LONG = ("2021-09-24T09:30:00+02:15", "2021-09-24T10:20:00+02:15", 50)
_SHORT = ("2021-08-18T11:30:00+02:15", "2021-08-18T12:30:00+02:15", 60)
_MOVED = ("2021-08-20T11:30:00+02:15", "2021-08-20T12:30:00+02:15", 60)
STATUS = {
    "S12": "booked", "S13": "booked", "S14": "booked", "S15": "cancelled", "S16": "cancelled",
    "S17": "entered-in-error", "S26": "noshow",
}  # fmt: skip


def test_all_fifteen_samples_are_there() -> None:
    assert len(NAMES) == 15


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_gives_resources_that_are_valid(name: str) -> None:
    validate(intent(sample(name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_gives_the_status_that_its_event_means(name: str) -> None:
    found = intent(sample(name))
    event = name.split("-")[1].split("_")[0]
    assert (found.event, found.event_effective) == (event, event)
    assert found.status == found.appointment["status"] == STATUS[event]


@pytest.mark.parametrize("name", [n for n in NAMES if n != "SIU-S12_1"])
def test_a_sample_gives_the_times_of_tq1(name: str) -> None:
    found = intent(sample(name)).appointment
    expected = _LONG if name.endswith("-01") else _MOVED if name == "SIU-S13-02" else _SHORT
    assert (found["start"], found["end"], found["minutesDuration"]) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_known_by_filler_id_before_placer_id(name: str) -> None:
    found = intent(sample(name))
    kinds = [key["type"]["coding"][0]["code"] for key in found.keys]
    assert kinds == ["FILL", "PLAC"]
    assert [key["value"] for key in found.keys] == ["36996", "12345"]
    assert found.appointment["identifier"][:2] == list(found.keys)


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith("-01")])
def test_the_first_samples_name_a_device_a_room_a_doctor_and_a_contact(name: str) -> None:
    found = intent(sample(name))
    room = "055^Room02^^GH Clinic" if name == "SIU-S14-01" else "055^Room01^^GH Clinic"
    known = [each.resource["identifier"][0] for each in found.actors]
    assert [(each["system"], each["value"]) for each in known] == [
        (f"{APP}:device", "5001"),
        (f"{APP}:location", room),
        (f"{APP}:practitioner", "1210"),
        ("http://hl7.org/fhir/sid/us-npi", "9941339109"),
    ]
    assert [each.excludes for each in found.actors] == [True, True, True, False]


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith("-02")])
def test_the_second_samples_name_three_groups_of_resources(name: str) -> None:
    found = intent(sample(name))
    lab = "LabUnit102" if name == "SIU-S14-02" else "LabUnit101"
    named = [(e.type, e.resource["identifier"][0]["value"]) for e in found.actors if e.excludes]
    assert named == [
        ("Device", "123"),
        ("Location", f"{lab}^Lab Room 01^^GHH Hospital"),
        ("Practitioner", "400"),
        ("Device", "1001"),
        ("Location", "DiagnosticUnit201^Imaging Room 01^^GHH Hospital"),
        ("Practitioner", "500"),
        ("Location", "OPD12^Room 55^^GHH Hospital"),
        ("Practitioner", "600"),
    ]
    codes = [kind["coding"][0]["code"] for kind in found.appointment["serviceType"]]
    assert codes == ["58410-2", "42272-5"]


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith("-01")])
def test_a_duration_of_60_seconds_loses_against_50_minutes_and_both_are_told(name: str) -> None:
    told = warned(intent(sample(name)), "conflict")
    assert "duration 50 min (TQ1^1^8) and 1 min (SCH^1^9) differ; the first is taken" in told
    assert any("2020-10-01T11:26:00+02:15 (SCH^1^11)" in each for each in told)


def test_the_patient_of_the_samples_has_each_identifier_once() -> None:
    patient = intent(sample("SIU-S12-01")).patient
    assert patient is not None
    assert [(each["system"], each["value"]) for each in patient["identifier"]] == [
        (f"{APP}:ns:test1", "PATID1234"),
        ("http://hl7.org/fhir/sid/us-ssn", "123456789"),
        (f"{APP}:ns:test", "1234567"),
        (f"{APP}:ns:test2", "PATID567"),
        ("http://hl7.org/fhir/sid/us-ssn", "PSSN123121234"),
        (f"{APP}:licence:US", "DLN-123"),
    ]
    assert (patient["birthDate"], patient["gender"]) == ("1988-08-18", "male")


def test_a_cancelled_sample_gives_its_reason_where_r4_allows_one() -> None:
    cancelled, erroneous, noshow, stopped = (
        intent(sample(f"SIU-{each}-01")).appointment for each in ("S15", "S17", "S26", "S16")
    )
    assert cancelled["cancelationReason"]["coding"][0]["code"] == "Add"
    assert stopped["cancelationReason"]["text"] == "discontinued"
    for each in (erroneous, noshow):
        assert "cancelationReason" not in each
        assert each["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "Add"


def test_the_sample_of_another_type_is_refused() -> None:
    with pytest.raises(GatewayError) as refused:
        intent(sample("SIU_12"))
    assert refused.value.category is Category.UNSUPPORTED
