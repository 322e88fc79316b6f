"""Is everything in order for the gateway to run here?"""

import asyncio
import socket
import sys

from fhir_gateway.configuration import read_destinations
from fhir_gateway.core.errors import GatewayError
from fhir_gateway.listeners import Listener, read_listeners
from fhir_gateway.listening import cause_of, place_of
from fhir_gateway.sender_files import read_senders
from fhir_gateway.settings import Settings
from fhir_gateway.storage import slot_statuses
from fhir_gateway.storage.opening import open_database, prepare, server_version
from fhir_gateway.storage.tenants import all_tenants
from fhir_gateway.usecases.senders import Senders
from fhir_gateway.wiring import DATABASE_FOLDER, database_urls

#: What was looked at, whether it is in order, and what was found.
Finding = tuple[str, bool, str]

_PATIENCE = 5.0  # seconds for a running gateway to say how it is


async def examine(settings: Settings) -> list[Finding]:
    """Look at Python, the ports, the database, its roles and schema, and at the Slots.

    A gateway that runs here is asked how it is, and its embedded database is left alone. A
    database that DATABASE_URL names is brought up to date as `serve` does it.

    Args:
        settings: See Settings.

    Returns:
        Findings in the order in which a start would meet them.

    Source: decision 6; decision 9 for the Slots.
    """
    health = await _health(settings.host, settings.http_port)
    found: list[Finding] = [
        ("python", sys.version_info >= (3, 11), sys.version.split()[0]),
        _http_port(settings, health),
        *_mllp_ports(settings, running=health is not None),
        *_destinations(settings),
    ]
    try:
        return found + await _database(settings)
    except GatewayError as error:
        held = any(each.details == "database-held" for each in error.issues)
        if held:
            return [*found, ("database", True, "embedded; a running gateway has it open")]
        return [*found, ("database", False, str(error))]


async def _health(host: str, port: int) -> str | None:
    """What the gateway at a port says about itself; None where none of ours answers."""
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
                answer = await reader.read()  # to the end: HTTP/1.0 closes
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    for status in ("not ready", "ready"):
        if answer.endswith(f'{{"status":"{status}"}}'.encode()):
            return status
    return None


def _http_port(settings: Settings, health: str | None) -> Finding:
    if health is not None:
        where = f"{settings.host}:{settings.http_port}"
        return "http port", health == "ready", f"a gateway answers at {where}: {health}"
    return _port("http port", settings.host, settings.http_port, "choose another --http-port")


def _mllp_ports(settings: Settings, *, running: bool) -> list[Finding]:
    try:
        listeners = read_listeners(settings)
    except GatewayError as error:
        return [("listeners", False, str(error))]
    return [*_senders(settings, listeners), *(_mllp_port(e, running=running) for e in listeners)]


def _senders(settings: Settings, listeners: list[Listener]) -> list[Finding]:
    """Whether the descriptions of senders can be read, and those that ports hold to are there."""
    try:
        described = {each.name for each in Senders(read_senders(settings.config_dir)).all()}
    except GatewayError as error:
        return [("senders", False, "; ".join(each.diagnostics for each in error.issues))]
    needed = {each.file.sender for each in listeners if each.file.sender}
    missing = ", ".join(sorted(needed - described))
    if missing:
        return [("senders", False, f"a port names {missing}; no file in senders/ is called so")]
    return [("senders", True, ", ".join(sorted(described)))] if described else []


def _mllp_port(listener: Listener, *, running: bool) -> Finding:
    host, port = listener.file.host, listener.file.port
    name = "mllp port" if listener.name == "default" else f"mllp port {listener.name}"
    found = _port(name, host, port, listener.remedy)
    if running and not found[1]:
        return found[0], True, f"{place_of(host, port)} is listened on"
    return found


def _destinations(settings: Settings) -> list[Finding]:
    try:
        told = [each.name for each in read_destinations(settings.config_dir)]
    except GatewayError as error:
        return [("destinations", False, str(error))]
    return [("destinations", True, f"told of changes: {', '.join(told)}")] if told else []


def _port(name: str, host: str, port: int, remedy: str) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return name, False, f"{place_of(host, port)}: {cause_of(error)}; {remedy}"
    return name, True, f"{place_of(host, port)} is free"


async def _database(settings: Settings) -> list[Finding]:
    embedded = settings.database_url is None
    if embedded and not (settings.data_dir / DATABASE_FOLDER).exists():
        return [("database", True, f"none in {settings.data_dir} yet; `serve` makes one there")]
    async with database_urls(settings, lambda _: None) as (url, owner_url):
        major, minor = await server_version(url)
        kind = "embedded, for trying out" if embedded else "from DATABASE_URL"
        found = [("database", major >= 14, f"PostgreSQL {major}.{minor}, {kind}")]
        await prepare(url, owner_url)
        found.append(("roles and schema", True, "there and up to date"))
        return found + await _slots(url)


async def _slots(url: str) -> list[Finding]:
    database = await open_database(url, size=2)
    found: list[Finding] = []
    try:
        for tenant in await all_tenants(database):
            async with database.transaction(tenant.id, snapshot=True) as tx:
                wrong = await slot_statuses.wrong_slots(tx)
            named = ", ".join(
                f"Slot/{each.id} says {each.status}, not {each.derived}" for each in wrong[:3]
            )
            text = named or "every Slot says what is held"
            found.append((f"slots of {tenant.slug}", not wrong, text))
    finally:
        await database.close()
    return found
