"""How are many reads at once answered by few statements?

Reads that wait at the same moment are merged, within one tenant and one type, into a single
statement (decision 6); while it runs, the next ones gather.
"""

import asyncio
from collections.abc import Iterable

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.core.refs import Ref
from fhir_gateway.storage import resources
from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.resources import Stored

_Key = tuple[int, str]
_Waiting = dict[str, list[asyncio.Future[Stored | None]]]

#: Statements of one tenant and type that may be under way together.
_AT_ONCE = 2
#: Ids in one statement.
_MOST = 200


class Loader:
    """Reads present versions by id.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[_Key, _Waiting] = {}
        self._running: dict[_Key, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def read(self, tenant: int, ref: Ref) -> Stored | None:
        """The present version of a resource, None where there is none.

        Raises:
            GatewayError: busy, where the database cannot be asked.
        """
        key = (tenant, ref.type)
        future: asyncio.Future[Stored | None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(key, {})
        waiting.setdefault(ref.id, []).append(future)
        if self._running.get(key, 0) < _AT_ONCE:
            self._running[key] = self._running.get(key, 0) + 1
            task = asyncio.create_task(self._work(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _work(self, key: _Key) -> None:
        """Ask until nobody waits any more."""
        try:
            while waiting := self._waiting.pop(key, None):
                ids = list(waiting)
                for rest in ids[_MOST:]:
                    self._waiting.setdefault(key, {})[rest] = waiting.pop(rest)
                await self._answer(key, waiting)
        finally:
            self._running[key] -= 1

    async def _answer(self, key: _Key, waiting: _Waiting) -> None:
        tenant, type_name = key
        try:
            found = await self._read(tenant, type_name, waiting)
        except GatewayError as error:
            for future in _open(waiting):
                future.set_exception(error)
        except BaseException:
            for future in _open(waiting):
                future.cancel()
            raise
        else:
            for resource_id, futures in waiting.items():
                for future in futures:
                    if not future.done():
                        future.set_result(found.get(resource_id))

    async def _read(self, tenant: int, type_name: str, ids: Iterable[str]) -> dict[str, Stored]:
        statement = resources.select_many(type_name)
        rows = await self._database.query(tenant, statement, (tenant, sorted(ids)))
        return {row[0]: Stored(type_name, *row) for row in rows}


def _open(waiting: _Waiting) -> list[asyncio.Future[Stored | None]]:
    return [each for futures in waiting.values() for each in futures if not each.done()]
