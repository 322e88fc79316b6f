"""What does a FHIRPath Patch change? FHIR R4 FHIRPath Patch."""

from typing import Any

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir.validation import validate
from tests.fhir.patches import a_patch, an_operation, by_fhirpath, said, stored, value

Resource = dict[str, Any]
MALE = value(valueCode="male")
OFFICIAL = "Patient.name.where(use = 'official')"
PHONE = {"system": "phone", "value": "1", "rank": 1}
MAIL = {"system": "email", "value": "a@b.example"}


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        (an_operation("add", "Patient", MALE, name="gender"), {"gender": "male"}),
        (an_operation("add", "Patient", value(valueContactPoint=MAIL), name="telecom"),
         {"telecom": [PHONE, MAIL]}),
        (an_operation("add", "Patient", value(valueAddress={"city": "Jeddah"}), name="address"),
         {"address": [{"city": "Jeddah"}]}),
        (an_operation("add", "Patient.contact[0]", value(valueAddress={"city": "X"}),
                      name="address"),
         {"contact": [{"gender": "female", "name": {"family": "Nour"},
                       "address": {"city": "X"}}]}),
        (an_operation("insert", "Patient.telecom", value(valueContactPoint=MAIL), index=0),
         {"telecom": [MAIL, PHONE]}),
        (an_operation("insert", "Patient.telecom", value(valueContactPoint=MAIL), index=1),
         {"telecom": [PHONE, MAIL]}),
        (an_operation("insert", "Patient.address", value(valueAddress={"city": "X"}), index=0),
         {"address": [{"city": "X"}]}),
        (an_operation("delete", "Patient.active"), {"active": None}),
        (an_operation("delete", "Patient.contact.name.family"),
         {"contact": [{"gender": "female"}]}),
        (an_operation("delete", "Patient.telecom[0]"), {"telecom": None}),
        (an_operation("delete", "Patient.birthDate"), {"birthDate": None, "_birthDate": None}),
        (an_operation("delete", "Patient.maritalStatus"), {}),
        (an_operation("delete", "Patient.telecom[7]"), {}),
        (an_operation("delete", "Patient.deceased"), {"deceasedBoolean": None}),
        (an_operation("replace", "Patient.birthDate", value(valueDate="1981-01-01")),
         {"birthDate": "1981-01-01", "_birthDate": None}),
        (an_operation("replace", "Patient.contact.gender", MALE),
         {"contact": [{"gender": "male", "name": {"family": "Nour"}}]}),
        (an_operation("replace", "contact.gender", MALE),
         {"contact": [{"gender": "male", "name": {"family": "Nour"}}]}),
        (an_operation("replace", "Patient.deceased", value(valueDateTime="2026-01-01")),
         {"deceasedBoolean": None, "deceasedDateTime": "2026-01-01"}),
        (an_operation("replace", "Patient.deceasedBoolean", value(valueBoolean=True)),
         {"deceasedBoolean": True}),
        (an_operation("move", "Patient.name", source=1, destination=0),
         {"name": [stored()["name"][1], stored()["name"][0]]}),
    ],
)  # fmt: skip
def test_each_operation_does_its_part(operation: Resource, changed: Resource) -> None:
    validate(a_patch(operation), type_name="Parameters")
    expected = {name: each for name, each in (stored() | changed).items() if each is not None}
    assert by_fhirpath(operation) == expected


@pytest.mark.parametrize(
    ("path", "given"),
    [
        (f"{OFFICIAL}.given[1]", "Mary"),
        (f"{OFFICIAL}.given.last()", "Mary"),
        ("Patient.name.first().given.last()", "Mary"),
        ("name[0].given[1]", "Mary"),
        ("Patient.name.where(use='official' and family = 'Haddad').given[1]", "Mary"),
        ("Patient.`name`[1].given", "Annie"),
        ("Patient.name.where(use = 'nickname').given", "Annie"),
        ("Patient.name.last().given.first()", "Annie"),
    ],
)
def test_a_path_leads_to_one_element(path: str, given: str) -> None:
    result = by_fhirpath(an_operation("replace", path, value(valueString="Zoe")))
    names = [name for each in result["name"] for name in each["given"]]
    assert "Zoe" in names
    assert given not in names


def test_a_condition_can_compare_numbers_and_truth_and_look_deeper() -> None:
    result = by_fhirpath(
        an_operation("delete", "Patient.telecom.where(rank = 1).rank"),
        an_operation("delete", "Patient.contact.where(name.family = 'Nour').gender"),
    )
    assert result["telecom"] == [{"system": "phone", "value": "1"}]
    assert result["contact"] == [{"name": {"family": "Nour"}}]


def test_an_element_without_a_datatype_is_given_in_parts() -> None:
    content = [
        {"name": "gender", "valueCode": "male"},
        {"name": "telecom", "valueContactPoint": MAIL},
        {"name": "telecom", "valueContactPoint": PHONE},
        {"name": "name", "part": [{"name": "family", "valueString": "Said"}]},
    ]
    result = by_fhirpath(an_operation("add", "Patient", value(part=content), name="contact"))
    assert result["contact"][1] == {
        "gender": "male",
        "telecom": [MAIL, PHONE],
        "name": {"family": "Said"},
    }


def test_a_choice_in_parts_takes_the_name_of_its_type() -> None:
    content = [{"name": "url", "valueUri": "http://a.example"}, {"name": "value", "valueCode": "x"}]
    result = by_fhirpath(an_operation("add", "Patient", value(part=content), name="extension"))
    assert result["extension"][1] == {"url": "http://a.example", "valueCode": "x"}


def test_extensions_of_primitives_stay_beside_their_values() -> None:
    given = f"{OFFICIAL}.given"
    result = by_fhirpath(an_operation("insert", given, value(valueString="Zoe"), index=0))
    assert result["name"][0]["given"] == ["Zoe", "Ann", "Mary"]
    assert result["name"][0]["_given"] == [None, None, {"id": "second"}]
    result = by_fhirpath(an_operation("delete", f"{given}[0]"))
    assert result["name"][0]["_given"] == [{"id": "second"}]
    result = by_fhirpath(an_operation("move", given, source=1, destination=0))
    assert result["name"][0]["_given"] == [{"id": "second"}, None]


def test_what_a_deletion_empties_goes_as_well() -> None:
    deletions = (an_operation("delete", f"Patient.contact.{each}") for each in ("gender", "name"))
    assert "contact" not in by_fhirpath(*deletions)


@pytest.mark.parametrize(
    "operation",
    [
        an_operation("add", "Patient", value(valueBoolean=True), name="active"),
        an_operation("add", "Patient", value(valueDateTime="2026"), name="deceased"),
        an_operation("add", "Patient.maritalStatus", value(valueString="m"), name="text"),
        an_operation("add", "Patient.name", value(valueString="x"), name="text"),
        an_operation("add", "Patient.birthDate", value(valueString="x"), name="text"),
        an_operation("insert", "Patient.telecom", value(valueContactPoint=MAIL), index=2),
        an_operation("insert", "Patient.name.given", value(valueString="x"), index=0),
        an_operation("delete", "Patient.name"),
        an_operation("delete", "Patient"),
        an_operation("replace", "Patient.gender", MALE),
        an_operation("replace", "Patient.name.given", value(valueString="x")),
        an_operation("replace", "Patient", value(valueString="x")),
        an_operation("move", "Patient.name", source=2, destination=0),
        an_operation("move", "Patient.name", source=0, destination=2),
    ],
)
def test_an_operation_that_does_not_apply_is_unprocessable(operation: Resource) -> None:
    with pytest.raises(GatewayError) as raised:
        by_fhirpath(an_operation("delete", "Patient.gender"), operation)
    assert said(raised.value) == ("unprocessable", ("Parameters.parameter[1]",))


@pytest.mark.parametrize(
    "operation",
    [
        {"name": "change", "valueString": "x"},
        {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}]},
        an_operation("remove", "Patient.active"),
        an_operation("add", "Patient", name="gender"),
        an_operation("add", "Patient", {"name": "value"}, name="gender"),
        an_operation("add", "Patient", MALE),
        an_operation("add", "Patient", MALE, name="sex"),
        an_operation("add", "Patient", value(part=[MALE]), name="gender"),
        an_operation("add", "Patient", value(part=[{"name": "sex", "valueCode": "male"}]),
                     name="contact"),
        an_operation("add", "Patient", value(part=[{"name": "gender", "valueCode": "male"}] * 2),
                     name="contact"),
        an_operation("replace", "Patient.deceased", value(valueString="yes")),
        an_operation("insert", "Patient.gender", MALE, index=0),
        an_operation("insert", "Patient.name[0]", MALE, index=0),
        an_operation("insert", "Patient.telecom", value(valueContactPoint=MAIL)),
        an_operation("insert", "Patient.telecom", value(valueContactPoint=MAIL), index="0"),
        an_operation("delete", "Slot.status"),
        an_operation("delete", "Patient.nonsense"),
        an_operation("delete", "Patient.birthDate.extension"),
        an_operation("delete", "Patient.name.where(use = official)"),
        an_operation("delete", "Patient.name.where(use in 'a' | 'b')"),
        an_operation("delete", "Patient.name.ofType(HumanName)"),
        an_operation("delete", "Patient..name"),
        an_operation("delete", "Patient.name[-1]"),
        an_operation("delete", "Patient.name.take(1)"),
        an_operation("delete", "Patient.name | Patient.telecom"),
        an_operation("delete", "x" * 1001),
        an_operation("delete", "Patient" + ".extension" * 60),
        an_operation("delete", "%resource.name"),
    ],
)  # fmt: skip
def test_what_is_no_fhirpath_patch_is_invalid(operation: Resource) -> None:
    with pytest.raises(GatewayError) as raised:
        by_fhirpath(operation)
    assert raised.value.category.value == "invalid"
    assert raised.value.issues[0].expression[0].startswith("Parameters.parameter[0]")


def test_an_extension_does_not_stand_for_a_name() -> None:
    part = {"_name": {"id": "x"}, "valueCode": "add"}
    with pytest.raises(GatewayError) as raised:
        by_fhirpath({"name": "operation", "part": [part]})
    assert raised.value.issues[0].code == "required"
