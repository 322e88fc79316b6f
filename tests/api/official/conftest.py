"""One database for all official examples: they point to each other, and nothing changes them."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest
from starlette.types import ASGIApp

from fhir_gateway.api.app import make_app
from fhir_gateway.fhir import json
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.opening import open_database
from fhir_gateway.storage.roles import Role
from tests.api.builders import FHIR_JSON, always_ready, ask
from tests.api.bundling import a_bundle, an_entry
from tests.api.official.collection import STORABLE, ref_of, stubs
from tests.conftest import TEMPLATE, Server, deps_on


@pytest.fixture(scope="package")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="package")
def database_url(servers: Server) -> Iterator[str]:
    """A copy of the migrated database that the tests of this folder share."""
    server = servers("embedded")
    name = f"official_{uuid4().hex[:12]}"
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER {Role.OWNER}".encode()
        )
        yield server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="package")
async def house(database_url: str) -> AsyncIterator[ASGIApp]:
    """The whole house, in which there are all examples and what they point to."""
    database = await open_database(database_url, size=4)
    deps = await deps_on(database)
    app = make_app(deps, ready=always_ready, software_version="1.2.3")
    given = [json.parse(body) for body in STORABLE.values()]
    entries = [an_entry("PUT", str(ref_of(each)), each) for each in (*stubs(given), *given)]
    response = await ask(
        app, "/fhir", "POST", content=json.dump(a_bundle(*entries)), headers=FHIR_JSON
    )
    assert response.status_code == 200, response.text
    yield app
    await database.close()
