"""What does the right side of a search parameter mean, type by type?"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.search_query import (
    DateValue,
    IdValue,
    MissingValue,
    NumberValue,
    ReferenceValue,
    StringValue,
    TextValue,
    TokenValue,
    UriValue,
)
from fhir_gateway.fhir.search_terms import PREFIXES, split, unescape
from tests.fhir.searches import BASE, search_refusal, the_criterion, the_value, utc

_SLOT_STATUS = "http://hl7.org/fhir/slotstatus"


@pytest.mark.parametrize(
    ("key", "text", "entries"),
    [
        ("status", "free", ("status|=free",)),
        ("status", f"{_SLOT_STATUS}|free", ("status|=free",)),
        ("status", "urn:other|free", ("status|urn:other|free",)),
        ("status", "|free", ("status||free",)),
        ("service-type", "a", ("service-type|=a",)),
        ("service-type", "urn:x|a", ("service-type|urn:x|a",)),
        ("service-type", "urn:x|", ("service-type|urn:x|",)),
        ("service-type", "|a", ("service-type||a",)),
        ("service-type", "a\\|b", ("service-type|=a|b",)),
        ("service-type", "a\\,b", ("service-type|=a,b",)),
        ("identifier", "urn:x|1", ("identifier|urn:x|1",)),
        ("identifier:of-type", "urn:t|MR|1", ("identifier:of-type|urn:t|MR|1",)),
        ("identifier:of-type", "|MR|a\\|b", ("identifier:of-type||MR|a|b",)),
        ("_tag", "urn:t|x", ("_tag|urn:t|x",)),
    ],
)
def test_a_token_is_a_code_in_any_one_or_no_system(
    key: str, text: str, entries: tuple[str, ...]
) -> None:
    assert the_value("Slot", key, text) == TokenValue(entries)


@pytest.mark.parametrize("text", ["Check", "CHÉCK"])
def test_a_text_beside_a_code_is_searched_by_how_it_begins(text: str) -> None:
    assert the_value("Slot", "service-type:text", text) == TextValue("service-type:text|check")


def test_the_system_of_a_plain_code_alone_means_each_of_its_codes() -> None:
    value = the_value("Slot", "status", f"{_SLOT_STATUS}|")
    assert isinstance(value, TokenValue)
    assert set(value.entries) == {
        f"status|={code}"
        for code in ("busy", "free", "busy-unavailable", "busy-tentative", "entered-in-error")
    }


@pytest.mark.parametrize(
    ("key", "text", "entries"),
    [
        ("schedule", "7", ("schedule|Schedule/7",)),
        ("schedule", "Schedule/7", ("schedule|Schedule/7",)),
        ("schedule", f"{BASE}/Schedule/7", ("schedule|Schedule/7",)),
        ("schedule", "https://o.example/Schedule/7", ("schedule|https://o.example/Schedule/7",)),
        ("schedule", "urn:uuid:x", ("schedule|urn:uuid:x",)),
        ("schedule:Schedule", "7", ("schedule|Schedule/7",)),
        ("schedule:identifier", "urn:x|1", ("schedule:identifier|urn:x|1",)),
    ],
)
def test_a_reference_is_an_id_a_typed_id_or_an_address(
    key: str, text: str, entries: tuple[str, ...]
) -> None:
    assert the_value("Slot", key, text) == ReferenceValue(entries)


def test_an_id_alone_means_each_type_that_is_pointed_to() -> None:
    value = the_value("Appointment", "practitioner", "7")
    anyone = the_value("Appointment", "actor", "7")
    assert value == ReferenceValue(("practitioner|Practitioner/7",))
    assert isinstance(anyone, ReferenceValue)
    assert len(anyone.entries) == 7
    assert "actor|Patient/7" in anyone.entries


def test_where_anything_is_pointed_to_an_id_means_each_served_type() -> None:
    value = the_value("Appointment", "supporting-info", "7")
    assert isinstance(value, ReferenceValue)
    assert len(value.entries) == len(CATALOGUE)


@pytest.mark.parametrize(
    ("text", "folded", "exact"),
    [
        ("Müller", "muller", "Müller"),
        ("  A   B ", "a b", "  A   B "),
        ("أحمد", "احمد", "أحمد"),
        ("O\\,Neill", "o,neill", "O,Neill"),
    ],
)
def test_a_string_is_compared_folded_and_exact(text: str, folded: str, exact: str) -> None:
    assert the_value("Patient", "name", text) == StringValue(folded, exact)


def test_a_name_can_be_searched_by_its_sound() -> None:
    assert the_value("Patient", "phonetic", "Mohammed") == StringValue("mmd", "Mohammed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", (utc(2025, 12, 31, 21), utc(2026, 12, 31, 21))),
        ("2026-03", (utc(2026, 2, 28, 21), utc(2026, 3, 31, 21))),
        ("2026-03-02", (utc(2026, 3, 1, 21), utc(2026, 3, 2, 21))),
        ("2026-03-02T09:00", (utc(2026, 3, 2, 6), utc(2026, 3, 2, 6, 1))),
        ("2026-03-02T09:00:00Z", (utc(2026, 3, 2, 9), utc(2026, 3, 2, 9, 0, 1))),
        ("2026-03-02T09:00:00+03:00", (utc(2026, 3, 2, 6), utc(2026, 3, 2, 6, 0, 1))),
        ("2026-03-02T09:00:00 03:00", (utc(2026, 3, 2, 6), utc(2026, 3, 2, 6, 0, 1))),
    ],
)
@pytest.mark.parametrize("prefix", ["", *PREFIXES[:-1]])
def test_a_date_is_a_range_in_the_tenants_zone_with_a_prefix(
    prefix: str, text: str, expected: tuple[object, object]
) -> None:
    assert the_value("Slot", "start", prefix + text) == DateValue(prefix or "eq", *expected)


def test_about_a_date_is_wider_than_the_date() -> None:
    expected = DateValue("ap", utc(2026, 2, 28, 21), utc(2026, 3, 3, 21))
    assert the_value("Slot", "start", "ap2026-03-02") == expected


@pytest.mark.parametrize("text", ["ap0001", "ap9999-12-31", "ap9999"])
def test_about_a_date_stays_within_the_calendar(text: str) -> None:
    assert isinstance(the_value("Slot", "start", text), DateValue)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("1.10", "1.095", "1.105"),
        ("1e2", "50", "150"),
        ("-5", "-5.5", "-4.5"),
        ("0", "-0.5", "0.5"),
    ],
)
def test_a_number_means_the_range_of_its_precision(text: str, low: str, high: str) -> None:
    value = the_value("RiskAssessment", "probability", text)
    assert value == NumberValue("eq", Decimal(low), Decimal(high), Decimal(text))


def test_about_a_number_is_a_tenth_around_it() -> None:
    value = the_value("RiskAssessment", "probability", "ap100")
    assert value == NumberValue("ap", Decimal(90), Decimal(110), Decimal(100))


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("ge5", ()),
        ("ge5|http://unitsofmeasure.org|min", ("length:unit|http://unitsofmeasure.org|min",)),
        ("ge5||min", ("length:unit|=min",)),
    ],
)
def test_a_quantity_is_a_number_with_or_without_a_unit(text: str, units: tuple[str, ...]) -> None:
    value = the_value("Encounter", "length", text)
    assert value == NumberValue("ge", Decimal("4.5"), Decimal("5.5"), Decimal(5), units)


def test_a_uri_is_taken_as_it_is() -> None:
    assert the_value("Device", "url", "http://x/a|b") == UriValue(("url|http://x/a|b",))


def test_an_id_is_an_id() -> None:
    assert the_value("Slot", "_id", "a-1.b") == IdValue("a-1.b")


@pytest.mark.parametrize("key", ["status", "start", "schedule"])
@pytest.mark.parametrize(("text", "missing"), [("true", True), ("false", False)])
def test_missing_is_asked_of_any_type(key: str, text: str, missing: bool) -> None:
    criterion = the_criterion("Slot", f"{key}:missing", text)
    assert criterion.values == (MissingValue(missing),)


@pytest.mark.parametrize(
    ("type_name", "key", "text", "says"),
    [
        ("Slot", "start", "yesterday", "prefix 'ye' is none of"),
        ("Slot", "start", "2026-13", "is not a date"),
        ("Slot", "start", "2026-02-30", "is not a date"),
        ("Slot", "start", "ge", "is not a date"),
        ("Slot", "start", "xx2026", "the prefix 'xx' is none of eq"),
        ("Slot", "status", "a|b|c", "a token is code"),
        ("Slot", "status", "|", "a token needs"),
        ("Slot", "identifier:of-type", "MR|1", "system|code|value"),
        ("Slot", "identifier:of-type", "urn:t||1", "system|code|value"),
        ("Slot", "service-type:text", " ", "at least one letter"),
        ("Slot", "schedule", "Patient/1", "points to Schedule, not to Patient"),
        ("Slot", "schedule", "a b", "a reference is an id"),
        ("Slot", "schedule:Schedule", "Patient/1", "points to Schedule"),
        ("Slot", "_id", "a/b", "an id is up to 64"),
        ("Slot", "start:missing", "yes", "takes true or false"),
        ("Slot", "start:missing", "true,false", "takes true or false"),
        ("Patient", "name", "   ", "at least one letter"),
        ("Encounter", "length", "5|min", "a quantity is number"),
        ("RiskAssessment", "probability", "much", "the prefix 'mu'"),
        ("RiskAssessment", "probability", "1..2", "is not a number"),
        ("RiskAssessment", "probability", "1e999", "is not a number"),
    ],
)
def test_a_bad_value_is_refused_naming_the_parameter_and_the_form(
    type_name: str, key: str, text: str, says: str
) -> None:
    error = search_refusal(type_name, (key, text))
    assert error is not None
    assert error.issues[0].expression == (key,)
    assert says in str(error)
    assert key in str(error) or "missing" in str(error)


@given(st.text(max_size=30))
def test_splitting_loses_nothing(text: str) -> None:
    assert "|".join(split(text, "|")) == text


@given(st.text(max_size=30))
def test_an_escaped_text_is_one_value_and_comes_back(text: str) -> None:
    escaped = text
    for character in "\\,|$":
        escaped = escaped.replace(character, "\\" + character)
    assert split(escaped, ",") == [escaped]
    assert unescape(escaped) == text
