"""Is an answer sent smaller to those who take it so, and whole to everybody else?"""

import httpx
import pytest
from starlette.types import ASGIApp

from fhir_gateway.api.compression import takes_gzip
from tests.api.builders import Shelf, a_slot, an_app, ask


@pytest.mark.parametrize(
    "accept_encoding", ["gzip", "GZIP", "br, gzip;q=0.1", "deflate, *", "*;q=0.5", "x-gzip"]
)
def test_gzip_is_taken(accept_encoding: str) -> None:
    assert takes_gzip(accept_encoding)


@pytest.mark.parametrize(
    "accept_encoding",
    ["", "identity", "br", "gzip;q=0", "gzip; q=0, *", "*;q=0", "gzip;q=much", "gzip;level=1"],
)
def test_gzip_is_not_taken(accept_encoding: str) -> None:
    assert not takes_gzip(accept_encoding)


def _app(length: int) -> ASGIApp:
    shelf = Shelf()
    shelf.put(a_slot(comment="x" * length))
    return an_app(shelf)


async def _asked(length: int, encoding: str, method: str = "GET") -> httpx.Response:
    headers = {"accept-encoding": encoding}
    return await ask(_app(length), "/fhir/Slot/s1", method, headers=headers)


@pytest.mark.parametrize("length", [2_000, 500_000])
async def test_a_long_answer_is_compressed_and_reads_the_same(length: int) -> None:
    small, plain = await _asked(length, "gzip"), await _asked(length, "identity")
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < length / 2
    assert small.content == plain.content
    assert small.headers["etag"] == plain.headers["etag"]
    assert "Accept-Encoding" in small.headers["vary"]


@pytest.mark.parametrize(("length", "encoding"), [(10, "gzip"), (2_000, "gzip;q=0")])
async def test_a_short_answer_and_an_unwilling_client_get_it_as_it_is(
    length: int, encoding: str
) -> None:
    assert "content-encoding" not in (await _asked(length, encoding)).headers


async def test_head_tells_what_get_would() -> None:
    got, told = await _asked(2_000, "gzip"), await _asked(2_000, "gzip", "HEAD")
    assert told.headers["content-encoding"] == "gzip"
    assert told.headers["content-length"] == got.headers["content-length"]
    assert told.content == b""
