"""In which format does the client want its answer, and in which did it write?

JSON and XML, and a page for people with a browser. Their spellings are those that clients really
send; pure functions of the header's text, remembered because clients repeat themselves.

Source: FHIR R4 section 3.1.0.1.11 (content negotiation), 3.1.0.1.10 (_format); RFC 9110 section
12.5.1 (Accept).
"""

from functools import lru_cache
from typing import Literal

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.fhir.patch import PatchKind

Format = Literal["json", "xml"]
Shown = Format | Literal["html"]

_JSON = ("application/fhir+json", "application/json+fhir", "application/json", "text/json", "json")
_XML = ("application/fhir+xml", "application/xml+fhir", "application/xml", "text/xml", "xml")
_FORMATS: dict[str, Format] = {
    **dict.fromkeys(_JSON, "json"),
    **dict.fromkeys(_XML, "xml"),
}
_PAGE = ("text/html", "html")
_CSV = ("text/csv", "csv")
#: What means any of them.
_WILDCARDS = ("application/*", "*/*", "*")
_PATCHES: dict[str, PatchKind] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
}
FORM = "application/x-www-form-urlencoded"
#: Names of the one encoding of FHIR, and of the part of it that is ASCII.
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_FHIR_VERSIONS = frozenset({"4.0", "4.0.1"})
_OFFER = "Answers are written as application/fhir+json or application/fhir+xml (FHIR R4)."


def answer_format(accept: str, format_text: str | None, *, looking: bool = False) -> Shown:
    """The format in which the client wants its answer; `_format` overrules Accept.

    Args:
        accept: The Accept header; empty for none.
        format_text: The `_format` parameter; None for none.
        looking: Whether nothing is changed, so that a page can be shown.

    Raises:
        GatewayError: not-acceptable.
    """
    if looking and (prefers_page(accept) if format_text is None else format_text in _PAGE):
        return "html"
    if format_text is None:
        found = accepted(accept)
        if found is None:
            raise fail(Category.NOT_ACCEPTABLE, f"{_OFFER} Accept was '{accept[:60]}'", "Accept")
        return found
    named = named_format(format_text)
    if named is None:
        raise fail(Category.NOT_ACCEPTABLE, f"{_OFFER} '{format_text[:60]}' is not", "_format")
    return named


@lru_cache(maxsize=512)
def accepted(accept: str) -> Format | None:
    """What of FHIR R4 an Accept header takes; an empty one takes everything.

    A range without a quality counts 1; the most specific range decides, so that
    `application/fhir+json;q=0, */*` is answered in XML. Where both are as welcome, it is JSON; for
    browsers too, which take any XML but show it badly.
    """
    if not accept.strip():
        return "json"
    qualities = _qualities(accept)
    json, xml = (_quality(each, qualities) for each in (_JSON, _XML))
    if xml > json and not (json and "text/html" in qualities):
        return "xml"
    return "json" if json else None


@lru_cache(maxsize=512)
def prefers_page(accept: str) -> bool:
    """Whether an Accept header names HTML and prefers it to both formats of FHIR.

    Java's own HTTP client seems to, when nobody has told it what to accept; it is known by the
    range `*`, which is none.
    """
    qualities = _qualities(accept)
    most = max(_quality(each, qualities) for each in (_JSON, _XML))
    return "*" not in qualities and qualities.get("text/html", 0.0) > most


def prefers_csv(accept: str, format_text: str | None) -> bool:
    """Whether a client names CSV; in Accept, whether it prefers it to both formats of FHIR."""
    if format_text is not None:
        return _media(format_text)[0] in _CSV
    if "text/csv" not in accept.lower():
        return False
    qualities = _qualities(accept)
    most = max(_quality(each, qualities) for each in (_JSON, _XML))
    return qualities.get("text/csv", 0.0) > most


def _qualities(accept: str) -> dict[str, float]:
    return dict(_range(each) for each in accept.split(","))


def _quality(names: tuple[str, ...], qualities: dict[str, float]) -> float:
    anything = next((qualities[each] for each in _WILDCARDS if each in qualities), 0.0)
    return max((qualities[each] for each in names if each in qualities), default=anything)


@lru_cache(maxsize=128)
def named_format(text: str) -> Format | None:
    """What a `_format` value names; a plus sign that was not encoded arrives as a blank."""
    media, parameters = _media(text.strip().replace(" ", "+"))
    return _FORMATS.get(media) if _fits(parameters) else None


def body_format(content_type: str) -> Format:
    """The format of a body that is a resource.

    Raises:
        GatewayError: unsupported-media-type, naming what is read.
    """
    found = written(content_type)
    if found is None:
        raise fail(
            Category.UNSUPPORTED_MEDIA_TYPE,
            "The body must be application/fhir+json, application/json or application/fhir+xml in"
            f" UTF-8; Content-Type was '{content_type[:60]}'",
            "Content-Type",
        )
    return found


@lru_cache(maxsize=512)
def written(content_type: str) -> Format | None:
    """What a Content-Type names; None for what is not read."""
    media, parameters = _media(content_type)
    in_utf8 = parameters.get("charset", "utf-8").lower() in _CHARSETS
    return _FORMATS.get(media) if "/" in media and in_utf8 and _fits(parameters) else None


@lru_cache(maxsize=128)
def patch_kind(content_type: str) -> PatchKind | None:
    """The kind of patch that a media type alone tells; None where the body's shape does.

    Source: RFC 6902 section 6; RFC 7396 section 4.
    """
    media, parameters = _media(content_type)
    in_utf8 = parameters.get("charset", "utf-8").lower() in _CHARSETS
    return _PATCHES.get(media) if in_utf8 else None


def check_form(content_type: str) -> None:
    """Make sure that a body is a form.

    Raises:
        GatewayError: unsupported-media-type.
    """
    media, parameters = _media(content_type)
    if media != FORM or parameters.get("charset", "utf-8").lower() not in _CHARSETS:
        raise fail(
            Category.UNSUPPORTED_MEDIA_TYPE,
            f"The body must be {FORM} in UTF-8; Content-Type was '{content_type[:60]}'",
            "Content-Type",
        )


def _media(text: str) -> tuple[str, dict[str, str]]:
    media, *rest = text.split(";")
    pairs = (each.partition("=") for each in rest)
    parameters = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    return media.strip().lower(), parameters


def _fits(parameters: dict[str, str]) -> bool:
    return parameters.get("fhirversion", "4.0") in _FHIR_VERSIONS


def _range(text: str) -> tuple[str, float]:
    media, parameters = _media(text)
    if not _fits(parameters):
        return "", 0.0
    try:
        return media, float(parameters.get("q", "1"))
    except ValueError:
        return media, 0.0
