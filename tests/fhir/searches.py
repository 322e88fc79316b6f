"""Searches for tests: a query string's pairs, read in Riyadh's zone at one base address."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir.search_query import Criterion, SearchQuery, Value, parse

BASE = "https://gateway.example/fhir"
RIYADH = ZoneInfo("Asia/Riyadh")


def search(type_name: str, *pairs: tuple[str, str], **options: Any) -> SearchQuery:
    """The plan of a search."""
    return parse(type_name, pairs, zone=RIYADH, base=BASE, **options)


def the_criterion(type_name: str, key: str, text: str) -> Criterion:
    """The only condition of a search for one pair."""
    (found,) = search(type_name, (key, text)).criteria
    return found


def the_value(type_name: str, key: str, text: str) -> Value:
    """The only value of a search for one pair."""
    (found,) = the_criterion(type_name, key, text).values
    return found


def search_refusal(type_name: str, *pairs: tuple[str, str], **options: Any) -> GatewayError | None:
    """Why a search is refused; None where it is not."""
    try:
        search(type_name, *pairs, **options)
    except GatewayError as error:
        return error
    return None


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)
