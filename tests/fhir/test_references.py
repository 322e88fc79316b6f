"""Does a Reference point to what it may, and is what is contained in its place?"""

from typing import Any

import pytest

from tests.fhir.builders import a_slot, an_appointment, issues, refusal

_WHERE = "Slot.schedule.reference"
_INNER = {"resourceType": "Patient", "id": "inner", "active": True}
_POINTER = [{"reference": "#inner"}]


@pytest.mark.parametrize(
    "text",
    [
        "Schedule/1",
        "Schedule/1/_history/3",
        "https://other.example/fhir/Schedule/1",
        "https://other.example/fhir/Patient/1",
        "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        "urn:oid:1.2.3",
    ],
)
def test_a_literal_reference_has_one_of_these_forms(text: str) -> None:
    assert refusal(a_slot(schedule={"reference": text})) is None


@pytest.mark.parametrize(
    "text", ["1", "Schedule", "Schedule/", "Schedule/a_b", "Schedule?x=1", "/Schedule/1", "a b:c"]
)
def test_any_other_text_is_no_reference(text: str) -> None:
    assert issues(a_slot(schedule={"reference": text})) == [("value", _WHERE)]


@pytest.mark.parametrize("text", ["Patient/1", "Nonsense/1", "Schedules/1"])
def test_a_reference_names_a_type_that_is_allowed_there(text: str) -> None:
    assert issues(a_slot(schedule={"reference": text})) == [("value", _WHERE)]
    assert "must point to Schedule" in str(refusal(a_slot(schedule={"reference": text})))


def test_where_any_type_is_allowed_it_is_still_one_of_r4() -> None:
    fine = an_appointment(supportingInformation=[{"reference": "Media/1"}])
    wrong = an_appointment(supportingInformation=[{"reference": "Nonsense/1"}])
    assert issues(fine) == []
    assert issues(wrong) == [("value", "Appointment.supportingInformation[0].reference")]


def test_a_logical_reference_may_say_its_type_and_it_is_checked() -> None:
    identifier = {"system": "urn:x", "value": "1"}
    assert issues(a_slot(schedule={"identifier": identifier, "type": "Schedule"})) == []
    assert issues(a_slot(schedule={"identifier": identifier, "type": "Patient"})) == [
        ("value", "Slot.schedule.type")
    ]
    assert issues(a_slot(schedule={"display": "Dr A"})) == []


def test_what_is_contained_is_pointed_to_and_pointed_at() -> None:
    resource = an_appointment(contained=[_INNER], supportingInformation=_POINTER)
    assert refusal(resource) is None
    assert issues(an_appointment(contained=[_INNER])) == [("invariant", "Appointment.contained[0]")]
    assert issues(an_appointment(supportingInformation=_POINTER)) == [
        ("invariant", "Appointment.supportingInformation[0].reference")
    ]


def test_what_is_contained_may_point_to_its_container_instead() -> None:
    person = {
        "resourceType": "RelatedPerson",
        "id": "r",
        "patient": {"reference": "#"},
    }
    resource = {"resourceType": "Patient", "id": "p", "contained": [person]}
    assert issues(resource) == []


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ({"resourceType": "Nonsense", "id": "inner"}, ("structure", ".resourceType")),
        ({"id": "inner"}, ("structure", ".resourceType")),
        ({"resourceType": "Resource", "id": "inner"}, ("structure", ".resourceType")),
        (_INNER | {"foo": 1}, ("structure", ".foo")),
        (_INNER | {"contained": [_INNER]}, ("invariant", ".contained")),
        (_INNER | {"meta": {"versionId": "1"}}, ("invariant", ".meta.versionId")),
        (_INNER | {"meta": {"security": [{"code": "x"}]}}, ("invariant", ".meta.security")),
        ({"resourceType": "Patient", "active": True}, ("required", ".id")),
        ("text", ("structure", "")),
    ],
)
def test_what_is_contained_is_a_plain_resource_with_an_id(
    inner: Any, found: tuple[str, str]
) -> None:
    resource = an_appointment(contained=[inner], supportingInformation=_POINTER)
    code, tail = found
    assert (code, f"Appointment.contained[0]{tail}") in issues(resource)


def test_a_contained_resource_of_a_type_that_is_not_served_is_looked_at_as_well() -> None:
    medication = {"resourceType": "Medication", "id": "inner", "status": "active"}
    fine = an_appointment(contained=[medication], supportingInformation=_POINTER)
    wrong = an_appointment(contained=[medication | {"foo": 1}], supportingInformation=_POINTER)
    error = refusal(wrong)
    assert refusal(fine) is None
    assert error is not None
    assert error.issues[0].expression == ("Appointment.contained[0].foo",)


def test_resources_in_a_bundle_have_contained_ones_of_their_own() -> None:
    entry = {
        "resource": an_appointment(contained=[_INNER], supportingInformation=_POINTER),
        "request": {"method": "POST", "url": "Appointment"},
    }
    other = {
        "resource": an_appointment(supportingInformation=_POINTER),
        "request": {"method": "POST", "url": "Appointment"},
    }
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry, other]}
    where = "Bundle.entry[1].resource.supportingInformation[0].reference"
    assert issues(bundle) == [("invariant", where)]
