"""What is wrong with the shape of a resource, and is it said where and how?"""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.errors import Category
from fhir_gateway.fhir.findings import MAX_ISSUES
from tests.fhir.builders import a_patient, a_slot, an_appointment, issues, refusal

_EXT = {"url": "https://example.org/x", "valueString": "x"}
_FIRST = "Appointment.participant[0]"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_STATUS = "Condition.clinicalStatus"
_PATIENT = {"actor": {"reference": "Patient/1"}, "status": "accepted"}


@pytest.mark.parametrize("body", [None, [], "text", 1, True])
def test_what_is_no_object_is_invalid(body: Any) -> None:
    error = refusal(body, "Slot")
    assert error is not None
    assert error.category is Category.INVALID
    assert "a Slot" in str(error)


@pytest.mark.parametrize("kind", [None, "", 7, "Slot", "slot", "Nonsense", ["Appointment"]])
def test_a_missing_or_other_resource_type_is_invalid(kind: Any) -> None:
    error = refusal(an_appointment(resourceType=kind), "Appointment")
    assert error is not None
    assert error.category is Category.INVALID
    assert error.issues[0].expression == ("resourceType",)
    assert "must be 'Appointment'" in str(error)


def test_a_type_outside_the_table_is_a_fault_of_the_caller() -> None:
    with pytest.raises(KeyError):
        refusal({"resourceType": "Nonsense"}, "Nonsense")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"foo": 1}, ("structure", "Appointment.foo")),
        ({"fhir_comments": ["x"]}, ("structure", "Appointment.fhir_comments")),
        ({"status": None}, ("required", "Appointment.status")),
        ({"participant": None}, ("required", "Appointment.participant")),
        ({"participant": []}, ("structure", "Appointment.participant")),
        ({"participant": _PATIENT}, ("structure", "Appointment.participant")),
        ({"participant": [None]}, ("structure", "Appointment.participant[0]")),
        ({"participant": ["x"]}, ("structure", "Appointment.participant[0]")),
        ({"participant": [_PATIENT, {}]}, ("structure", "Appointment.participant[1]")),
        ({"participant": [{"type": [{"text": "x"}]}]}, ("required", f"{_FIRST}.status")),
        ({"participant": [_PATIENT | {"x": 1}]}, ("structure", f"{_FIRST}.x")),
        ({"status": ["booked"]}, ("structure", "Appointment.status")),
        ({"status": "nonsense"}, ("code-invalid", "Appointment.status")),
        ({"status": "canceled"}, ("code-invalid", "Appointment.status")),
        ({"status": ""}, ("value", "Appointment.status")),
        ({"participant": [_PATIENT | {"status": "x"}]}, ("code-invalid", f"{_FIRST}.status")),
        (
            {"participant": [_PATIENT | {"required": "x"}]},
            ("code-invalid", f"{_FIRST}.required"),
        ),
        ({"description": ""}, ("value", "Appointment.description")),
        ({"description": 1}, ("structure", "Appointment.description")),
        ({"description": {}}, ("structure", "Appointment.description")),
        ({"priority": "1"}, ("structure", "Appointment.priority")),
        ({"priority": True}, ("structure", "Appointment.priority")),
        ({"priority": Decimal("1.0")}, ("value", "Appointment.priority")),
        ({"priority": -1}, ("value", "Appointment.priority")),
        ({"minutesDuration": 0}, ("value", "Appointment.minutesDuration")),
        ({"created": "2026-02-30"}, ("value", "Appointment.created")),
        ({"id": "a_b"}, ("value", "Appointment.id")),
        ({"serviceType": []}, ("structure", "Appointment.serviceType")),
        ({"serviceType": [{}]}, ("structure", "Appointment.serviceType[0]")),
        (
            {"serviceType": [{"coding": [{"code": 1}]}]},
            ("structure", "Appointment.serviceType[0].coding[0].code"),
        ),
        ({"meta": {}}, ("structure", "Appointment.meta")),
        ({"meta": {"project": "urn:x"}}, ("structure", "Appointment.meta.project")),
        ({"text": {"status": "generated"}}, ("required", "Appointment.text.div")),
        ({"text": {"status": "x", "div": "<div/>"}}, ("value", "Appointment.text.div")),
        (
            {"requestedPeriod": [{"resourceType": "Period", "start": "2026"}]},
            ("structure", "Appointment.requestedPeriod[0].resourceType"),
        ),
    ],
)  # fmt: skip
def test_one_thing_wrong_is_found_where_it_is(
    changes: dict[str, Any], found: tuple[str, str]
) -> None:
    assert found in issues(an_appointment(**changes))


def test_null_stands_for_nothing() -> None:
    resource = an_appointment() | {"comment": None}
    assert issues(resource) == [("structure", "Appointment.comment")]


def test_everything_wrong_is_listed_in_the_order_of_the_resource() -> None:
    resource = an_appointment(status="x", priority="1", participant=[_PATIENT, {"status": "y"}])
    assert issues(resource) == [
        ("code-invalid", "Appointment.status"),
        ("code-invalid", "Appointment.participant[1].status"),
        ("invariant", "Appointment.participant[1]"),
        ("structure", "Appointment.priority"),
    ]


def test_an_issue_says_what_would_be_right() -> None:
    error = refusal(a_slot(status="taken"))
    assert error is not None
    assert error.category is Category.UNPROCESSABLE
    assert str(error) == (
        "Slot.status is 'taken'; it must be one of busy, busy-tentative, busy-unavailable, "
        "entered-in-error, free"
    )


def test_an_unknown_element_comes_with_the_known_ones() -> None:
    assert "Known are: id, meta" in str(refusal(a_slot(state="free")))


def test_the_list_of_issues_ends_somewhere() -> None:
    error = refusal(an_appointment(participant=[{"status": "x"}] * 100))
    assert error is not None
    assert len(error.issues) == MAX_ISSUES + 1
    assert "first 50" in error.issues[-1].diagnostics


def test_what_was_sent_is_shown_in_part_only() -> None:
    error = refusal(an_appointment(status="x" * 5000, **{"y" * 5000: 1}))
    assert error is not None
    assert all(len(each.diagnostics) < 800 for each in error.issues)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"name": [{"given": ["A", None], "_given": [None, {"extension": [_EXT]}]}]}, []),
        ({"name": [{"given": ["A"], "_given": [{"id": "g"}]}]}, []),
        ({"name": [{"_given": [{"extension": [_EXT]}]}]}, []),
        ({"birthDate": "2000", "_birthDate": {"extension": [_EXT]}}, []),
        ({"_birthDate": {"extension": [_EXT]}}, []),
        ({"_id": {"extension": [_EXT]}}, []),
        ({"name": [{"given": ["A", None]}]}, [("structure", "Patient.name[0].given[1]")]),
        (
            {"name": [{"given": ["A", None], "_given": [{"id": "g"}, None]}]},
            [
                ("structure", "Patient.name[0].given[1]"),
                ("structure", "Patient.name[0]._given[1]"),
            ],
        ),
        (
            {"name": [{"given": ["A", "B"], "_given": [{"id": "g"}]}]},
            [("structure", "Patient.name[0]._given")],
        ),
        ({"name": [{"_given": {"id": "g"}}]}, [("structure", "Patient.name[0]._given")]),
        ({"_birthDate": {}}, [("structure", "Patient._birthDate")]),
        ({"_birthDate": "x"}, [("structure", "Patient._birthDate")]),
        ({"_birthDate": {"x": 1}}, [("structure", "Patient._birthDate.x")]),
        ({"_name": [{"id": "n"}]}, [("structure", "Patient._name")]),
    ],
)
def test_a_primitive_can_have_an_id_and_extensions_beside_it(
    changes: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert issues(a_patient(**changes)) == found


@pytest.mark.parametrize("name", ["status", "start", "end"])
def test_an_extension_does_not_stand_for_a_code_or_instant_that_we_need(name: str) -> None:
    resource = a_slot(**{name: None, f"_{name}": {"extension": [_EXT]}})
    assert issues(resource) == [("required", f"Slot.{name}")]


@pytest.mark.parametrize(
    ("extension", "found"),
    [
        ({"valueString": "x"}, [("required", "Patient.extension[0].url")]),
        ({"url": 1, "valueString": "x"}, [("structure", "Patient.extension[0].url")]),
        ({"url": "x"}, [("invariant", "Patient.extension[0]")]),
        (_EXT | {"extension": [_EXT]}, [("invariant", "Patient.extension[0]")]),
        ({"url": "x", "extension": [_EXT]}, []),
        ({"url": "x", "_valueString": {"extension": [_EXT]}}, []),
        (_EXT | {"valueInteger": 1}, [("structure", "Patient.extension[0].value")]),
        (_EXT | {"_valueInteger": {"id": "x"}}, [("structure", "Patient.extension[0].value")]),
        (_EXT | {"_valueString": {"id": "x"}}, []),
        ({"url": "x", "valueFoo": 1}, [("structure", "Patient.extension[0].valueFoo")]),
        ({"url": "x", "valueDecimal": Decimal("1.10")}, []),
        ({"url": "x", "valueTime": 9}, [("structure", "Patient.extension[0].valueTime")]),
        ({"url": "x", "valueCode": True}, [("structure", "Patient.extension[0].valueCode")]),
        (_EXT | {"_url": {"id": "x"}}, [("structure", "Patient.extension[0]._url")]),
    ],
)  # fmt: skip
def test_an_extension_has_a_url_and_one_value_or_extensions(
    extension: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert issues(a_patient(extension=[extension])) == found


def test_a_choice_has_one_value_and_a_required_one_is_missed() -> None:
    payload: list[dict[str, Any]] = [
        {"id": "empty"},
        {"contentString": "a", "contentAttachment": {"url": "http://x"}},
    ]
    resource = {"resourceType": "Communication", "status": "completed", "payload": payload}
    assert issues(resource) == [
        ("required", "Communication.payload[0].content[x]"),
        ("structure", "Communication.payload[1].content"),
    ]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ({"coding": [{"system": _CLINICAL, "code": "active"}]}, []),
        ({"coding": [{"system": "urn:other", "code": "active"}]}, [("code-invalid", _STATUS)]),
        ({"text": "active"}, [("code-invalid", _STATUS)]),
        ({}, [("structure", _STATUS)]),
        ("active", [("structure", _STATUS)]),
    ],
)  # fmt: skip
def test_a_concept_with_a_required_binding_needs_a_coding_of_it(
    status: Any, found: list[tuple[str, str]]
) -> None:
    resource = {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/1"},
        "clinicalStatus": status,
    }
    assert issues(resource) == found


_JSON = st.recursive(
    st.sampled_from([None, True, 0, -1, Decimal("1.10"), "", "x", "#x", "Patient/1", "2026-01-01"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["actor", "reference", "coding", "extension", "url", "start", "status"]),
        inner,
        max_size=4,
    ),
    max_leaves=10,
)  # fmt: skip
_NAMES = st.sampled_from(
    ["status", "start", "participant", "extension", "contained", "meta", "text", "requestedPeriod",
     "slot", "_status", "serviceType", "cancelationReason", "id", "foo"]
)  # fmt: skip


@given(st.dictionaries(_NAMES, _JSON, max_size=6))
def test_any_json_is_accepted_or_refused_and_nothing_else(changes: dict[str, Any]) -> None:
    error = refusal(an_appointment() | changes, second_opinion=False)
    assert error is None or error.category is Category.UNPROCESSABLE
