from collections.abc import AsyncIterator

import pytest

from fhir_gateway.usecases.deps import Deps
from tests.workers.receiver import Line, Receiver, a_line


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An EHR that listens."""
    one = Receiver()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def line(deps: Deps, receiver: Receiver) -> Line:
    """A clinic whose changes go to that EHR."""
    return await a_line(deps, receiver)
