"""Under which conditions, and with what back, does the client want its request carried out?

If-Match, If-None-Match, If-Modified-Since and Prefer, in the spellings that clients send.

Source: FHIR R4 sections 3.1.0.5 (managing resource contention), 3.1.0.1.8 (conditional read) and
3.1.0.1.9 (Prefer); RFC 9110 section 13; RFC 7240.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal

from fhir_gateway.core.errors import Category, fail

Returns = Literal["minimal", "representation", "OperationOutcome"]

_TAG = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
_RETURNS: dict[str, Returns] = {
    "minimal": "minimal",
    "representation": "representation",
    "operationoutcome": "OperationOutcome",
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a Prefer header asks for.

    Args:
        returns: The body of the answer to a write.
        lenient: Whether unknown search parameters may be left out.
    """

    returns: Returns = "representation"
    lenient: bool = False


def version_to_match(if_match: str | None) -> int | None:
    """The version that If-Match names: `W/"3"`, `"3"` or `3`; None where there is no header.

    Raises:
        GatewayError: precondition-failed, for anything else, so that nothing is overwritten.
    """
    if if_match is None:
        return None
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        raise fail(
            Category.PRECONDITION_FAILED,
            f"If-Match names one version, like W/\"3\"; it was '{if_match[:60]}'",
            "If-Match",
        )
    return int(match[1])


def nothing_to_match(if_none_match: str | None) -> bool:
    """Whether a write is to happen only where nothing is there: `If-None-Match: *`.

    Raises:
        GatewayError: precondition-failed, for anything else, so that nothing is overwritten.

    Source: RFC 9110 section 13.1.2.
    """
    if if_none_match is None:
        return False
    if if_none_match.strip() != "*":
        text = f"On a write If-None-Match is *; it was '{if_none_match[:60]}'"
        raise fail(Category.PRECONDITION_FAILED, text, "If-None-Match")
    return True


def unchanged(
    if_none_match: str | None, if_modified_since: str | None, *, tag: str, updated: datetime
) -> bool:
    """Whether the client already has this version.

    Args:
        if_none_match: The header: tags, weak, strong or bare, or `*`; it goes before the other.
        if_modified_since: The header; a date that cannot be read counts as none.
        tag: The entity tag, weak.
        updated: Aware.
    """
    if if_none_match is not None:
        bare = _bare(tag)
        return any(_bare(each) in (bare, "*") for each in if_none_match.split(","))
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, OverflowError):  # an offset of a thousand years, for one
        return False
    return updated.replace(microsecond=0) <= (since if since.tzinfo else since.replace(tzinfo=UTC))


def _bare(tag: str) -> str:
    return tag.strip().removeprefix("W/").strip('"')


@lru_cache(maxsize=256)
def preferences(prefer: str) -> Preferences:
    """Read a Prefer header; what is unknown is passed over, as RFC 7240 asks."""
    returns: Returns = "representation"
    lenient = False
    for each in re.split("[,;]", prefer):
        name, _, value = each.partition("=")
        name, value = name.strip().lower(), value.strip().strip('"').lower()
        if name == "return":
            returns = _RETURNS.get(value, returns)
        elif name == "handling":
            lenient = value == "lenient"
    return Preferences(returns, lenient)
