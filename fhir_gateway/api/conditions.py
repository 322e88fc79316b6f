"""On which condition does the client want its write carried out?

A search in If-None-Exist, or in the query of an address without id. Unknown parameters are always
refused here: a condition that is not understood must not count as fulfilled.

Source: FHIR R4 sections 3.1.0.8.1 (conditional create), 3.1.0.4.3 (update), 3.1.0.7.1 (delete).
"""

from fhir_gateway.api.requests import Pairs, Request, read_pairs
from fhir_gateway.core.refs import to_relative
from fhir_gateway.fhir.search_query import SearchQuery, parse


def condition_of_create(request: Request, type_name: str) -> SearchQuery | None:
    """The condition that If-None-Exist states, or the query, as fhirpy says it; None for neither.

    Raises:
        GatewayError: invalid, for a condition that cannot be read.
    """
    if request.pairs:
        return condition_of_query(request, type_name)
    text = request.header(b"if-none-exist")
    if text is None:
        return None
    query = to_relative(text.strip(), request.base).removeprefix(type_name).removeprefix("?")
    return _read(request, type_name, read_pairs(query.encode("latin-1")))


def condition_of_query(request: Request, type_name: str) -> SearchQuery:
    """The condition that the query of an address states.

    Raises:
        GatewayError: invalid, for a condition that cannot be read.
    """
    return _read(request, type_name, request.pairs)


def _read(request: Request, type_name: str, pairs: Pairs) -> SearchQuery:
    return parse(type_name, pairs, zone=request.tenant.zone, base=request.base)
