"""To which elements of a resource does a simple FHIRPath lead?

The part of FHIRPath by which patches point: names, indexes, `first()`, `last()` and `where()` with
comparisons to literals. FHIRPath sections 3 (paths) and 5.2.1 (where); FHIR R4 FHIRPath Patch.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.spec import Element, Structure, structure

Node = dict[str, Any]

MAX_PATH = 1000
MAX_STEPS = 50

_CRITERION = (
    r"\s*[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*\s*=\s*"
    r"(?:'(?:[^'\\]|\\.)*'|true|false|-?[0-9]+(?:\.[0-9]+)?)"
)
_STEP = re.compile(
    rf"(?:^|\.)where\((?P<where>{_CRITERION}(?:\s+and{_CRITERION})*)\s*\)"
    r"|(?:^|\.)(?P<pick>first|last)\(\s*\)"
    r"|(?:^|\.)`?(?P<name>[A-Za-z][A-Za-z0-9]*)`?(?![A-Za-z0-9(])"
    r"|\[(?P<index>[0-9]{1,6})\]"
)
_ONE_CRITERION = re.compile(
    r"\s*(?:and\s)?\s*([A-Za-z][A-Za-z0-9.]*)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s']+)"
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: exactly one of these is set.

    Args:
        name: Of an element.
        index: From 0.
        pick: `first` or `last`.
        where: (element path, literal) pairs that must all hold.
    """

    name: str = ""
    index: int | None = None
    pick: str = ""
    where: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """An element that a path leads to.

    Attributes:
        value: The object or primitive; None for a primitive that has only extensions.
        type: Datatype, backbone element, or `Resource`.
        owner: The object that it is in; None for the resource itself.
        name: The JSON property that it is, or is in.
        index: Its place in the array; None where it is no member of one.
        around: The structure of the owner.
    """

    value: Any
    type: str
    owner: Node | None = None
    name: str = ""
    index: int | None = None
    around: Structure | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where elements of one name are, or could be.

    Attributes:
        owner: The object.
        element: What it may have there, by JSON name.
        around: The structure of the owner.
    """

    owner: Node
    element: Element
    around: Structure


def read_path(text: str) -> tuple[Step, ...]:
    """Read a path.

    Raises:
        GatewayError: invalid, for anything but names, indexes, first(), last() and where().
    """
    steps: list[Step] = []
    at = 0
    while at < len(text) <= MAX_PATH:
        match = _STEP.match(text, at)
        if match is None:
            break
        steps.append(_step(match))
        at = match.end()
    if at < len(text) or not 0 < len(steps) <= MAX_STEPS:
        raise fail(
            Category.INVALID,
            f"'{text[at : at + 60]}' cannot be read in the path '{text[:100]}'; paths have names,"
            " [index], first(), last() and where(name = 'value')",
        )
    return tuple(steps)


def find(resource: Node, path: str) -> list[Found]:
    """The elements that a path leads to, in order.

    Args:
        resource: Where it begins; the path may name its type first.
        path: `Patient.contact.where(gender = 'female').name.given[0]`.

    Raises:
        GatewayError: invalid, for a path that cannot be read or names no element of its type.
    """
    return _follow(resource, _without_type(read_path(path), resource))


def find_spot(resource: Node, path: str) -> Spot:
    """Where a path that ends in a name leads, whether or not anything is there.

    Raises:
        GatewayError: invalid, as for `find` and for a path that ends otherwise; unprocessable,
            where what comes before the name is not exactly one object.
    """
    steps = _without_type(read_path(path), resource)
    if not steps or not steps[-1].name:
        raise fail(Category.INVALID, f"'{path[:100]}' must end in the name of an element")
    return spot_in(only(_follow(resource, steps[:-1]), path), steps[-1].name)


def only(found: list[Found], path: str) -> Found:
    """The one element that there must be.

    Raises:
        GatewayError: unprocessable, where there is none or more than one.
    """
    if not found:
        raise fail(Category.UNPROCESSABLE, f"There is nothing at '{path[:100]}'")
    if len(found) > 1:
        text = f"'{path[:100]}' leads to {len(found)} elements; it must lead to one"
        raise fail(Category.UNPROCESSABLE, text)
    return found[0]


def spot_in(found: Found, name: str) -> Spot:
    """Where an element of that name is, or would be, in an object.

    Args:
        found: The object.
        name: As FHIRPath says it: a choice without its type; where none of it is there, the first
            of its types stands for it.

    Raises:
        GatewayError: invalid for a name that its type does not have; unprocessable where it is no
            object.
    """
    if not isinstance(found.value, dict):
        raise fail(Category.UNPROCESSABLE, f"'{name[:60]}' cannot be in a primitive value")
    around = _structure(found)
    return Spot(found.value, element_of(around, name, found.value), around)


def element_of(owner: Structure, name: str, node: Node) -> Element:
    """The element that a name means in an object of that structure.

    Raises:
        GatewayError: invalid, for a name that the structure does not have.
    """
    element = owner.elements.get(name)
    if element is not None:
        return element
    members = members_of(owner, name)
    if not members:
        raise fail(Category.INVALID, f"{owner.name} has no element '{name[:60]}'")
    present = next((each for each in members if each in node or f"_{each}" in node), members[0])
    return owner.elements[present]


def members_of(owner: Structure, name: str) -> tuple[str, ...]:
    """The JSON names of a choice, by its name without [x] or by one of them; empty for none."""
    return next(
        (members for stem, _, members in owner.choices if name == stem or name in members), ()
    )


def _structure(found: Found) -> Structure:
    kind = found.type
    if kind == "Resource":
        kind = str(found.value.get("resourceType"))
    owner = structure(kind)
    if owner is None:
        raise fail(Category.INVALID, f"A path cannot go on in {found.type}")
    return owner


def _step(match: re.Match[str]) -> Step:
    if match["name"]:
        return Step(name=match["name"])
    if match["index"]:
        return Step(index=int(match["index"]))
    if match["pick"]:
        return Step(pick=match["pick"])
    return Step(where=tuple(_criteria(match["where"])))


def _criteria(text: str) -> Iterator[tuple[str, Any]]:
    for name, literal in _ONE_CRITERION.findall(text):
        yield name, _literal(literal)


def _literal(text: str) -> Any:
    if text[0] == "'":
        return _ESCAPE.sub(lambda each: _ESCAPED.get(each[1], each[1]), text[1:-1])
    return {"true": True, "false": False}[text] if text[0] in "tf" else Decimal(text)


def _without_type(steps: tuple[Step, ...], resource: Node) -> tuple[Step, ...]:
    named = steps[0].name
    if named == resource.get("resourceType"):
        return steps[1:]
    if named[:1].isupper():
        text = f"The path begins with {named[:60]}; the resource is a {resource['resourceType']}"
        raise fail(Category.INVALID, text)
    return steps


def _follow(resource: Node, steps: Iterable[Step]) -> list[Found]:
    found = [Found(resource, "Resource")]
    for step in steps:
        if step.name:
            found = [each for one in found for each in _children(one, step.name)]
        elif step.index is not None:
            found = found[step.index : step.index + 1]
        elif step.pick:
            found = found[:1] if step.pick == "first" else found[-1:]
        else:
            found = [each for each in found if _holds(each, step.where)]
    return found


def _children(found: Found, name: str) -> Iterator[Found]:
    if not isinstance(found.value, dict):
        raise fail(Category.INVALID, f"There is no '{name[:60]}' in a primitive value")
    spot = spot_in(found, name)
    owner, element, around = spot.owner, spot.element, spot.around
    value, beside = owner.get(element.name), owner.get(f"_{element.name}")
    if isinstance(value, list) or isinstance(beside, list):
        for index in range(max(len(value or ()), len(beside or ()))):
            member = value[index] if value else None
            yield Found(member, element.type, owner, element.name, index, around)
    elif value is not None or beside is not None:
        yield Found(value, element.type, owner, element.name, None, around)


def _holds(found: Found, criteria: Iterable[tuple[str, Any]]) -> bool:
    return all(
        any(_equal(each.value, literal) for each in _inside(found, name.split(".")))
        for name, literal in criteria
    )


def _inside(found: Found, names: list[str]) -> list[Found]:
    here = [found]
    for name in names:
        here = [each for one in here for each in _children(one, name)]
    return here


def _equal(value: Any, literal: Any) -> bool:
    if isinstance(literal, Decimal):
        return isinstance(value, int | Decimal) and value is not True and value == literal
    return type(value) is type(literal) and bool(value == literal)
