"""What is a resource found by, and does a search for it find it?"""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_gateway.fhir.catalogue import CATALOGUE, META, params_of
from fhir_gateway.fhir.search_values import EARLIEST, LATEST, IndexRow, index, reference_type
from tests.fhir.builders import a_patient, a_slot, an_appointment
from tests.fhir.examples import example
from tests.fhir.searches import RIYADH, the_value, utc

UCUM = "http://unitsofmeasure.org"
MR = {"system": "urn:t", "code": "MR"}


def _row(resource: dict[str, Any], zone: ZoneInfo = RIYADH) -> IndexRow:
    return index(resource["resourceType"], resource, zone=zone)


def _tokens(resource: dict[str, Any], param: str) -> set[str]:
    marks = (f"{param}|", f"{param}:")
    return {each for each in _row(resource).tokens if each.startswith(marks) or each == param}


def test_a_code_is_found_alone_and_kept_for_sorting() -> None:
    assert _tokens(a_slot(), "status") == {"status|=free", "status||free"}
    assert _row(a_slot()).columns["status"] == "free"


def test_a_concept_is_found_by_code_by_system_and_by_both() -> None:
    concept = {"coding": [{"system": "urn:x", "code": "a"}, {"code": "b"}], "text": "T"}
    assert _tokens(a_slot(serviceType=[concept]), "service-type") == {
        "service-type",
        "service-type|=a",
        "service-type|urn:x|a",
        "service-type|urn:x|",
        "service-type|=b",
        "service-type||b",
        "service-type:text|t",
    }


def test_a_text_beside_a_code_is_found_once_folded_and_cut_short() -> None:
    coding = [{"code": "a", "display": "ÉTÉ"}, {"code": "b", "display": "x" * 500}, {}]
    texts = {
        each
        for each in _tokens(a_slot(serviceType=[{"coding": coding, "text": "été"}]), "service-type")
        if ":text|" in each
    }
    assert texts == {"service-type:text|ete", f"service-type:text|{'x' * 120}"}


@pytest.mark.parametrize(
    ("changes", "param", "expected"),
    [
        ({"active": False}, "active", {"active|=false", "active||false"}),
        ({"deceasedBoolean": True}, "deceased", {"deceased|=true", "deceased||true"}),
        ({"deceasedDateTime": "2026"}, "deceased", {"deceased|=true", "deceased||true"}),
        ({"deceasedBoolean": False}, "deceased", {"deceased|=false", "deceased||false"}),
        ({}, "deceased", {"deceased|=false", "deceased||false"}),
        (
            {"identifier": [{"system": "urn:mrn", "value": "7"}]},
            "identifier",
            {"identifier", "identifier|=7", "identifier|urn:mrn|7", "identifier|urn:mrn|"},
        ),
        (
            {"telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b"}]},
            "email",
            {"email", "email|=a@b", "email|email|a@b", "email|email|"},
        ),
        (
            {"identifier": [{"value": "7", "type": {"text": "File", "coding": [MR]}}]},
            "identifier",
            {"identifier", "identifier|=7", "identifier||7"}
            | {"identifier:of-type|urn:t|MR|7", "identifier:text|file"},
        ),
        ({"meta": {"tag": [MR]}}, "_tag", {"_tag", "_tag|=MR", "_tag|urn:t|MR", "_tag|urn:t|"}),
        ({"meta": {"profile": ["urn:p"]}}, "_profile", {"_profile", "_profile|urn:p"}),
        ({"meta": {"source": "urn:s"}}, "_source", {"_source", "_source|urn:s"}),
        ({"communication": [{"language": {"text": "x"}}]}, "language", {"language:text|x"}),
    ],
)
def test_other_types_are_found_as_tokens(
    changes: dict[str, Any], param: str, expected: set[str]
) -> None:
    assert _tokens(a_patient(**changes), param) == expected


def test_a_reference_is_found_under_the_parameters_of_its_type_only() -> None:
    tokens = _row(an_appointment()).tokens
    assert "actor|Patient/p1" in tokens
    assert "actor|Practitioner/d1" in tokens
    assert "patient|Patient/p1" in tokens
    assert "patient|Practitioner/d1" not in tokens
    assert "practitioner|Practitioner/d1" in tokens
    assert "location" not in tokens


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Schedule/1"}, {"schedule|Schedule/1"}),
        ({"reference": "Schedule/1/_history/2"}, {"schedule|Schedule/1"}),
        ({"reference": "https://o.example/Schedule/1"}, {"schedule|https://o.example/Schedule/1"}),
        ({"reference": "https://o.example/Patient/1"}, set()),
        ({"reference": "urn:uuid:x"}, {"schedule|urn:uuid:x"}),
        (
            {"identifier": {"system": "urn:x", "value": "1"}},
            {"schedule:identifier|=1", "schedule:identifier|urn:x|1", "schedule:identifier|urn:x|"},
        ),
        ({"identifier": {"value": "1"}, "type": "Patient"}, set()),
        ({"display": "somebody"}, set()),
    ],
)
def test_a_reference_is_found_by_what_it_says(
    reference: dict[str, Any], expected: set[str]
) -> None:
    assert _tokens(a_slot(schedule=reference), "schedule") == expected


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("Patient/1", "Patient"),
        ("Patient/1/_history/3", "Patient"),
        ("https://x.example/fhir/Patient/1", "Patient"),
        ("https://x.example/fhir/Patient/1/_history/3", "Patient"),
        ("https://x.example/Nonsense/1", None),
        ("urn:uuid:x", None),
        ("#inner", None),
        ("", None),
    ],
)
def test_a_reference_names_its_type(reference: str, kind: str | None) -> None:
    assert reference_type(reference) == kind


def test_names_are_found_part_by_part_folded_and_exact() -> None:
    name = {"family": "Müller", "given": ["Ann", "Marié"], "text": "Ann Müller"}
    row = _row(a_patient(name=[name]))
    named = {(folded, exact) for param, folded, exact in row.strings if param == "name"}
    assert named == {
        ("muller", "Müller"),
        ("ann", "Ann"),
        ("marie", "Marié"),
        ("ann muller", "Ann Müller"),
    }
    assert ("family", "muller", "Müller") in row.strings
    assert ("phonetic", "mlr", "Müller") in row.strings
    assert {"name", "family", "given"} <= set(row.tokens)


def test_dates_are_found_as_ranges_in_the_tenants_zone() -> None:
    row = _row(a_patient(birthDate="2000-03"))
    assert row.dates["birthdate"] == [(utc(2000, 2, 29, 21), utc(2000, 3, 31, 21))]
    assert row.columns["birthdate"] == utc(2000, 2, 29, 21)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ({"start": "2026", "end": "2026"}, (utc(2025, 12, 31, 21), utc(2026, 12, 31, 21))),
        ({"start": "2026-01-01T00:00:00Z"}, (utc(2026, 1, 1), LATEST)),
        ({"end": "2026"}, (EARLIEST, utc(2026, 12, 31, 21))),
    ],
)
def test_a_period_is_open_where_it_says_nothing(
    period: dict[str, str], expected: tuple[Any, Any]
) -> None:
    row = _row(an_appointment(requestedPeriod=[period]))
    assert row.dates["requested-period"] == [expected]
    assert "requested-period" in row.tokens


def test_a_timing_is_the_stretch_of_its_events_and_bounds() -> None:
    timing = {
        "event": ["2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z"],
        "repeat": {
            "boundsPeriod": {"start": "2026-03-01T00:00:00Z", "end": "2026-03-03T00:00:00Z"}
        },
    }
    row = _row({"resourceType": "ServiceRequest", "occurrenceTiming": timing})
    ((low, high),) = row.dates["occurrence"]
    assert low == utc(2026, 3, 1)
    assert high == utc(2026, 3, 9, 9, 0, 0, 1)


def test_numbers_and_quantities_are_found_by_value_and_unit() -> None:
    risk = {"resourceType": "RiskAssessment", "prediction": [
        {"probabilityDecimal": Decimal("12.50")},
        {"probabilityRange": {"low": {"value": 1}}},
    ]}  # fmt: skip
    visit = {"resourceType": "Encounter", "length": {
        "value": 30, "unit": "minutes", "system": UCUM, "code": "min",
    }}  # fmt: skip
    assert _row(risk).numbers["probability"] == [
        (Decimal("12.50"), Decimal("12.50")),
        (Decimal(1), Decimal("Infinity")),
    ]
    assert _row(visit).numbers["length"] == [(Decimal(30), Decimal(30))]
    assert _row(visit).columns["length"] == Decimal(30)
    assert _tokens(visit, "length") == {
        "length:unit|=min",
        f"length:unit|{UCUM}|min",
        f"length:unit|{UCUM}|",
        "length:unit|=minutes",
    }


def test_a_uri_is_found_as_it_is() -> None:
    assert _tokens({"resourceType": "Device", "url": "http://x/y"}, "url") == {"url|http://x/y"}


def test_nothing_is_found_twice_and_absent_elements_not_at_all() -> None:
    twice = [{"coding": [{"code": "a"}]}] * 2
    row = _row(a_slot(serviceType=twice))
    assert len(row.tokens) == len(set(row.tokens))
    assert "specialty" not in row.tokens
    assert _row({"resourceType": "Slot"}) == IndexRow()


@pytest.mark.parametrize(("name", "n"), [(name, n) for name in CATALOGUE for n in range(2)])
def test_a_full_resource_can_be_indexed_and_sorted_by_every_single_value(name: str, n: int) -> None:
    row = _row(example(name, n)[0])
    multiple = {each.name for each in params_of(name).values() if each.multiple}
    assert set(row.columns) & multiple == set()
    assert multiple >= {each for each in row.tokens if "|" not in each} >= set(META)


def _found(row: IndexRow) -> set[str]:
    """Names of the parameters under which a row can be found."""
    tokens = {each.partition("|")[0].partition(":")[0] for each in row.tokens}
    numbers = {each.partition(":")[0] for each in row.numbers}
    return tokens | {each[0] for each in row.strings} | set(row.dates) | numbers


#: More than the most types that a reference may point to.
_ROUNDS = 9
#: They look at one kind of contact, related artifact or extension, and the examples have another.
_OF_ONE_KIND = {
    "phone", "email", "composed-of", "derived-from", "predecessor", "successor", "score", "queue",
}  # fmt: skip


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_the_full_examples_are_found_by_every_parameter(type_name: str) -> None:
    rows = [_row(example(type_name, n)[0]) for n in range(_ROUNDS)]
    found = set().union(*map(_found, rows))
    assert {each.name for each in CATALOGUE[type_name].params} - found <= _OF_ONE_KIND


@pytest.mark.parametrize(
    ("resource", "key", "text"),
    [
        (a_slot(), "status", "free"),
        (a_slot(), "status", "http://hl7.org/fhir/slotstatus|free"),
        (a_slot(), "schedule", "d1"),
        (a_slot(), "schedule", "https://gateway.example/fhir/Schedule/d1"),
        (an_appointment(), "practitioner", "Practitioner/d1"),
        (an_appointment(), "actor", "p1"),
        (a_patient(identifier=[{"system": "urn:mrn", "value": "7"}]), "identifier", "urn:mrn|7"),
        (a_patient(identifier=[{"system": "urn:mrn", "value": "7"}]), "identifier", "urn:mrn|"),
        (a_patient(identifier=[{"value": "a|b,c"}]), "identifier", "a\\|b\\,c"),
        (a_patient(), "active", "true"),
    ],
)
def test_a_resource_is_found_by_a_search_for_what_it_says(
    resource: dict[str, Any], key: str, text: str
) -> None:
    value: Any = the_value(resource["resourceType"], key, text)
    assert set(value.entries) & set(_row(resource).tokens)
