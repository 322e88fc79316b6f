"""Many clients at one counter."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable

from fhir_gateway.core.errors import GatewayError

CLIENTS = 64
#: One gets it; all others are told that it is gone, and nothing else goes wrong.
ONE_WINNER = Counter(kept=1, conflict=CLIENTS - 1)


async def all_at_once(attempts: Iterable[Awaitable[object]]) -> Counter[str]:
    """Start everything together, and count what became of it."""
    return Counter(map(_named, await asyncio.gather(*attempts, return_exceptions=True)))


def _named(result: object) -> str:
    if isinstance(result, GatewayError):
        return result.category.value
    return "kept" if isinstance(result, dict) else repr(result)
