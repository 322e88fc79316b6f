"""What does a FHIRPath Patch change?

A Parameters resource with operations that add, insert, delete, replace or move elements, which are
named by simple FHIRPaths. FHIR R4 FHIRPath Patch.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.fhir.element_paths import Found, Spot, find, find_spot, only, spot_in
from fhir_gateway.fhir.patch_values import PatchValue, json_name, value_of
from fhir_gateway.fhir.pruning import without_emptied
from fhir_gateway.fhir.spec import Structure
from fhir_gateway.fhir.validation import validate

Resource = dict[str, Any]
Node = dict[str, Any]
#: The members of a repeating element, each with what stands beside it (`_given`).
Pairs = list[tuple[Any, Any]]


def fhirpath_patched(resource: Resource, parameters: Resource) -> Resource:
    """Apply a FHIRPath Patch.

    Args:
        resource: As it is stored; it is not changed.
        parameters: A Parameters resource of operations.

    Returns:
        The result; not checked to be a resource.

    Raises:
        GatewayError: invalid, for what is no FHIRPath Patch, with `Parameters.parameter[n]`;
            unprocessable, for an operation that does not apply. To delete what is not there is
            no failure.
    """
    try:
        validate(parameters, type_name="Parameters")
    except GatewayError as error:
        raise GatewayError(Category.INVALID, *error.issues) from error
    patching = _Patching(deepcopy(resource))
    for index, each in enumerate(parameters.get("parameter", ())):
        place = f"Parameters.parameter[{index}]"
        try:
            patching.apply(each)
        except GatewayError as error:
            raise fail(error.category, error.issues[0].diagnostics, place) from error
    return patching.result()


class _Patching:
    """A resource that is being changed."""

    def __init__(self, tree: Resource) -> None:
        self._tree = tree
        self._emptied: list[Any] = []
        self._verbs: dict[str, Callable[[dict[str, Node]], None]] = {
            "add": self._add,
            "insert": self._insert,
            "delete": self._delete,
            "replace": self._replace,
            "move": self._move,
        }

    def apply(self, parameter: Node) -> None:
        if parameter["name"] != "operation":
            text = f"A patch consists of parameters named operation, not '{parameter['name'][:60]}'"
            raise fail(Category.INVALID, text)
        parts = {each["name"]: each for each in parameter.get("part", ())}
        verb = _primitive(parts, "type", str)
        run = self._verbs.get(verb)
        if run is None:
            listed = ", ".join(self._verbs)
            raise fail(Category.INVALID, f"'type' is one of {listed}; it was '{verb[:60]}'")
        run(parts)

    def result(self) -> Resource:
        without_emptied(self._tree, self._emptied)
        return self._tree

    def _add(self, parts: dict[str, Node]) -> None:
        path = _primitive(parts, "path", str)
        parent = only(find(self._tree, path), path)
        spot = spot_in(parent, _primitive(parts, "name", str))
        value = value_of(_part(parts, "value"), spot.element)
        if spot.element.many:
            _set_pairs(spot, [*_pairs(spot), (value.value, value.beside)])
            return
        if spot.element.name in spot.owner or f"_{spot.element.name}" in spot.owner:
            text = f"'{spot.element.name}' is there already and cannot be added; replace it"
            raise fail(Category.UNPROCESSABLE, text)
        _set(spot.owner, json_name(spot.around, spot.element, value), value)

    def _insert(self, parts: dict[str, Node]) -> None:
        spot = self._list(parts)
        pairs, index = _pairs(spot), _primitive(parts, "index", int)
        if not 0 <= index <= len(pairs):
            raise _no_place(index, len(pairs))
        value = value_of(_part(parts, "value"), spot.element)
        pairs.insert(index, (value.value, value.beside))
        _set_pairs(spot, pairs)

    def _delete(self, parts: dict[str, Node]) -> None:
        path = _primitive(parts, "path", str)
        found = find(self._tree, path)
        if found:
            self._take(only(found, path))

    def _replace(self, parts: dict[str, Node]) -> None:
        path = _primitive(parts, "path", str)
        old = only(find(self._tree, path), path)
        if old.owner is None:
            raise _whole()
        owner = _around(old)
        element = owner.elements[old.name]
        value = value_of(_part(parts, "value"), element)
        if old.index is not None:
            spot = Spot(old.owner, element, owner)
            pairs = _pairs(spot)
            pairs[old.index] = (value.value, value.beside)
            _set_pairs(spot, pairs)
            return
        name = json_name(owner, element, value)
        old.owner.pop(old.name, None)
        old.owner.pop(f"_{old.name}", None)
        _set(old.owner, name, value)

    def _move(self, parts: dict[str, Node]) -> None:
        spot = self._list(parts)
        pairs = _pairs(spot)
        source = _primitive(parts, "source", int)
        destination = _primitive(parts, "destination", int)
        for index in (source, destination):
            if not 0 <= index < len(pairs):
                raise _no_place(index, len(pairs))
        pairs.insert(destination, pairs.pop(source))
        _set_pairs(spot, pairs)

    def _list(self, parts: dict[str, Node]) -> Spot:
        path = _primitive(parts, "path", str)
        spot = find_spot(self._tree, path)
        if not spot.element.many:
            raise fail(Category.INVALID, f"'{path[:100]}' does not repeat")
        return spot

    def _take(self, found: Found) -> None:
        if found.owner is None:
            raise _whole()
        self._emptied.append(found.owner)
        if found.index is None:
            found.owner.pop(found.name, None)
            found.owner.pop(f"_{found.name}", None)
            return
        around = _around(found)
        spot = Spot(found.owner, around.elements[found.name], around)
        pairs = _pairs(spot)
        del pairs[found.index]
        _set_pairs(spot, pairs)


def _around(found: Found) -> Structure:
    assert found.around is not None  # noqa: S101 - only the resource itself is in nothing
    return found.around


def _pairs(spot: Spot) -> Pairs:
    values = spot.owner.get(spot.element.name)
    beside = spot.owner.get(f"_{spot.element.name}")
    count = max(len(values or ()), len(beside or ()))
    return list(zip(values or [None] * count, beside or [None] * count, strict=True))


def _set_pairs(spot: Spot, pairs: Pairs) -> None:
    name = spot.element.name
    for key, members in (
        (name, [one for one, _ in pairs]),
        (f"_{name}", [two for _, two in pairs]),
    ):
        if any(each is not None for each in members):
            spot.owner[key] = members
        else:
            spot.owner.pop(key, None)


def _set(owner: Node, name: str, value: PatchValue) -> None:
    if value.value is not None:
        owner[name] = value.value
    if value.beside is not None:
        owner[f"_{name}"] = value.beside


def _part(parts: dict[str, Node], name: str) -> Node:
    found = parts.get(name)
    if found is None:
        raise fail(Category.INVALID, f"The operation needs a part named {name}")
    return found


def _primitive(parts: dict[str, Node], name: str, kind: type[Any]) -> Any:
    part = _part(parts, name)
    value = next((each for key, each in part.items() if key.startswith("value")), None)
    if type(value) is not kind:
        wanted = "an integer" if kind is int else "a text"
        raise fail(Category.INVALID, f"The part {name} has {wanted} as its value")
    return value


def _no_place(index: int, count: int) -> GatewayError:
    return fail(Category.UNPROCESSABLE, f"{index} is no place in a list of {count}")


def _whole() -> GatewayError:
    return fail(Category.UNPROCESSABLE, "A patch changes elements, not the resource as a whole")
