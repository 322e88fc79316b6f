"""HL7's own examples of the served types, and what must be there before they can be stored."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fhir_gateway.core.refs import Ref, relative, walk_references
from fhir_gateway.fhir import json
from fhir_gateway.fhir.catalogue import CATALOGUE

Resource = dict[str, Any]

FOLDER = Path(__file__).parents[3] / "conformance" / "examples" / "r4"
#: File name without ending, and its bytes.
JSON: dict[str, bytes] = {each.stem: each.read_bytes() for each in sorted(FOLDER.glob("*.json"))}
ELSEWHERE = "https://elsewhere.example/fhir/"
#: The least of a type, where it needs more than nothing and another points to one.
STUBS: dict[str, Resource] = {
    "Organization": {"name": "Elsewhere"},
    "Condition": {"subject": {"display": "somebody"}},
    "List": {"status": "current", "mode": "snapshot"},
}


#: Examples that are refused for what they say, and the words of the refusal.
REFUSED: dict[str, str] = {
    # Its actor is no participant of the Appointment, which names a role without anybody.
    "appointmentresponse-example-req": "Practitioner/example is not asked",
    # A Slot is tentative while somebody's hold, offer or pending booking has it (decision 10).
    "slot-example-tentative": "Only a hold, an offer or a pending booking",
}
#: Whether a Slot is overbooked follows from the bookings: it says so, and nobody has its time.
DERIVED = ("slot-example-busy",)
#: Examples that are somebody else by their identifier, which is refused (decision 5): name, and
#: what is written instead of what.
SOMEBODY_ELSE: dict[str, tuple[bytes, bytes]] = {
    "json-edge-cases": (b'"12345"', b'"12345-2"'),
    "patient-genetics-example1": (b'"444222222"', b'"444222222-2"'),
    "practitioner-example-f005-al": (b'"118265112"', b'"118265112-2"'),
}


def ref_of(resource: Resource) -> Ref:
    return Ref(resource["resourceType"], resource["id"])


def unserved(resource: Resource) -> list[str]:
    """Its relative references to types that are not served."""
    return [each for each, ref in _pointed(resource) if ref.type not in CATALOGUE]


def storable(name: str, body: bytes) -> bytes:
    """The same text as it can be put.

    A relative reference must lead somewhere here (decision 4), which one to a type that is not
    served cannot: those name another server instead. One example has no id and gets its name.
    """
    body = body.replace(*SOMEBODY_ELSE.get(name, (b"", b"")))
    resource = json.parse(body)
    body = _elsewhere(body, resource)
    return body if "id" in resource else body.replace(b"{", f'{{"id":"{name}",'.encode(), 1)


def _elsewhere(body: bytes, resource: Resource) -> bytes:
    for each in set(unserved(resource)):
        body = body.replace(f'"{each}"'.encode(), f'"{ELSEWHERE}{each}"'.encode())
    return body


def stubs(resources: Iterable[Resource]) -> list[Resource]:
    """The least of each served resource that is pointed to and is not among them."""
    given = list(resources)
    pointed = {ref for each in given for _, ref in _pointed(each) if ref.type in CATALOGUE}
    waiting = sorted(pointed - {ref_of(each) for each in given})
    return [STUBS.get(ref.type, {}) | {"resourceType": ref.type, "id": ref.id} for ref in waiting]


def _pointed(resource: Resource) -> list[tuple[str, Ref]]:
    found = walk_references(resource, resource["resourceType"])
    texts = (element["reference"] for _, element in found)
    return [(each, ref) for each in texts if (ref := relative(each)) is not None]


#: What can be stored, by name: the text, almost always HL7's own.
STORABLE: dict[str, bytes] = {
    name: storable(name, body) for name, body in JSON.items() if name not in (*REFUSED, *DERIVED)
}
#: The same in HL7's XML, of some.
XML: dict[str, bytes] = {
    each.stem: _elsewhere(each.read_bytes(), json.parse(JSON[each.stem]))
    for each in sorted((FOLDER / "xml").glob("*.xml"))
    if each.stem in STORABLE
}
