"""Is the sample clinic a clinic? Valid, without contradictions, the same every time."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_gateway.core.refs import walk_references
from fhir_gateway.core.time import parse_instant
from fhir_gateway.demo.clinic import SampleClinic, sample_clinic
from tests.demo.clinics import MOMENTS, NOON, clinic_at

Resource = dict[str, Any]


@pytest.fixture(scope="module")
def clinic() -> SampleClinic:
    return clinic_at(NOON)


def _actors(appointment: Resource) -> Iterator[str]:
    return (each["actor"]["reference"] for each in appointment["participant"])


def _with_status(clinic: SampleClinic, *statuses: str) -> list[Resource]:
    return [each for each in clinic.of_type("Appointment") if each["status"] in statuses]


def test_it_has_what_it_promises(clinic: SampleClinic) -> None:
    counts = Counter(each["resourceType"] for each in clinic.resources)
    assert counts["Organization"] == 1
    assert counts["Practitioner"] == counts["PractitionerRole"] == counts["Schedule"] == 12
    assert counts["HealthcareService"] == 8
    assert counts["Location"] == 2 + 12
    assert counts["Device"] == 2
    assert counts["Patient"] == 300
    assert len(_with_status(clinic, "waitlist")) == 25


def test_about_seventy_percent_of_the_slots_are_booked(clinic: SampleClinic) -> None:
    booked = sum(len(each["slot"]) for each in _with_status(clinic, "booked"))
    assert 0.66 < booked / len(clinic.of_type("Slot")) < 0.75


def test_history_holds_visits_and_missed_ones_and_nothing_open(clinic: SampleClinic) -> None:
    past = [
        each
        for each in clinic.of_type("Appointment")
        if "end" in each and parse_instant(each["end"]) <= NOON
    ]
    statuses = Counter(each["status"] for each in past)
    assert set(statuses) == {"fulfilled", "noshow", "cancelled"}
    assert statuses["noshow"] > 20


def test_every_resource_is_valid_r4b(clinic: SampleClinic) -> None:
    for each in clinic.resources:
        get_fhir_model_class(each["resourceType"]).model_validate(each)


def test_every_resource_comes_after_what_it_refers_to(clinic: SampleClinic) -> None:
    seen: set[str] = set()
    for each in clinic.resources:
        missing = {element["reference"] for _, element in walk_references(each, "")} - seen
        assert missing == set()
        seen.add(f"{each['resourceType']}/{each['id']}")
    assert len(seen) == len(clinic.resources)


def test_appointments_keep_app_1_to_4(clinic: SampleClinic) -> None:
    for each in clinic.of_type("Appointment"):
        timeless = each["status"] in {"proposed", "cancelled", "waitlist"}
        assert all("type" in part or "actor" in part for part in each["participant"])
        assert ("start" in each) == ("end" in each)
        assert "start" in each or timeless
        assert "cancelationReason" not in each or each["status"] in {"cancelled", "noshow"}


@pytest.mark.parametrize("now", MOMENTS, ids=lambda now: f"{now:%a %H}")
def test_nobody_is_in_two_places_at_once(now: datetime) -> None:
    times: dict[str, list[tuple[datetime, datetime]]] = {}
    clinic = clinic_at(now)
    for each in _with_status(clinic, "booked", "fulfilled", "noshow"):
        for actor in _actors(each):
            span = (parse_instant(each["start"]), parse_instant(each["end"]))
            times.setdefault(actor, []).append(span)
    for spans in times.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


def test_a_booking_covers_exactly_its_slots_of_its_doctor(clinic: SampleClinic) -> None:
    slots = {f"Slot/{each['id']}": each for each in clinic.of_type("Slot")}
    doctor_of = {
        f"Schedule/{each['id']}": each["actor"][0]["reference"]
        for each in clinic.of_type("Schedule")
    }
    for each in _with_status(clinic, "booked"):
        own = [slots[part["reference"]] for part in each["slot"]]
        assert (own[0]["start"], own[-1]["end"]) == (each["start"], each["end"])
        assert all(doctor_of[slot["schedule"]["reference"]] in _actors(each) for slot in own)
        assert all(each["serviceType"][0] in slot["serviceType"] for slot in own)


def test_a_slot_is_booked_once(clinic: SampleClinic) -> None:
    booked = [part["reference"] for each in _with_status(clinic, "booked") for part in each["slot"]]
    assert len(booked) == len(set(booked))


def test_every_patient_has_a_name_in_both_scripts(clinic: SampleClinic) -> None:
    for patient in clinic.of_type("Patient"):
        latin, arabic = (name["text"] for name in patient["name"])
        assert latin.isascii()
        assert all("؀" <= letter <= "ۿ" for letter in arabic.replace(" ", ""))


@pytest.mark.parametrize("now", MOMENTS, ids=lambda now: f"{now:%a %H}")
def test_the_showcase_is_ahead_and_several_people_wait_for_it(now: datetime) -> None:
    clinic = clinic_at(now)
    showcase = clinic.get(f"Appointment/{clinic.showcase}")
    assert showcase["status"] == "booked"
    assert now + timedelta(hours=26) <= parse_instant(showcase["start"]) < now + timedelta(days=5)
    assert len(clinic.eligible) >= 3
    for id_ in clinic.eligible:
        assert clinic.get(f"Appointment/{id_}")["serviceType"] == showcase["serviceType"]


def test_people_on_the_waitlist_have_no_booking_in_the_way(clinic: SampleClinic) -> None:
    waiting = {next(_actors(each)) for each in _with_status(clinic, "waitlist")}
    assert len(waiting) == 25
    assert waiting.isdisjoint(next(_actors(each)) for each in _with_status(clinic, "booked"))


def test_the_same_seed_gives_the_same_clinic() -> None:
    assert sample_clinic(NOON, 3).resources == sample_clinic(NOON, 3).resources
    assert sample_clinic(NOON, 3).resources != sample_clinic(NOON, 4).resources


def test_the_people_stay_the_same_from_day_to_day(clinic: SampleClinic) -> None:
    later = sample_clinic(NOON + timedelta(days=40))
    assert later.of_type("Patient") == clinic.of_type("Patient")
    assert later.of_type("Practitioner") == clinic.of_type("Practitioner")


def test_a_slot_keeps_its_id_from_day_to_day(clinic: SampleClinic) -> None:
    tomorrow = clinic_at(NOON + timedelta(days=1))
    starts = {each["id"]: each["start"] for each in clinic.of_type("Slot")}
    shared = [each for each in tomorrow.of_type("Slot") if each["id"] in starts]
    assert len(shared) > 2500
    assert all(starts[each["id"]] == each["start"] for each in shared)
