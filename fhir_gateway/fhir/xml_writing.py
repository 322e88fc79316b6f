"""How is a resource written as XML?

From its JSON, by the element order of R4; numbers keep their digits. FHIR R4 section 2.6.1 (XML);
decision 26.
"""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from fhir_gateway.fhir.spec import Structure, structure
from fhir_gateway.fhir.xml_narrative import div_to_xml, in_attribute

FHIR = "http://hl7.org/fhir"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
#: So many parts of text are joined into one piece.
_PIECE = 2000
_EXTENSIONS = frozenset({"extension", "modifierExtension"})


def write(resource: Mapping[str, Any], *, indent: bool = False) -> bytes:
    """Write a resource as an XML document in UTF-8.

    Args:
        resource: A valid resource as JSON has it; a number may be int, Decimal, or its own text.
        indent: Whether it is laid out for people; narrative is left as it is.

    Source: FHIR R4 section 2.6.1. Elements of a type that is not in our table are written in the
    order in which they are given.
    """
    return "".join(pieces(resource, indent=indent)).encode()


def pieces(resource: Mapping[str, Any], *, indent: bool = False) -> Iterator[str]:
    """As `write`, in pieces, so that the caller of a large one can do something else in between."""
    writing = _Writing(indent)
    kind = resource["resourceType"]
    yield f'{_DECLARATION}{writing.line(0)}<{kind} xmlns="{FHIR}">'
    for each in writing.members(resource, structure(kind), is_resource=True):
        writing.element(*each, depth=1)
        if len(writing.parts) > _PIECE:
            yield writing.taken()
    yield f"{writing.taken()}{writing.line(0)}</{kind}>"


Member = tuple[str, str | None, Any, Any]


class _Writing:
    """Collects parts of text.

    Attributes:
        parts: What has been written and not yet been taken.
    """

    def __init__(self, indent: bool) -> None:
        self.parts: list[str] = []
        self._indent = indent

    def line(self, depth: int) -> str:
        return f"\n{'  ' * depth}" if self._indent else ""

    def taken(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        return text

    def members(
        self, node: Mapping[str, Any], found: Structure | None, *, is_resource: bool
    ) -> Iterator[Member]:
        """(name, type, value, id and extensions of a primitive value), one for each element."""
        given = dict.fromkeys(name.removeprefix("_") for name in node)
        known = found.elements if found else {}
        for name in (*(each for each in known if each in given),
                     *(each for each in given if each not in known)):  # fmt: skip
            if name == "resourceType" or (not is_resource and _is_attribute(name, found)):
                continue
            kind = known[name].type if name in known else None
            value, extra = node.get(name), node.get(f"_{name}")
            if isinstance(value, list) or isinstance(extra, list):
                for one, more in zip_longest(value or (), extra or ()):
                    yield name, kind, one, more
            else:
                yield name, kind, value, extra

    def element(self, name: str, kind: str | None, value: Any, extra: Any, *, depth: int) -> None:
        if isinstance(value, dict):
            self._complex(name, kind, value, depth)
        elif kind == "xhtml" or (kind is None and name == "div"):
            self.parts.append(f"{self.line(depth)}{div_to_xml(str(value))}")
        else:
            self._primitive(name, value, extra, depth)

    def _complex(self, name: str, kind: str | None, node: Mapping[str, Any], depth: int) -> None:
        inner = node.get("resourceType")
        if inner is not None:
            self.parts.append(f"{self.line(depth)}<{name}>{self.line(depth + 1)}<{inner}>")
            self._inside(node, structure(inner), depth + 2, is_resource=True)
            self.parts.append(f"{self.line(depth + 1)}</{inner}>{self.line(depth)}</{name}>")
            return
        found = structure("Extension" if name in _EXTENSIONS else kind or "")
        self.parts.append(f"{self.line(depth)}<{name}{_attributes(node, found)}")
        self._close(name, node, found, depth)

    def _primitive(self, name: str, value: Any, extra: Any, depth: int) -> None:
        node = extra or {}
        self.parts.append(f"{self.line(depth)}<{name}{_attributes(node, None)}")
        if value is not None:
            self.parts.append(f' value="{in_attribute(_text(value))}"')
        self._close(name, node, None, depth)

    def _close(
        self, name: str, node: Mapping[str, Any], found: Structure | None, depth: int
    ) -> None:
        before = len(self.parts)
        self.parts.append(">")
        self._inside(node, found, depth + 1, is_resource=False)
        if len(self.parts) == before + 1:
            self.parts[before] = "/>"
        else:
            self.parts.append(f"{self.line(depth)}</{name}>")

    def _inside(
        self, node: Mapping[str, Any], found: Structure | None, depth: int, *, is_resource: bool
    ) -> None:
        if node:
            for each in self.members(node, found, is_resource=is_resource):
                self.element(*each, depth=depth)


def _is_attribute(name: str, found: Structure | None) -> bool:
    return name == "id" or (name == "url" and found is not None and found.name == "Extension")


def _attributes(node: Mapping[str, Any], found: Structure | None) -> str:
    return "".join(
        f' {name}="{in_attribute(str(node[name]))}"'
        for name in ("id", "url")
        if name in node and _is_attribute(name, found)
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
