"""What are those who take part called?

A Reference shows a name where one is known, so that a person can read an Appointment without
looking up everybody in it.

Source: R4 Reference.display.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fhir_gateway.core.refs import Ref, reference_of
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Transaction

Resource = dict[str, Any]


async def named(tx: Transaction, references: Sequence[Resource]) -> list[Resource]:
    """References with a display.

    Args:
        tx: Open transaction.
        references: Reference elements; one with a display keeps it and costs nothing.

    Returns:
        As many in the same order; without display where nothing is stored, or nothing with a name.
    """
    found = await _read(tx, [each for each in references if not each.get("display")])
    return with_names(references, found)


def with_names(references: Iterable[Resource], found: Mapping[Ref, Resource]) -> list[Resource]:
    """The same of resources that have been read; one with a display keeps it."""
    return [each if each.get("display") else _with_display(each, found) for each in references]


async def _read(tx: Transaction, references: Iterable[Resource]) -> dict[Ref, Resource]:
    by_type: dict[str, set[str]] = {}
    for each in references:
        ref = reference_of(each)
        if ref is not None and ref.type in CATALOGUE:
            by_type.setdefault(ref.type, set()).add(ref.id)
    found: dict[Ref, Resource] = {}
    for type_name in sorted(by_type):
        stored = await resources.read_many(tx, type_name, by_type[type_name])
        found |= {each.ref: each.resource() for each in stored.values()}
    return found


def _with_display(reference: Resource, found: Mapping[Ref, Resource]) -> Resource:
    ref = reference_of(reference)
    name = name_of(found[ref]) if ref is not None and ref in found else None
    return {**reference, "display": name} if name else reference


def name_of(resource: Resource) -> str | None:
    """What people call a person, place or thing; None where it does not say.

    Args:
        resource: Of any type; a HumanName goes before a title of the first one.

    Source: R4 Patient.name, Practitioner.name, Location.name, Device.deviceName.
    """
    names = resource.get("name") or resource.get("deviceName")
    if isinstance(names, str):
        return names
    first: Resource = next((each for each in names or () if isinstance(each, dict)), {})
    whole = first.get("text") or first.get("name")
    if isinstance(whole, str):
        return whole
    parts = [*first.get("prefix", ()), *first.get("given", ()), first.get("family")]
    return " ".join(each for each in parts if each) or None
