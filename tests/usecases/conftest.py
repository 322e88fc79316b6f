from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.usecases.deps import Deps
from tests.conftest import Copies, Server
from tests.usecases.clinic import Clinic
from tests.usecases.ehr import Ehr


@pytest.fixture
async def bare(deps: Deps) -> Clinic:
    """A clinic in which there is nothing yet."""
    return Clinic(deps)


@pytest.fixture
async def clinic(bare: Clinic) -> Clinic:
    """Practitioner/p1 with free Slots at 09:00 and 09:30, and four patients."""
    await bare.settle()
    return bare


@pytest.fixture
async def ehr(bare: Clinic) -> AsyncIterator[Ehr]:
    """A sender of messages to a clinic in which there is nothing yet; no message is too much."""
    sender = Ehr(bare).watched()
    yield sender
    assert sender.failures == []


@pytest.fixture
def unguarded_url(copies: Copies, servers: Server, server_kind: str) -> Iterator[str]:
    """A database whose guard has been taken away; nobody else gets it afterwards."""
    url = copies.url(server_kind)
    name = str(conninfo_to_dict(url)["dbname"])
    with psycopg.connect(servers(server_kind).url(name, SUPERUSER), autocommit=True) as connection:
        connection.execute("ALTER TABLE busy DROP CONSTRAINT busy_guard")
    yield url
    copies.give_up(server_kind)


@pytest.fixture
async def unguarded(clinic: Clinic, unguarded_url: str) -> Clinic:
    """The same clinic on such a database."""
    return clinic
