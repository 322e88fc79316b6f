"""What does a whole search ask for, and is nothing unknown dropped in silence?"""

from typing import Any

import pytest

from fhir_gateway.core.errors import Category
from fhir_gateway.fhir.catalogue import CATALOGUE, param_of
from fhir_gateway.fhir.search_criteria import MAX_VALUES, modifiers_of
from fhir_gateway.fhir.search_query import (
    MAX_PARAMETERS,
    ChainStep,
    HasStep,
    ReferenceValue,
    TokenValue,
)
from tests.fhir.searches import search, search_refusal, the_criterion


def test_no_pairs_select_everything() -> None:
    query = search("Slot")
    assert (query.type, query.criteria, query.count, query.honoured) == ("Slot", (), 20, ())


def test_pairs_are_joined_by_and_commas_by_or() -> None:
    query = search("Slot", ("status", "free,busy"), ("start", "ge2026"), ("start", "lt2027"))
    status, first, second = query.criteria
    assert [value.entries for value in status.values if isinstance(value, TokenValue)] == [
        ("status|=free",),
        ("status|=busy",),
    ]
    assert (first.param.name, second.param.name) == ("start", "start")
    assert all(each.type_name == "Slot" and each.modifier is None for each in query.criteria)


def test_the_pairs_that_had_an_effect_are_kept_for_the_self_link() -> None:
    pairs = [("status", "free"), ("_count", ""), ("_sort", "start"), ("_cursor", "abc")]
    query = search("Slot", *pairs)
    assert query.honoured == (("status", "free"), ("_sort", "start"))
    assert query.cursor == "abc"


@pytest.mark.parametrize("name", ["statuss", "Status", "foo", "_foo", "end-date", "", ":missing"])
def test_an_unknown_parameter_is_refused_with_those_that_there_are(name: str) -> None:
    error = search_refusal("Slot", (name, "free"))
    assert error is not None
    assert error.category is Category.INVALID
    assert error.issues[0].code == "not-supported"
    assert "_tag, appointment-type, end, identifier" in str(error)


def test_lenient_handling_leaves_unknown_parameters_out_and_says_so() -> None:
    query = search("Slot", ("statuss", "x"), ("status", "free"), lenient=True)
    assert [each.param.name for each in query.criteria] == ["status"]
    assert [each.expression for each in query.ignored] == [("statuss",)]
    assert query.honoured == (("status", "free"),)


def test_lenient_handling_forgives_no_bad_value() -> None:
    assert search_refusal("Slot", ("start", "soon"), lenient=True) is not None


def test_everything_that_is_wrong_is_said_at_once() -> None:
    error = search_refusal("Slot", ("statuss", "x"), ("start", "soon"), ("_count", "many"))
    assert error is not None
    assert [each.expression for each in error.issues] == [("statuss",), ("start",), ("_count",)]


def test_what_a_client_library_sends_without_meaning_is_ignored() -> None:
    query = search("Slot", ("_totalMethod", "count"))
    assert (query.criteria, query.honoured, query.ignored) == ((), (), ())


def test_a_type_that_is_not_served_is_a_fault_of_the_caller() -> None:
    with pytest.raises(KeyError):
        search("Nonsense")


def test_searches_have_limits() -> None:
    many = search_refusal("Slot", *[("status", "free")] * (MAX_PARAMETERS + 1))
    long = search_refusal("Slot", ("status", ",".join(["free"] * (MAX_VALUES + 1))))
    assert many is not None
    assert long is not None
    deep = search_refusal("Appointment", ("actor:Patient.organization.partof.partof.name", "x"))
    assert deep is not None
    assert {each.issues[0].code for each in (many, long, deep)} == {"too-costly"}
    assert search_refusal("Slot", ("status", ",".join(["free"] * MAX_VALUES))) is None


@pytest.mark.parametrize("text", ["", "free,", ",free", "free,,busy"])
def test_a_condition_without_a_value_is_refused(text: str) -> None:
    error = search_refusal("Slot", ("status", text))
    assert error is not None
    assert "needs a value" in str(error)


_PARAMS = [
    (name, each) for name in CATALOGUE for each in CATALOGUE[name].params if not each.components
]
_SAMPLES = {
    "token": "a", "reference": "1", "string": "a", "date": "2026", "number": "1",
    "quantity": "1", "uri": "urn:a", "special": "1|2",
}  # fmt: skip


@pytest.mark.parametrize(("type_name", "param"), _PARAMS)
def test_every_parameter_can_be_searched_plain_and_by_absence(type_name: str, param: Any) -> None:
    plain = the_criterion(type_name, param.name, _SAMPLES[param.type])
    absent = the_criterion(type_name, f"{param.name}:missing", "true")
    assert (plain.param, plain.modifier) == (param, None)
    assert (absent.param, absent.modifier) == (param, "missing")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("status:not", "free"),
        ("schedule:identifier", "urn:x|1"),
        ("schedule:Schedule", "1"),
        ("service-type:text", "check"),
        ("identifier:of-type", "urn:x|MR|1"),
        ("_tag:not", "x"),
        ("_profile:missing", "true"),
    ],
)
def test_a_modifier_that_the_type_takes_is_kept(key: str, text: str) -> None:
    assert the_criterion("Slot", key, text).modifier == key.partition(":")[2]


def test_where_any_type_is_pointed_to_any_served_type_is_a_modifier() -> None:
    criterion = the_criterion("Appointment", "supporting-info:Task", "1")
    assert criterion.values == (ReferenceValue(("supporting-info|Task/1",)),)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("status:exact", "free"),
        ("status:above", "free"),
        ("status:text", "free"),
        ("start:exact", "2026"),
        ("schedule:Patient", "1"),
        ("schedule:Nonsense", "1"),
        ("_id:missing", "true"),
        ("_lastUpdated:not", "2026"),
        ("status:", "free"),
    ],
)
def test_a_modifier_that_the_type_does_not_take_is_refused(key: str, text: str) -> None:
    error = search_refusal("Slot", (key, text))
    assert error is not None
    assert "has no modifier" in str(error)
    assert error.issues[0].expression == (key,)


@pytest.mark.parametrize("text", ["age", "age$", "$5", "age$5$6", "age$five", r"age\$5"])
def test_a_composite_needs_a_value_for_each_of_its_parts(text: str) -> None:
    error = search_refusal("PlanDefinition", ("context-type-quantity", text))
    assert error is not None
    assert error.issues[0].code == "value"


@pytest.mark.parametrize(
    "text",
    ["24", "24|", "|46", "x|46", "91|0", "0|181", "24|46|x", "24|46|-1", "24|46|1|furlong",
     "24|46|1|km|x"],
)  # fmt: skip
def test_a_position_that_is_none_is_refused(text: str) -> None:
    error = search_refusal("Location", ("near", text))
    assert error is not None
    assert error.issues[0].code == "value"


def test_a_composite_has_no_modifiers() -> None:
    error = search_refusal("Group", ("characteristic-value:missing", "true"))
    assert error is not None
    assert "Valid are: none" in str(error)


def test_the_modifiers_are_told() -> None:
    status, schedule = param_of("Slot", "status"), param_of("Slot", "schedule")
    assert status is not None
    assert schedule is not None
    assert modifiers_of("Slot", status) == ("missing", "not")
    assert modifiers_of("Slot", schedule) == ("missing", "identifier", "Schedule")


def test_only_elements_with_text_and_identifiers_with_a_type_know_these_modifiers() -> None:
    identifier, service = param_of("Slot", "identifier"), param_of("Slot", "service-type")
    assert identifier is not None
    assert service is not None
    assert modifiers_of("Slot", identifier) == ("missing", "not", "text", "of-type")
    assert modifiers_of("Slot", service) == ("missing", "not", "text")


def test_a_chain_goes_forward_step_by_step() -> None:
    found = the_criterion("Slot", "schedule.actor:Practitioner.name", "Müller")
    steps = [(each.source, each.param.name, each.target) for each in found.chain]
    assert steps == [("Slot", "schedule", "Schedule"), ("Schedule", "actor", "Practitioner")]
    assert (found.type_name, found.param.name, found.has) == ("Practitioner", "name", ())
    assert isinstance(found.chain[0], ChainStep)


def test_the_end_of_a_chain_may_have_a_modifier() -> None:
    found = the_criterion("Slot", "schedule.actor:Practitioner.name:exact", "Müller")
    assert found.modifier == "exact"


def test_a_step_needs_no_type_where_only_one_fits() -> None:
    assert the_criterion("Appointment", "patient.birthdate", "2000").type_name == "Patient"
    assert the_criterion("Schedule", "actor.udi-di", "x").type_name == "Device"


def test_a_reverse_chain_goes_back() -> None:
    found = the_criterion("Patient", "_has:Appointment:patient:date", "2026")
    assert [(each.type_name, each.param.name) for each in found.has] == [("Appointment", "patient")]
    assert (found.type_name, found.param.name) == ("Appointment", "date")
    assert isinstance(found.has[0], HasStep)


def test_reverse_and_forward_steps_go_together() -> None:
    found = the_criterion("Patient", "_has:Appointment:patient:slot.status", "free")
    nested = the_criterion("Practitioner", "_has:Schedule:actor:_has:Slot:schedule:status", "free")
    assert (len(found.has), len(found.chain), found.type_name) == (1, 1, "Slot")
    assert [each.type_name for each in nested.has] == ["Schedule", "Slot"]


@pytest.mark.parametrize(
    ("type_name", "key", "says"),
    [
        ("Slot", "schedule.nonsense", "Nothing that 'schedule' points to has"),
        ("Slot", "nonsense.name", "no search parameter 'nonsense'"),
        ("Slot", "status.name", "not a reference to follow"),
        ("Slot", "schedule:Patient.name", "none of the types Schedule"),
        ("Schedule", "actor.name", "actor:Practitioner.name"),
        ("Schedule", "actor.", "has a search parameter ''"),
        ("Slot", "schedule.actor:Patient.link:Patient.link:Patient.name", "More than 3 steps"),
        ("Patient", "_has:Appointment:patient", "_has:Type:reference-parameter:parameter"),
        ("Patient", "_has:Appointment:patient:", "_has:Type:reference-parameter:parameter"),
        ("Patient", "_has:Nonsense:patient:date", "'Nonsense' is none of the types"),
        ("Patient", "_has:Appointment:status:date", "no search parameter 'status'"),
        ("Patient", "_has:Appointment:slot:date", "Appointment.slot does not point to Patient"),
        ("Patient", "_has:Appointment:patient:nonsense", "no search parameter 'nonsense'"),
    ],
)
def test_a_chain_that_leads_nowhere_is_refused_with_a_way_that_does(
    type_name: str, key: str, says: str
) -> None:
    error = search_refusal(type_name, (key, "x"))
    assert error is not None
    assert says in str(error)
    assert error.issues[0].expression == (key,)


def test_what_was_sent_is_shown_in_part_only() -> None:
    error = search_refusal("Slot", ("x" * 5000, "y" * 5000), ("start", "ge" + "z" * 5000))
    assert error is not None
    assert all(len(each.diagnostics) < 800 for each in error.issues)
    assert all(len("".join(each.expression)) <= 100 for each in error.issues)
