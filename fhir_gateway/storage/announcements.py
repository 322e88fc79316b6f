"""How does every process hear at once what one of them has committed?

By LISTEN and NOTIFY. What many transactions announce within a few milliseconds travels in one
statement, after their commits and on a connection of none of them: a NOTIFY within each transaction
would halve their number. Whoever listens has to look for itself now and then; a notice can be lost
with a connection. Decision 11; performance.md section on pg_notify.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import psycopg

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.storage.postgres import Database

_CHANNEL = "fhir_gateway"
#: Seconds between two notices of one process.
PACE = 0.005
_RETRY = 1.0  # seconds


class Announcements:
    """Tells all processes of what is committed in this one, and hears them.

    Args:
        database: Open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._topics: set[str] = set()
        self._waiting = asyncio.Event()
        database.told = self._collect

    def _collect(self, topics: set[str]) -> None:
        self._topics |= topics
        self._waiting.set()

    async def tell(self) -> None:
        """Pass on what is announced, until cancelled."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            topics, self._topics = sorted(self._topics), set()
            # Whoever does not hear of it finds it by looking.
            with suppress(GatewayError, psycopg.Error):
                await self._database.query(
                    0,
                    "SELECT pg_notify(%s, topic) FROM unnest(%s::text[]) AS told(topic)",
                    (_CHANNEL, topics),
                )
            await asyncio.sleep(PACE)

    async def hear(self, heard: Callable[[str | None], None]) -> None:
        """Report each topic, until cancelled.

        Args:
            heard: Called with a topic; with None where any may have been missed.
        """
        while True:
            try:
                async with await self._database.apart() as connection:
                    await connection.execute(f"LISTEN {_CHANNEL}")
                    heard(None)
                    async for notice in connection.notifies():
                        heard(notice.payload)
            except (GatewayError, psycopg.Error, OSError):
                await asyncio.sleep(_RETRY)
