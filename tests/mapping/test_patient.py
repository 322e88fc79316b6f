"""Who is the patient?"""

from typing import Any

import pytest

from fhir_gateway.mapping.extensions import EXT_BIRTH_TIME, EXT_MOTHERS_NAME
from tests.mapping.builders import BASE, read, segment, validate


def patient(**fields: str) -> dict[str, Any]:
    """The Patient of one PID; fields by number, `_5="Hall^Ann"`."""
    numbers = {int(name[1:]): value for name, value in fields.items()}
    found = read(segment("PID", {3: "MRN1"} | numbers))
    validate(found)
    assert found.patient is not None
    return found.patient


def test_identifiers_of_all_fields_are_there_once() -> None:
    known = patient(_2="M1^^^H", _3="M1^^^H^MR~M2", _4="M1^^^H~M3^^^H", _19="123-45-6789")
    assert [(each["system"], each["value"]) for each in known["identifier"]] == [
        (f"{BASE}:ns:H", "M1"),
        (f"{BASE}:patient", "M2"),
        (f"{BASE}:ns:H", "M3"),
        ("http://hl7.org/fhir/sid/us-ssn", "123-45-6789"),
    ]


def test_an_identifier_keeps_type_period_and_assigner() -> None:
    (known,) = patient(_3="M1^^^H^MR^Hospital^20200101^20251231")["identifier"]
    assert known["type"]["coding"][0]["code"] == "MR"
    assert known["period"] == {"start": "2020-01-01", "end": "2025-12-31"}
    assert known["assigner"] == {"display": "Hospital"}


def test_an_unknown_type_of_identifier_is_kept_as_text() -> None:
    assert patient(_3="M1^^^H^ZZZ")["identifier"][0]["type"] == {"text": "ZZZ"}


@pytest.mark.parametrize(
    ("code", "use"),
    [
        ("BAD", "old"), ("D", "usual"), ("L", "official"), ("R", "official"), ("M", "maiden"),
        ("MSK", "anonymous"), ("N", "nickname"), ("NAV", "temp"), ("TEMP", "temp"), ("", None),
    ],
)  # fmt: skip
def test_a_name_has_the_use_of_table_0200(code: str, use: str | None) -> None:
    (name,) = patient(_5=f"Hall&von&Hall^Ann^B^Jr^Dr^MD^{code}")["name"]
    assert name.get("use") == use
    assert (name["family"], name["given"]) == ("Hall", ["Ann", "B"])
    assert (name["prefix"], name["suffix"]) == (["Dr"], ["Jr", "MD"])


def test_aliases_and_what_somebody_is_called_are_names() -> None:
    names = patient(_5="Hall^Ann^^^^^L^^^^^^^^Annie", _9="Wall^Ann")["name"]
    assert [name.get("family") or name["text"] for name in names] == ["Hall", "Annie", "Wall"]


@pytest.mark.parametrize(
    ("code", "gender"),
    [
        ("F", "female"), ("m", "male"), ("O", "other"), ("U", "unknown"), ("A", "other"),
        ("N", "other"), ("?", None), ("", None),
    ],
)  # fmt: skip
def test_sex_is_that_of_table_0001(code: str, gender: str | None) -> None:
    assert patient(_8=code).get("gender") == gender


@pytest.mark.parametrize(
    ("text", "date"),
    [("19670108", "1967-01-08"), ("1967", "1967"), ("196701", "1967-01"), ("soon", None)],
)
def test_a_birth_date_is_as_precise_as_it_is_told(text: str, date: str | None) -> None:
    assert patient(_7=text).get("birthDate") == date


def test_a_birth_time_keeps_its_day_and_its_offset() -> None:
    found = patient(_7="196701082330-0500")
    assert found["birthDate"] == "1967-01-08"
    told = {"url": EXT_BIRTH_TIME, "valueDateTime": "1967-01-08T23:30:00-05:00"}
    assert found["_birthDate"] == {"extension": [told]}


def test_no_warning_quotes_a_birth_date() -> None:
    found = read(segment("PID", {3: "M", 7: "08/01/1967"}))
    assert not any("1967" in each.diagnostics for each in found.warnings)
    assert ("PID^1^7",) in [each.expression for each in found.warnings]


@pytest.mark.parametrize(
    ("code", "use", "kind"),
    [("H", "home", None), ("B", "work", None), ("O", "work", None), ("C", "temp", None),
     ("BA", "old", None), ("BI", "billing", None), ("M", None, "postal")],
)  # fmt: skip
def test_an_address_has_use_and_type_of_table_0190(
    code: str, use: str | None, kind: str | None
) -> None:
    (found,) = patient(_11=f"1 High St&High St&1^Flat 2^Town^ST^123^SA^{code}^^Shire")["address"]
    assert (found.get("use"), found.get("type")) == (use, kind)
    assert found["line"] == ["1 High St", "Flat 2"]
    parts = ("city", "state", "postalCode", "country", "district")
    assert [found[part] for part in parts] == ["Town", "ST", "123", "SA", "Shire"]


def test_the_county_belongs_to_the_only_address() -> None:
    assert patient(_11="1 High St", _12="Shire")["address"][0]["district"] == "Shire"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("555", ("phone", "555", "home")), ("555^PRS^CP", ("phone", "555", "mobile")),
        ("555^PRN^CP", ("phone", "555", "mobile")), ("555^WPN^FX", ("fax", "555", "work")),
        ("^NET^Internet^a@b.example", ("email", "a@b.example", "home")),
        ("a@b.example^NET^Internet", ("email", "a@b.example", "home")),
        ("^PRN^PH^^966^11^555^7", ("phone", "+966 11 555 X7", "home")),
        ("^PRN^PH^^^^555", ("phone", "555", "home")),
        ("1^PRN^PH^^^^2^^^^^3", ("phone", "3", "home")),
        ("555^^BP", ("pager", "555", "home")), ("555^^TDD", ("other", "555", "home")),
    ],
)  # fmt: skip
def test_a_number_has_system_value_and_use(written: str, expected: tuple[str, str, str]) -> None:
    (found,) = patient(_13=written)["telecom"]
    assert (found["system"], found["value"], found["use"]) == expected


def test_a_number_at_work_is_one() -> None:
    assert patient(_14="555")["telecom"] == [{"system": "phone", "value": "555", "use": "work"}]


def test_language_marital_status_and_mother_are_kept() -> None:
    found = patient(_15="ar^Arabic^ISO639", _16="M^Married", _6="Wall^Eve")
    language = {"system": "urn:ietf:bcp:47", "code": "ar", "display": "Arabic"}
    assert found["communication"][0]["language"] == {"coding": [language]}
    assert found["maritalStatus"]["coding"][0]["code"] == "M"
    assert found["extension"] == [{"url": EXT_MOTHERS_NAME, "valueString": "Wall"}]


@pytest.mark.parametrize(
    ("at", "whether", "element", "value"),
    [
        ("20260101", "Y", "deceasedDateTime", "2026-01-01"), ("", "Y", "deceasedBoolean", True),
        ("", "N", "deceasedBoolean", False), ("202601010830+0300", "", "deceasedDateTime",
         "2026-01-01T08:30:00+03:00"),
    ],
)  # fmt: skip
def test_death_is_a_time_or_a_fact(at: str, whether: str, element: str, value: object) -> None:
    found = patient(_29=at, _30=whether)
    told = {name: found[name] for name in found if name.startswith("deceased")}
    assert told == {element: value}


def test_null_values_of_the_patient_are_told() -> None:
    found = read(segment("PID", {3: "M", 8: '""', 11: '""', 13: ""}))
    assert found.patient_removed == ("gender", "address")


def test_a_patient_without_identifier_is_read_and_reported() -> None:
    found = read("PID|1||||Hall^Ann")
    assert found.patient is not None
    assert "identifier" not in found.patient
    assert ("PID^1^3",) in [each.expression for each in found.warnings]


def test_the_patients_of_a_group_are_all_there() -> None:
    found = read("PID|1||M1", "PID|2||M2")
    assert found.patient is not None
    assert found.patient["identifier"][0]["value"] == "M1"
    assert [each["identifier"][0]["value"] for each in found.other_patients] == ["M2"]


def test_a_message_without_patient_says_so() -> None:
    found = read()
    assert (found.patient, found.patient_participant) == (None, None)
    assert ("PID",) in [each.expression for each in found.warnings]
