import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import AsyncConnection, errors

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.embedded import Embedded
from fhir_gateway.storage.roles import ROLE_SQL, Role, administrator_sql, assume, ensure
from tests.storage.servers import embedded_server, system_server

SERVERS = {"embedded": embedded_server, "system": system_server}

Connection = AsyncConnection[Any]
Connect = Callable[..., Awaitable[Connection]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("system", marks=pytest.mark.server)]
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Embedded]:
    with SERVERS[request.param](tmp_path_factory.mktemp("roles") / "database") as running:
        yield running or pytest.skip("no PostgreSQL is installed on this machine")


@pytest.fixture
def bare(server: Embedded) -> Embedded:
    """The server as if nobody had prepared it, with a login and a database of a stranger's."""
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS fhir_gateway")
        connection.execute("DROP DATABASE IF EXISTS clinic")
        for name in ("fhir_gateway", "stranger", *Role):
            connection.execute(_if_there(name))
        connection.execute("CREATE ROLE stranger LOGIN")
        connection.execute("CREATE DATABASE clinic")
    return server


def _if_there(name: str) -> bytes:
    return f"""DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN
               DROP OWNED BY {name}; DROP ROLE {name}; END IF; END $$""".encode()


@pytest.fixture
async def connect(bare: Embedded) -> AsyncIterator[Connect]:
    """Log in to the clinic's database; closed after the test."""
    async with AsyncExitStack() as stack:

        async def log_in(user: str = "stranger", *, autocommit: bool = False) -> Connection:
            url = bare.url("clinic", user)
            connection = await AsyncConnection.connect(url, autocommit=autocommit)
            return await stack.enter_async_context(connection)

        yield log_in


@pytest.fixture
async def superuser(connect: Connect) -> Connection:
    return await connect(SUPERUSER, autocommit=True)


async def one(connection: Connection, query: LiteralString, *values: object) -> object:
    row = await (await connection.execute(query, values)).fetchone()
    assert row is not None
    return row[0]


async def may_make_roles(superuser: Connection) -> None:
    await superuser.execute("ALTER ROLE stranger CREATEROLE")
    await superuser.execute("ALTER DATABASE clinic OWNER TO stranger")


@pytest.mark.parametrize("autocommit", [False, True])
async def test_a_login_that_may_make_roles_makes_them(
    superuser: Connection, connect: Connect, autocommit: bool
) -> None:
    await may_make_roles(superuser)
    await ensure(await connect(autocommit=autocommit))
    for role in Role:
        connection = await connect(autocommit=autocommit)
        await assume(connection, role)
        assert await one(connection, "SELECT current_user") == role


async def test_the_roles_have_no_power_of_their_own(
    superuser: Connection, connect: Connect
) -> None:
    await may_make_roles(superuser)
    await ensure(await connect())
    powerful = """SELECT count(*) FILTER (WHERE rolsuper OR rolbypassrls OR rolcreaterole
                         OR rolcreatedb OR rolreplication OR rolcanlogin), count(*)
                  FROM pg_roles WHERE rolname LIKE 'fhir%'"""
    row = await (await superuser.execute(powerful)).fetchone()
    assert row == (0, 3)


async def test_a_superuser_puts_on_a_role_and_is_none_any_more(connect: Connect) -> None:
    connection = await connect(SUPERUSER)
    await ensure(connection)
    await assume(connection, Role.APP)
    assert await one(connection, "SHOW is_superuser") == "off"


async def test_only_the_owner_makes_tables(superuser: Connection, connect: Connect) -> None:
    await ensure(superuser)
    owner, app = await connect(SUPERUSER), await connect(SUPERUSER)
    await assume(owner, Role.OWNER)
    await owner.execute("CREATE TABLE slot (id text)")
    await owner.execute("GRANT SELECT ON slot TO fhir_gateway_app")
    await owner.commit()
    await assume(app, Role.APP)
    assert await one(app, "SELECT count(*) FROM slot") == 0
    with pytest.raises(errors.InsufficientPrivilege):
        await app.execute("CREATE TABLE other (id text)")


async def test_a_login_without_rights_is_told_the_sql_and_passes_once_it_was_run(
    superuser: Connection, connect: Connect
) -> None:
    connection = await connect()
    with pytest.raises(GatewayError) as refused:
        await ensure(connection)
    assert refused.value.category is Category.UNSUPPORTED
    sentence, _, sql = refused.value.issues[0].diagnostics.partition(":\n")
    assert "login stranger" in sentence
    assert "database clinic" in sentence
    await superuser.execute(sql.encode())
    await superuser.execute(sql.encode())
    await ensure(connection)
    await assume(connection, Role.WORKER)


async def test_making_them_again_changes_nothing(superuser: Connection, connect: Connect) -> None:
    await may_make_roles(superuser)
    connection = await connect()
    everything = """SELECT (SELECT string_agg(r::text, ',' ORDER BY r.rolname) FROM pg_roles r)
                        || (SELECT string_agg(m::text, ',' ORDER BY m::text) FROM pg_auth_members m)
                        || (SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public')"""
    await ensure(connection)
    before = await one(superuser, everything)
    await ensure(connection)
    assert await one(superuser, everything) == before


async def test_several_may_make_them_at_once(superuser: Connection, connect: Connect) -> None:
    await may_make_roles(superuser)
    connections = [await connect() for _ in range(8)]
    await asyncio.gather(*(ensure(each) for each in connections))
    await asyncio.gather(*(assume(each, Role.APP) for each in connections))


async def test_several_administrators_may_make_the_roles_at_once(connect: Connect) -> None:
    connections = [await connect(SUPERUSER, autocommit=True) for _ in range(8)]
    await asyncio.gather(*(each.execute(ROLE_SQL) for each in connections))
    assert await one(connections[0], "SELECT count(*) FROM pg_roles WHERE rolname ~ '^fhir'") == 3


async def test_a_login_may_be_given_one_role_only(superuser: Connection, connect: Connect) -> None:
    version = superuser.info.server_version
    await superuser.execute(administrator_sql("stranger", version, [Role.APP]).encode())
    connection = await connect()
    await ensure(connection, [Role.APP])
    await assume(connection, Role.APP)
    with pytest.raises(GatewayError, match='GRANT "fhir_gateway_worker" TO "stranger"'):
        await assume(await connect(), Role.WORKER)


async def test_a_role_that_does_not_exist_is_answered_with_the_sql(connect: Connect) -> None:
    with pytest.raises(GatewayError, match="CREATE ROLE") as refused:
        await assume(await connect(), Role.APP)
    assert refused.value.category is Category.UNSUPPORTED


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS"])
async def test_a_role_that_would_see_every_tenant_is_refused(
    superuser: Connection, connect: Connect, power: str
) -> None:
    await ensure(superuser)
    await superuser.execute(f"ALTER ROLE fhir_gateway_app {power}".encode())
    connection = await connect(SUPERUSER, autocommit=True)
    with pytest.raises(GatewayError, match="would see every tenant") as refused:
        await assume(connection, Role.APP)
    assert refused.value.category is Category.UNSUPPORTED


async def test_a_rollback_does_not_take_the_role_off(
    superuser: Connection, connect: Connect
) -> None:
    await ensure(superuser)
    connection = await connect(SUPERUSER)
    await assume(connection, Role.APP)
    await connection.rollback()
    assert await one(connection, "SELECT current_user") == Role.APP
