"""How do several statements travel in one round trip?

libpq's pipeline, spoken through psycopg's `pq` and its adapters: one flush, one wait, and all
answers. A cursor for each statement would cost several times as much (performance.md, rules 3
and 5).
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.rows import TupleRow

Row = TupleRow
Params = Sequence[Any] | Mapping[str, Any] | None
Statement = tuple[str, Params]
#: A statement with the types of its values.
_Key = tuple[bytes, tuple[int, ...]]
#: That, and the name that it goes by.
_Prepared = tuple[_Key, bytes]

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?([sb])|%%")
#: As what a value travels: as psycopg thinks best, which is text for arrays, or in binary.
_FORMATS = {"s": PyFormat.AUTO, "b": PyFormat.BINARY}
#: Statements that a connection keeps prepared.
_MOST_PREPARED = 400
_FAILED = pq.ExecStatus.FATAL_ERROR
_ABORTED = pq.ExecStatus.PIPELINE_ABORTED
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_ROWS = pq.ExecStatus.TUPLES_OK


@dataclass(frozen=True, slots=True)
class Answer:
    """What one statement returned.

    Attributes:
        rows: Tuples; none for a statement that returns none.
        count: How many rows it returned or touched.
        status: The server's word for what it did, `COMMIT`.
    """

    rows: list[Row]
    count: int
    status: bytes


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement with numbered places; names are None where the values come by position."""

    text: bytes
    names: tuple[str, ...] | None
    formats: list[PyFormat]


class Wire:
    """The conversation over one connection.

    Args:
        connection: Open, in autocommit, and used by nobody else meanwhile.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._adapter = Transformer(connection)
        self._prepared: OrderedDict[_Key, bytes] = OrderedDict()
        self._seen: OrderedDict[_Key, None] = OrderedDict()
        self._coming: dict[_Key, bytes] = {}  #: prepared by what has been sent, not answered yet
        self._numbered = 0

    async def exchange(self, statements: Sequence[Statement]) -> list[Answer]:
        """Send statements together; the first that fails is the last that is carried out.

        Args:
            statements: With `%s` or `%(name)s` for their values, `b` instead of `s` for an array
                of bytes or times; None for none at all, and then a percent sign stands for itself.

        Returns:
            An answer for each.

        Raises:
            psycopg.Error: of the first statement that failed; a lost connection.
        """
        self._coming.clear()
        try:
            self._pg.enter_pipeline_mode()
            learnt = [self._send(*each) for each in statements]
            self._pg.pipeline_sync()
            await self._flush()
            answers = await self._answers(learnt)
            self._pg.exit_pipeline_mode()
        except _Refused as refused:
            self._pg.exit_pipeline_mode()
            raise refused.cause from None
        except BaseException:
            # What has been sent and not answered is not known: nobody may go on with it.
            await self._connection.close()
            raise
        return answers

    def _send(self, statement: str, params: Params) -> _Prepared | None:
        """Queue one statement; says as what it is prepared on the way, None where it is not."""
        compiled = _compiled(statement) if params is not None else _plain(statement)
        values = _in_order(compiled, params)
        dumped = self._adapter.dump_sequence(values, compiled.formats) if values else ()
        types = tuple(self._adapter.types or ()) if values else ()
        formats = self._adapter.formats if values else None
        key = (compiled.text, types)
        name = self._coming.get(key) or self._prepared.get(key)
        if name is not None:
            if key in self._prepared:
                self._prepared.move_to_end(key)
            self._pg.send_query_prepared(name, dumped, formats, pq.Format.BINARY)
            return None
        if key not in self._seen:
            self._seen[key] = None
            if len(self._seen) > _MOST_PREPARED:
                self._seen.popitem(last=False)
            self._pg.send_query_params(compiled.text, dumped, types, formats, pq.Format.BINARY)
            return None
        del self._seen[key]
        self._numbered += 1
        name = self._coming[key] = b"w%d" % self._numbered
        self._pg.send_prepare(name, compiled.text, types)
        self._pg.send_query_prepared(name, dumped, formats, pq.Format.BINARY)
        return key, name

    async def _flush(self) -> None:
        while self._pg.flush():
            await self._ready(write=True)
            self._pg.consume_input()

    async def _ready(self, *, write: bool = False) -> None:
        """Wait until the server has said something, or takes more."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        descriptor = self._pg.socket

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        loop.add_reader(descriptor, wake)
        if write:
            loop.add_writer(descriptor, wake)
        try:
            await woken
        finally:
            loop.remove_reader(descriptor)
            if write:
                loop.remove_writer(descriptor)

    async def _result(self) -> pq.abc.PGresult | None:
        while self._pg.is_busy():
            await self._ready()
            self._pg.consume_input()
        return self._pg.get_result()

    async def _answers(self, learnt: Sequence[_Prepared | None]) -> list[Answer]:
        answers: list[Answer] = []
        failure: psycopg.Error | None = None
        for prepared in learnt:
            if prepared is not None:
                result = await self._one()
                failure = failure or self._failure(result)
                if failure is None:
                    key, name = prepared
                    self._prepared[key] = name
            result = await self._one()
            failure = failure or self._failure(result)
            if failure is None:
                answers.append(self._answer(result))
        synced = await self._result()
        if synced is None or synced.status != _SYNC:
            raise psycopg.OperationalError("the server does not keep to the protocol")
        if failure is not None:
            raise _Refused(failure)
        return answers

    async def _one(self) -> pq.abc.PGresult:
        """The result of one message; the mark of its end is taken off."""
        result = await self._result()
        if result is None:
            raise psycopg.OperationalError("the connection was lost")
        if await self._result() is not None:
            raise psycopg.OperationalError("one statement gave two results")
        return result

    def _failure(self, result: pq.abc.PGresult) -> psycopg.Error | None:
        if result.status == _FAILED:
            return error_from_result(result, encoding=self._adapter.encoding)
        if result.status == _ABORTED:
            return psycopg.OperationalError("the statements before failed")
        return None

    def _answer(self, result: pq.abc.PGresult) -> Answer:
        status = result.command_status or b""
        if result.status != _ROWS:
            return Answer([], result.command_tuples or 0, status)
        self._adapter.set_pgresult(result)
        rows = self._adapter.load_rows(0, result.ntuples, tuple)
        return Answer(rows, result.ntuples, status)

    async def forget_surplus(self) -> None:
        """Drop the statements that have not been used for longest, where there are too many."""
        surplus = len(self._prepared) - _MOST_PREPARED
        if surplus > 0:
            gone = [self._prepared.popitem(last=False)[1] for _ in range(surplus + 20)]
            await self.exchange([(f"DEALLOCATE {name.decode()}", None) for name in gone])


class _Refused(Exception):  # noqa: N818 - carries a failure through, is none itself
    """The server said no; all that was sent has been answered."""

    def __init__(self, cause: psycopg.Error) -> None:
        super().__init__()
        self.cause = cause


@lru_cache(maxsize=4096)
def _compiled(statement: str) -> _Compiled:
    names: list[str] = []
    formats: list[PyFormat] = []

    def place(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match[1] is not None and match[1] in names:
            return f"${names.index(match[1]) + 1}"
        if match[1] is not None:
            names.append(match[1])
        formats.append(_FORMATS[match[2]])
        return f"${len(formats)}"

    text = _PLACEHOLDER.sub(place, statement).encode()
    return _Compiled(text, tuple(names) or None, formats)


@lru_cache(maxsize=256)
def _plain(statement: str) -> _Compiled:
    return _Compiled(statement.encode(), None, [])


def _in_order(compiled: _Compiled, params: Params) -> Sequence[Any]:
    if params is None:
        return ()
    if isinstance(params, Mapping):
        return [params[name] for name in compiled.names or ()]
    if len(params) != len(compiled.formats):
        raise psycopg.ProgrammingError(
            f"the statement takes {len(compiled.formats)} values and got {len(params)}"
        )
    return params
