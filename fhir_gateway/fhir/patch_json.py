"""What does a JSON Patch change?

Six operations on JSON pointers, one after the other; one that does not apply spoils all. RFC 6902,
RFC 6901; FHIR R4 section 3.1.0.6 (patch).
"""

import re
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.fhir.json import MAX_TOKENS
from fhir_gateway.fhir.primitives import kind_of
from fhir_gateway.fhir.pruning import check_depth, size_of, without_emptied

Resource = dict[str, Any]
Node = dict[str, Any]

_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")
_BAD_ESCAPE = re.compile(r"~(?![01])")
_MAX_POINTER = 2000
_MISSING = object()


def json_patched(resource: Resource, operations: list[Any]) -> Any:
    """Apply a JSON Patch.

    Args:
        resource: As it is stored; it is not changed.
        operations: The array of operations.

    Returns:
        The result; not checked to be a resource. What a removal leaves empty is gone.

    Raises:
        GatewayError: invalid, for what is no JSON Patch; unprocessable, for an operation that does
            not apply: a path to nothing, a test that fails. The expression is `operation[n]`.

    Source: RFC 6902 sections 3 to 5.
    """
    patching = _Patching(deepcopy(resource))
    for index, each in enumerate(operations):
        try:
            patching.apply(each)
        except _RefusedError as error:
            raise fail(error.category, str(error), f"operation[{index}]") from error
    return without_emptied(patching.tree, patching.emptied)


class _RefusedError(Exception):
    """Raised where the number of the operation is not known."""

    def __init__(self, category: Category, text: str) -> None:
        super().__init__(text)
        self.category = category


def _grammar(text: str) -> _RefusedError:
    return _RefusedError(Category.INVALID, text)


def _refusal(text: str) -> _RefusedError:
    return _RefusedError(Category.UNPROCESSABLE, text)


class _Patching:
    """A tree that is being changed.

    Attributes:
        tree: As it is now.
        emptied: Objects and arrays from which something was removed.
    """

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self.emptied: list[Any] = []
        self._budget = MAX_TOKENS
        self._verbs: dict[str, Callable[[Node, str], None]] = {
            "add": self._add,
            "remove": self._remove,
            "replace": self._replace,
            "move": self._move,
            "copy": self._copy,
            "test": self._test,
        }

    def apply(self, operation: Any) -> None:
        if not isinstance(operation, dict):
            raise _grammar(f"An operation is an object, not {kind_of(operation)}")
        verb = operation.get("op")
        run = self._verbs.get(verb) if isinstance(verb, str) else None
        if run is None:
            listed = ", ".join(self._verbs)
            raise _grammar(f"'op' is one of {listed}; it was '{str(verb)[:60]}'")
        run(operation, _text(operation, "path"))

    def _add(self, operation: Node, path: str) -> None:
        self._put(path, deepcopy(_value(operation)))

    def _remove(self, _: Node, path: str) -> None:
        self._take(path)

    def _replace(self, operation: Node, path: str) -> None:
        value = deepcopy(_value(operation))
        self._at(path)
        tokens = _tokens(path)
        if not tokens:
            self._put(path, value)
            return
        self._check_fits(tokens, value)
        owner = self._owner(path, tokens)
        owner[_key(owner, tokens[-1])] = value

    def _move(self, operation: Node, path: str) -> None:
        source = _text(operation, "from")
        if path == source:
            self._at(source)
            return
        if path.startswith(f"{source}/"):
            raise _refusal(f"'{source[:100]}' cannot be moved into itself")
        self._put(path, self._take(source))

    def _copy(self, operation: Node, path: str) -> None:
        value = self._at(_text(operation, "from"))
        # Before it is copied: copies of copies grow without bound.
        self._check_fits(_tokens(path), value)
        self._put(path, deepcopy(value), measured=True)

    def _test(self, operation: Node, path: str) -> None:
        expected = _value(operation)
        if not _same(self._at(path), expected):
            raise _refusal(f"The test of '{path[:100]}' fails: it has another value")

    def _put(self, path: str, value: Any, *, measured: bool = False) -> None:
        tokens = _tokens(path)
        if not measured:
            self._check_fits(tokens, value)
        if not tokens:
            self.tree = value
            return
        owner = self._owner(path, tokens)
        if isinstance(owner, dict):
            owner[tokens[-1]] = value
        else:
            owner.insert(_place(owner, tokens[-1], path), value)

    def _take(self, path: str) -> Any:
        value, tokens = self._at(path), _tokens(path)
        if not tokens:
            raise _refusal("A whole resource is not removed by a patch; delete it")
        owner = self._owner(path, tokens)
        del owner[_key(owner, tokens[-1])]
        self.emptied.append(owner)
        return value

    def _at(self, path: str) -> Any:
        node = self.tree
        for token in _tokens(path):
            node = _child(node, token)
            if node is _MISSING:
                raise _nothing_at(path)
        return node

    def _owner(self, path: str, tokens: list[str]) -> Any:
        node = self.tree
        for token in tokens[:-1]:
            node = _child(node, token)
        if not isinstance(node, dict | list):
            raise _refusal(f"There is no object or array for '{path[:100]}' to be in")
        return node

    def _check_fits(self, tokens: list[str], value: Any) -> None:
        count, depth = size_of(value)
        self._budget -= count
        if self._budget < 0:
            raise _RefusedError(Category.TOO_COSTLY, f"More than {MAX_TOKENS} values are added")
        try:
            check_depth(len(tokens) + depth)
        except GatewayError as error:
            raise _refusal(str(error)) from error


def _text(operation: Node, name: str) -> str:
    found = operation.get(name)
    if not isinstance(found, str):
        raise _grammar(f"'{name}' must be there as a JSON pointer like /participant/0/status")
    return found


def _value(operation: Node) -> Any:
    if "value" not in operation:
        raise _grammar(f"'{operation['op']}' needs a value")
    return operation["value"]


def _tokens(pointer: str) -> list[str]:
    """The steps of a JSON pointer. RFC 6901 section 3."""
    if not pointer:
        return []
    if pointer[0] != "/" or len(pointer) > _MAX_POINTER or _BAD_ESCAPE.search(pointer):
        raise _grammar(f"'{pointer[:100]}' is no JSON pointer; one is like /participant/0/status")
    return [each.replace("~1", "/").replace("~0", "~") for each in pointer[1:].split("/")]


def _child(node: Any, token: str) -> Any:
    if isinstance(node, dict):
        return node.get(token, _MISSING)
    if isinstance(node, list) and _INDEX.fullmatch(token) and int(token) < len(node):
        return node[int(token)]
    return _MISSING


def _key(owner: Any, token: str) -> Any:
    return token if isinstance(owner, dict) else int(token)


def _place(owner: list[Any], step: str, path: str) -> int:
    if step == "-":
        return len(owner)
    if not _INDEX.fullmatch(step) or int(step) > len(owner):
        text = f"'{path[:100]}' is no place in an array of {len(owner)}"
        raise _refusal(text)
    return int(step)


def _nothing_at(path: str) -> _RefusedError:
    return _refusal(f"There is nothing at '{path[:100]}'")


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; 1.0 equals 1, true does not. RFC 6902 section 4.6."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
