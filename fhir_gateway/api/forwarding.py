"""Under which address did the client reach this server?

What it put into Host, or what a proxy that we trust says about it. RFC 9110 section 7.2 (Host);
X-Forwarded-Host and X-Forwarded-Proto are usage, not standard.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from fhir_gateway.core.errors import Category, fail

Network = IPv4Network | IPv6Network

#: A host with or without a port, as it may stand in Host.
HOST = re.compile(rb"[A-Za-z0-9.\-_]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_SCHEMES = (b"http", b"https")


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses (`10.0.0.7`) and networks (`10.0.0.0/8`, `fd00::/8`).

    Raises:
        GatewayError: invalid, for what is neither.
    """
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError as error:
            told = f"A trusted proxy is an address or a network like 10.0.0.0/8, not '{text[:60]}'"
            raise fail(Category.INVALID, told, "trusted_proxies") from error
    return tuple(found)


def reached_at(scope: Scope, trusted: Iterable[Network] = ()) -> str:
    """Scheme and host that the client used, like `https://fhir.example.org`.

    Args:
        scope: Of ASGI, of an HTTP request.
        trusted: Where proxies stand whose headers are believed. Of several values the last one
            counts: the proxy has added it, the others may come from the client.

    Returns:
        Our own address, where the client named no proper host.
    """
    headers = dict(scope["headers"])
    host, scheme = headers.get(b"host", b""), scope["scheme"].encode()
    if any(_comes_from(scope, each) for each in trusted):
        host = _last(headers, b"x-forwarded-host") or host
        told = _last(headers, b"x-forwarded-proto").lower()
        scheme = told if told in _SCHEMES else scheme
    if HOST.fullmatch(host):
        return f"{scheme.decode()}://{host.decode()}"
    name, port = scope.get("server") or ("localhost", None)
    return f"{scheme.decode()}://{name}:{port}" if port else f"{scheme.decode()}://{name}"


def client_address(scope: Scope, trusted: Iterable[Network] = ()) -> str:
    """Where a request comes from: what a proxy that we trust says, else who has connected.

    Args:
        scope: Of ASGI, of an HTTP request.
        trusted: Where proxies stand whose X-Forwarded-For is believed; its last value counts.

    Returns:
        An address, or nothing where there is none (a socket of the file system).
    """
    client = scope.get("client")
    if any(_comes_from(scope, each) for each in trusted):
        told = _last(dict(scope["headers"]), b"x-forwarded-for")[:60].decode("latin-1")
        if told:
            return told
    return str(client[0]) if client else ""


def _last(headers: dict[bytes, bytes], name: bytes) -> bytes:
    return headers.get(name, b"").rpartition(b",")[2].strip()


def _comes_from(scope: Scope, network: Network) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ip_address(client[0]) in network
    except ValueError:  # a socket of the file system has no address
        return False
