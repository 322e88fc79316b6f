"""A gateway in the process of the tests: real sockets, real database."""

from collections.abc import AsyncIterator

import pytest

from fhir_gateway.usecases.deps import Deps
from tests.flows.hub import Hub, hub_of


@pytest.fixture
async def hub(deps: Deps) -> AsyncIterator[Hub]:
    """Listens for HL7 v2, with nothing in its database yet."""
    async with hub_of(deps) as running:
        yield running
