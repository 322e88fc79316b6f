"""What do the entries of a batch or transaction ask for? FHIR R4 section 3.1.0.11."""

from typing import Any

import pytest

from fhir_gateway.core.errors import Category, GatewayError, Issue
from fhir_gateway.fhir.bundle_requests import MAX_ENTRIES, BundleRequest, located, read_requests

BASE = "http://clinic.example/fhir"
PATIENT = {"resourceType": "Patient"}


def read(*entries: dict[str, Any], kind: str = "batch") -> list[BundleRequest]:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return read_requests(bundle, base=BASE)[1]


def asking(method: str = "GET", url: str = "Patient", **headers: str) -> dict[str, Any]:
    return {"request": {"method": method, "url": url} | headers}


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("Patient", "Patient", ""),
        ("Patient/1", "Patient/1", ""),
        ("/Patient/1/", "Patient/1", ""),
        (f"{BASE}/Patient/1", "Patient/1", ""),
        ("Patient?family=x&given=%20?", "Patient", "family=x&given=%20?"),
        ("Appointment/$find?x=1", "Appointment/$find", "x=1"),
        ("http://other.example/Patient/1", "http://other.example/Patient/1", ""),
    ],
)
def test_an_address_is_read_below_our_own(url: str, path: str, query: str) -> None:
    (found,) = read(asking(url=url))
    assert (found.path, found.query) == (path, query)


def test_an_entry_keeps_what_it_carries_and_its_conditions() -> None:
    headers = {
        "ifMatch": 'W/"1"',
        "ifNoneMatch": "*",
        "ifNoneExist": "a=b",
        "ifModifiedSince": "2026-01-01T00:00:00Z",
    }
    entry = asking("PUT", "Patient/1", **headers) | {"resource": PATIENT}
    (found,) = read(entry | {"fullUrl": f"{BASE}/Patient/1"})
    assert found == BundleRequest(
        0, "PUT", "Patient/1", "", "Patient/1", PATIENT, 'W/"1"', "*", "a=b",
        "2026-01-01T00:00:00Z",
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_the_kind_is_told_and_there_may_be_no_entries(kind: str) -> None:
    bundle = {"resourceType": "Bundle", "type": kind}
    assert read_requests(bundle, base=BASE) == (kind, [])


def test_the_resources_of_entries_are_not_looked_at_here() -> None:
    (found,) = read(asking("POST") | {"resource": {"resourceType": "Nonsense", "x": None}})
    assert found.resource == {"resourceType": "Nonsense", "x": None}


@pytest.mark.parametrize(
    ("entry", "expression"),
    [
        ({"resource": PATIENT}, "Bundle.entry"),
        ({"request": {"method": "GET"}}, "Bundle.entry[0].request.url"),
        ({"request": {"method": "GET", "_url": {"id": "x"}}}, "Bundle.entry[0].request.url"),
        (asking("FETCH"), "Bundle.entry[0].request.method"),
        (asking(ifModifiedSince="yesterday"), "Bundle.entry[0].request.ifModifiedSince"),
        (asking() | {"resource": 1}, "Bundle.entry[0].resource"),
        (asking() | {"response": {"status": "200"}}, "Bundle.entry"),
        ("nonsense", "Bundle.entry[0]"),
    ],
)
def test_a_bundle_that_breaks_the_rules_is_unprocessable(entry: Any, expression: str) -> None:
    with pytest.raises(GatewayError) as raised:
        read(entry)
    assert raised.value.category is Category.UNPROCESSABLE
    assert raised.value.issues[0].expression == (expression,)


@pytest.mark.parametrize(
    "bundle",
    [
        PATIENT,
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "type": "searchset"},
        {"resourceType": "Bundle", "type": ["batch"]},
    ],
)
def test_other_resources_are_invalid(bundle: dict[str, Any]) -> None:
    with pytest.raises(GatewayError) as raised:
        read_requests(bundle, base=BASE)
    assert raised.value.category is Category.INVALID


def test_a_bundle_has_its_bounds() -> None:
    assert len(read(*[asking()] * MAX_ENTRIES)) == MAX_ENTRIES
    with pytest.raises(GatewayError) as raised:
        read(*[asking()] * (MAX_ENTRIES + 1))
    assert raised.value.category is Category.TOO_COSTLY


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (("Appointment.start",), ("Bundle.entry[3].resource.start",)),
        (("Patient.name[0].given", "If-Match"),
         ("Bundle.entry[3].resource.name[0].given", "Bundle.entry[3]")),
        (("resourceType",), ("Bundle.entry[3]",)),
        ((), ("Bundle.entry[3]",)),
    ],
)  # fmt: skip
def test_a_failure_is_said_of_its_entry(
    expression: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    issue = Issue("No", expression, "conflict", "slot-taken", ({"url": "http://a.example"},))
    error = located(GatewayError(Category.CONFLICT, issue), 3)
    assert error.category is Category.CONFLICT
    assert error.issues == (
        Issue("Bundle.entry[3]: No", expected, "conflict", "slot-taken", issue.extension),
    )
