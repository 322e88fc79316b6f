"""How does the text of a resource, which is XHTML, pass between JSON and XML?

JSON has it as one string, XML as elements. FHIR R4 sections 2.4.0.2 (narrative) and 2.6.1 (XML).
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from lxml import etree

XHTML = "http://www.w3.org/1999/xhtml"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_TAG = re.compile(r"<[^<>]*>")
#: HTML's names for characters; XML itself knows five of them.
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z][A-Za-z0-9]{1,31};")
#: What XML 1.0 cannot say, not even by its number.
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: A quotation mark needs no escape there; R4's own examples and tools write it with one.
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_IN_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def parser() -> etree.XMLParser:
    """A parser that opens nothing and expands nothing."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def in_attribute(text: str) -> str:
    """Text as an attribute's value between double quotes."""
    return _UNSAYABLE.sub("\ufffd", text).translate(_IN_ATTRIBUTE)


def div_to_xml(text: str) -> str:
    """The elements of a div that JSON has as a string.

    Args:
        text: `<div xmlns="http://www.w3.org/1999/xhtml">…</div>`; where it is not well-formed,
            what it says is kept without its layout.
    """
    named = _NAMED.sub(lambda match: unescape(match[0]), _UNSAYABLE.sub("\ufffd", text))
    try:
        return div_to_text(etree.fromstring(named.strip().encode(), parser()))
    except (etree.XMLSyntaxError, ValueError):
        bare = unescape(_TAG.sub(" ", named)).strip()
        return f'<div xmlns="{XHTML}">{bare.translate(_IN_TEXT)}</div>'


def div_to_text(div: Any) -> str:
    """The string that JSON has for a div.

    Args:
        div: The element, as lxml reads it.

    Raises:
        ValueError: an element in it is not XHTML.
    """
    return "".join(_written(div, f' xmlns="{XHTML}"'))


def _written(element: Any, declared: str = "") -> Iterator[str]:
    space, _, name = str(element.tag).rpartition("}")
    if space != f"{{{XHTML}":
        raise ValueError(f"'{name[:60]}' is not in the namespace {XHTML}")
    attributes = "".join(
        f' {_attribute(key)}="{in_attribute(value)}"' for key, value in element.attrib.items()
    )
    inner = (element.text or "").translate(_IN_TEXT)
    if not inner and not len(element):
        yield f"<{name}{declared}{attributes}/>"
        return
    yield f"<{name}{declared}{attributes}>{inner}"
    for child in element:
        yield from _written(child)
        yield (child.tail or "").translate(_IN_TEXT)
    yield f"</{name}>"


def _attribute(name: str) -> str:
    if name == _LANGUAGE:
        return "xml:lang"
    if name.startswith("{"):
        raise ValueError("an attribute is not XHTML's")
    return name
