"""Does each kind of value and each modifier select what R4 says?"""

from typing import Any

import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.storage.postgres import Database, Transaction
from fhir_gateway.storage.search_sql import ids_matching, search
from tests.storage.search.worlds import (
    Resource,
    appointment,
    concept,
    ids,
    page,
    patient,
    query,
    references,
    slot,
    store,
    task,
    world,
)


def named(id_: str, *names: str) -> Resource:
    return patient(id_, name=[{"family": each} for each in names])


def visit(id_: str, **elements: Any) -> Resource:
    status = {"status": "finished", "class": {"code": "AMB"}}
    return {"resourceType": "Encounter", "id": id_} | status | elements


def risk(id_: str, *chances: Any) -> Resource:
    predictions = [{"probabilityDecimal": each} for each in chances]
    return {
        "resourceType": "RiskAssessment",
        "id": id_,
        "status": "final",
        "subject": {"reference": "Patient/a"},
        "prediction": predictions,
    }


PATIENTS = (
    patient("f", gender="female", active=True, identifier=[{"system": "urn:mrn", "value": "1"}]),
    patient("m", gender="male", active=False, identifier=[{"value": "1"}]),
    patient("x", identifier=[{"system": "urn:mrn", "value": "2"}, {"system": "urn:other"}]),
)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("gender=female", ["f"]),
        ("gender=female,male", ["f", "m"]),
        ("gender=http://hl7.org/fhir/administrative-gender|male", ["m"]),
        ("gender:not=female", ["m", "x"]),
        ("gender:not=female,male", ["x"]),
        ("gender:missing=true", ["x"]),
        ("gender:missing=false", ["f", "m"]),
        ("active=false", ["m"]),
        ("identifier=1", ["f", "m"]),
        ("identifier=urn:mrn|1", ["f"]),
        ("identifier=|1", ["m"]),
        ("identifier=urn:mrn|", ["f", "x"]),
        ("identifier=urn:other|", ["x"]),
        ("identifier=1&gender=male", ["m"]),
        ("gender=female&gender=male", []),
        ("_id=f,x,nobody", ["f", "x"]),
        ("", ["f", "m", "x"]),
    ],
)
async def test_a_token_is_compared_with_and_without_its_system(
    database: Database, asked: str, expected: list[str]
) -> None:
    async with world(database, *PATIENTS) as tx:
        assert await ids(tx, f"Patient?{asked}") == expected


MRN = {"coding": [{"system": "urn:t", "code": "MR"}], "text": "File number"}
CHECKUP = {"coding": [{"system": "urn:s", "code": "1", "display": "Check-up, yearly"}]}
TAGGED = {"tag": [{"system": "urn:t", "code": "new"}], "profile": ["urn:p"], "source": "urn:s"}
APPOINTMENTS = (
    appointment("one", "Patient/x", identifier=[{"value": "1", "type": MRN}],
                serviceType=[CHECKUP], meta=TAGGED),
    appointment("two", "Patient/x", identifier=[{"value": "1"}], serviceType=[{"text": "chéck it"}],
                meta={"tag": [{"code": "new"}]}),
    appointment("three", "Patient/x"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("service-type:text=check", ["one", "two"]),
        ("service-type:text=CHECK-UP", ["one"]),
        ("service-type:text=yearly", []),
        ("service-type:text=check it,nothing", ["two"]),
        ("identifier:text=file", ["one"]),
        ("identifier:of-type=urn:t|MR|1", ["one"]),
        ("identifier:of-type=urn:t|MR|2", []),
        ("identifier:of-type=|MR|1", []),
        ("_tag=new", ["one", "two"]),
        ("_tag=urn:t|new", ["one"]),
        ("_tag:not=new", ["three"]),
        ("_tag:missing=true", ["three"]),
        ("_profile=urn:p", ["one"]),
        ("_profile=urn", []),
        ("_source=urn:s&_sort=-_tag", ["one"]),
        ("_security=x", []),
    ],
)
async def test_what_stands_beside_a_code_and_on_a_resource_is_found(
    database: Database, asked: str, expected: list[str]
) -> None:
    async with world(database, *APPOINTMENTS) as tx:
        assert sorted(await ids(tx, f"Appointment?{asked}")) == sorted(expected)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("family=ali", ["lower", "marked", "upper"]),
        ("family=ALÌ", ["lower", "marked", "upper"]),
        ("family:exact=Ali", ["upper"]),
        ("family:exact=ali,Alí", ["lower", "marked"]),
        ("family:contains=ali", ["inside", "lower", "marked", "upper"]),
        ("family=ben", ["two"]),
        ("family=ben,khal", ["inside", "two"]),
        ("family=ben al", ["two"]),
        ("family=al ben", []),
        ("family:missing=true", ["none"]),
        ("name=zoe", ["two"]),
        ("family=z&family=b", ["two"]),
    ],
)
async def test_a_text_is_found_by_how_it_begins_whatever_its_case_and_marks(
    database: Database, asked: str, expected: list[str]
) -> None:
    people = [
        named("upper", "Ali"),
        named("lower", "ali"),
        named("marked", "Alí"),
        named("inside", "Khalil Khalid"),
        named("two", "Zoe", "Ben Ali"),
        patient("none"),
    ]
    async with world(database, *people) as tx:
        found = await ids(tx, f"Patient?{asked}")
    assert set(found) - {"two"} == set(expected) - {"two"}
    assert found == sorted(found)


@pytest.mark.parametrize("last", ["\ud7ff", "\U0010ffff"], ids=["before-surrogates", "last"])
async def test_a_text_may_begin_with_any_character(database: Database, last: str) -> None:
    async with world(database, named("a", last + "x"), named("b", "x")) as tx:
        assert await ids(tx, f"Patient?family={last}") == ["a"]


DATES = (
    patient("year", birthDate="2000"),
    patient("month", birthDate="2000-06"),
    patient("day", birthDate="2000-06-15"),
    patient("later", birthDate="2000-07-01"),
    patient("none"),
)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2000-06", {"day", "month"}),
        ("eq2000", {"day", "later", "month", "year"}),
        ("ne2000-06", {"later", "year"}),
        ("gt2000-06-15", {"later", "month", "year"}),
        ("lt2000-06-15", {"month", "year"}),
        ("ge2000-06-15", {"day", "later", "month", "year"}),
        ("ge2000-07-01", {"later", "year"}),
        ("le2000-06-15", {"day", "month", "year"}),
        ("le2000-06", {"day", "month", "year"}),
        ("sa2000-06", {"later"}),
        ("eb2000-07", {"day", "month"}),
        ("ap2000-06-29", {"month", "year"}),
        ("ap2000-06-30", {"later", "month", "year"}),
        ("2000-06-15,2000-07-01", {"day", "later"}),
    ],
)
async def test_a_date_is_compared_as_the_range_that_its_precision_means(
    database: Database, asked: str, expected: set[str]
) -> None:
    async with world(database, *DATES) as tx:
        assert set(await ids(tx, f"Patient?birthdate={asked}")) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("start=2026-03-02T09:00:00Z", {"nine", "shortly-after"}),
        ("start=2026-03-02T10:00:00%2B01:00", {"nine", "shortly-after"}),
        ("start=2026-03-02T09:00", {"nine", "shortly-after"}),
        ("start=ne2026-03-02T09:00:00Z", {"ten"}),
        ("start=gt2026-03-02T09:00:00Z", {"ten"}),
        ("start=ge2026-03-02T09:00:00.250Z", {"shortly-after", "ten"}),
        ("start=lt2026-03-02T10:00:00Z", {"nine", "shortly-after"}),
        ("start=le2026-03-02T10:00:00Z", {"nine", "shortly-after", "ten"}),
        ("start=sa2026-03-02T09:00:00Z", {"ten"}),
        ("start=eb2026-03-02T09:00:00.250Z", {"nine"}),
        ("start=ap2026-03-02T09:30:00Z", {"nine", "shortly-after", "ten"}),
        ("start=ge2026-03-02T09:00:00Z&start=lt2026-03-02T10:00:00Z", {"nine", "shortly-after"}),
    ],
)
async def test_an_instant_is_compared_as_a_moment(
    database: Database, asked: str, expected: set[str]
) -> None:
    slots = [
        slot("nine"),
        slot("shortly-after", start="2026-03-02T09:00:00.250Z"),
        slot("ten", start="2026-03-02T10:00:00Z", end="2026-03-02T10:30:00Z"),
    ]
    async with world(database, *slots) as tx:
        assert set(await ids(tx, f"Slot?{asked}")) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("requested-period=2026-03", {"march"}),
        ("requested-period=sa2026-05", {"both", "open"}),
        ("requested-period=eb2026-03", {"both"}),
        ("requested-period=gt2030", {"open"}),
        ("requested-period:missing=true", {"none"}),
    ],
)
async def test_of_several_periods_one_must_fit(
    database: Database, asked: str, expected: set[str]
) -> None:
    january = {"start": "2026-01-01", "end": "2026-01-31"}
    march = {"start": "2026-03-01", "end": "2026-03-31"}
    june = {"start": "2026-06-01", "end": "2026-06-30"}
    appointments = [
        appointment("march", requestedPeriod=[march]),
        appointment("both", requestedPeriod=[january, june]),
        appointment("open", requestedPeriod=[{"start": "2026-06-01"}]),
        appointment("none"),
    ]
    async with world(database, *appointments) as tx:
        assert set(await ids(tx, f"Appointment?{asked}")) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("30", {"thirty"}),
        ("3e1", {"thirty", "twenty-six"}),
        ("ne30", {"two", "twenty-six"}),
        ("gt26", {"thirty", "two"}),
        ("ge26", {"thirty", "twenty-six", "two"}),
        ("lt26", {"two"}),
        ("le10", {"two"}),
        ("sa30", {"two"}),
        ("eb26", {"two"}),
        ("ap28", {"thirty", "twenty-six"}),
    ],
)
async def test_a_number_is_compared_with_the_precision_that_was_written(
    database: Database, asked: str, expected: set[str]
) -> None:
    risks = [risk("thirty", 30), risk("twenty-six", 26), risk("two", 10, 40)]
    async with world(database, *risks) as tx:
        assert set(await ids(tx, f"RiskAssessment?probability={asked}")) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("length=30", {"hours", "minutes"}),
        ("length=30||min", {"minutes"}),
        ("length=30|http://unitsofmeasure.org|min", {"minutes"}),
        ("length=gt30||min", set()),
        ("length=ge1||h", {"hours"}),
        ("length:missing=true", {"none"}),
    ],
)
async def test_a_quantity_is_compared_with_its_unit_where_one_is_asked_for(
    database: Database, asked: str, expected: set[str]
) -> None:
    ucum = "http://unitsofmeasure.org"
    visits = [
        visit("minutes", length={"value": 30, "system": ucum, "code": "min"}),
        visit("hours", length={"value": 30, "system": ucum, "code": "h"}),
        visit("none"),
    ]
    async with world(database, *visits) as tx:
        assert set(await ids(tx, f"Encounter?{asked}")) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("focus=Slot/a", {"slot"}),
        ("focus=Slot/a,Patient/a", {"patient", "slot"}),
        ("focus=a", {"patient", "slot"}),
        ("focus:Patient=a", {"patient"}),
        ("focus=http://localhost/fhir/Slot/a", {"slot"}),
        ("focus=http://elsewhere.example/Slot/a", {"foreign"}),
        ("focus:identifier=urn:mrn|7", {"by-identifier"}),
        ("focus:missing=true", {"none"}),
        ("focus:missing=false", {"by-identifier", "foreign", "patient", "slot"}),
    ],
)
async def test_a_reference_is_compared_by_address_id_or_identifier(
    database: Database, asked: str, expected: set[str]
) -> None:
    tasks = [
        task("slot", focus=references("Slot/a")[0]),
        task("patient", focus=references("Patient/a")[0]),
        task("foreign", focus=references("http://elsewhere.example/Slot/a")[0]),
        task("by-identifier", focus={"identifier": {"system": "urn:mrn", "value": "7"}}),
        task("none"),
    ]
    async with world(database, *tasks) as tx:
        assert set(await ids(tx, f"Task?{asked}")) == expected


async def test_a_uri_is_compared_as_it_is(database: Database) -> None:
    devices: list[Resource] = [
        {"resourceType": "Device", "id": "a", "url": "http://device.example/a"},
        {"resourceType": "Device", "id": "b", "url": "http://device.example/a/b"},
    ]
    async with world(database, *devices) as tx:
        assert await ids(tx, "Device?url=http://device.example/a") == ["a"]


async def test_a_coded_element_is_found_by_each_of_its_codings(database: Database) -> None:
    both = slot("both", appointmentType=concept("urn:a|ROUTINE", "urn:b|R"))
    async with world(database, both, slot("none")) as tx:
        assert await ids(tx, "Slot?appointment-type=urn:b|R") == ["both"]
        assert await ids(tx, "Slot?appointment-type=urn:a|R") == []
        assert await ids(tx, "Slot?appointment-type:not=R") == ["none"]


async def test_not_selects_what_has_no_such_element_at_all(database: Database) -> None:
    unsaid = slot("unsaid")
    del unsaid["status"]
    async with world(database, slot("free"), slot("busy", status="busy"), unsaid) as tx:
        assert await ids(tx, "Slot?status:not=free") == ["busy", "unsaid"]


async def test_a_resource_is_found_by_when_it_was_written(database: Database) -> None:
    async with world(database, slot("a")) as tx:
        assert await ids(tx, "Slot?_lastUpdated=2026-03-01") == ["a"]
        assert await ids(tx, "Slot?_lastUpdated=gt2026-03-01") == []


@pytest.mark.parametrize(
    "asked",
    ["Slot", "Slot?status=free", "Slot?status:not=busy", "Slot?service-type:missing=true",
     "Slot?start=gt2020", "Slot?_has:Appointment:slot:status=booked", "Slot?_id=a"],
)  # fmt: skip
async def test_another_tenant_finds_nothing_even_if_the_connection_is_not_its_own(
    database: Database, asked: str
) -> None:
    booked = appointment("b", slot=references("Slot/a"))
    async with world(database, slot("a"), booked) as tx:
        stranger = Transaction(tx.wire, 2)
        assert await ids(tx, asked) == ["a"]
        assert await ids(stranger, asked) == []
        assert (await page(stranger, f"{asked}{'&' if '?' in asked else '?'}_count=0")).total == 0


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["nul", "half a pair"])
async def test_a_character_that_no_text_can_have_is_refused(database: Database, text: str) -> None:
    async with world(database) as tx:
        with pytest.raises(GatewayError) as refused:
            await search(tx, query(f"Patient?identifier={text}"))
    assert refused.value.category is Category.INVALID


async def test_the_ids_alone_can_be_asked_for_up_to_a_limit(database: Database) -> None:
    async with world(database, slot("c"), slot("a"), slot("b", status="busy")) as tx:
        assert await ids_matching(tx, query("Slot?status=free"), 5) == ["a", "c"]
        assert await ids_matching(tx, query("Slot?status=free"), 1) == ["a"]
        await store(tx, slot("0"))
        assert await ids_matching(tx, query("Slot?status=free"), 1) == ["0"]
