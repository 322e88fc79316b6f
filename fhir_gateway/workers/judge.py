"""Are the messages that we send as the standard prescribes?

hl7apy judges each of them after it has been written, in a process of its own that ends with its
work: it takes forty milliseconds for one message. A deviation stops nothing; it is logged, and
`fhir-gateway outbound show` tells it. Decision 12.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import suppress

from fhir_gateway.storage import dispatches
from fhir_gateway.storage.dispatches import Dispatch
from fhir_gateway.usecases.deps import Deps

#: Seconds between two looks. A process costs as much to start as thirty messages to judge.
PERIOD = 60.0
#: Messages at once; where more are written than that, the newest are judged and the rest later.
_MOST = 200
_COMMAND = ("-m", "fhir_gateway", "validate", "--json", "-")


async def judge(deps: Deps, stop: asyncio.Event) -> None:
    """Look at the messages of all tenants again and again until told to stop."""
    tenants = [tenant for tenant, told in deps.destinations.items() if told]
    while tenants and not stop.is_set():
        for each in tenants:
            try:
                await judge_waiting(deps, each)
            except Exception as error:  # noqa: BLE001 - nobody's message depends on it
                deps.log("outbound.unjudged", error=type(error).__name__)
        with suppress(TimeoutError):
            async with asyncio.timeout(PERIOD):
                await stop.wait()


async def judge_waiting(deps: Deps, tenant: int) -> None:
    """Compare those messages of a tenant with the standard that have not been yet.

    Args:
        deps: See Deps.
        tenant: Its number.

    Raises:
        OSError, ValueError: the process could not do it.
    """
    async with deps.database.transaction(tenant) as tx:
        waiting = await dispatches.unjudged(tx, _MOST)
    if not waiting:
        return
    verdicts = await _verdicts(waiting)
    async with deps.database.transaction(tenant) as tx:
        await dispatches.judge(tx, {each.id: told for each, told in verdicts.items()})
    for each, told in verdicts.items():
        if told:
            deps.log("outbound.deviates", destination=each.destination, control_id=each.control_id)


async def _verdicts(messages: Sequence[Dispatch]) -> dict[Dispatch, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told, _ = await process.communicate(b"".join(each.raw for each in messages))
    finally:
        if process.returncode is None:
            process.kill()
    lines = [json.loads(line) for line in told.splitlines()]
    return {
        each: "\n".join(
            f"{found['location']} {found['rule']}: {found['diagnostics']}"
            for found in line["deviations"]
            if found["severity"] == "error"
        )
        for each, line in zip(messages, lines, strict=True)
    }
