"""Is every patch either done or refused, whatever it says?"""

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir import json
from fhir_gateway.fhir.patch import Patch, patched
from tests.fhir.patches import a_patch, stored

_STEPS = st.sampled_from(
    ["", "name", "given", "_given", "telecom", "contact", "birthDate", "_birthDate", "meta", "id",
     "extension", "0", "1", "2", "-", "01", "~0", "resourceType", "family", "rank", "x"]
)  # fmt: skip
_POINTERS = st.lists(_STEPS, max_size=4).map(lambda steps: "".join(f"/{each}" for each in steps))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("abc/~é", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("abc/~", max_size=4), inner)
    ),
    max_leaves=4,
)
_OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
     "path": _POINTERS, "from": _POINTERS, "value": _VALUES},
)  # fmt: skip

_PIECES = st.sampled_from(
    ["Patient", "name", "given", "telecom", "rank", "contact", "gender", "deceased", "extension",
     "value", "birthDate", "text", "[0]", "[1]", "first()", "last()", "where(use = 'official')",
     "where(rank = 1)", "where(", "ofType(X)", "'", "|", " "]
)  # fmt: skip
_PATHS = st.lists(_PIECES, max_size=5).map(".".join) | st.text(max_size=10)
_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["add", "insert", "delete", "replace", "move", "x"]),
        "path": _PATHS,
        "name": _PIECES,
        "index": st.integers(-1, 3),
        "source": st.integers(-1, 3),
        "destination": st.integers(-1, 3),
        "value": st.sampled_from(
            [{"valueString": "x"}, {"valueHumanName": {"family": "x"}}, {"valueBoolean": True},
             {"_valueString": {"id": "x"}}, {"part": [{"name": "family", "valueString": "x"}]}, {}]
        ),
    },
)  # fmt: skip


def _parameter(parts: dict[str, Any]) -> dict[str, Any]:
    listed = []
    for name, each in parts.items():
        content = {"valueInteger": each} if isinstance(each, int) else {"valueString": each}
        listed.append({"name": name} | (each if isinstance(each, dict) else content))
    return {"name": "operation"} | ({"part": listed} if listed else {})


def _done_or_refused(patch: Patch) -> None:
    before = stored()
    after = before
    with suppress(GatewayError):
        after = patched(before, patch)
    assert (after["resourceType"], after["id"]) == ("Patient", "ann")
    assert json.parse(json.dump(after)) == after
    assert before == stored()


@given(st.lists(_OPERATIONS, max_size=6))
def test_any_json_patch_is_done_or_refused(operations: list[dict[str, Any]]) -> None:
    _done_or_refused(Patch("json", operations))


@given(st.lists(_VALUES, max_size=3))
def test_anything_in_the_place_of_an_operation_is_refused(operations: list[Any]) -> None:
    _done_or_refused(Patch("json", operations))


@given(st.lists(_PARTS.map(_parameter), min_size=1, max_size=4))
def test_any_fhirpath_patch_is_done_or_refused(parameters: list[dict[str, Any]]) -> None:
    _done_or_refused(Patch("fhirpath", a_patch(*parameters)))


@given(st.dictionaries(_STEPS, _VALUES))
def test_any_partial_resource_is_done_or_refused(partial: dict[str, Any]) -> None:
    _done_or_refused(Patch("merge", partial))
