"""Are stored bytes put into a valid Bundle as they are?"""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.fhir import bundles, json
from fhir_gateway.fhir.bundles import Entry, HistoryEntry, ResponseEntry
from tests.fhir.builders import a_slot, refusal

SLOT = json.dump(a_slot(comment='a "quoted" ü'))
URL = "https://gateway.example/fhir/Slot/s1"
LINKS = [("self", "https://gateway.example/fhir/Slot?status=free"), ("next", "https://x/?a=1&b=2")]
OUTCOME = json.dump(
    {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "invalid"}]}
)


def _read(body: bytes) -> dict[str, Any]:
    """The Bundle, which must be valid by both checks."""
    tree = json.parse(body)
    assert refusal(tree, "Bundle") is None
    return tree


def test_a_searchset_has_total_links_and_entries() -> None:
    entries = [Entry(URL, SLOT), Entry(None, OUTCOME, "outcome"), Entry(URL + "2", SLOT, "include")]
    body = bundles.searchset(entries, 1, LINKS, id="b1", last_updated="2026-03-02T06:00:00Z")
    tree = _read(body)
    assert tree == {
        "resourceType": "Bundle",
        "id": "b1",
        "meta": {"lastUpdated": "2026-03-02T06:00:00Z"},
        "type": "searchset",
        "total": 1,
        "link": [{"relation": relation, "url": url} for relation, url in LINKS],
        "entry": [
            {"fullUrl": URL, "resource": json.parse(SLOT), "search": {"mode": "match"}},
            {"resource": json.parse(OUTCOME), "search": {"mode": "outcome"}},
            {"fullUrl": URL + "2", "resource": json.parse(SLOT), "search": {"mode": "include"}},
        ],
    }
    assert body.count(SLOT) == 2


def test_an_empty_searchset_has_no_entry_at_all() -> None:
    assert _read(bundles.searchset([], 0, [])) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
    }
    assert "total" not in _read(bundles.searchset([], None, []))


@pytest.mark.parametrize(
    ("score", "written"), [(Decimal("0.870"), b"0.870"), (0.5, b"0.5"), (Decimal(1), b"1")]
)
def test_a_score_keeps_its_digits(score: Decimal | float, written: bytes) -> None:
    body = bundles.searchset([Entry(URL, SLOT, score=score)], 1, [])
    assert b'"score":' + written + b"}" in body
    assert _read(body)["entry"][0]["search"]["mode"] == "match"


def test_a_history_has_requests_and_responses_and_a_deletion_no_resource() -> None:
    def version(content: bytes | None, method: str, status: str, number: int) -> HistoryEntry:
        at = "2026-03-02T06:00:00Z"
        return HistoryEntry(URL, content, method, "Slot/s1", status, f'W/"{number}"', at)

    entries = [version(None, "DELETE", "204 No Content", 2), version(SLOT, "PUT", "201 Created", 1)]
    tree = _read(bundles.history(entries, 2, LINKS[:1]))
    gone, first = tree["entry"]
    assert tree["type"] == "history"
    assert "resource" not in gone
    assert gone["request"] == {"method": "DELETE", "url": "Slot/s1"}
    assert first["resource"] == json.parse(SLOT)
    assert first["response"] == {
        "status": "201 Created",
        "etag": 'W/"1"',
        "lastModified": "2026-03-02T06:00:00Z",
    }


@pytest.mark.parametrize("kind", ["batch-response", "transaction-response"])
def test_responses_are_in_order_with_what_each_has(kind: Any) -> None:
    entries = [
        ResponseEntry("201 Created", SLOT, None, URL, "Slot/s1/_history/1", 'W/"1"'),
        ResponseEntry("404 Not Found", outcome=OUTCOME),
        ResponseEntry("204 No Content"),
    ]
    tree = _read(bundles.responses(kind, entries))
    created, missing, deleted = tree["entry"]
    assert tree["type"] == kind
    assert created["response"] == {
        "status": "201 Created",
        "location": "Slot/s1/_history/1",
        "etag": 'W/"1"',
    }
    assert missing["response"]["outcome"] == json.parse(OUTCOME)
    assert deleted == {"response": {"status": "204 No Content"}}


def test_a_collection_is_its_resources() -> None:
    tree = _read(bundles.collection([(URL, SLOT), (None, OUTCOME)]))
    assert [each.get("fullUrl") for each in tree["entry"]] == [URL, None]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_addresses_with_any_characters_stay_json(text: str) -> None:
    body = bundles.searchset([Entry(text, SLOT)], 1, [("self", text)], id=text)
    tree = json.parse(body)
    assert (tree["id"], tree["link"][0]["url"], tree["entry"][0]["fullUrl"]) == (text, text, text)
