"""Is what we serve what R4 defines, and complete?"""

import json
from importlib.resources import files
from typing import Any

import pytest

from fhir_gateway.core.codes import CANONICAL
from fhir_gateway.fhir.catalogue import (
    CATALOGUE,
    COMMON,
    SearchParam,
    components_of,
    param_of,
    params_of,
)
from fhir_gateway.fhir.declaration import INTERACTIONS
from fhir_gateway.fhir.spec import code_element, resource_types, structure, structure_names

_OFFICIAL: dict[str, dict[str, list[Any]]] = json.loads(
    (files("fhir_gateway.fhir") / "data" / "search_parameters.json").read_text(encoding="utf-8")
)
_OWN = {
    ("Slot", "end"), ("Slot", "overbooked"), ("Appointment", "requested-period"),
    ("Appointment", "score"), ("RiskAssessment", "appointment"), ("Encounter", "queue"),
}  # fmt: skip
PARAMS = [(name, param) for name, each in CATALOGUE.items() for param in each.params]
PLAIN = [(name, param) for name, param in PARAMS if not param.components]
COMPOSITES = [(name, param) for name, param in PARAMS if param.type == "composite"]
R4 = [(name, param) for name, param in PARAMS if not param.own]
#: Types whose values an index of that kind can be made from.
_INDEXABLE = {
    "token": {
        "code", "Coding", "CodeableConcept", "Identifier", "ContactPoint", "boolean", "string",
        "dateTime", "id", "uri",
    },
    "reference": {"Reference", "canonical", "uri"},
    "string": {"string", "HumanName", "Address", "markdown"},
    "date": {"date", "dateTime", "instant", "Period", "Timing"},
    "number": {"decimal", "integer", "positiveInt", "unsignedInt", "Range"},
    "quantity": {"Quantity", "Range", "Age", "Duration", "Money"},
    "uri": {"uri", "url", "canonical"},
    "special": {"Location.position"},
}  # fmt: skip


def _element_types(type_name: str, path: str) -> list[str]:
    """The types of the elements along a path; fails where there is no such element."""
    found = structure(type_name)
    types = []
    for step in path.split("."):
        assert found is not None, path
        types.append(found.elements[step].type)
        found = structure(types[-1])
    return types


def _repeats(type_name: str, param: SearchParam) -> bool:
    """Whether R4 lets any element along the paths repeat; an extension of ours stands once."""
    for path in param.paths:
        found = structure(type_name)
        for step in path.split("."):
            assert found is not None
            if found.elements[step].many and not param.urls:
                return True
            found = structure(found.elements[step].type)
    return False


def test_the_served_types_are_types_of_r4() -> None:
    assert set(CATALOGUE) <= resource_types() & set(structure_names())
    assert set(CATALOGUE) == set(_OFFICIAL)


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_every_search_parameter_of_r4_is_served(type_name: str) -> None:
    served = {each.name for each in CATALOGUE[type_name].params if not each.own}
    assert served == set(_OFFICIAL[type_name])


@pytest.mark.parametrize(("type_name", "param"), R4)
def test_a_parameter_of_r4_has_its_type_targets_and_address(
    type_name: str, param: SearchParam
) -> None:
    kind, _, targets, url = _OFFICIAL[type_name][param.name]
    assert (param.type, param.url) == (kind, url)
    assert set(param.targets) == set(targets) - {"Resource"}
    assert set(param.targets) <= resource_types()


def test_our_own_parameters_are_these_and_r4_has_none_of_that_name() -> None:
    own = {(name, param.name) for name, param in PARAMS if param.own}
    assert own == _OWN
    assert [each for each in own if each[1] in _OFFICIAL[each[0]]] == []
    assert all(param.url.startswith(CANONICAL) for _, param in PARAMS if param.own)


@pytest.mark.parametrize(("type_name", "param"), PLAIN)
def test_a_path_leads_to_elements_that_can_be_indexed_so(
    type_name: str, param: SearchParam
) -> None:
    ends = {_element_types(type_name, path)[-1] for path in param.paths}
    assert ends <= _INDEXABLE[param.type]


@pytest.mark.parametrize(("type_name", "param"), PARAMS)
def test_a_parameter_whose_element_repeats_is_declared_multiple(
    type_name: str, param: SearchParam
) -> None:
    assert param.multiple or not _repeats(type_name, param) or param.name == "phonetic"


@pytest.mark.parametrize(("type_name", "param"), COMPOSITES)
def test_the_components_of_a_composite_lie_in_its_element_and_a_number_is_the_last(
    type_name: str, param: SearchParam
) -> None:
    components = components_of(type_name, param)
    paths = [path for each in components for path in each.paths]
    assert len(components) > 1
    assert all(path.startswith(f"{param.paths[0]}.") for path in paths)
    assert {each.type for each in components[:-1]} == {"token"}
    assert components[-1].type in ("token", "quantity")


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_names_are_unique_and_interactions_are_those_of_r4(type_name: str) -> None:
    names = [each.name for each in CATALOGUE[type_name].params]
    assert len(names) == len(set(names))
    assert CATALOGUE[type_name].interactions <= set(INTERACTIONS)


def test_common_parameters_come_first_and_unknown_ones_are_none() -> None:
    assert list(params_of("Slot"))[:2] == list(COMMON)
    assert param_of("Slot", "nonsense") is None
    assert param_of("Nonsense", "_id") is None
    assert param_of("Slot", "status") is params_of("Slot")["status"]


def test_a_plain_code_implies_its_system() -> None:
    element = code_element("Slot", "status")
    assert element is not None
    assert element.system == "http://hl7.org/fhir/slotstatus"
    assert code_element("Slot", "serviceType") is None
    assert code_element("Slot", "nonsense.deeper") is None
