"""Does the server say of itself what it does, and nothing else?"""

from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_gateway.core import codes
from fhir_gateway.core.codes import CANONICAL
from fhir_gateway.fhir.capability import DEFINED, capability
from fhir_gateway.fhir.catalogue import CATALOGUE, params_of
from fhir_gateway.fhir.operation_definitions import operation_definition
from fhir_gateway.fhir.operations import EVERY_TYPE, OperationSpec
from fhir_gateway.fhir.primitives import PRIMITIVES
from fhir_gateway.fhir.search_parameters import search_parameters
from fhir_gateway.fhir.search_query import parse
from fhir_gateway.fhir.spec import structure
from fhir_gateway.fhir.structure_definitions import OWN_EXTENSIONS, structure_definitions
from tests.fhir.operations import SPEC
from tests.fhir.searches import BASE, RIYADH

SYSTEM = OperationSpec(
    "reload", None, frozenset({"system"}), True, "Reload", "Reads the rules again.", "none", ()
)  # fmt: skip


def _statement(**options: Any) -> dict[str, Any]:
    stated: dict[str, Any] = {
        "base": BASE,
        "software_version": "1.2.3",
        "date": datetime(2026, 3, 2, 6, tzinfo=UTC),
        "operations": (SPEC, SYSTEM),
        "zone_name": "Asia/Riyadh",
    }
    return capability(**stated | options)


def _valid(resource: dict[str, Any]) -> bool:
    model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return model is not None


def _of(statement: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["type"]: each for each in statement["rest"][0]["resource"]}


def test_the_statement_is_of_an_r4_server_with_json_and_xml() -> None:
    statement = _statement()
    assert _valid(statement)
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["kind"] == "instance"
    assert statement["date"] == "2026-03-02T06:00:00Z"
    assert statement["software"] == {"name": "fhir_gateway", "version": "1.2.3"}
    assert statement["implementation"]["url"] == BASE
    assert statement["format"] == ["application/fhir+json", "application/fhir+xml", "json", "xml"]
    assert "Asia/Riyadh" in statement["rest"][0]["documentation"]


def test_every_served_type_is_stated_with_its_interactions_and_parameters() -> None:
    stated = _of(_statement())
    assert list(stated) == [*CATALOGUE, *DEFINED]
    for name in CATALOGUE:
        each = stated[name]
        assert {one["code"] for one in each["interaction"]} == CATALOGUE[name].interactions
        assert [one["name"] for one in each["searchParam"]] == list(params_of(name))
        assert [one["definition"] for one in each["searchParam"]] == [
            param.url for param in params_of(name).values()
        ]


@pytest.mark.parametrize("type_name", CATALOGUE)
@pytest.mark.parametrize(
    ("element", "key"), [("searchInclude", "_include"), ("searchRevInclude", "_revinclude")]
)
def test_what_is_stated_to_be_included_can_be_asked_for(
    type_name: str, element: str, key: str
) -> None:
    stated = _of(_statement())[type_name].get(element, [])
    for text in stated:
        query = parse(type_name, [(key, text)], zone=RIYADH, base=BASE)
        assert query.includes or query.revincludes


def test_what_is_switched_off_is_stated_as_off() -> None:
    slot = _of(_statement(update_create=False, conditional_writes=False))["Slot"]
    assert slot["versioning"] == "versioned-update"
    assert slot["updateCreate"] is False
    assert slot["conditionalCreate"] is False
    assert slot["conditionalUpdate"] is False
    assert slot["conditionalDelete"] == "not-supported"
    assert slot["referencePolicy"] == ["literal", "logical", "enforced"]


def test_what_is_switched_on_is_stated_as_on() -> None:
    statement = _statement(
        patch_formats=["application/json-patch+json"],
        system_interactions=["transaction", "batch"],
        security={"cors": True},
    )
    assert _valid(statement)
    assert _of(statement)["Slot"]["updateCreate"] is True
    assert _of(statement)["Slot"]["conditionalCreate"] is True
    assert _of(statement)["Slot"]["conditionalUpdate"] is True
    assert _of(statement)["Slot"]["conditionalDelete"] == "single"
    assert _of(statement)["Slot"]["conditionalRead"] == "full-support"
    assert statement["patchFormat"] == ["application/json-patch+json"]
    assert statement["rest"][0]["interaction"] == [{"code": "transaction"}, {"code": "batch"}]
    assert statement["rest"][0]["security"] == {"cors": True}


def test_operations_are_stated_where_they_are_invoked() -> None:
    statement = _statement()
    with_operations = [name for name, each in _of(statement).items() if "operation" in each]
    (own,) = _of(statement)["Appointment"]["operation"]
    (system,) = statement["rest"][0]["operation"]
    assert with_operations == ["Appointment"]
    assert own["name"] == "try"
    assert own["definition"] == operation_definition(SPEC)["url"]
    assert system["definition"] == f"{CANONICAL}/OperationDefinition/reload"


def test_an_operation_of_every_type_is_stated_for_each_with_the_standards_definition() -> None:
    standard = "http://hl7.org/fhir/OperationDefinition/Resource-check"
    spec = OperationSpec(
        "check", EVERY_TYPE, frozenset({"type"}), False, "Check", "Checks.", "none", (),
        standard=standard,
    )  # fmt: skip
    statement = _statement(operations=(spec,))
    for name in CATALOGUE:
        each = _of(statement)[name]
        assert [(one["name"], one["definition"]) for one in each["operation"]] == [
            ("check", standard)
        ]
    definition = operation_definition(spec)
    assert _valid(definition)
    assert (definition["base"], definition["resource"]) == (standard, ["Resource"])


def test_an_operation_is_published_as_it_is_declared() -> None:
    definition = operation_definition(SPEC)
    by_name = {(each["name"], each["use"]): each for each in definition["parameter"]}
    assert _valid(definition)
    assert definition["id"] == "Appointment-try"
    assert definition["name"] == "AppointmentTry"
    assert (definition["system"], definition["type"], definition["instance"]) == (
        False,
        True,
        False,
    )
    assert definition["affectsState"] is False
    assert len(definition["parameter"]) == len(SPEC.parameters)
    assert by_name[("patient", "in")]["targetProfile"] == [
        "http://hl7.org/fhir/StructureDefinition/Patient"
    ]
    assert by_name[("actor", "in")]["max"] == "*"
    assert [part["name"] for part in by_name[("weight", "in")]["part"]] == ["code", "value"]
    assert "type" not in by_name[("weight", "in")]


def test_an_operation_of_the_system_has_no_resource_and_no_parameters() -> None:
    definition = operation_definition(SYSTEM)
    assert _valid(definition)
    assert definition["system"] is True
    assert {"resource", "parameter"} & set(definition) == set()


def test_every_own_search_parameter_is_published() -> None:
    published = {each["url"]: each for each in search_parameters()}
    own = [param for name in CATALOGUE for param in CATALOGUE[name].params if param.own]
    assert all(_valid(each) for each in published.values())
    assert list(published) == [each.url for each in own]
    assert published[f"{CANONICAL}/SearchParameter/Slot-end"]["expression"] == "Slot.end"


def test_every_own_extension_is_published() -> None:
    known = {value for name, value in vars(codes).items() if name.startswith("EXT_")}
    published = {each["url"]: each for each in structure_definitions()}
    assert all(_valid(each) for each in published.values())
    assert {each for each in known if each.startswith(CANONICAL)} <= set(published)
    assert all(each.startswith(f"{CANONICAL}/StructureDefinition/") for each in published)


@pytest.mark.parametrize("extension", OWN_EXTENSIONS, ids=lambda each: each.id)
def test_an_extension_has_a_value_or_parts_of_types_that_r4_has(extension: Any) -> None:
    waiting = [extension]
    for each in waiting:
        waiting += each.parts
        assert (each.type is None) == bool(each.parts)
        assert each.type is None or each.type in PRIMITIVES or structure(each.type) is not None


def test_the_parts_of_an_extension_are_slices_with_fixed_urls() -> None:
    score = next(each for each in structure_definitions() if each["id"] == "score")
    elements = {each["id"]: each for each in score["differential"]["element"]}
    factor = "Extension.extension:factor"
    assert elements[factor]["max"] == "*"
    assert elements[f"{factor}.extension:weight.url"]["fixedUri"] == "weight"
    assert elements[f"{factor}.extension:weight.value[x]"]["type"] == [{"code": "decimal"}]
    assert elements[f"{factor}.value[x]"]["max"] == "0"
    assert elements["Extension.url"]["fixedUri"] == codes.EXT_SCORE
    assert len(elements) == len(score["differential"]["element"])
