"""How does the gateway speak with PostgreSQL?

psycopg itself, prepared and pipelined; SQLAlchemy only declares the schema. Every transaction works
in one tenant, and a lost race is run again. Decisions 6, 9 and 11.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar, cast

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from fhir_gateway.core.errors import Category, fail

T = TypeVar("T")
Row = TupleRow
Params = Sequence[Any] | dict[str, Any] | None

TRIES = 4
#: Seconds that a request waits for a connection before it is told to come back.
WAIT = 5.0
STATEMENT_LIMIT = "30s"
LOCK_LIMIT = "10s"


class RaceLostError(Exception):
    """Somebody else was faster; the transaction can be run again."""


#: What a second try can cure.
_AGAIN = (
    RaceLostError,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.ExclusionViolation,
    psycopg.errors.UniqueViolation,
)


_SET_TENANT = "SELECT set_config('app.tenant', %s, true)"

#: Told apart by whoever runs the transaction; all other operational errors are a lost server.
_PASSED_ON = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
)


class Transaction:
    """One open transaction in one tenant.

    Attributes:
        tenant: Number of the tenant.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Row], tenant: int) -> None:
        self.tenant = tenant
        self.connection = connection
        self.work_left = False

    async def rows(self, statement: str, params: Params = None) -> list[Row]:
        """Run a statement and fetch all that it returns."""
        cursor = await self.connection.execute(_query(statement), params, binary=True)
        return await cursor.fetchall()

    async def row(self, statement: str, params: Params = None) -> Row | None:
        """Run a statement and fetch its first row; None where there is none."""
        cursor = await self.connection.execute(_query(statement), params, binary=True)
        return await cursor.fetchone()

    async def execute(self, statement: str, params: Params = None) -> int:
        """Run a statement; returns how many rows it touched."""
        cursor = await self.connection.execute(_query(statement), params)
        return cursor.rowcount

    async def execute_many(self, statement: str, params: Sequence[Params]) -> int:
        """Run a statement once for each set of parameters, in one pipeline."""
        if not params:
            return 0
        async with self.connection.cursor() as cursor:
            await cursor.executemany(_query(statement), cast("Sequence[Any]", params))
            return cursor.rowcount

    async def batch(self, statements: Sequence[tuple[str, Params]]) -> list[int]:
        """Run statements one after the other in one round trip; how many rows each touched.

        Args:
            statements: With their parameters; may be empty.
        """
        if not statements:
            return []
        if len(statements) == 1:
            return [await self.execute(*statements[0])]
        cursors = [self.connection.cursor() for _ in statements]
        async with self.connection.pipeline():
            for cursor, (statement, params) in zip(cursors, statements, strict=True):
                await cursor.execute(_query(statement), params)
        return [each.rowcount for each in cursors]

    async def fetch_batch(self, statements: Sequence[tuple[str, Params]]) -> list[list[Row]]:
        """Run statements one after the other in one round trip and fetch what each returns.

        Args:
            statements: With their parameters; each returns rows. May be empty.
        """
        cursors = [self.connection.cursor(binary=True) for _ in statements]
        async with self.connection.pipeline():
            for cursor, (statement, params) in zip(cursors, statements, strict=True):
                await cursor.execute(_query(statement), params)
        return [await each.fetchall() for each in cursors]

    async def now(self) -> datetime:
        """The database's clock; expiry is decided by nothing else."""
        row = await self.row("SELECT clock_timestamp()")
        if row is None:
            raise RuntimeError("the database told no time")
        return cast("datetime", row[0])


def _query(statement: str) -> sql.SQL:
    return sql.SQL(statement)


class Database:
    """A pool of connections that act as one role.

    Attributes:
        woken: Set after a commit that left work for the workers of this process.
        alarms: Set at the same moments, for whoever else looks out for work.
    """

    def __init__(self, pool: AsyncConnectionPool[psycopg.AsyncConnection[Row]]) -> None:
        self._pool = pool
        self.woken = asyncio.Event()
        self.alarms: set[asyncio.Event] = set()

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        configure: Callable[[psycopg.AsyncConnection[Row]], Awaitable[None]],
        size: int = 8,
    ) -> "Database":
        """Connect.

        Args:
            url: `postgresql://…`.
            configure: Makes a new connection act as the role that it is for.
            size: Most connections at one time.

        Raises:
            psycopg.OperationalError: the server cannot be reached.
        """

        async def prepare(connection: psycopg.AsyncConnection[Row]) -> None:
            await configure(connection)
            await connection.execute(
                f"SET statement_timeout = '{STATEMENT_LIMIT}';"
                f"SET lock_timeout = '{LOCK_LIMIT}'; SET timezone = 'UTC'; SET jit = off"
            )

        pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            timeout=WAIT,
            kwargs={"autocommit": True, "prepare_threshold": 2, "application_name": "fhir-gateway"},
            configure=prepare,
        )
        await pool.open(wait=True, timeout=30)
        return cls(pool)

    async def close(self) -> None:
        """Give all connections back; what is under way is cut off after ten seconds."""
        await self._pool.close(timeout=10)

    @asynccontextmanager
    async def transaction(
        self, tenant: int, *, snapshot: bool = False, role: str | None = None
    ) -> AsyncIterator[Transaction]:
        """Open a transaction; it commits at the end and rolls back where an exception leaves.

        Args:
            tenant: Number of the tenant; 0 for none.
            snapshot: Whether all reads see one state (repeatable read, read only).
            role: Another role to act as, for this transaction.

        Raises:
            GatewayError: busy, where no connection comes free in time.
        """
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if snapshot else "BEGIN"
        change = f"; SET LOCAL ROLE {role}" if role else ""
        async with self._connected() as connection:
            # Without parameters all of it is one message and one answer.
            await connection.execute(
                _query(f"{begin}{change}; SELECT set_config('app.tenant', '{tenant:d}', true)")
            )
            transaction = Transaction(connection, tenant)
            try:
                yield transaction
            except BaseException:
                if not connection.closed:
                    with suppress(psycopg.Error):
                        await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")
        if transaction.work_left:
            for each in (self.woken, *self.alarms):
                each.set()

    async def query(self, tenant: int, statement: str, params: Params) -> list[Row]:
        """Run one reading statement in a tenant, in a single round trip.

        Raises:
            GatewayError: busy, where no connection comes free in time.
        """
        async with self._connected() as connection:
            cursor = connection.cursor(binary=True)
            async with connection.pipeline():
                await connection.execute("BEGIN READ ONLY")
                await connection.execute(_SET_TENANT, (str(tenant),))
                await cursor.execute(_query(statement), params)
                await connection.execute("COMMIT")
            return await cursor.fetchall()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[psycopg.AsyncConnection[Row]]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            raise fail(Category.BUSY, "Every database connection is in use") from error
        except psycopg.errors.ProgramLimitExceeded as error:
            text = "A value that the resource is found by is too long"
            raise fail(Category.UNPROCESSABLE, text, code="too-long") from error
        except (psycopg.InterfaceError, psycopg.OperationalError) as error:
            if isinstance(error, _PASSED_ON):
                raise
            raise fail(Category.BUSY, "The database cannot be reached now") from error

    async def run(self, tenant: int, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Do something in a transaction, again where somebody else was faster.

        Args:
            tenant: Number of the tenant.
            work: May be called up to four times; must have no effect outside the transaction.

        Raises:
            GatewayError: busy, where every try lost; whatever work raises.
        """
        for attempt in range(TRIES):
            try:
                async with self.transaction(tenant) as transaction:
                    return await work(transaction)
            except _AGAIN as error:
                if attempt == TRIES - 1:
                    raise fail(
                        Category.BUSY, "Others are changing the same records; try again"
                    ) from error
            except psycopg.errors.LockNotAvailable as error:
                raise fail(Category.BUSY, "Somebody else is changing this; try again") from error
            except psycopg.errors.QueryCanceled as error:
                raise fail(Category.TIMEOUT, "The database took too long") from error
        raise AssertionError
