"""What does fhir.resources add to our own check, and where are the two known to differ?"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.models import KNOWN_DIFFERENCES, load, second_opinion
from tests.fhir.builders import a_slot, an_appointment, issues, refusal
from tests.fhir.examples import example


def _extended(**value: Any) -> dict[str, Any]:
    return an_appointment(extension=[{"url": "https://example.org/x"} | value])


DIFFERENT = [
    _extended(valueMeta={"versionId": "1"}),
    _extended(valueUuid="urn:uuid:c757873d-ec9a-5326-a141-556f43239520"),
    an_appointment(comment="\u00a0"),
    _extended(valueUrl="http://[x"),
]


@pytest.mark.parametrize("resource", DIFFERENT)
def test_r4_is_not_refused_for_what_r4b_thinks_of_it(resource: dict[str, Any]) -> None:
    assert refusal(resource) is None


def test_every_known_difference_has_an_example_here() -> None:
    assert len(DIFFERENT) == len(KNOWN_DIFFERENCES)


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (an_appointment(foo=1), "Appointment.foo"),
        (an_appointment(participant=[{"status": "x", "x": 1}]), "Appointment.participant[0].x"),
        (a_slot(start="2026-03-02T09:00:00"), "Slot.start"),
        (a_slot(status=None), "Slot.status"),
    ],
)  # fmt: skip
def test_the_library_finds_by_itself_what_is_no_fhir_and_says_where(
    resource: dict[str, Any], where: str
) -> None:
    found = second_opinion(resource, type_name=resource["resourceType"])
    assert [each.expression for each in found] == [(where,)]


def test_a_contained_resource_that_r4b_has_dropped_is_left_alone() -> None:
    inner = {"resourceType": "MedicinalProduct", "id": "inner", "name": [{"productName": "A"}]}
    resource = an_appointment(contained=[inner], supportingInformation=[{"reference": "#inner"}])
    assert refusal(resource) is None


def test_a_type_that_the_library_does_not_have_is_left_alone() -> None:
    assert second_opinion({"resourceType": "MedicinalProduct"}, type_name="MedicinalProduct") == ()


def test_a_contained_resource_of_a_type_that_is_not_served_is_looked_at() -> None:
    inner = {"resourceType": "Medication", "id": "inner", "status": 5}
    resource = an_appointment(contained=[inner], supportingInformation=[{"reference": "#inner"}])
    assert refusal(resource, second_opinion=False) is not None
    inner["status"] = "active"
    assert refusal(resource, second_opinion=False) is None


def test_models_can_be_loaded_beforehand() -> None:
    load(CATALOGUE)
    assert second_opinion(a_slot(), type_name="Slot") == ()


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in list(pairs):
        yield node, key
        if isinstance(child, dict | list):
            yield from _places(child)


@given(
    type_name=st.sampled_from(sorted(CATALOGUE)),
    pick=st.integers(0, 10_000),
    value=st.sampled_from([{"x": 1}, [{"x": 1}], "24:61", -5, [[]], {"resourceType": "X"}]),
)  # fmt: skip
def test_our_check_refuses_whatever_the_library_refuses(
    type_name: str, pick: int, value: Any
) -> None:
    resource, _ = example(type_name, 0)
    places = list(_places(resource))
    node, key = places[pick % len(places)]
    node[key] = value
    ours = refusal(resource, type_name, second_opinion=False)
    theirs = refusal(resource, type_name)
    assert (ours is None) == (theirs is None)


def test_the_example_is_fine_before_it_is_spoilt() -> None:
    assert issues(example("Appointment", 0)[0]) == []
