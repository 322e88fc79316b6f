"""Is everything in order for the gateway to run here?"""

import socket
import sys

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.settings import Settings
from fhir_gateway.storage import engagements
from fhir_gateway.storage.opening import open_database, prepare, server_version
from fhir_gateway.storage.tenants import all_tenants
from fhir_gateway.wiring import database_urls

#: What was looked at, whether it is in order, and what was found.
Finding = tuple[str, bool, str]


async def examine(settings: Settings) -> list[Finding]:
    """Look at Python, the ports, the database, its roles and schema, and at the Slots.

    An embedded database that a running gateway has is left alone.
    """
    found: list[Finding] = [("python", sys.version_info >= (3, 11), sys.version.split()[0])]
    found += [
        _port("http port", settings.host, settings.http_port),
        _port("mllp port", settings.host, settings.mllp_port),
    ]
    try:
        async with database_urls(settings, lambda _: None) as (url, owner_url):
            found.append(await _server(url))
            await prepare(url, owner_url)
            found.append(("roles and schema", True, "there and up to date"))
            found += await _slots(url)
    except GatewayError as error:
        held = any(each.details == "database-held" for each in error.issues)
        found.append(("database", held and error.category is Category.CONFLICT, str(error)))
    return found


def _port(name: str, host: str, port: int) -> Finding:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        return name, False, f"{host}:{port} cannot be listened on: {error.strerror}"
    return name, True, f"{host}:{port} is free"


async def _server(url: str) -> Finding:
    major, minor = await server_version(url)
    return "database", major >= 14, f"PostgreSQL {major}.{minor}"


async def _slots(url: str) -> list[Finding]:
    database = await open_database(url, size=2)
    found: list[Finding] = []
    try:
        for tenant in await all_tenants(database):
            async with database.transaction(tenant.id, snapshot=True) as tx:
                wrong = await engagements.wrong_slots(tx)
            named = ", ".join(f"Slot/{each.id} says {each.status}, not {each.derived}"
                              for each in wrong[:3])  # fmt: skip
            text = named or "every Slot says what is held"
            found.append((f"slots of {tenant.slug}", not wrong, text))
    finally:
        await database.close()
    return found
