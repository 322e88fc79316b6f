"""What becomes of a resource under a patch?"""

from typing import Any

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir.json import dump
from fhir_gateway.fhir.patch import MAX_OPERATIONS, Patch, patch_in, patched
from tests.fhir.patches import a_patch, an_operation, by_json, by_merge, stored, value

TEST = {"op": "test", "path": "/active", "value": True}


@pytest.mark.parametrize(
    ("partial", "changed"),
    [
        ({"active": False}, {"active": False}),
        ({"active": None}, {"active": None}),
        ({"nothing": None}, {}),
        ({"telecom": [{"value": "2"}]}, {"telecom": [{"value": "2"}]}),
        ({"maritalStatus": {"text": "m", "coding": None}}, {"maritalStatus": {"text": "m"}}),
        ({"_birthDate": {"id": None, "extension": [{"url": "http://a.example"}]}},
         {"_birthDate": {"extension": [{"url": "http://a.example"}]}}),
        ({"resourceType": "Patient", "id": "ann"}, {}),
        ({"meta": {"tag": [{"code": "x"}]}},
         {"meta": stored()["meta"] | {"tag": [{"code": "x"}]}}),
    ],
)  # fmt: skip
def test_a_partial_resource_is_put_over_the_stored_one(
    partial: dict[str, Any], changed: dict[str, Any]
) -> None:
    expected = {name: each for name, each in (stored() | changed).items() if each is not None}
    assert by_merge(**partial) == expected


def test_decimals_keep_their_digits_under_a_partial_resource() -> None:
    assert b"1.10" in dump(by_merge(active=False))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ([TEST], "json"),
        ([], "json"),
        (a_patch(), "fhirpath"),
        ({"active": False}, "merge"),
        ({"resourceType": "Patient", "active": False}, "merge"),
    ],
)
def test_the_kind_of_a_patch_is_seen_by_its_shape(content: Any, kind: str) -> None:
    assert patch_in(content) == Patch(kind, content)  # type: ignore[arg-type]


@pytest.mark.parametrize("before", [stored()])
@pytest.mark.parametrize(
    "patch",
    [
        Patch("json", [{"op": "remove", "path": "/name/0/given/0"}]),
        Patch("fhirpath", a_patch(an_operation("delete", "Patient.name[0]"))),
        Patch("merge", {"name": [{"text": "x"}], "meta": {"source": "urn:x"}}),
    ],
    ids=lambda patch: patch.kind,
)
def test_the_stored_version_is_not_touched(before: dict[str, Any], patch: Patch) -> None:
    assert patched(before, patch) != before
    assert before == stored()


@pytest.mark.parametrize(
    ("partial", "expression"),
    [
        ({"id": "bob"}, "Patient.id"),
        ({"id": None}, "Patient.id"),
        ({"resourceType": "Practitioner"}, "resourceType"),
        ({"meta": {"versionId": "9"}}, "Patient.meta.versionId"),
        ({"meta": {"lastUpdated": "1999-01-01T00:00:00Z"}}, "Patient.meta.lastUpdated"),
    ],
)
def test_what_the_server_alone_says_cannot_be_patched(
    partial: dict[str, Any], expression: str
) -> None:
    with pytest.raises(GatewayError) as raised:
        by_merge(**partial)
    assert raised.value.category.value == "unprocessable"
    assert raised.value.issues[0].expression == (expression,)


def test_a_patch_that_repeats_the_version_it_saw_is_taken() -> None:
    assert by_merge(meta=stored()["meta"]) == stored()


@pytest.mark.parametrize(
    "patch",
    [
        Patch("json", [TEST] * (MAX_OPERATIONS + 1)),
        Patch("fhirpath", a_patch(*[an_operation("delete", "Patient.gender")] * 101)),
    ],
    ids=lambda patch: patch.kind,
)
def test_a_patch_has_its_bounds(patch: Patch) -> None:
    with pytest.raises(GatewayError) as raised:
        patched(stored(), patch)
    assert raised.value.category.value == "too-costly"


def test_as_many_operations_as_allowed_are_done() -> None:
    assert by_json(*[TEST] * MAX_OPERATIONS) == stored()


def test_a_result_that_is_nested_too_deep_is_refused() -> None:
    url = {"name": "url", "valueUri": "http://a.example"}
    inner = [url, {"name": "value", "valueCode": "x"}]
    for _ in range(26):
        inner = [url, {"name": "extension", "part": inner}]
    additions = [an_operation("add", "Patient", value(part=inner), name="extension")]
    path = "Patient.extension[1]" + ".extension[0]" * 20
    additions.append(an_operation("add", path, value(part=inner), name="extension"))
    with pytest.raises(GatewayError, match="nested"):
        patched(stored(), Patch("fhirpath", a_patch(*additions)))


@pytest.mark.parametrize("whole", [[1], "x", None])
def test_a_patch_leaves_a_resource(whole: Any) -> None:
    with pytest.raises(GatewayError) as raised:
        by_json({"op": "replace", "path": "", "value": whole})
    assert raised.value.category.value == "unprocessable"
