"""How do many who want the same record at the same moment get it without waiting for each other?

They stand in one line for each record, in this process. Whoever has come while the record was in
use shares the next transaction: one lock, one write to the disk. Where one of them fails, it fails
alone; those before and after it are done as if it had not been there. One connection is in use for
each line, however many stand in it.

Source: decision 0023; engines.md section 3 (commands).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.storage.postgres import Database, Transaction

T = TypeVar("T")
#: What shares a transaction at most, so that nobody waits for too many others.
MOST = 16

Work = Callable[[Transaction], Awaitable[Any]]
_Key = tuple[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """What somebody wants done, and where the answer goes."""

    work: Work
    locks: str | None
    answer: asyncio.Future[Any]

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def give(self, found: object) -> None:
        if not self.answer.done():
            self.answer.set_result(found)


class Turns:
    """The lines of one process.

    Args:
        database: Open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lines: dict[_Key, deque[_Turn]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(
        self,
        tenant: int,
        record: str,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        locks: str | None,
    ) -> T:
        """Do something with a record in a transaction, together with others who want the same.

        Args:
            tenant: Number of the tenant.
            record: What `work` locks first.
            work: As of `Database.run`. Whoever stops waiting has it done all the same once its
                turn has come, as with a request that has been sent.
            locks: Name of all that `work` locks, in which order. Those of the same name share a
                transaction; two that lock other things after the record could wait for each other
                across two lines. None: with nobody.

        Raises:
            GatewayError: busy, as of `Database.run`; whatever `work` raises.
        """
        turn = _Turn(work, locks, asyncio.get_running_loop().create_future())
        key = (tenant, record)
        line = self._lines.get(key)
        if line is None:
            self._lines[key] = deque([turn])
            task = asyncio.create_task(self._serve(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            line.append(turn)
        return cast("T", await turn.answer)

    async def _serve(self, key: _Key) -> None:
        """Everybody of a line, until nobody is left."""
        line = self._lines[key]
        taken: list[_Turn] = []
        try:
            while line:
                taken = _first(line)
                await self._together(key[0], taken)
        finally:
            del self._lines[key]
            for each in (*taken, *line):
                each.answer.cancel()

    async def _together(self, tenant: int, turns: list[_Turn]) -> None:
        """Do some in one transaction; where one of them fails, those around it apart from it.

        Nobody is told of a failure in a shared transaction but that the database is busy: whoever
        fails is tried alone, where a lost race is run again.
        """
        if len(turns) < 2:
            for each in turns:
                await self._alone(tenant, each)
            return
        done: list[object] = []
        try:
            async with self._database.transaction(tenant) as transaction:
                transaction.kept = {}
                for each in turns:
                    done.append(await each.work(transaction))  # noqa: PERF401 - counted on failure
        except Exception as error:  # noqa: BLE001 - told to whom it belongs
            if _passing(error):
                for each in turns:
                    each.fail(error)
                return
            failed = len(done) % len(turns)  # the end fails for all; then the first is tried first
            await self._together(tenant, turns[:failed])
            await self._alone(tenant, turns[failed])
            await self._together(tenant, turns[failed + 1 :])
            return
        for each, found in zip(turns, done, strict=True):
            each.give(found)

    async def _alone(self, tenant: int, turn: _Turn) -> None:
        try:
            turn.give(await self._database.run(tenant, turn.work))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
            turn.fail(error)


def _passing(error: Exception) -> bool:
    return isinstance(error, GatewayError) and error.category in (Category.BUSY, Category.TIMEOUT)


def _first(line: deque[_Turn]) -> list[_Turn]:
    """Take those who share the next transaction; who has stopped waiting is left out."""
    waiting = [each for each in line if not each.answer.done()]
    locks = waiting[0].locks if waiting else None
    taken = [each for each in waiting if each.locks == locks][: 1 if locks is None else MOST]
    line.clear()
    line.extend(each for each in waiting if each not in taken)
    return taken
