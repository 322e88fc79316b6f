"""Is what we publish about ourselves what the code says?"""

import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from conformance.claims import CLAIMS, V2, claims, operations
from conformance.claims_v2 import document
from conformance.claims_v2_outbound import SOURCES, written_fields

GENERATED = claims()


def test_the_published_claims_are_the_generated_ones() -> None:
    published = {path.name: path.read_text(encoding="utf-8") for path in CLAIMS.glob("*.json")}
    assert published == GENERATED, "run: python -m conformance.claims"


def test_the_published_claims_about_v2_are_the_generated_ones() -> None:
    assert (CLAIMS / V2).read_text("utf-8") == document(), "run: python -m conformance.claims"


def test_every_field_that_is_written_says_where_it_comes_from() -> None:
    assert sorted(written_fields()) == sorted(SOURCES)


def test_the_claims_are_the_same_whenever_they_are_written() -> None:
    assert claims() == GENERATED


@pytest.mark.parametrize("name", GENERATED)
def test_a_claim_is_a_valid_resource(name: str) -> None:
    resource = json.loads(GENERATED[name])
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def _names(node: Any) -> Any:
    if isinstance(node, dict):
        return [(name, _names(child)) for name, child in node.items()]
    return [_names(each) for each in node] if isinstance(node, list) else None


@pytest.mark.parametrize("name", GENERATED)
def test_a_claim_has_its_elements_in_the_order_of_r4(name: str) -> None:
    resource = json.loads(GENERATED[name])
    model = get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert _names(resource) == _names(json.loads(model.model_dump_json()))


def test_every_operation_is_claimed() -> None:
    named = {each.removesuffix(".json") for each in GENERATED}
    assert {f"OperationDefinition-{each.id}" for each in operations()} <= named
