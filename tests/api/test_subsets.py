"""What is left of a resource that is cut down?"""

import orjson
import pytest

from fhir_gateway.api.subsets import Subset, indented
from fhir_gateway.api.summary_elements import SUMMARY_ELEMENTS
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.spec import structure

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "2", "tag": [{"code": "mine"}]},
    "text": {"status": "generated"},
    "name": [{"family": "Maha"}],
    "birthDate": "1980-01-01",
    "_birthDate": {"extension": []},
    "maritalStatus": {"text": "?"},
}
ALWAYS = {"resourceType", "id", "meta"}


@pytest.mark.parametrize(
    ("subset", "kept"),
    [
        (Subset("true"), {"name", "birthDate", "_birthDate"}),
        (Subset("text"), {"text"}),
        (Subset("data"), {"name", "birthDate", "_birthDate", "maritalStatus"}),
        (Subset(elements=("maritalStatus",)), {"maritalStatus"}),
        (Subset(elements=("birthDate", "nonsense")), {"birthDate", "_birthDate"}),
    ],
)
def test_a_subset_keeps_what_was_asked_for(subset: Subset, kept: set[str]) -> None:
    cut = orjson.loads(subset.of("Patient", orjson.dumps(PATIENT)))
    assert set(cut) == ALWAYS | kept
    assert [each["code"] for each in cut["meta"]["tag"]] == ["mine", "SUBSETTED"]
    assert list(cut)[:3] == ["resourceType", "id", "meta"]


@pytest.mark.parametrize("subset", [Subset("true"), Subset("text"), Subset(elements=("comment",))])
def test_what_r4_requires_is_never_left_out(subset: Subset) -> None:
    slot = {"resourceType": "Slot", "id": "s1", "schedule": {}, "status": "free"}
    cut = orjson.loads(subset.of("Slot", orjson.dumps(slot | {"start": "x", "end": "y"})))
    assert {"schedule", "status", "start", "end"} <= set(cut)


@pytest.mark.parametrize("number", ["1.10", "0.100", "1e3", "12345678901234567890", "-0.0"])
def test_numbers_stay_as_they_are_written(number: str) -> None:
    content = b'{"resourceType":"Slot","x":' + number.encode() + b"}"
    assert number.encode() in Subset("data").of("Slot", content)
    assert number.encode() in indented(content)


def test_texts_of_every_script_stay_as_they_are() -> None:
    text = 'مها "\\ é 😀'
    content = orjson.dumps({"resourceType": "Slot", "comment": text})
    assert orjson.loads(indented(content))["comment"] == text
    assert orjson.loads(Subset("data").of("Slot", content))["comment"] == text


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_served_type_has_a_summary_of_elements_that_it_has(name: str) -> None:
    found = structure(name)
    assert found is not None
    assert set(SUMMARY_ELEMENTS[name].split()) <= set(found.elements)
