"""Where do the references between the entries of a transaction lead? FHIR R4 section 2.3.0.3."""

import pytest

from fhir_gateway.fhir.bundle_references import (
    Pointer,
    is_conditional,
    lead,
    leads_to_entry_only,
    pointers,
    redirected,
)

NEW = "urn:uuid:11111111-1111-4111-8111-111111111111"
THERE = "http://other.example/fhir"
NAMES = {NEW: "Patient/1", f"{THERE}/Patient/7": "Patient/2", "Patient/8": "Patient/3"}


def test_every_text_that_may_point_is_found_with_its_place() -> None:
    patient = {
        "resourceType": "Patient",
        "link": [{"other": {"reference": NEW}}],
        "contained": [{"patient": {"reference": "#"}}],
        "extension": [{"url": "reference", "valueUri": "urn:x"}, {"valueString": NEW}],
    }
    assert list(pointers(patient, "Patient")) == [
        Pointer(NEW, "Patient.link[0].other", literal=True),
        Pointer("#", "Patient.contained[0].patient", literal=True),
        Pointer("urn:x", "Patient.extension[0].valueUri", literal=False),
    ]


def test_a_copy_is_redirected_and_the_original_is_not() -> None:
    original = {"a": [{"reference": NEW, "display": NEW}], "valueUri": NEW, "n": 1}
    copy = redirected(original, NAMES.__getitem__)
    assert copy == {
        "a": [{"reference": "Patient/1", "display": NEW}],
        "valueUri": "Patient/1",
        "n": 1,
    }
    assert original["valueUri"] == NEW


@pytest.mark.parametrize(
    ("text", "full_url", "expected"),
    [
        (NEW, None, "Patient/1"),
        (NEW, "urn:uuid:x", "Patient/1"),
        (f"{THERE}/Patient/7", None, "Patient/2"),
        ("Patient/7", f"{THERE}/Slot/1", "Patient/2"),
        ("Patient/8", None, "Patient/3"),
        ("Patient/8", "Slot/1", "Patient/3"),
        ("Patient/7", "Slot/1", None),
        ("Patient/7", "http://else.example/fhir/Slot/1", None),
        ("Patient/7", NEW, None),
        ("Patient/9", None, None),
        ("#p", f"{THERE}/Slot/1", None),
    ],
)
def test_a_reference_leads_to_an_entry(
    text: str, full_url: str | None, expected: str | None
) -> None:
    assert lead(text, full_url, NAMES) == expected


@pytest.mark.parametrize(
    ("text", "entry_only", "conditional"),
    [
        (NEW, True, False),
        ("urn:oid:1.2.3", True, False),
        ("Patient/1", False, False),
        ("Patient?identifier=x|1", False, True),
        ("Patient?", False, False),
        ("http://a.example/Patient?identifier=1", False, False),
    ],
)
def test_references_are_told_apart(text: str, entry_only: bool, conditional: bool) -> None:
    assert (leads_to_entry_only(text), is_conditional(text)) == (entry_only, conditional)
