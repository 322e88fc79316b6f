"""A large message counts, and nobody else waits for it."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fhir_gateway.hl7.framing import encode
from tests.flows.hub import Hub
from tests.flows.test_robustness import codes
from tests.hl7.wire import connected
from tests.usecases.ehr import siu

pytestmark = pytest.mark.slow

#: Seconds. What is measured on a quiet machine is below a twentieth of it.
_BOUND = 0.5
LARGE = {
    "of a megabyte": siu(control="L", more=("NTE|1||" + "x" * 520,) * 2000),
    "of one field": siu(control="L", more=("NTE|1||" + "x y&z" * 300_000,)),
    "of a field repeated": siu(control="L", more=("NTE|1||" + "x~" * 1_000_000,)),
    "of empty repetitions": siu(control="L", more=("NTE|1||" + "~" * 4_000_000,)),
    "of 16000 segments": siu(control="L", more=("NTE|1||short text",) * 16_000),
    "of 16000 unknown segments": siu(control="L", more=("ZZZ|1||short text",) * 16_000),
    "of line breaks": siu(control="L", more=("\r" * 1_000_000,)),
    "of marks": siu(control="L", more=("NTE|1||" + "\x1c " * 500_000,)),
}


@asynccontextmanager
async def watched() -> AsyncIterator[list[float]]:
    """How late the event loop was, each time."""
    late: list[float] = []
    loop = asyncio.get_running_loop()

    async def probe() -> None:
        while True:
            begun = loop.time()
            await asyncio.sleep(0.005)
            late.append(loop.time() - begun - 0.005)

    probing = asyncio.create_task(probe())
    yield late
    probing.cancel()


@pytest.mark.parametrize("name", LARGE)
async def test_nobody_waits_for_a_message(hub: Hub, name: str) -> None:
    async with connected(hub.listener) as wire:
        await wire.write(encode(siu(control="first")))  # what is loaded for it does not count
        assert await codes(wire, 1) == [("AA", "first")]
    gc.freeze()  # as the process does once it has started
    async with connected(hub.listener) as wire, watched() as late:
        await wire.write(encode(LARGE[name]))
        assert await codes(wire, 1) == [("AA", "L")]
    gc.unfreeze()
    assert max(late) < _BOUND
