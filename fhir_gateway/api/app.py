"""What does the gateway's HTTP server run?

The FHIR door is chosen by the beginning of the path, before any framework; all else goes to the
application for pages and health.

Source: decisions 2 and 30.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from fhir_gateway.api.door import FhirDoor
from fhir_gateway.api.forwarding import networks, reached_at
from fhir_gateway.api.health import make_pages
from fhir_gateway.api.live import LiveDoor, is_live
from fhir_gateway.api.offer_pages import add_offer_pages
from fhir_gateway.api.openapi import document
from fhir_gateway.api.use_cases import Service, UseCases
from fhir_gateway.core.errors import Category, fail
from fhir_gateway.storage.tenants import Tenant
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.queue_watch import QueueWatch

_DEFAULT = "default"


def make_app(
    deps: Deps,
    *,
    ready: Callable[[], Awaitable[bool]],
    software_version: str,
    public_base_url: str | None = None,
    origins: Sequence[str] = ("*",),
    trusted_proxies: Sequence[str] = (),
    use_cases: UseCases | None = None,
    patience: float = 30.0,
    watch: QueueWatch | None = None,
) -> ASGIApp:
    """Put the doors together.

    Args:
        deps: See Deps; its tenants are looked at once.
        ready: Whether the process can do its work now, for `/health/ready`.
        software_version: Of the gateway.
        public_base_url: Where clients reach this server (`https://fhir.example.org`); what they
            put into Host is then never repeated in links. None: as the request says.
        origins: Web origins whose pages may read answers; `*` for all.
        trusted_proxies: Addresses and networks whose X-Forwarded-Host and X-Forwarded-Proto are
            believed.
        use_cases: What is asked of the floor below; None for the real ones.
        patience: Seconds that a body may take from the first read to its last byte.
        watch: Shows queues; None where nobody can watch them.

    Raises:
        GatewayError: invalid, for a public base URL or a trusted proxy that is none.
    """
    service = Service(deps, use_cases or UseCases(), patience)
    fhir = FhirDoor(service, software_version, origins)
    operations = [each.spec for each in service.use_cases.operations]
    pages = make_pages(ready, software_version, partial(document, operations, software_version))
    proxies = networks(trusted_proxies)
    add_offer_pages(pages, deps, proxies)
    outside = None if public_base_url is None else _checked(public_base_url)
    tenants = {each.slug: each for each in deps.tenants.values()}
    live = None if watch is None else LiveDoor(watch, tenants, origins)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if live is not None and is_live(scope):
            await live(scope, receive, send)
            return
        found = _below_base(scope, tenants)
        if found is None:
            await pages(scope, receive, send)
            return
        tenant, prefix, path = found
        base = (outside or reached_at(scope, proxies)) + prefix
        await fhir(scope, receive, send, tenant=tenant, base=base, path=path)

    return app


def _below_base(scope: Scope, tenants: dict[str, Tenant]) -> tuple[Tenant, str, str] | None:
    """The tenant, the path of its base address and what follows; None for what is not FHIR."""
    if scope["type"] != "http":
        return None
    path: str = scope["path"]
    slug, prefix, rest = _DEFAULT, "/fhir", path[5:]
    if not path.startswith("/fhir"):
        steps = path.split("/", 4)
        if len(steps) < 4 or steps[1] != "t" or steps[3] != "fhir":
            return None
        slug, prefix, rest = steps[2], f"/t/{steps[2]}/fhir", "".join(steps[4:])
    elif rest and rest[0] != "/":
        return None
    tenant = tenants.get(slug)
    return None if tenant is None else (tenant, prefix, rest)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        text = f"The public base URL is like https://fhir.example.org; it was '{url[:60]}'"
        raise fail(Category.INVALID, text, "PUBLIC_BASE_URL")
    return url.rstrip("/")
