"""How does a resource look in a browser?

Its JSON, indented, with references as links. Everything in it is escaped, and the page carries a
policy under which nothing could be run or fetched even so.

Source: FHIR R4 section 6.1.0.2 (resources may contain active content); W3C Content Security Policy
level 3.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from html import escape

from fhir_gateway.api.answers import Header

HTML = b"text/html; charset=utf-8"
#: Lines that are written without letting others go on.
_AT_ONCE = 500
#: At the top of a resource, where its type and its id are.
_HEAD = 10
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:80rem;"
    "color:#1b1b1b;background:#fff}h1{font-size:1.25rem;margin:0}nav a{margin-right:1rem}"
    "pre{font-size:.875rem;white-space:pre-wrap;overflow-wrap:anywhere}a{color:#0b57a4}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#1b1b1b}a{color:#9cf}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Sent with every page.
PAGE_HEADERS: tuple[Header, ...] = (
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"referrer-policy", b"no-referrer"),
)
#: A line of indented JSON whose value is a string without escapes: what is before it, the name of
#: the property, the value, the comma.
_TEXT_LINE = re.compile(r'( *(?:"([^"\\]*)": )?")([^"\\]+)("(?:,?))')
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.\-]{1,64}(?:/_history/[0-9]+)?")


def page(content: str, *, base: str, raw: str) -> Iterator[str]:
    """The page of a resource, piece by piece.

    Args:
        content: The resource as JSON, indented by two blanks, one property or value per line.
        base: Base address to which references are relative.
        raw: Address of the same without a page around it; its last parameter is the format.
    """
    lines = content.split("\n")
    title = escape(_title(lines[:_HEAD]))
    xml = f"{raw.removesuffix('json')}xml"
    yield (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f'<body><h1>{title}</h1><nav><a href="{escape(raw)}">JSON</a>'
        f' <a href="{escape(xml)}">XML</a></nav><pre>'
    )
    for start in range(0, len(lines), _AT_ONCE):
        yield "\n".join(_line(each, base) for each in lines[start : start + _AT_ONCE]) + "\n"
    yield "</pre></body></html>"


def _title(head: list[str]) -> str:
    found = {match[2]: match[3] for each in head if (match := _TEXT_LINE.fullmatch(each))}
    names = (found.get(name) for name in ("resourceType", "id"))
    return "/".join(name for name in names if name)


def _line(line: str, base: str) -> str:
    match = _TEXT_LINE.fullmatch(line)
    address = match and _address(match[2] or "", match[3], base)
    if not match or not address:
        return escape(line)
    before, _, text, after = match.groups()
    return f'{escape(before)}<a href="{escape(address)}">{escape(text)}</a>{escape(after)}'


def _address(name: str, text: str, base: str) -> str | None:
    """Where a value leads to; only into our own house."""
    if text.startswith(f"{base}/"):
        return text
    return f"{base}/{text}" if name == "reference" and _REFERENCE.fullmatch(text) else None
