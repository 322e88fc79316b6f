"""In which order are the writes of a transaction carried out?"""

from itertools import permutations
from typing import Any

import pytest

from fhir_gateway.core.refs import Ref
from fhir_gateway.usecases.transaction_order import in_order


def pointing_to(*ids: int) -> dict[str, Any]:
    return {"to": [{"reference": f"Patient/{each}"} for each in ids]}


def order(writes: list[int], contents: dict[int, Any]) -> list[int]:
    new = {Ref("Patient", str(each)): each for each in contents}
    return in_order(writes, contents, new)


def test_without_references_their_own_order_is_kept() -> None:
    assert order([2, 0, 1], {0: {}, 1: {}, 2: {}}) == [2, 0, 1]


@pytest.mark.parametrize("writes", list(permutations(range(4))))
def test_what_is_pointed_to_comes_first(writes: tuple[int, ...]) -> None:
    contents = {0: pointing_to(1, 2), 1: pointing_to(3), 2: pointing_to(1), 3: {}}
    assert order(list(writes), contents) == [3, 1, 2, 0]


@pytest.mark.parametrize("writes", list(permutations(range(3))))
def test_a_circle_is_broken_and_loses_nobody(writes: tuple[int, ...]) -> None:
    contents = {0: pointing_to(1), 1: pointing_to(2), 2: pointing_to(0)}
    found = order(list(writes), contents)
    assert sorted(found) == [0, 1, 2]
    assert found[-1] == writes[0]


def test_what_points_to_itself_or_outside_is_written_once() -> None:
    assert order([0, 1], {0: pointing_to(0, 9), 1: pointing_to(1)}) == [0, 1]


def test_a_long_chain_needs_no_deep_stack() -> None:
    contents = {each: pointing_to(each + 1) for each in range(1000)}
    assert order(list(range(1000)), contents) == list(range(999, -1, -1))
