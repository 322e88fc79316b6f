"""Does the server do what its OpenAPI document says, whatever is made of that document?"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.served import HANGS, Served

#: Statuses, media types and bodies are as documented, and nothing fails.
HELD = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
#: One type with all its interactions, every operation, and what belongs to no type.
SMOKE = r"^/fhir/(Slot(/(\{id\}|_search))?|Appointment/\$.*|\{id\}/\$export|metadata|_history)?$"


def conform(house: Served, paths: str, times: int) -> None:
    """Ask so many times for each operation at these paths."""
    document = schemathesis.openapi.from_url(f"{house.address}/openapi.json")
    asked = settings(
        max_examples=times,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for found in document.include(path_regex=paths).get_all_operations():
        operation = found.ok()
        right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @asked
        @given(case=right | wrong)
        def conforms(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=HELD, timeout=HANGS)

        conforms()


def test_some_of_each_kind_is_as_documented(house: Served) -> None:
    conform(house, SMOKE, 2)


@pytest.mark.fuzz
@pytest.mark.timeout(0)
def test_everything_is_as_documented(house: Served) -> None:
    conform(house, "", 8)
