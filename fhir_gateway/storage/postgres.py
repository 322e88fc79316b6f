"""How does the gateway speak with PostgreSQL?

psycopg itself, prepared and pipelined; SQLAlchemy only declares the schema. Every transaction works
in one tenant, and a lost race is run again. Decisions 6, 9 and 11.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from fhir_gateway.core.errors import Category, fail
from fhir_gateway.storage.wire import Answer, Params, Row, Statement, Wire

T = TypeVar("T")
TRIES = 4
Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Row]]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a request waits before it is told to come back.

    Args:
        connection: For a connection of the pool.
        statement: For the answer to one statement.
        lock: For a record that another transaction has.
    """

    connection: float = 5.0
    statement: float = 30.0
    lock: float = 10.0


PATIENCE = Patience()


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


#: Told apart by whoever runs the transaction; all other operational errors are a lost server.
_PASSED_ON = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


class Connection(psycopg.AsyncConnection[Row]):
    """One connection of the pool, with what is known of it.

    Attributes:
        wire: The conversation over it.
        tenant: Whose rows it sees now; None for not told yet.
    """

    wire: Wire
    tenant: int | None = None


class Transaction:
    """One open transaction in one tenant.

    Its first words and what is left for `later` travel with the next statement, or with the end.

    Attributes:
        tenant: Number of the tenant.
        work_left: Whether something waits for a worker.
        source: MSH-3 and MSH-4 of the message whose word this is, so that its sender is not told
            it again; None where it is no message's.
        topics: Of which those who listen are told after the commit, in every process.
        kept: What those who share the transaction keep for each other; None where nobody shares it.
    """

    def __init__(self, wire: Wire, tenant: int, begin: Sequence[Statement] = ()) -> None:
        self.tenant = tenant
        self.work_left = False
        self.source: tuple[str, str] | None = None
        self.topics: set[str] = set()
        self.kept: dict[object, Any] | None = None
        self.begun = False
        self.wire = wire
        self._ahead: list[Statement] = list(begin)

    async def rows(self, statement: str, params: Params = None) -> list[Row]:
        """Run a statement and fetch all that it returns."""
        return (await self._send([(statement, params)]))[0].rows

    async def row(self, statement: str, params: Params = None) -> Row | None:
        """Run a statement and fetch its first row; None where there is none."""
        found = await self.rows(statement, params)
        return found[0] if found else None

    async def execute(self, statement: str, params: Params = None) -> int:
        """Run a statement; returns how many rows it touched."""
        return (await self._send([(statement, params)]))[0].count

    async def execute_many(self, statement: str, params: Sequence[Params]) -> int:
        """Run a statement once for each set of parameters, in one round trip."""
        return sum(await self.batch([(statement, each) for each in params]))

    async def batch(self, statements: Sequence[Statement]) -> list[int]:
        """Run statements one after the other in one round trip; how many rows each touched.

        Args:
            statements: With their parameters; may be empty.
        """
        return [each.count for each in await self._send(statements)] if statements else []

    async def fetch_batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run statements one after the other in one round trip and fetch what each returns.

        Args:
            statements: With their parameters. May be empty.
        """
        return [each.rows for each in await self._send(statements)] if statements else []

    def later(self, statements: Iterable[Statement]) -> None:
        """Leave statements whose answers nobody needs; they run before whatever is sent next.

        Args:
            statements: They have to fail by themselves where they must not commit.
        """
        self._ahead += statements

    async def now(self) -> datetime:
        """The database's clock; expiry is decided by nothing else."""
        row = await self.row("SELECT clock_timestamp()")
        if row is None:
            raise RuntimeError("the database told no time")
        return cast("datetime", row[0])

    async def _send(self, statements: Sequence[Statement]) -> list[Answer]:
        ahead, self._ahead = self._ahead, []
        self.begun = True
        answers = await self.wire.exchange([*ahead, *statements])
        return answers[len(ahead) :]

    async def commit(self) -> None:
        """End it; nothing is sent where nothing was.

        Raises:
            RuntimeError: a statement had failed before, and somebody went on.
        """
        if not self.begun and len(self._ahead) <= 1:
            return
        (answer,) = await self._send([("COMMIT", None)])
        if answer.status != b"COMMIT":
            raise RuntimeError("the transaction had failed before its end")


async def _enter(connection: Connection, tenant: int) -> None:
    """Turn a connection to a tenant, for good: each transaction would need a statement for it."""
    connection.tenant = None
    await connection.wire.exchange([("SELECT set_config('app.tenant', %s, false)", (str(tenant),))])
    connection.tenant = tenant


class Database:
    """A pool of connections that act as one role.

    Attributes:
        woken: Set after a commit that left work for the workers of this process.
        alarms: Set at the same moments, for whoever else looks out for work.
        told: Called with the topics of each commit that has some.
    """

    def __init__(self, pool: AsyncConnectionPool[Connection], apart: Connect) -> None:
        self._pool = pool
        self.apart = apart
        self.woken = asyncio.Event()
        self.alarms: set[asyncio.Event] = set()
        self.told: Callable[[set[str]], None] = lambda topics: None

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        configure: Callable[[psycopg.AsyncConnection[Row]], Awaitable[None]],
        size: int = 8,
        patience: Patience = PATIENCE,
    ) -> "Database":
        """Connect.

        Args:
            url: `postgresql://…`.
            configure: Makes a new connection act as the role that it is for.
            size: Most connections at one time.
            patience: See Patience.

        Raises:
            psycopg.OperationalError: the server cannot be reached.
        """

        async def prepare(connection: Connection) -> None:
            connection.wire = Wire(connection)
            await configure(connection)
            await connection.execute(
                f"SET statement_timeout = '{patience.statement}s';"
                f"SET lock_timeout = '{patience.lock}s'; SET timezone = 'UTC'; SET jit = off"
            )

        pool = AsyncConnectionPool(
            url,
            connection_class=Connection,
            min_size=1,
            max_size=size,
            open=False,
            timeout=patience.connection,
            kwargs={"autocommit": True, "application_name": "fhir-gateway"},
            configure=prepare,
        )
        await pool.open(wait=True, timeout=30)

        async def apart() -> psycopg.AsyncConnection[Row]:
            """A connection of its own, beside the pool."""
            connection = await psycopg.AsyncConnection.connect(
                url, autocommit=True, application_name="fhir-gateway"
            )
            await configure(connection)
            return connection

        return cls(pool, apart)

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
            GatewayError: busy, where no connection or lock comes free in time; timeout, where a
                statement takes too long.
        """
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if snapshot else "BEGIN"
        first: list[Statement] = [(begin, None)]
        if role is not None:
            first.append((f"SET LOCAL ROLE {role}", None))
        async with self._connected(tenant) as connection:
            transaction = Transaction(connection.wire, tenant, first)
            try:
                yield transaction
                await transaction.commit()
            except BaseException:
                if transaction.begun and not connection.closed:
                    with suppress(psycopg.Error):
                        await connection.wire.exchange([("ROLLBACK", None)])
                raise
        if transaction.work_left:
            for each in (self.woken, *self.alarms):
                each.set()
        if transaction.topics:
            self.told(transaction.topics)

    async def query(self, tenant: int, statement: str, params: Params) -> list[Row]:
        """Run one reading statement in a tenant, in a single round trip.

        Raises:
            GatewayError: busy, where no connection comes free in time; timeout, where the
                statement takes too long.
        """
        async with self._connected(tenant) as connection:
            (answer,) = await connection.wire.exchange([(statement, params)])
        return answer.rows

    async def execute(self, tenant: int, statement: str, params: Params) -> int:
        """Run one statement in a tenant as a transaction of its own, in a single round trip.

        Returns:
            How many rows it touched; they are durable.

        Raises:
            GatewayError: busy, where no connection or lock comes free in time or the server is
                lost; timeout, where the statement takes too long.
        """
        async with self._connected(tenant) as connection:
            (answer,) = await connection.wire.exchange([(statement, params)])
        return answer.count

    @asynccontextmanager
    async def _connected(self, tenant: int) -> AsyncIterator[Connection]:
        """A connection that sees the rows of one tenant."""
        try:
            async with self._pool.connection() as connection:
                if connection.tenant != tenant:
                    await _enter(connection, tenant)
                yield connection
                await connection.wire.forget_surplus()
        except PoolTimeout as error:
            raise fail(Category.BUSY, "Every database connection is in use") from error
        except psycopg.errors.LockNotAvailable as error:
            raise fail(Category.BUSY, "Somebody else is changing this; try again") from error
        except psycopg.errors.QueryCanceled as error:
            raise fail(Category.TIMEOUT, "The database took too long") from error
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
        raise AssertionError
