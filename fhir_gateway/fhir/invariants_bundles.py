"""What must hold in a Bundle that is sent to us?

FHIR R4 Bundle, constraints bdl-1 to bdl-8; documents and messages (bdl-9 to bdl-12) are not read.
"""

from collections.abc import Iterator

from fhir_gateway.fhir.node import Invariant, Node, Rule, exists, objects

_ASKING = ("batch", "transaction", "history")
_ANSWERING = ("batch-response", "transaction-response", "history")


def _every_entry(name: str, kinds: tuple[str, ...]) -> Rule:
    def holds(node: Node) -> bool:
        wanted = node.get("type") in kinds
        return all(exists(each, name) == wanted for each in objects(node, "entry"))

    return holds


def _bdl_1(node: Node) -> bool:
    return not exists(node, "total") or node.get("type") in ("searchset", "history")


def _bdl_2(node: Node) -> bool:
    searched = any(exists(each, "search") for each in objects(node, "entry"))
    return not searched or node.get("type") == "searchset"


def _bdl_7(node: Node) -> bool:
    keys = list(_versions(node))
    return node.get("type") == "history" or len(keys) == len(set(keys))


def _versions(node: Node) -> Iterator[tuple[str, str]]:
    for entry in objects(node, "entry"):
        resource = entry.get("resource")
        meta = resource.get("meta") if isinstance(resource, dict) else None
        version = meta.get("versionId") if isinstance(meta, dict) else None
        if isinstance(entry.get("fullUrl"), str):
            yield entry["fullUrl"], str(version)


def _bdl_8(node: Node) -> bool:
    url = node.get("fullUrl")
    return not (isinstance(url, str) and "/_history/" in url)


BUNDLE_INVARIANTS: dict[str, tuple[Invariant, ...]] = {
    "Bundle": (
        Invariant("bdl-1", _bdl_1, "A total belongs to a searchset or history only", "total"),
        Invariant("bdl-2", _bdl_2, "entry.search belongs to a searchset only", "entry"),
        Invariant(
            "bdl-3",
            _every_entry("request", _ASKING),
            "Every entry of a batch, transaction or history has a request, and no other",
            "entry",
        ),
        Invariant(
            "bdl-4",
            _every_entry("response", _ANSWERING),
            "Every entry of a response or history has a response, and no other",
            "entry",
        ),
        Invariant("bdl-7", _bdl_7, "No two entries have the same fullUrl", "entry"),
    ),
    "Bundle.entry": (
        Invariant(
            "bdl-5",
            lambda node: any(exists(node, name) for name in ("resource", "request", "response")),
            "An entry has a resource, a request or a response",
        ),
        Invariant("bdl-8", _bdl_8, "A fullUrl names no version", "fullUrl"),
    ),
}
