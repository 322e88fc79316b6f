"""Who keeps Slots ninety days ahead? One loop beside that of the events, each hour. Decision 9."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from fhir_gateway.usecases import horizons
from fhir_gateway.usecases.deps import Deps

#: Between two looks at all Schedules, by the gateway's clock.
EVERY = timedelta(hours=1)
#: Seconds between two looks at the clock.
PERIOD = 1.0


async def keep_horizons(deps: Deps, stop: asyncio.Event, *, period: float = PERIOD) -> None:
    """Move the horizon of every Schedule on, at once and then each hour, until told to stop.

    Args:
        deps: Its clock says when an hour is over.
        stop: Set to end the loop.
        period: Seconds between two looks at the clock.
    """
    last: datetime | None = None
    while not stop.is_set():
        now = deps.clock.now()
        if last is None or now - last >= EVERY:
            last = now
            try:
                await horizons.extend_all(deps, stop.is_set)
            except Exception as error:  # noqa: BLE001 - the next hour may be a better one
                deps.log("worker.failed", error=type(error).__name__)
        with suppress(TimeoutError):
            async with asyncio.timeout(period):
                await stop.wait()
