"""Who applies the messages that have been answered before?

Senders beside each other, some at a time; woken by this process's own intake and looking once a
second for what others have left, or what is to be tried again.
"""

import asyncio

from fhir_gateway.storage.inbox_lanes import Lane
from fhir_gateway.usecases import lanes_v2
from fhir_gateway.usecases.deps import Deps
from fhir_gateway.workers.waking import woken

#: Seconds between two looks, whether or not a message has come.
PERIOD = 1.0
#: Senders whose messages are applied at the same time.
AT_ONCE = 4
#: How many times as long as its turn a lane rests while messages come in, and seconds at most.
YIELD = 3.0
MOST_YIELDED = 0.25


async def apply_received(deps: Deps, stop: asyncio.Event) -> None:
    """Apply what has been answered until told to stop; what has begun is finished."""
    room = asyncio.Semaphore(AT_ONCE)
    running: dict[Lane, asyncio.Task[None]] = {}

    async def one(lane: Lane) -> None:
        async with room:
            try:
                while not stop.is_set() and await _turn(deps, lane):
                    pass
            except Exception as error:  # noqa: BLE001 - the next look tries again
                deps.log("worker.failed", error=type(error).__name__)
                await asyncio.sleep(PERIOD)
        deps.intake.arrived.set()  # for what came while the last one had its turn

    waiting: set[Lane] = set()
    clock = asyncio.get_running_loop().time
    look = clock()
    while not stop.is_set():
        deps.intake.arrived.clear()
        waiting |= deps.intake.take_lanes()
        if clock() >= look:
            waiting |= await _due(deps)
            look = clock() + PERIOD
        running = {lane: task for lane, task in running.items() if not task.done()}
        begun = waiting - running.keys()  # one that is running may have had its last look
        running |= {lane: asyncio.create_task(one(lane)) for lane in begun}
        waiting -= begun
        await woken(deps.intake.arrived, stop, PERIOD)
    await asyncio.gather(*running.values())


async def _due(deps: Deps) -> set[Lane]:
    try:
        return set(await lanes_v2.due(deps))
    except Exception as error:  # noqa: BLE001 - the loop is all that does the work
        deps.log("worker.failed", error=type(error).__name__)
        return set()


async def _turn(deps: Deps, lane: Lane) -> bool:
    """Apply the next message of a lane; while others come in, they get most of the time."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    done = await lanes_v2.advance(deps, lane)
    if done and deps.intake.busy:
        await asyncio.sleep(min(YIELD * (clock() - begun), MOST_YIELDED))
    return done
