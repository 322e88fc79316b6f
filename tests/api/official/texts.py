"""What do two texts of a resource have in common?"""

from typing import Any

from fhir_gateway.fhir import json

FHIR_XML = {"content-type": "application/fhir+xml", "accept": "application/fhir+json"}
AS_XML = {"accept": "application/fhir+xml"}


def text_of(body: bytes, *, meta: bool = True) -> bytes:
    """Members by name, without what the server writes into meta, or without all of it."""
    resource = json.parse(body)
    kept = resource.pop("meta", {})
    for name in ("versionId", "lastUpdated"):
        kept.pop(name, None)
    return json.dump(by_name(resource | ({"meta": kept} if kept and meta else {})))


def by_name(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: by_name(node[name]) for name in sorted(node)}
    return [by_name(each) for each in node] if isinstance(node, list) else node
