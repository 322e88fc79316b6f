"""Is everything accepted that R4 allows? Examples with every element of every served type."""

import copy
from typing import Any

import pytest

from fhir_gateway.fhir import json
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.spec import structure, structure_names
from tests.fhir.builders import a_patient, refusal
from tests.fhir.examples import datatype, example, variants


def _elements(name: str) -> set[str]:
    found = structure(name)
    return set(found.elements) if found else set()


RESOURCES = [(name, n) for name in CATALOGUE for n in range(variants(name))]
#: Not served, and validated only as what a request brings.
ENVELOPES = {"Parameters", "Bundle", "OperationOutcome", "Resource"}
NAMES = [name for name in structure_names() if name.split(".")[0] not in ENVELOPES]
TYPES = [name for name in NAMES if "." not in name and "implicitRules" not in _elements(name)]
DATATYPES = [(name, n) for name in TYPES for n in range(variants(name))]


def _placed(type_name: str, value: dict[str, Any]) -> dict[str, Any]:
    """The value where a Patient can have it."""
    places: dict[str, dict[str, Any]] = {
        "Narrative": {"text": value},
        "Extension": {"extension": [value]},
    }
    extension = {"url": "https://example.org/x", f"value{type_name}": value}
    return a_patient(**places.get(type_name, {"extension": [extension]}))


@pytest.mark.parametrize(("type_name", "variant"), RESOURCES)
def test_a_full_resource_is_accepted_by_both_checks(type_name: str, variant: int) -> None:
    resource, _ = example(type_name, variant)
    assert refusal(resource) is None


@pytest.mark.parametrize(("type_name", "variant"), DATATYPES)
def test_a_full_datatype_is_accepted_by_both_checks(type_name: str, variant: int) -> None:
    value, _ = datatype(type_name, variant)
    assert refusal(_placed(type_name, value)) is None


def test_the_examples_have_every_element_of_every_served_type() -> None:
    seen = {pair for name, n in RESOURCES for pair in example(name, n)[1]}
    seen |= {pair for name, n in DATATYPES for pair in datatype(name, n)[1]}
    missing = {(name, each) for name in NAMES for each in _elements(name)} - seen
    assert missing == set()


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_a_full_resource_is_not_changed_by_being_checked(type_name: str) -> None:
    resource, _ = example(type_name, 0)
    before = copy.deepcopy(resource)
    assert refusal(resource) is None
    assert resource == before


@pytest.mark.parametrize(("type_name", "variant"), [(name, 0) for name in CATALOGUE])
def test_a_full_resource_goes_out_as_it_came_in(type_name: str, variant: int) -> None:
    body = json.dump(example(type_name, variant)[0])
    resource = json.parse(body)
    assert refusal(resource) is None
    assert json.dump(resource) == body


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_every_required_element_is_missed(type_name: str) -> None:
    found = structure(type_name)
    assert found is not None
    resource, _ = example(type_name, 0)
    for name in found.required:
        without = {key: value for key, value in resource.items() if key != name}
        error = refusal(without)
        assert error is not None
        assert ("required", (f"{type_name}.{name}",)) in [
            (each.code, each.expression) for each in error.issues
        ]


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_an_element_that_4_0_1_lacks_is_refused(type_name: str) -> None:
    resource, _ = example(type_name, 0)
    error = refusal(resource | {"subjectCanonical": "https://example.org/x"})
    assert error is not None
    assert [each.expression for each in error.issues] == [(f"{type_name}.subjectCanonical",)]
