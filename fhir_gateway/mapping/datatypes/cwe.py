"""How does a coded element become a FHIR CodeableConcept?

Three triplets (code, text, system) make up to three codings. A code without system, or of a local
one (`L`, `99…`), gets the sender's own system, unless it is in an HL7 table that belongs there.

Source: HL7 v2.9.1 chapter 2A, CWE and CE; v2-to-FHIR CWE[CodeableConcept]; tables 0396;
hl7v2.md section 1.6.
"""

import re

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.hd import is_oid, is_uri
from fhir_gateway.mapping.intent import Concept, Resource
from fhir_gateway.mapping.profiles import CodeTable
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.tables import find, lookup

#: Code, text, system, version.
_TRIPLETS = ((1, 2, 3, 7), (4, 5, 6, 8), (10, 11, 12, 13))
_HL7_TABLE = re.compile(r"HL7-?0?([0-9]{4})", re.IGNORECASE)


def hl7_system(number: str) -> str:
    """The code system of an HL7 table."""
    return f"http://terminology.hl7.org/CodeSystem/v2-{number}"


def _named_system(name: str, reading: Reading) -> str | None:
    """The system that a name of table 0396 stands for; None for a local or missing one."""
    if own := reading.profile.coding_systems.get(name):
        return own
    if match := _HL7_TABLE.fullmatch(name):
        return hl7_system(match[1])
    if is_oid(name):
        return f"urn:oid:{name}"
    return name if is_uri(name) else lookup("0396", name, "system") or None


def _coding(
    field: Field,
    at: tuple[int, int, int, int],
    reading: Reading,
    kind: str,
    tables: tuple[str, ...],
) -> Resource | None:
    code = " ".join(part(field, at[0]).split())
    if not code:
        return None
    display, name, version = (part(field, each) for each in at[1:])
    system = _named_system(name, reading)
    for table in tables:
        row = find(table, code)
        if row and system in (None, hl7_system(table)):
            system, code = hl7_system(table), next(iter(row.values()))
            break
    local = not name or name.upper() == "L" or name.startswith("99")
    found = {
        "system": system or reading.system(kind, "" if local else name),
        "version": version,
        "code": code,
        "display": display,
    }
    return {key: value for key, value in found.items() if value}


def _translated(field: Field, own: CodeTable) -> list[Resource]:
    """What the profile says that a code of the sender means; code and case as written there."""
    codes = (part(field, at[0]) for at in _TRIPLETS)
    return [dict(own[code]) for code in codes if code in own]


def concept(
    field: Field, reading: Reading, kind: str, *, tables: tuple[str, ...] = ()
) -> Concept | None:
    """Read a CWE or CE.

    Args:
        field: The field.
        reading: The message.
        kind: Names the sender's own code system (`service`).
        tables: HL7 tables whose codes are recognised even where no system is named.

    Returns:
        None where it holds neither code nor text.
    """
    own = reading.profile.codings.get(kind)
    codings: list[Resource] = _translated(field, own) if own else []
    for at in _TRIPLETS:
        coding = _coding(field, at, reading, kind, tables)
        if coding is not None and coding not in codings:
            codings.append(coding)
    text = part(field, 9) or ("" if codings else part(field, 2) or part(field, 5))
    found: Concept = {}
    if codings:
        found["coding"] = codings
    if text:
        found["text"] = text
    return found or None


def words(field: Field) -> tuple[str, ...]:
    """Every code and text of a CWE that is there: .1, .4, .2, .5."""
    return tuple(filter(None, (part(field, each) for each in (1, 4, 2, 5))))
