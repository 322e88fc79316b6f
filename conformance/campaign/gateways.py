"""How is the gateway started, and killed?"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_READY = 300.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def gateway(
    folder: Path, url: str, ports: tuple[int, int], fault: str | None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Serve until the block ends, and kill then what still runs.

    Args:
        folder: Working directory, for its log.
        url: Of the database.
        ports: For HTTP and for MLLP.
        fault: Name of a planted fault; None for the gateway as it is.

    Raises:
        RuntimeError: it does not start.
    """
    module = ["fhir_gateway"] if fault is None else ["conformance.campaign.planted", fault]
    with (folder / "gateway.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *module, "serve",
            "--http-port", str(ports[0]), "--mllp-port", str(ports[1]),
            env=os.environ | {"DATABASE_URL": url}, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    try:
        await _answers(ports[1], process)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(port: int, process: asyncio.subprocess.Process) -> None:
    """Wait until its port for HL7 v2 is open."""
    async with asyncio.timeout(_READY):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
    raise RuntimeError(f"the gateway ended with status {process.returncode} at its start")
