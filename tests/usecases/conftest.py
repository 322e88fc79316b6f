import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.usecases.deps import Deps
from tests.conftest import Server
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
async def ehr(bare: Clinic) -> Ehr:
    """A sender of messages to a clinic in which there is nothing yet."""
    return Ehr(bare)


@pytest.fixture
def unguarded(clinic: Clinic, servers: Server, server_kind: str, database_url: str) -> Clinic:
    """The same clinic on a database whose guard has been taken away."""
    name = conninfo_to_dict(database_url)["dbname"]
    url = servers(server_kind).url(str(name), SUPERUSER)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE busy DROP CONSTRAINT busy_guard")
    return clinic
