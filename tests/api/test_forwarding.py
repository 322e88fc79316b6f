"""Is a proxy believed where it is trusted, and nobody else?"""

import pytest

from fhir_gateway.core.errors import GatewayError
from tests.api.builders import a_slot, an_app, ask

#: Where the client of these tests stands.
HERE = "127.0.0.1"
FORWARDED = {"x-forwarded-host": "fhir.example", "x-forwarded-proto": "https"}


async def location(headers: dict[str, str], *trusted: str) -> str:
    app = an_app(trusted_proxies=trusted)
    response = await ask(app, "/fhir/Slot", "POST", json=a_slot(), headers=headers)
    return response.headers["location"].removesuffix("/fhir/Slot/new-1/_history/1")


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0"])
async def test_a_trusted_proxy_says_how_the_client_reached_us(trusted: str) -> None:
    assert await location(FORWARDED, "fd00::/8", trusted) == "https://fhir.example"


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8",), ("::1", "127.0.0.2")])
async def test_nobody_else_is_believed(trusted: tuple[str, ...]) -> None:
    assert await location(FORWARDED, *trusted) == "http://clinic.example"


@pytest.mark.parametrize(
    ("headers", "reached"),
    [
        ({"x-forwarded-host": "a.example:8443"}, "http://a.example:8443"),
        ({"x-forwarded-proto": "https"}, "https://clinic.example"),
        ({"x-forwarded-proto": "HTTPS"}, "https://clinic.example"),
        ({"x-forwarded-proto": "gopher"}, "http://clinic.example"),
        ({"x-forwarded-host": "evil.example, a.example"}, "http://a.example"),
        ({"x-forwarded-proto": "http, https"}, "https://clinic.example"),
        ({"x-forwarded-host": "a b/c"}, "http://clinic.example"),
        ({}, "http://clinic.example"),
    ],
)
async def test_only_what_is_an_address_is_taken(headers: dict[str, str], reached: str) -> None:
    assert await location(headers, HERE) == reached


async def test_the_public_address_goes_before_what_a_proxy_says() -> None:
    app = an_app(public_base_url="https://public.example", trusted_proxies=[HERE])
    response = await ask(app, "/fhir/Slot", "POST", json=a_slot(), headers=FORWARDED)
    assert response.headers["location"].startswith("https://public.example/fhir/")


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/40", "*"])
def test_a_proxy_is_trusted_by_its_address(text: str) -> None:
    with pytest.raises(GatewayError, match="trusted proxy"):
        an_app(trusted_proxies=[text])
