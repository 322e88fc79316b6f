"""One database for all tests of search: each leaves it as it was (see `worlds.world`)."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.roles import Role
from tests.conftest import TEMPLATE, Server


@pytest.fixture(scope="package")
def database_url(servers: Server) -> Iterator[str]:
    """A copy of the migrated database that the tests of this folder share."""
    server = servers("embedded")
    name = f"search_{uuid4().hex[:12]}"
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {Role.OWNER}".encode()
        )
        yield server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
