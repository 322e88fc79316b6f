"""How is an answer laid out for the client that asked?

The house answers in JSON; here it becomes XML or a page, or is indented, where that was asked for.

Source: FHIR R4 section 3.1.0.1.11 (content negotiation), 3.1.0.1.12 (_pretty).
"""

import asyncio
import json
from collections.abc import Iterable
from urllib.parse import quote

from fhir_gateway.api.answers import FHIR_JSON, FHIR_XML, Answer
from fhir_gateway.api.browsing import HTML, PAGE_HEADERS, page
from fhir_gateway.api.negotiation import Shown
from fhir_gateway.api.requests import Request
from fhir_gateway.api.searches import address
from fhir_gateway.api.subsets import indented
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.fhir.xml_writing import pieces


async def represent(answer: Answer, request: Request) -> None:
    """Write the body of an answer in the format that was asked for.

    Args:
        answer: Its body is FHIR JSON; it is changed in place. Other media are left alone.
        request: To which it is the answer.
    """
    if not answer.body or answer.media != FHIR_JSON:
        return
    wanted = _readable(request)
    if wanted == "json":
        answer.body = indented(answer.body) if request.pretty else answer.body
    elif wanted == "xml":
        tree = json.loads(answer.body, parse_float=str, parse_int=str)
        answer.body = await _joined(pieces(tree, indent=request.pretty))
        answer.media = FHIR_XML
    else:
        path = f"{request.base}/{quote(request.path, safe='/$')}"
        raw = address(path, [*request.pairs, ("_format", "json")])
        answer.body = await _joined(
            page(indented(answer.body).decode(), base=request.base, raw=raw)
        )
        answer.media = HTML
        answer.headers += PAGE_HEADERS


def _readable(request: Request) -> Shown:
    """The format of the answer; JSON for those who take none of ours."""
    try:
        return request.answer_format()
    except GatewayError:
        return "json"


async def _joined(written: Iterable[str]) -> bytes:
    found: list[str] = []
    for piece in written:
        found.append(piece)
        await asyncio.sleep(0)  # a large Bundle takes a while; others go on in between
    return "".join(found).encode()
