import pytest

from fhir_gateway.usecases.deps import Deps
from tests.usecases.clinic import Clinic


@pytest.fixture
async def bare(deps: Deps) -> Clinic:
    """A clinic in which there is nothing yet."""
    return Clinic(deps)


@pytest.fixture
async def clinic(bare: Clinic) -> Clinic:
    """Practitioner/p1 with free Slots at 09:00 and 09:30, and four patients."""
    await bare.settle()
    return bare
