"""Who sees what: each tenant its own, the worker the queues of all. Decision 6."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg import AsyncConnection, errors

from fhir_gateway.core.refs import Ref
from fhir_gateway.storage import engagements, outbox
from fhir_gateway.storage.actors import keys_of
from fhir_gateway.storage.postgres import Database
from fhir_gateway.storage.resources import Write, existing, read, write
from fhir_gateway.storage.roles import Role, assume
from fhir_gateway.storage.schema import QUEUES, SHARED, metadata
from fhir_gateway.storage.tenants import instance_value
from tests.storage.servers import KINDS
from tests.storage.times import span

Connection = AsyncConnection[Any]
As = Callable[[Role], Awaitable[Connection]]
TENANT_TABLES = sorted(set(metadata.tables) - SHARED)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Ref("Patient", "ann")


@pytest.fixture(params=KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def connected_as(database_url: str) -> AsyncIterator[As]:
    """Log in and put on a role; closed after the test."""
    async with AsyncExitStack() as stack:

        async def connect(role: Role) -> Connection:
            connection = await AsyncConnection.connect(database_url, autocommit=True)
            await stack.enter_async_context(connection)
            await assume(connection, role)
            return connection

        yield connect


@pytest.fixture
async def two_tenants(database: Database, connected_as: As) -> Database:
    """Ann is a patient of two clinics, which know nothing of each other."""
    owner = await connected_as(Role.OWNER)
    await owner.execute("INSERT INTO tenant (id, slug, name, zone) VALUES (2, 'b', 'B', 'UTC')")
    for tenant, gender in ((1, "female"), (2, "male")):
        async with database.transaction(tenant) as tx:
            ann = {"resourceType": "Patient", "id": "ann", "gender": gender}
            await write(tx, Write(ann), now=NOW, zone=ZoneInfo("UTC"))
            await outbox.publish(tx, "happened", {"tenant": tenant})
            await outbox.set_timer(tx, "later", "ann", NOW, {"tenant": tenant})
    return database


async def all_rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query.encode())).fetchall()


async def test_every_table_of_a_tenant_has_row_security_that_binds_its_owner_too(
    connected_as: As,
) -> None:
    owner = await connected_as(Role.OWNER)
    secured = await all_rows(
        owner,
        "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
        " AND relnamespace = 'public'::regnamespace ORDER BY relname",
    )
    assert [name for (name,) in secured] == TENANT_TABLES


async def test_no_role_passes_row_security(connected_as: As) -> None:
    owner = await connected_as(Role.OWNER)
    names = await all_rows(
        owner, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'fhir%' AND rolbypassrls"
    )
    assert names == []


async def test_each_tenant_sees_its_own(two_tenants: Database) -> None:
    for tenant, gender in ((1, b'"female"'), (2, b'"male"')):
        async with two_tenants.transaction(tenant) as tx:
            ann = await read(tx, ANN)
            assert ann is not None
            assert gender in ann.content
            assert await tx.row("SELECT count(*) FROM patient") == (1,)
            assert await tx.row("SELECT count(*) FROM history") == (1,)


async def test_another_tenant_is_not_there(two_tenants: Database) -> None:
    async with two_tenants.transaction(3) as tx:
        assert await read(tx, ANN) is None
        assert await existing(tx, [ANN]) == frozenset()


@pytest.mark.parametrize("role", Role)
async def test_without_a_tenant_there_is_nothing(
    two_tenants: Database, connected_as: As, role: Role
) -> None:
    del two_tenants
    connection = await connected_as(role)
    counted = [
        await all_rows(connection, f"SELECT '{each}', count(*) FROM {each} HAVING count(*) > 0")
        for each in TENANT_TABLES
        if each not in QUEUES
    ]
    assert [row for row in counted if row] == []


async def test_the_tenant_does_not_stay_on_the_connection(two_tenants: Database) -> None:
    for tenant in (1, 2):
        async with two_tenants.transaction(tenant) as tx:
            assert await tx.row("SELECT current_setting('app.tenant')") == (str(tenant),)
    async with two_tenants.transaction(0) as tx:
        assert await tx.row("SELECT count(*) FROM patient") == (0,)


async def test_nobody_writes_into_another_tenant(two_tenants: Database) -> None:
    async with two_tenants.transaction(1) as tx:
        assert await tx.execute("UPDATE patient SET version = 9 WHERE tenant = 2") == 0
        assert await tx.execute("DELETE FROM patient WHERE tenant = 2") == 0
    with pytest.raises(errors.InsufficientPrivilege):
        async with two_tenants.transaction(1) as tx:
            await tx.execute("INSERT INTO identity VALUES (2, 'Patient', 'a', 'b', 'ann')")


async def test_the_worker_sees_the_queues_of_all_tenants(two_tenants: Database) -> None:
    waiting = await outbox.waiting(two_tenants, Role.WORKER)
    due = await outbox.due_timers(two_tenants, Role.WORKER)
    assert sorted(each.tenant for each in waiting) == [1, 2]
    assert sorted(each.tenant for each in due) == [1, 2]
    assert [each.payload for each in waiting] == [{"tenant": each.tenant} for each in waiting]


async def test_the_app_sees_the_queue_of_its_tenant_only(two_tenants: Database) -> None:
    assert await outbox.waiting(two_tenants, Role.APP) == []
    async with two_tenants.transaction(2) as tx:
        assert await tx.rows("SELECT tenant FROM outbox") == [(2,)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET method = 'PUT'",
        "DELETE FROM history",
        "UPDATE instance SET value = ''",
        "DELETE FROM instance",
        "INSERT INTO instance VALUES ('a', '')",
        "INSERT INTO tenant (id, slug, name, zone) VALUES (9, 'x', 'X', 'UTC')",
        "DELETE FROM tenant",
        "TRUNCATE patient",
        "DROP TABLE patient",
        "ALTER TABLE busy DROP CONSTRAINT busy_guard",
        "ALTER TABLE patient DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE mine (id int)",
    ],
)
@pytest.mark.parametrize("role", [Role.APP, Role.WORKER])
async def test_nobody_who_serves_requests_changes_what_has_to_stay(
    two_tenants: Database, role: Role, statement: str
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        async with two_tenants.transaction(1, role=role) as tx:
            await tx.execute(statement)


async def test_everybody_may_read_what_the_installation_shares(two_tenants: Database) -> None:
    async with two_tenants.transaction(0) as tx:
        assert len(await instance_value(tx, "signing-key") or b"") == 32
        assert await instance_value(tx, "unknown") is None


async def test_the_same_person_of_two_tenants_is_two_people(two_tenants: Database) -> None:
    for tenant in (1, 2):
        async with two_tenants.transaction(tenant) as tx:
            key = (await keys_of(tx, ["Practitioner/p1"]))["Practitioner/p1"]
            row = engagements.Engagement(key, span("09:00"), span("09:00"), engagements.BLOCK)
            assert len(await engagements.insert(tx, [row])) == 1
