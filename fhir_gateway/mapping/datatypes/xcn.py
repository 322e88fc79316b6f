"""Who is this person of the house: a Practitioner, or only a name?

Source: HL7 v2.9.1 chapter 2A, XCN; v2-to-FHIR XCN[Practitioner]; hl7v2.md section 1.6.
"""

from collections.abc import Iterable

from fhir_gateway.hl7.message import Field
from fhir_gateway.mapping.datatypes.cx import distinct
from fhir_gateway.mapping.datatypes.ei import type_of
from fhir_gateway.mapping.datatypes.hd import component_system
from fhir_gateway.mapping.datatypes.xpn import assembled, spoken
from fhir_gateway.mapping.intent import Identifier, Resource
from fhir_gateway.mapping.reading import Reading, part


def _identifier(field: Field, reading: Reading) -> Identifier | None:
    value = part(field, 1)
    if not value:
        return None
    found: Identifier = {"type": type_of(part(field, 13))} if part(field, 13) else {}
    system = component_system(field, 9, reading) or reading.system("practitioner")
    return {**found, "system": system, "value": value}


def _person(field: Field, reading: Reading) -> tuple[list[Identifier], Resource]:
    name = assembled(field, first=2, use=part(field, 10), suffixes=(21,))
    return distinct([_identifier(field, reading)]), {**name, "text": spoken(name)} if name else {}


def practitioners(fields: Iterable[Field], reading: Reading) -> list[Resource]:
    """Read the repetitions of an XCN.

    Args:
        fields: Repetitions with the same name are one person with several identifiers.
        reading: The message.

    Returns:
        Practitioners; for somebody without identifier `{"display": …}`.
    """
    people: list[tuple[list[Identifier], Resource]] = []
    by_name: dict[str, int] = {}
    for field in fields:
        identifiers, name = _person(field, reading)
        spelled = name.get("text", "").casefold()
        # Whoever has no name may be anybody: it is the first, who may be without name till then.
        at = by_name.get(spelled, by_name.get("")) if spelled else (0 if people else None)
        if at is None:
            by_name[spelled] = len(people)
            people.append((identifiers, name))
        else:
            people[at] = ([*people[at][0], *identifiers], people[at][1] or name)
            if spelled:
                by_name.pop("", None)
                by_name[spelled] = at
    return [_resource(distinct(known), name) for known, name in people if known or name]


def _resource(identifiers: list[Identifier], name: Resource) -> Resource:
    if not identifiers:
        return {"display": name["text"]}
    found: Resource = {"resourceType": "Practitioner", "identifier": identifiers}
    return {**found, "name": [name]} if name.get("text") else found
