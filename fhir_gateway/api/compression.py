"""How is an answer made smaller on its way?

Source: RFC 9110 sections 8.4 (Content-Encoding) and 12.5.3 (Accept-Encoding); RFC 1952 (gzip).
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from functools import lru_cache

from fhir_gateway.api.answers import Answer

#: Bytes; below this a packet would be sent all the same.
SMALLEST = 1400
#: Bytes from which others go on in the meantime.
_LARGE = 128 << 10
#: Most of what can be won, in a fraction of the time.
_LEVEL = 3
_GZIP = 16 + zlib.MAX_WBITS


async def compress(answer: Answer, accept_encoding: str) -> None:
    """Compress the body of an answer, where that is worthwhile and the client takes it.

    Args:
        answer: Changed in place.
        accept_encoding: The Accept-Encoding header; empty for none.
    """
    if not takes_gzip(accept_encoding) or (answer.pieces is None and len(answer.body) < SMALLEST):
        return
    if answer.pieces is not None:
        answer.pieces = _compressed(answer.pieces)
    elif len(answer.body) < _LARGE:
        answer.body = zlib.compress(answer.body, _LEVEL, wbits=_GZIP)
    else:
        answer.body = await asyncio.to_thread(zlib.compress, answer.body, _LEVEL, wbits=_GZIP)
    answer.headers.append((b"content-encoding", b"gzip"))


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header welcomes gzip; a name of its own goes before `*`."""
    qualities = dict(_quality(each) for each in accept_encoding.lower().split(","))
    return qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0))) > 0


def _quality(text: str) -> tuple[str, float]:
    name, _, parameter = text.partition(";")
    weight = parameter.strip().removeprefix("q=")
    try:
        return name.strip(), float(weight) if parameter else 1.0
    except ValueError:
        return name.strip(), 0.0


async def _compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
    async for each in pieces:
        if done := compressor.compress(each):
            yield done
    yield compressor.flush()
