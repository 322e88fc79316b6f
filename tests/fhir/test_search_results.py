"""How should the answer to a search look: order, size, what comes with it?"""

import pytest

from fhir_gateway.fhir.catalogue import CATALOGUE, params_of
from fhir_gateway.fhir.search_results import (
    DEFAULT_COUNT,
    MAX_COUNT,
    RESULT_PARAMETERS,
    Include,
    is_result_parameter,
)
from tests.fhir.searches import search, search_refusal


def _followed(includes: tuple[Include, ...]) -> list[tuple[str, str, str | None, bool]]:
    return [(each.source, each.param.name, each.target, each.iterate) for each in includes]


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("1", 1), ("1000", MAX_COUNT), ("999999999", MAX_COUNT), ("", DEFAULT_COUNT)],
)
def test_a_page_has_the_size_that_is_asked_for_up_to_a_limit(text: str, count: int) -> None:
    assert search("Slot", ("_count", text)).count == count


def test_the_order_has_several_keys_either_way() -> None:
    query = search("Slot", ("_sort", "-start,status,_id"), ("_sort", "-_lastUpdated"))
    start, status = params_of("Slot")["start"], params_of("Slot")["status"]
    assert query.sort == ((start, True), (status, False), ("_id", False), ("_lastUpdated", True))


def test_includes_are_followed_forward() -> None:
    query = search("Slot", ("_include", "Slot:schedule"))
    assert _followed(query.includes) == [("Slot", "schedule", None, False)]


def test_an_include_may_name_its_target_and_be_repeated_on_what_it_finds() -> None:
    query = search(
        "Slot",
        ("_include", "Slot:schedule"),
        ("_include:iterate", "Schedule:actor:Practitioner"),
        ("_include:recurse", "Schedule:actor:Location"),
    )
    assert _followed(query.includes) == [
        ("Slot", "schedule", None, False),
        ("Schedule", "actor", "Practitioner", True),
        ("Schedule", "actor", "Location", True),
    ]


@pytest.mark.parametrize("text", ["*", "Appointment:*"])
def test_a_star_follows_every_reference_of_the_type(text: str) -> None:
    query = search("Appointment", ("_include", text))
    references = [each for each in CATALOGUE["Appointment"].params if each.type == "reference"]
    assert [each.param for each in query.includes] == references


def test_a_star_that_goes_on_follows_every_reference_of_every_type() -> None:
    query = search("Slot", ("_include:iterate", "*"))
    references = {
        (name, each.name, None, True)
        for name, served in CATALOGUE.items()
        for each in served.params
        if each.type == "reference"
    }
    assert set(_followed(query.includes)) == references


def test_references_are_followed_backward() -> None:
    query = search("Patient", ("_revinclude", "Appointment:patient"))
    every = search("Patient", ("_revinclude", "Appointment:*"))
    assert _followed(query.revincludes) == [("Appointment", "patient", None, False)]
    assert [each.param.name for each in every.revincludes] == [
        "actor",
        "patient",
        "supporting-info",
    ]


def test_the_same_include_twice_is_one() -> None:
    query = search("Slot", ("_include", "Slot:schedule"), ("_include", "Slot:schedule"))
    assert len(query.includes) == 1


@pytest.mark.parametrize(
    ("text", "summary"), [("true", "true"), ("count", "count"), ("false", None)]
)
def test_a_summary_is_one_of_five(text: str, summary: str | None) -> None:
    assert search("Slot", ("_summary", text)).summary == summary


def test_elements_are_collected_once_each() -> None:
    query = search("Slot", ("_elements", "start,end"), ("_elements", "end,status"))
    assert query.elements == ("start", "end", "status")


@pytest.mark.parametrize("text", ["none", "estimate", "accurate"])
def test_a_total_is_asked_for(text: str) -> None:
    assert search("Slot", ("_total", text)).total == text


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("_count", "-1", "a number from 0 on"),
        ("_count", "ten", "a number from 0 on"),
        ("_count", "٣", "a number from 0 on"),
        ("_count", "1" * 19, "a number from 0 on"),
        ("_count:missing", "true", "has no modifier"),
        ("_sort", "nonsense", "cannot be sorted by 'nonsense'. Valid are: _id"),
        ("_sort", "start,", "cannot be sorted by ''"),
        ("_sort:asc", "start", "has no modifier"),
        ("_include", "Slot", "Type:parameter"),
        ("_include", "Nonsense:x", "Type:parameter"),
        ("_include", "Slot:", "Type:parameter"),
        ("_include", "Slot:status", "Slot has no reference 'status'. Valid are: schedule"),
        ("_include", "Slot:schedule:Patient", "points to Schedule, not to Patient"),
        ("_include", "Schedule:actor", "others need ':iterate'"),
        ("_include:foo", "Slot:schedule", "has no modifier ':foo'"),
        ("_revinclude", "*", "Type:parameter"),
        ("_revinclude", "Appointment:patient", "points to Patient, not to Slot"),
        ("_revinclude", "Appointment:slot:Patient", "points to Slot, not to Patient"),
        ("_revinclude", "Appointment:supporting-info:Patient", "the target of a _revinclude"),
        ("_total", "yes", "one of none, estimate, accurate"),
        ("_summary", "yes", "one of true, text, data, count, false"),
        ("_elements", "start,", "names of root elements"),
        ("_elements", "a.b", "names of root elements"),
        ("_cursor", "a b", "not one that this server gave out"),
        ("_cursor", "x" * 1501, "not one that this server gave out"),
    ],
)
def test_a_bad_wish_is_refused_naming_the_parameter_and_the_form(
    key: str, text: str, says: str
) -> None:
    error = search_refusal("Slot", (key, text))
    assert error is not None
    assert says in str(error)
    assert error.issues[0].expression == (key,)
    assert error.issues[0].code == "value"


@pytest.mark.parametrize(
    ("type_name", "name"), [("Group", "characteristic-value"), ("Location", "near")]
)
def test_what_has_no_order_is_not_sorted_by_and_not_named_as_valid(
    type_name: str, name: str
) -> None:
    error = search_refusal(type_name, ("_sort", name))
    assert error is not None
    assert f"cannot be sorted by '{name}'. Valid are: _id" in str(error)
    assert str(error).count(name) == 1


def test_looking_back_has_a_limit() -> None:
    pairs = [("_revinclude:iterate", f"{name}:*") for name in CATALOGUE if name != "Slot"]
    error = search_refusal("Slot", *pairs)
    assert error is not None
    assert "More than 50 references" in str(error)
    assert error.issues[0].code == "too-costly"


@pytest.mark.parametrize("name", RESULT_PARAMETERS)
def test_result_parameters_select_nothing(name: str) -> None:
    assert is_result_parameter(name)
    assert is_result_parameter(f"{name}:iterate")
    assert search("Slot", (name, "")).criteria == ()


@pytest.mark.parametrize("name", ["status", "_id", "_has:Slot:x:y", "_lastUpdated", "count"])
def test_all_others_select(name: str) -> None:
    assert not is_result_parameter(name)
