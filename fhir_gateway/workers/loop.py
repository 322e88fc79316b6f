"""Who does what has still to be done?

One loop: events of the outbox and timers as soon as they are due, woken by this process's own
commits and at least once a second for those of others; holds that have expired are swept each
second, and days that have changed are counted once a minute. Decisions 9 and 11.
"""

import asyncio
from contextlib import suppress

from fhir_gateway.usecases import react, scheduling_days
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.workers.waking import woken

#: Seconds between two looks, whether or not anybody woke the loop.
PERIOD = 1.0
#: Seconds before the first look at what is to be counted, and between two; whoever asks does not
#: wait for it.
COUNTING = 60.0
_SETTLE = 0.002


async def work(deps: Deps, stop: asyncio.Event) -> None:
    """React until told to stop; what has begun is finished.

    Args:
        deps: See Deps.
        stop: Set to end the loop.
    """
    clock = asyncio.get_running_loop().time
    swept, counted = 0.0, clock()
    while not stop.is_set():
        deps.database.woken.clear()
        try:
            done = await react.due(deps)
            if clock() - swept >= PERIOD:
                await react.sweep(deps)
                swept = clock()
            if clock() - counted >= COUNTING:
                await scheduling_days.count_changes(deps)
                counted = clock()
        except Exception as error:  # noqa: BLE001 - the loop is all that does the work
            deps.log("worker.failed", error=type(error).__name__)
            done = 0
            await _pause(stop, PERIOD)
        if not done:
            await woken(deps.database.woken, stop, PERIOD)
            await asyncio.sleep(_SETTLE)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
