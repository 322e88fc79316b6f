"""Which bytes does the gateway accept as XML, and what is their JSON?

A gate as strict as that for JSON: no document type, no entities, nothing that R4 does not know.
FHIR R4 section 2.6.1 (XML); decision 26.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

from lxml import etree

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.fhir.json import MAX_DEPTH, MAX_TOKENS, number
from fhir_gateway.fhir.primitives import PRIMITIVES
from fhir_gateway.fhir.spec import Element, Structure, structure
from fhir_gateway.fhir.xml_narrative import XHTML, div_to_text, parser
from fhir_gateway.fhir.xml_writing import FHIR

_DECLARED = re.compile(r"""\ufeff?<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TRUTH = {"true": True, "false": False}


def read(body: bytes, *, most: int = MAX_TOKENS) -> dict[str, Any]:
    """Read one resource.

    Args:
        body: The bytes as received.
        most: Elements that it may have.

    Returns:
        The tree that `fhir.json.parse` would give for the same resource as JSON.

    Raises:
        GatewayError: invalid, saying what is wrong and where; too-costly above that many elements.

    Source: FHIR R4 section 2.6.1; decision 26. The order of elements does not matter here.
    """
    _check_text(body)
    if body.count(b"<") > 2 * most:
        raise fail(Category.TOO_COSTLY, f"The body has more than {most} elements")
    try:
        root = etree.fromstring(body, parser())
    except etree.XMLSyntaxError as error:
        raise _refused(f"The body is not well-formed XML: {str(error.msg)[:100]}") from error
    if root.getroottree().docinfo.doctype:
        raise _refused("The body must not have a document type")
    return _resource(root, _local(root, ""), 1, is_root=True)


def _check_text(body: bytes) -> None:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(f"The body is not UTF-8 (byte {error.start})") from error
    declared = _DECLARED.match(text)
    if declared and declared[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise _refused(f"The encoding must be UTF-8, not '{declared[1][:30]}'")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _refused("The body must not have a document type")


def _refused(text: str, place: str = "") -> GatewayError:
    return fail(Category.INVALID, text, *([place] if place else []), code="structure")


def _refuse(place: str, why: str) -> NoReturn:
    raise _refused(f"{place[:200]} {why}", place[:200])


def _local(element: Any, place: str) -> str:
    """The name of an element in the namespace of FHIR."""
    space, _, name = str(element.tag).rpartition("}")
    if space != f"{{{FHIR}":
        where = f"{place}.{name}".lstrip(".")
        _refuse(where[:100], f"is not in the namespace {FHIR}")
    return name


def _resource(element: Any, place: str, depth: int, *, is_root: bool = False) -> dict[str, Any]:
    kind = _local(element, place)
    found = structure(kind)
    if found is None or "implicitRules" not in found.elements:
        _refuse(place, f"is a '{kind[:60]}', which is not read as XML here; send it as JSON")
    for name in element.attrib:
        if not (is_root and name == _SCHEMA):
            _refuse(place, f"has an attribute '{name[:60]}', which R4 does not know")
    return {"resourceType": kind} | _children(element, found, place, depth, frozenset())


def _children(
    element: Any, found: Structure, place: str, depth: int, attributes: frozenset[str]
) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise _refused(f"The body is nested deeper than {MAX_DEPTH}")
    if (element.text or "").strip():
        _refuse(place, "has text; values are attributes")
    node: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    for child in element:
        if (child.tail or "").strip():
            _refuse(place, "has text; values are attributes")
        name = _name(child, place)
        declared = found.elements.get(name)
        if declared is None or name in attributes:
            _refuse(f"{place}.{name[:60]}", f"is no element of {found.name}")
        where = f"{place}.{name}" + (f"[{len(node.get(name, ()))}]" if declared.many else "")
        # As deep as in JSON, where a list is a level of its own.
        value, extra = _value(child, declared, where, depth + 1 + declared.many)
        if not declared.many and (name in node or name in beside):
            _refuse(where, "is there twice")
        if declared.many:
            node.setdefault(name, []).append(value)
            beside.setdefault(f"_{name}", []).append(extra)
        elif value is not None:
            node[name] = value
        if not declared.many and extra is not None:
            beside[f"_{name}"] = extra
    return _joined(node, beside)


def _name(child: Any, place: str) -> str:
    return "div" if child.tag == f"{{{XHTML}}}div" else _local(child, place)


def _joined(node: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """Values with what stands beside them; lists of nothing are left out."""
    kept = {name: value for name, value in node.items() if _says_something(value)}
    return kept | {name: value for name, value in beside.items() if _says_something(value)}


def _says_something(value: Any) -> bool:
    return not isinstance(value, list) or any(each is not None for each in value)


def _value(child: Any, declared: Element, place: str, depth: int) -> tuple[Any, Any]:
    """The value of an element; for a primitive also its id and extensions."""
    if declared.type == "xhtml":
        return _div(child, place), None
    if declared.type in PRIMITIVES:
        return _primitive(child, declared.type, place, depth)
    if declared.type == "Resource":
        return _wrapped(child, place, depth), None
    found = structure(declared.type)
    if found is None:
        _refuse(place, f"is a {declared.type}, which is not read as XML here")
    attributes = frozenset({"id", "url"} if found.name == "Extension" else {"id"})
    node = _given(child, attributes, place)
    node |= _children(child, found, place, depth, attributes)
    if not node:
        _refuse(place, "is empty")
    return node, None


def _given(child: Any, allowed: frozenset[str], place: str) -> dict[str, Any]:
    for name in child.attrib:
        if name not in allowed:
            _refuse(place, f"has an attribute '{name[:60]}', which it cannot have")
    return dict(child.attrib)


def _div(child: Any, place: str) -> str:
    if child.tag != f"{{{XHTML}}}div":
        _refuse(place, f"is not in the namespace {XHTML}")
    try:
        return div_to_text(child)
    except ValueError as error:
        raise _refused(f"{place}: {error}", place) from error


def _wrapped(child: Any, place: str, depth: int) -> dict[str, Any]:
    if len(child) != 1 or child.attrib:
        _refuse(place, "holds exactly one resource and no attribute")
    return _resource(child[0], place, depth)


_BESIDE = frozenset({"id", "value"})


def _primitive(child: Any, kind: str, place: str, depth: int) -> tuple[Any, Any]:
    beside = _given(child, _BESIDE, place)
    text = beside.pop("value", None)
    if len(child):
        beside |= _children(child, _ONLY_EXTENSIONS, place, depth, frozenset({"id"}))
    if text is None and not beside:
        _refuse(place, "is empty")
    value = None if text is None else _READ[PRIMITIVES[kind].kind](text, place)
    return value, beside or None


_ONLY_EXTENSIONS = Structure(
    "a primitive value", {"extension": Element("extension", "Extension", 0, many=True)}, (), ()
)


def _number(text: str, place: str) -> int | Decimal:
    if not _DECIMAL.fullmatch(text):
        _refuse(place, f"is '{text[:60]}'; it must be a number")
    try:
        return number(text)
    except ValueError as error:
        raise _refused(f"{place[:200]} has {error}", place[:200]) from error


def _truth(text: str, place: str) -> bool:
    if text not in _TRUTH:
        _refuse(place, f"is '{text[:60]}'; it must be true or false")
    return _TRUTH[text]


_READ: dict[str, Callable[[str, str], Any]] = {
    "string": lambda text, _: text,
    "number": _number,
    "boolean": _truth,
}
