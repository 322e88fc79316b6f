"""How does a person name become a FHIR HumanName?

Source: HL7 v2.9.1 chapter 2A, XPN and FN; v2-to-FHIR XPN[HumanName]; table 0200;
hl7v2.md section 1.6.
"""

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.cx import period
from fhir_gateway.mapping.intent import Resource
from fhir_gateway.mapping.reading import Reading, part
from fhir_gateway.mapping.tables import lookup


def assembled(field: Field, *, first: int, use: str, suffixes: tuple[int, ...]) -> Resource:
    """A HumanName of the components that XPN and XCN share.

    Args:
        field: XPN or XCN.
        first: Component of the family name; given names, suffix and prefix follow.
        use: Table 0200.
        suffixes: Components of degrees and the like, after the suffix proper.
    """
    given = [part(field, each) for each in (first + 1, first + 2)]
    suffix = [part(field, each) for each in (first + 3, *suffixes)]
    found = {
        "use": lookup("0200", use, "use"),
        "family": part(field, first),
        "given": [each for each in given if each],
        "prefix": [each for each in (part(field, first + 4),) if each],
        "suffix": [each for each in suffix if each],
    }
    return {key: value for key, value in found.items() if value}


def human_name(field: Field, reading: Reading, place: str) -> Resource | None:
    """Read an XPN; None where it holds no name."""
    found = assembled(field, first=1, use=part(field, 7), suffixes=(6,))
    if not found.keys() & {"family", "given"}:
        return None
    if span := period(part(field, 12), part(field, 13), reading, place):
        found["period"] = span
    return found


def nickname(field: Field) -> Resource | None:
    """XPN.15, called by, as a name of its own."""
    called = part(field, 15)
    return {"use": "nickname", "text": called} if called else None


def spoken(name: Resource) -> str:
    """A HumanName as one text: prefix, given, family, suffix."""
    parts = [*name.get("prefix", ()), *name.get("given", ()), name.get("family", "")]
    return " ".join(filter(None, [*parts, *name.get("suffix", ())]))
