"""Is every code that we give a meaning defined?"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class

import fhir_gateway
from fhir_gateway.core.codes import OFFER_REASONS, SYSTEM_FACTOR, SYSTEM_REASON
from fhir_gateway.engines.slot_score import DEFAULT_WEIGHTS
from fhir_gateway.engines.waitlist_score import MOST
from fhir_gateway.fhir.code_systems import OWN_CODES, code_systems, value_sets
from fhir_gateway.fhir.measures import METRIC_CODES
from fhir_gateway.usecases.operations import OPERATIONS

BY_URL = {each.url: each.codes for each in OWN_CODES}
USECASES = Path(fhir_gateway.__file__).parent / "usecases"
#: They are shown to the senders of messages alone, in ERR-5.
OF_MESSAGES = {
    "unknown-appointment",
    "control-id-reused",
    "ambiguous-identity",
    "series",
    "unknown-schedule",
    "nothing-to-merge",
    "ambiguous-visit",
    "no-appointment",
    "unknown-resource",
    "repeated",
    "echo",
}


def _reasons(tree: ast.AST) -> Iterator[str]:
    """The codes that are written as the details of an Issue."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            named = [each.value for each in call.keywords if each.arg == "details"]
            placed = call.args[3:4] if ast.unparse(call.func) == "Issue" else []
            for each in (*named, *placed):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value


@pytest.mark.parametrize("path", sorted(USECASES.rglob("*.py")), ids=lambda path: str(path.stem))
def test_every_reason_that_a_client_is_told_is_defined(path: Path) -> None:
    told = set(_reasons(ast.parse(path.read_text(encoding="utf-8"))))
    assert told - OF_MESSAGES <= BY_URL[SYSTEM_REASON].keys()


def test_the_reasons_of_offers_are_defined() -> None:
    assert BY_URL[SYSTEM_REASON].keys() >= OFFER_REASONS


def test_every_factor_is_defined() -> None:
    factors = {code for weights in DEFAULT_WEIGHTS.values() for code in weights} | set(MOST)
    assert factors <= BY_URL[SYSTEM_FACTOR].keys()


@pytest.mark.parametrize(
    "definition",
    [*code_systems(), *value_sets()],
    ids=lambda each: f"{each['resourceType']}-{each['id']}",
)
def test_a_definition_is_a_valid_resource(definition: dict[str, str]) -> None:
    assert get_fhir_model_class(definition["resourceType"]).model_validate(definition)


def test_each_code_system_has_a_value_set_of_its_own() -> None:
    pairs = zip(code_systems(), value_sets(), strict=True)
    for system, values in pairs:
        assert system["valueSet"] == values["url"]
        assert values["compose"] == {"include": [{"system": system["url"]}]}
        assert system["count"] == len(system["concept"])


def test_every_number_of_a_measure_is_defined_and_no_other() -> None:
    measures = {each.spec.measure for each in OPERATIONS if each.spec.measure is not None}
    codes = {code for each in measures for code in each.strata}
    codes |= {
        code
        for each in measures
        for number in each.numbers
        for code in (number.code, *number.populations)
    }
    assert codes == METRIC_CODES.keys()
