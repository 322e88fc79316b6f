"""How is a search answered over HTTP?

By GET and by POST, as a Bundle of contents as they are stored.

Source: FHIR R4 sections 3.1.0.11 (search) and 3.1.1.5 (result Bundle); decision 30.
"""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import quote, urlencode

from fhir_gateway.api.answers import Answer
from fhir_gateway.api.requests import Pairs, Request
from fhir_gateway.api.routing import Place
from fhir_gateway.api.subsets import Subset, subset
from fhir_gateway.api.use_cases import Service
from fhir_gateway.core.errors import Issue
from fhir_gateway.fhir.bundles import Entry, Link, searchset
from fhir_gateway.fhir.json import dump
from fhir_gateway.fhir.outcomes import outcome_of
from fhir_gateway.fhir.search_query import CURSOR, SearchQuery, parse
from fhir_gateway.usecases.read import Page, Stored


async def search(service: Service, request: Request, place: Place) -> Answer:
    """One page of what a query selects."""
    query = parse(
        place.type,
        request.pairs,
        zone=request.tenant.zone,
        base=request.base,
        lenient=request.preferences.lenient,
        patient=place.patient or None,
    )
    page = await service.use_cases.search(service.deps, request.tenant.id, query)
    return page_of(request, query, page)


def page_of(request: Request, query: SearchQuery, page: Page) -> Answer:
    """The answer to a search."""
    links = _links(request, query, page)
    return Answer(HTTPStatus.OK, searchset(_entries(request.base, query, page), page.total, links))


async def search_by_form(service: Service, request: Request, place: Place) -> Answer:
    """As `search`; the pairs of the form in the body come after those of the query."""
    await request.form()
    request.answer_format()  # a form can name it too
    return await search(service, request, place)


def address(path: str, pairs: Pairs) -> str:
    """An absolute address with a query.

    Args:
        path: Absolute, without query.
        pairs: Decoded; may be empty.
    """
    query = urlencode(pairs, quote_via=quote, safe=":,/$")
    return f"{path}?{query}" if query else path


def _links(request: Request, query: SearchQuery, page: Page) -> list[Link]:
    inside = f"Patient/{query.patient}/" if query.patient else ""
    path = f"{request.base}/{inside}{query.type}"
    asked = [*query.honoured, *request.form_of_answer]
    here = [*asked, (CURSOR, query.cursor)] if query.cursor else asked
    links = [("self", address(path, here))]
    if query.cursor:
        links.append(("first", address(path, asked)))
    if page.previous:
        links.append(("previous", address(path, [*asked, (CURSOR, page.previous)])))
    if page.next:
        links.append(("next", address(path, [*asked, (CURSOR, page.next)])))
    return links


def _entries(base: str, query: SearchQuery, page: Page) -> Iterator[Entry]:
    wanted = subset(query.summary, query.elements)
    for each in page.matches:
        yield Entry(_full_url(base, each), _content(each, wanted), "match")
    for each in page.included:
        yield Entry(_full_url(base, each), _content(each, wanted), "include")
    issues = (*query.ignored, *map(Issue, page.warnings))
    if issues:
        warning = outcome_of(issues, code="processing", severity="warning")
        yield Entry(None, dump(warning), "outcome")


def _full_url(base: str, stored: Stored) -> str:
    return f"{base}/{stored.type}/{stored.id}"


def _content(stored: Stored, wanted: Subset | None) -> bytes:
    return wanted.of(stored.type, stored.content) if wanted else stored.content
