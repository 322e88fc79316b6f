"""In which format does the client want its answer, and in which did it write?

Only JSON is spoken. Its spellings are those that clients really send; pure functions of the
header's text, remembered because clients repeat themselves.

Source: FHIR R4 section 3.1.0.1.11 (content negotiation), 3.1.0.1.10 (_format); RFC 9110 section
12.5.1 (Accept).
"""

from functools import lru_cache

from fhir_gateway.core.errors import Category, fail

_SPELLINGS = (
    "application/fhir+json",
    "application/json+fhir",
    "application/json",
    "text/json",
    "json",
)
#: What means any of them.
_WILDCARDS = ("application/*", "*/*", "*")
FORM = "application/x-www-form-urlencoded"
#: Names of the one encoding of FHIR, and of the part of it that is ASCII.
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_FHIR_VERSIONS = frozenset({"4.0", "4.0.1"})


@lru_cache(maxsize=512)
def accepts_json(accept: str) -> bool:
    """Whether an Accept header takes JSON of FHIR R4; an empty one takes everything.

    A range without a quality counts 1; the most specific range decides, so that
    `application/fhir+json;q=0, */*` does not take it.
    """
    if not accept.strip():
        return True
    qualities = dict(_range(each) for each in accept.split(","))
    named = [qualities[each] for each in _SPELLINGS if each in qualities]
    if named:
        return any(named)
    return next((qualities[each] > 0 for each in _WILDCARDS if each in qualities), False)


@lru_cache(maxsize=128)
def is_json_format(text: str) -> bool:
    """Whether a `_format` value is JSON; a plus sign that was not encoded arrives as a blank."""
    media, parameters = _media(text.strip().replace(" ", "+"))
    return media in _SPELLINGS and _fits(parameters)


def check_format(accept: str, format_text: str | None) -> None:
    """Make sure that the client can read what we write; `_format` overrules Accept.

    Args:
        accept: The Accept header; empty for none.
        format_text: The `_format` parameter; None for none.

    Raises:
        GatewayError: not-acceptable.
    """
    if format_text is None:
        if not accepts_json(accept):
            raise fail(Category.NOT_ACCEPTABLE, f"{_OFFER} Accept was '{accept[:60]}'", "Accept")
    elif not is_json_format(format_text):
        raise fail(Category.NOT_ACCEPTABLE, f"{_OFFER} '{format_text[:60]}' is not", "_format")


_OFFER = "Answers are written as application/fhir+json (FHIR R4)."


@lru_cache(maxsize=512)
def reads(content_type: str, *, form: bool = False) -> bool:
    """Whether a body of that Content-Type is read.

    Args:
        content_type: The header's text; empty for none.
        form: Whether a form is expected instead of JSON.
    """
    media, parameters = _media(content_type)
    charset = parameters.get("charset", "utf-8").lower()
    known = media == FORM if form else media in _SPELLINGS[:-1]
    return known and charset in _CHARSETS and _fits(parameters)


def check_content_type(content_type: str, *, form: bool = False) -> None:
    """Make sure that a body can be read.

    Raises:
        GatewayError: unsupported-media-type, naming what is read.
    """
    if not reads(content_type, form=form):
        wanted = FORM if form else "application/fhir+json or application/json"
        raise fail(
            Category.UNSUPPORTED_MEDIA_TYPE,
            f"The body must be {wanted} in UTF-8; Content-Type was '{content_type[:60]}'",
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
