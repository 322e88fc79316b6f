"""Who sees to it that each clinic's model of no-shows learns once a day?

Beside the loop that reacts: learning takes seconds, and nobody else should wait for it.
"""

import asyncio
from contextlib import suppress

from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.no_show_refit import refit_due

#: Seconds before the first look, and between two.
FIRST, PERIOD = 10.0, 600.0


async def refit_daily(deps: Deps, stop: asyncio.Event) -> None:
    """Look whether a refit is due until told to stop.

    Args:
        deps: See Deps.
        stop: Set to end it; a refit that has begun is finished.
    """
    pause = FIRST
    while not await _stopped(stop, pause):
        try:
            await refit_due(deps)
        except Exception as error:  # noqa: BLE001 - tomorrow's refit must not die of today's
            deps.log("no-show.failed", error=type(error).__name__)
        pause = PERIOD


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()
