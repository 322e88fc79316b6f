"""The real database for every test that needs one.

Each process of the test run has its own servers; the schema is migrated once into a template, and
each test gets a copy of it, which takes a few hundredths of a second.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import psycopg
import pytest

from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.ids import RandomIds
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.embedded import Embedded
from fhir_gateway.storage.migrate import migrate
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.roles import Role
from fhir_gateway.storage.tenants import all_tenants, signing_key
from fhir_gateway.usecases.deps import Deps
from tests.storage.servers import embedded_server, system_server

_SERVERS = {"embedded": embedded_server, "system": system_server}
TEMPLATE = "fhir_gateway"

Server = Callable[[str], Embedded]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Servers with a migrated template database, started when first asked for."""
    running: dict[str, Embedded] = {}
    with ExitStack() as stack:

        def start(kind: str) -> Embedded:
            if kind not in running:
                directory = tmp_path_factory.mktemp(kind) / "database"
                server = stack.enter_context(_SERVERS[kind](directory))
                if server is None:
                    pytest.skip("no PostgreSQL is installed on this machine")
                migrate(server.url(TEMPLATE), role=Role.OWNER)
                running[kind] = server
            return running[kind]

        yield start


@pytest.fixture
def server_kind() -> str:
    """Overridden where a test runs on both servers."""
    return "embedded"


@pytest.fixture
def database_url(servers: Server, server_kind: str) -> Iterator[str]:
    """A fresh copy of the migrated database."""
    server = servers(server_kind)
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {Role.OWNER}".encode()
        )
        yield server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open pool of the application role on a fresh database with tenant 1."""
    opened = await open_database(database_url, size=8)
    yield opened
    await opened.close()


@pytest.fixture
async def deps(database: Database) -> Deps:
    """Everything that a use case needs, with the real clock."""
    tenants = {each.id: each for each in await all_tenants(database)}
    return Deps(
        database=database,
        worker_role=Role.WORKER,
        clock=SystemClock(),
        ids=RandomIds(),
        tenants=tenants,
        signing_key=await signing_key(database),
    )
