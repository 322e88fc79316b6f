"""The migrations make what the catalogue declares, on every server."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, make_url

from fhir_gateway.core.codes import EXT_SCORE
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.migrate import migrate, name_tenant
from fhir_gateway.storage.roles import Role
from fhir_gateway.storage.schema import metadata
from tests.conftest import Server
from tests.storage.servers import KINDS

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
       a.attgenerated, l.collname, pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
"""
_OF_ALEMBIC = "alembic_version"


@pytest.fixture(params=KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(servers: Server, server_kind: str) -> Iterator[str]:
    """A database without any table, of the owner."""
    server = servers(server_kind)
    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER {Role.OWNER}".encode())
        yield server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def rows(url: str, query: str) -> set[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        connection.execute(f"SET ROLE {Role.OWNER}".encode())
        found = connection.execute(query.encode()).fetchall()
    return {row for row in found if not str(row[0]).startswith(_OF_ALEMBIC)}


def create_all(url: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET ROLE {Role.OWNER}")
        metadata.create_all(connection)
    engine.dispose()


@pytest.mark.parametrize(
    "query", [_COLUMNS, _INDEXES, _CONSTRAINTS], ids=["columns", "indexes", "constraints"]
)
def test_the_migrations_make_what_is_declared(
    database_url: str, empty_url: str, query: str
) -> None:
    create_all(empty_url)
    migrated, declared = rows(database_url, query), rows(empty_url, query)
    assert migrated - declared == set()
    assert declared - migrated == set()
    assert len(declared) > 50


def test_to_migrate_again_changes_nothing(empty_url: str) -> None:
    migrate(empty_url, role=Role.OWNER)
    key = rows(empty_url, "SELECT 'key', value FROM instance")
    before = rows(empty_url, _COLUMNS) | rows(empty_url, _INDEXES)
    migrate(empty_url, role=Role.OWNER)
    assert rows(empty_url, _COLUMNS) | rows(empty_url, _INDEXES) == before
    assert rows(empty_url, "SELECT 'key', value FROM instance") == key


def test_several_may_migrate_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(empty_url, role=Role.OWNER), range(4)))
    assert len(rows(empty_url, "SELECT name FROM instance")) == 1


def _migrated(
    url: str, table: str, contents: dict[str, object], columns: str
) -> list[tuple[object, ...]]:
    """What stands in rows that there were before a parameter was served, by id."""
    script = f"""
        SET ROLE {Role.OWNER};
        SET app.tenant = '1';
        INSERT INTO {table} (tenant, id, version, last_updated, tokens, hashes)
            SELECT 1, key, 1, now(), '{{}}', '{{}}' FROM json_each('{json.dumps(contents)}');
        INSERT INTO {table}_content (tenant, id, version, content) SELECT 1, key, 1,
            convert_to(value::text, 'UTF8') FROM json_each('{json.dumps(contents)}');
    """
    migrate(url, role=Role.OWNER, revision="0004")
    with psycopg.connect(url) as connection:
        connection.execute(script.encode())
    migrate(url, role=Role.OWNER)
    with psycopg.connect(url) as connection:
        connection.execute(f"SET ROLE {Role.OWNER}; SET app.tenant = '1'".encode())
        query = f"SELECT id, {columns} FROM {table} ORDER BY id"
        return connection.execute(query.encode()).fetchall()


def test_what_was_there_before_is_found_by_its_score(empty_url: str) -> None:
    total = {"url": "total", "valueDecimal": 7.5}
    policy = {"url": "policy", "valueCode": "best"}
    contents = {
        "no-extension": {"resourceType": "Appointment"},
        "no-total": {"extension": [{"url": EXT_SCORE, "extension": [policy]}]},
        "other": {"extension": [{"url": f"{EXT_SCORE}s", "extension": [total]}]},
        "scored": {
            "extension": [{"url": "urn:x"}, {"url": EXT_SCORE, "extension": [policy, total]}]
        },
    }
    found = _migrated(empty_url, "appointment", contents, "p_score, p_score_high")
    without = [(name, None, None) for name in ("no-extension", "no-total", "other")]
    assert found == [*without, ("scored", Decimal("7.5"), Decimal("7.5"))]


def test_what_was_there_before_is_found_by_where_it_is(empty_url: str) -> None:
    position = {"latitude": 24.7136, "longitude": 46.6753}
    contents = {"here": {"position": position}, "nowhere": {"name": 'the "position"'}}
    found = _migrated(empty_url, "location", contents, "p_near, p_near_longitude")
    assert found == [
        ("here", Decimal("24.7136"), Decimal("46.6753")),
        ("nowhere", None, None),
    ]


def test_what_was_there_before_is_found_by_composites(empty_url: str) -> None:
    quantity = {"value": 5, "code": "min"}
    context = {"code": {"code": "age"}, "valueQuantity": quantity}
    contents = {
        name: {"resourceType": "PlanDefinition", "name": "A Plan", "useContext": [context]}
        for name in ("one", "two")
    }
    found = _migrated(
        empty_url,
        "plan_definition",
        contents,
        "tokens @> ARRAY['1|context-type|=age'], cardinality(hashes)"
        " = (SELECT count(*) FROM plan_definition_token k WHERE k.id = plan_definition.id),"
        " (SELECT low FROM search_number n WHERE n.id = plan_definition.id"
        "  AND param = 'context-type-quantity:=age$:unit|=min'),"
        " (SELECT folded FROM search_text t WHERE t.id = plan_definition.id AND param = 'name')",
    )
    assert found == [(name, True, True, Decimal(5), "a plan") for name in ("one", "two")]


def test_the_rows_that_a_migration_changed_are_the_tenants_again(empty_url: str) -> None:
    migrate(empty_url, role=Role.OWNER)
    unforced = rows(
        empty_url,
        "SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity",
    )
    assert unforced == set()


def test_there_is_one_tenant_and_it_can_be_named(empty_url: str) -> None:
    migrate(empty_url, role=Role.OWNER)
    name_tenant(empty_url, 1, name="Clinic", zone="Asia/Riyadh", role=Role.OWNER)
    tenants = rows(empty_url, "SELECT slug, name, zone FROM tenant")
    assert tenants == {("default", "Clinic", "Asia/Riyadh")}


def test_the_tables_belong_to_the_owner(database_url: str) -> None:
    owners = rows(
        database_url, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    )
    assert owners == {(Role.OWNER.value,)}
