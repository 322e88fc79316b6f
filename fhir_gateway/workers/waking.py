"""How does a worker wait for work?"""

import asyncio


async def woken(event: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    """Wait for work of this process, the end, or at most so long."""
    waiting = [asyncio.ensure_future(each.wait()) for each in (event, stop)]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
