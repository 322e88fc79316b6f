"""How does the gateway come to an open database of the right shape, acting as the right role?"""

import asyncio
from typing import Any

import psycopg

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.storage.migrate import migrate, name_tenant
from fhir_gateway.storage.postgres import PATIENCE, Database, Patience
from fhir_gateway.storage.roles import Role, assume, ensure

_SECONDS = 10


async def prepare(url: str, owner_url: str) -> None:
    """Make the roles and bring the schema up to date.

    Args:
        url: Of the login that serves.
        owner_url: Of the login that may create tables; the same where one does both.

    Raises:
        GatewayError: the server cannot be reached, or an administrator has to make the roles; the
            message has the SQL.
    """
    for address, roles in _logins(url, owner_url):
        connection = await _connected(address)
        async with connection:
            await ensure(connection, roles)
    await asyncio.to_thread(migrate, owner_url, role=Role.OWNER)


def _logins(url: str, owner_url: str) -> list[tuple[str, tuple[Role, ...]]]:
    if url == owner_url:
        return [(url, tuple(Role))]
    return [(owner_url, (Role.OWNER,)), (url, (Role.APP, Role.WORKER))]


async def _connected(url: str) -> psycopg.AsyncConnection[Any]:
    try:
        return await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=_SECONDS)
    except psycopg.OperationalError as error:
        raise unreachable(error) from error


def unreachable(error: Exception) -> GatewayError:
    """The failure to reach the server, for people; libpq's text names no password."""
    return fail(Category.FAULT, f"The database cannot be reached: {error}", details="database")


async def open_database(url: str, *, size: int, patience: Patience = PATIENCE) -> Database:
    """Connect as the application role.

    Args:
        url: `postgresql://…`.
        size: Most connections at one time.
        patience: See Patience.

    Raises:
        GatewayError: the server cannot be reached.
    """

    async def act(connection: psycopg.AsyncConnection[Any]) -> None:
        await assume(connection, Role.APP)

    try:
        return await Database.open(url, configure=act, size=size, patience=patience)
    except psycopg.OperationalError as error:
        raise unreachable(error) from error


async def call_tenant(owner_url: str, tenant: int, *, name: str, zone: str) -> None:
    """Say what people call a tenant and in which zone it lives."""
    await asyncio.to_thread(name_tenant, owner_url, tenant, name=name, zone=zone, role=Role.OWNER)


async def server_version(url: str) -> tuple[int, int]:
    """Major and minor version of the server.

    Raises:
        GatewayError: it cannot be reached.
    """
    connection = await _connected(url)
    async with connection:
        number = connection.info.server_version
    return number // 10000, number % 10000
