"""The real database for every test that needs one.

Each process of the test run has its own servers; the schema is migrated once into a template, and
each test gets a copy of it, which takes a few hundredths of a second.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from fhir_gateway.core.clock import SystemClock
from fhir_gateway.core.ids import RandomIds
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.embedded import Embedded
from fhir_gateway.storage.migrate import migrate
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.postgres import Database, Patience
from fhir_gateway.storage.roles import Role
from fhir_gateway.storage.tenants import all_tenants, signing_key
from fhir_gateway.usecases.deps import Deps
from tests.storage.servers import embedded_server, system_server

_SERVERS = {"embedded": embedded_server, "system": system_server}
TEMPLATE = "fhir_gateway"

#: What a crowd of clients waits for a machine that is busy with other things as well.
BUSY_MACHINE = Patience(connection=300, statement=300, lock=300)

Server = Callable[[str], Embedded]

# Examples are the same in every run, and may take as long as they take.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


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


class Copies:
    """One copy of the migrated database for each kind of server, emptied after each test.

    Emptying takes a fraction of the time of a fresh copy; a copy that cannot be emptied, because
    somebody still works on it, is given up.
    """

    def __init__(self, servers: Server) -> None:
        self._servers = servers
        self._names: dict[str, str] = {}

    def url(self, kind: str) -> str:
        """An empty database with tenant 1."""
        if kind not in self._names:
            self._names[kind] = f"test_{uuid4().hex[:12]}"
            with self._administrator(kind, "postgres") as connection:
                connection.execute(
                    f"CREATE DATABASE {self._names[kind]} TEMPLATE {TEMPLATE}"
                    f" OWNER {Role.OWNER}".encode()
                )
        return self._servers(kind).url(self._names[kind])

    def empty(self, kind: str) -> None:
        """Take everything out of it again, unless it has been given up."""
        if kind not in self._names:
            return
        with self._administrator(kind, self._names[kind]) as connection:
            try:
                connection.execute(
                    "SET lock_timeout = '2s'; SET session_replication_role = replica"
                )
                rows = connection.execute(_USED).fetchall()
                script = "; ".join([*(f"DELETE FROM {name}" for (name,) in rows), *_TENANT])
                connection.execute(f"BEGIN; {script}; COMMIT".encode())
            except psycopg.errors.LockNotAvailable:
                self.give_up(kind)

    def give_up(self, kind: str) -> None:
        """Use it no more; the next test gets another."""
        self._names.pop(kind)

    def _administrator(self, kind: str, name: str) -> psycopg.Connection[tuple[str, ...]]:
        url = self._servers(kind).url(name, SUPERUSER)
        return psycopg.connect(url, autocommit=True)


_USED = (
    "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND pg_relation_size(oid) > 0"
    " AND relnamespace = 'public'::regnamespace"
    " AND relname NOT IN ('tenant', 'instance', 'alembic_version')"
)
_TENANT = (
    "DELETE FROM tenant WHERE id <> 1",
    "UPDATE tenant SET slug = 'default', name = 'Default', zone = 'UTC', settings = '{}'",
)


@pytest.fixture(scope="session")
def copies(servers: Server) -> Copies:
    """The databases that tests work on."""
    return Copies(servers)


@pytest.fixture
def database_url(copies: Copies, server_kind: str) -> Iterator[str]:
    """An empty migrated database with tenant 1."""
    yield copies.url(server_kind)
    copies.empty(server_kind)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open pool of the application role on a fresh database with tenant 1."""
    opened = await open_database(database_url, size=8, patience=BUSY_MACHINE)
    yield opened
    await opened.close()


@pytest.fixture
async def deps(database: Database) -> Deps:
    """Everything that a use case needs, with the real clock."""
    return await deps_on(database)


async def deps_on(database: Database) -> Deps:
    """The same for any database."""
    return Deps(
        database=database,
        worker_role=Role.WORKER,
        clock=SystemClock(),
        ids=RandomIds(),
        tenants={each.id: each for each in await all_tenants(database)},
        signing_key=await signing_key(database),
    )
