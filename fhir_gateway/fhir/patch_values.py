"""Which value does an operation of a FHIRPath Patch carry?

A value of any datatype, or parts that make up an element without a datatype of its own.
FHIR R4 FHIRPath Patch, Parameters.
"""

from dataclasses import dataclass
from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.element_paths import element_of, members_of
from fhir_gateway.fhir.spec import Element, Structure, structure

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PatchValue:
    """A value as it will stand in JSON.

    Attributes:
        value: None for a primitive that has only extensions.
        beside: What goes into the property with `_`; None for nothing.
        type: The datatype as it ends the name of a choice (`CodeableConcept`); empty for parts.
    """

    value: Any
    beside: Any = None
    type: str = ""


def value_of(part: Node, element: Element) -> PatchValue:
    """Read the part that carries the value.

    Args:
        part: Of a valid Parameters resource.
        element: What it is to become.

    Raises:
        GatewayError: invalid, where it has no value, or parts that the element cannot have.
    """
    if "part" in part:
        owner = structure(element.type)
        if owner is None:
            raise fail(Category.INVALID, f"'{element.name}' is no element that is given in parts")
        return PatchValue(_object(part["part"], owner))
    if "resource" in part:
        return PatchValue(part["resource"])
    kinds = [name.lstrip("_") for name in part if name.lstrip("_").startswith("value")]
    if not kinds:
        raise fail(Category.INVALID, f"The part {part['name'][:60]} has no value")
    name = kinds[0]
    return PatchValue(part.get(name), part.get(f"_{name}"), name.removeprefix("value"))


def json_name(owner: Structure, element: Element, value: PatchValue) -> str:
    """The JSON property that a value goes into: for a choice, that of its type.

    Raises:
        GatewayError: invalid, for a type that the choice does not have.
    """
    members = members_of(owner, element.name)
    if not members:
        return element.name
    stem = next(stem for stem, _, names in owner.choices if names == members)
    name = f"{stem}{value.type}"
    if name not in members:
        listed = ", ".join(each.removeprefix(stem) for each in members)
        text = f"'{stem}' cannot be a {value.type or 'value in parts'}; it is one of {listed}"
        raise fail(Category.INVALID, text[:600])
    return name


def _object(parts: list[Node], owner: Structure) -> Node:
    node: Node = {}
    for each in parts:
        element = element_of(owner, each["name"], node)
        found = value_of(each, element)
        name = json_name(owner, element, found)
        if not element.many:
            if name in node:
                raise fail(Category.INVALID, f"'{name}' is given twice")
            node |= {name: found.value} if found.value is not None else {}
            node |= {f"_{name}": found.beside} if found.beside is not None else {}
        elif found.beside is None:
            node.setdefault(name, []).append(found.value)
        else:
            text = f"Extensions of a value of '{name}' cannot be given in parts"
            raise fail(Category.INVALID, text)
    return node
