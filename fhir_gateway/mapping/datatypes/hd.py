"""Who assigned this identifier, as a URI?

A universal id of a kind that makes a URI wins; then the profile's table of namespaces; then a
system made of the sender and the namespace.

Source: HL7 v2.9.1 chapter 2A, HD; v2-to-FHIR HD[uri]; table 0301; hl7v2.md section 1.6.
"""

import re

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.tables import find, lookup, table

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s]+")


def is_uri(text: str) -> bool:
    """Whether a text is an absolute URI."""
    return _URI.fullmatch(text) is not None


def is_oid(text: str) -> bool:
    """Whether a text is an object identifier."""
    return _OID.fullmatch(text) is not None


def universal_uri(universal_id: str, kind: str) -> str | None:
    """A universal id as URI; None where its kind makes none or it does not fit its kind."""
    if is_oid(universal_id) and kind.upper() in ("ISO", ""):
        return f"urn:oid:{universal_id}"
    row = find("0301", kind)
    if row is None:
        return None
    if row["prefix"] == "urn:uuid:":
        return f"urn:uuid:{universal_id.lower()}" if _UUID.fullmatch(universal_id) else None
    return universal_id if not row["prefix"] and is_uri(universal_id) else None


def system_of(authority: tuple[str, str, str], reading: Reading) -> str | None:
    """The FHIR system of an assigning authority; None where there is none.

    Args:
        authority: Namespace, universal id and its kind: HD.1 to .3, EI.2 to .4.
        reading: The message.
    """
    namespace, universal_id, kind = authority
    own = reading.profile.namespaces.get(namespace)
    known = lookup("identifier_systems", universal_id, "system")
    found = own or known or universal_uri(universal_id, kind)
    if found:
        return found
    known = lookup("identifier_systems", namespace, "system")
    if known:
        return known
    name = namespace or universal_id
    return reading.system("ns", name) if name else None


def component_system(field: Field, component: int, reading: Reading) -> str | None:
    """The system of an HD that is one component of a field (CX.4, XCN.9)."""
    first, second, third = (part(field, component, sub) for sub in (1, 2, 3))
    return system_of((first, second, third), reading)


def authority(system: str) -> tuple[str, str, str]:
    """A FHIR system as HD: namespace, universal id, its kind."""
    for row in table("identifier_systems").values():
        if row["system"] == system and is_oid(row["authority"]):
            return "", row["authority"], "ISO"
    for prefix, kind in (("urn:oid:", "ISO"), ("urn:uuid:", "UUID")):
        if system.startswith(prefix):
            return "", system.removeprefix(prefix), kind
    return "", system, "URI" if system else ""
