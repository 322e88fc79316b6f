"""How does one long message leave the others their turn?

Reading is linear, but a message of megabytes takes longer than anybody else should wait: it is read
in a thread. Short ones are read on the spot, which is faster for them.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Bytes; reading so much takes about ten milliseconds.
LARGE = 32 * 1024


async def aside(raw: bytes, work: Callable[[], T]) -> T:
    """Do something with a message, in a thread if it is large.

    Args:
        raw: The bytes it is about.
        work: Touches nothing that others work on, and not the database.
    """
    return await asyncio.to_thread(work) if len(raw) > LARGE else work()
