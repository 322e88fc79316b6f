"""How is an answer laid out for the client that asked?

The house answers in JSON; here it becomes XML, or is indented, where that was asked for.

Source: FHIR R4 section 3.1.0.1.11 (content negotiation), 3.1.0.1.12 (_pretty).
"""

import asyncio
import json

from fhir_gateway.api.answers import FHIR_JSON, FHIR_XML, Answer
from fhir_gateway.api.negotiation import Format
from fhir_gateway.api.subsets import indented
from fhir_gateway.fhir.xml_writing import pieces


async def represent(answer: Answer, format_: Format, *, pretty: bool) -> None:
    """Write the body of an answer in the format that was asked for.

    Args:
        answer: Its body is FHIR JSON; it is changed in place. Other media are left alone.
        format_: What the client takes.
        pretty: Whether it is laid out for people.
    """
    if not answer.body or answer.media != FHIR_JSON:
        return
    if format_ == "json":
        if pretty:
            answer.body = indented(answer.body)
        return
    tree = json.loads(answer.body, parse_float=str, parse_int=str)
    written: list[str] = []
    for piece in pieces(tree, indent=pretty):
        written.append(piece)
        await asyncio.sleep(0)  # a large Bundle takes a while; others go on in between
    answer.body, answer.media = "".join(written).encode(), FHIR_XML
