"""What does a search ask for?

Reads the pairs of a query string or of a `_search` form into a plan that storage executes. Nothing
unknown is dropped in silence. FHIR R4 section 3.1.1 (search); decisions 21 and 30.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fhir_gateway.core.errors import Category, GatewayError, Issue, fail
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.search_criteria import ChainStep, Criterion, HasStep, criterion
from fhir_gateway.fhir.search_results import (
    CURSOR,
    DEFAULT_COUNT,
    MAX_COUNT,
    Include,
    Results,
    SortKey,
    is_result_parameter,
    read_result_parameter,
)
from fhir_gateway.fhir.search_terms import (
    DateValue,
    IdValue,
    MissingValue,
    NearValue,
    NumberValue,
    ReferenceValue,
    StringValue,
    TextValue,
    TokenValue,
    UriValue,
    Value,
)

__all__ = [
    "CURSOR",
    "DEFAULT_COUNT",
    "MAX_COUNT",
    "ChainStep",
    "Criterion",
    "DateValue",
    "HasStep",
    "IdValue",
    "Include",
    "MissingValue",
    "NearValue",
    "NumberValue",
    "ReferenceValue",
    "SearchQuery",
    "SortKey",
    "StringValue",
    "TextValue",
    "TokenValue",
    "UriValue",
    "Value",
    "parse",
]

MAX_PARAMETERS = 100
#: Sent by a client (fhirpy) and without meaning here (decision 30).
IGNORED = frozenset({"_totalMethod"})


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One search, read.

    Args:
        type: The searched resource type.
        criteria: Joined by AND; empty selects all.
        patient: Id of the Patient in whose compartment is searched; None for everywhere.
        sort, count, includes, revincludes, total, summary, elements, cursor: See
            `fhir.search_results.Results`.
        honoured: The pairs that had an effect, in order, without the cursor; for the self link.
        ignored: What a lenient reading left out; for a warning.
    """

    type: str
    criteria: tuple[Criterion, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int = DEFAULT_COUNT
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    total: str | None = None
    summary: str | None = None
    elements: tuple[str, ...] = ()
    cursor: str | None = None
    honoured: tuple[tuple[str, str], ...] = ()
    ignored: tuple[Issue, ...] = ()
    patient: str | None = None


def parse(
    type_name: str,
    pairs: Sequence[tuple[str, str]],
    *,
    zone: ZoneInfo,
    base: str,
    lenient: bool = False,
    patient: str | None = None,
) -> SearchQuery:
    """Read the pairs of one search.

    Args:
        type_name: A served type.
        pairs: Percent-decoded, in order, repetitions kept; without `_format` and `_pretty`.
        zone: The tenant's zone, for dates without offset.
        base: The tenant's base address, to make own absolute references relative.
        lenient: `Prefer: handling=lenient`: unknown parameters are left out and listed.
        patient: See SearchQuery.

    Returns:
        The plan.

    Raises:
        GatewayError: invalid; every issue names the parameter and says what would be valid.
        KeyError: a type that is not served.
    """
    if len(pairs) > MAX_PARAMETERS:
        raise fail(
            Category.INVALID, f"More than {MAX_PARAMETERS} search parameters", code="too-costly"
        )
    reading = _Reading(CATALOGUE[type_name].name, zone, base)
    for key, text in pairs:
        reading.add(key, text, lenient=lenient)
    return reading.query(patient)


class _Reading:
    """Collects what the pairs say, and all that is wrong with them."""

    def __init__(self, type_name: str, zone: ZoneInfo, base: str) -> None:
        self._type = type_name
        self._zone = zone
        self._base = base
        self._results = Results()
        self._criteria: list[Criterion] = []
        self._honoured: list[tuple[str, str]] = []
        self._wrong: list[Issue] = []
        self._ignored: list[Issue] = []

    def add(self, key: str, text: str, *, lenient: bool) -> None:
        if key in IGNORED:
            return
        try:
            if is_result_parameter(key):
                self._add_result(key, text)
            else:
                self._add_criterion(key, text)
        except GatewayError as error:
            unknown = lenient and all(each.code == "not-supported" for each in error.issues)
            (self._ignored if unknown else self._wrong).extend(error.issues)

    def _add_result(self, key: str, text: str) -> None:
        try:
            self._results = read_result_parameter(self._type, key, text, self._results)
        except ValueError as error:
            message = f"Bad value for '{key[:60]}': {error}"
            raise fail(Category.INVALID, message, key[:100], code="value") from error
        if text and key != CURSOR:
            self._honoured.append((key, text))

    def _add_criterion(self, key: str, text: str) -> None:
        found = criterion(self._type, key, text, zone=self._zone, base=self._base)
        self._criteria.append(found)
        self._honoured.append((key, text))

    def query(self, patient: str | None) -> SearchQuery:
        if self._wrong:
            raise GatewayError(Category.INVALID, *self._wrong)
        results = self._results
        return SearchQuery(
            type=self._type,
            criteria=tuple(self._criteria),
            sort=results.sort,
            count=results.count,
            includes=results.includes,
            revincludes=results.revincludes,
            total=results.total,
            summary=results.summary,
            elements=results.elements,
            cursor=results.cursor,
            honoured=tuple(self._honoured),
            ignored=tuple(self._ignored),
            patient=patient,
        )
