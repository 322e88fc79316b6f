"""As whom does the gateway speak to PostgreSQL, and who makes those roles?

Three roles divide the work: the owner makes and changes the tables, the app serves requests, the
worker empties queues across tenants. None of them is a superuser or passes row-level security; a
login only puts on one of them with SET ROLE. Where the login may make the roles, `ensure` does;
where it may not, the error carries the SQL for an administrator.

Source: decision 6; PostgreSQL 14 to 18, CREATE ROLE, GRANT, SET ROLE.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Any, LiteralString

from psycopg import AsyncConnection, errors
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from fhir_gateway.core.errors import Category, GatewayError, fail


class Role(StrEnum):
    """A role of the database, by its name there."""

    OWNER = "fhir_gateway_owner"  #: migrates; owns the tables
    APP = "fhir_gateway_app"  #: reads and writes rows of the tenant that is set
    WORKER = "fhir_gateway_worker"  #: additionally sees the queues of all tenants


#: Makes the three roles where they are missing. For someone with CREATEROLE; may be run again and
#: by several at once.
ROLE_SQL: LiteralString = """\
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY
        ARRAY['fhir_gateway_owner', 'fhir_gateway_app', 'fhir_gateway_worker']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;
"""

#: From here on a membership says by itself whether it may be put on and whether it is inherited.
_MEMBERSHIP_OPTIONS = 160000

#: How often making the roles is tried while others are making them too.
_TRIES = 5
_MADE_BY_OTHERS = (errors.UniqueViolation, errors.DuplicateObject, errors.InternalError_)

_MISSING_ROLES = """
SELECT wanted FROM unnest(%s::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted)
"""
_MISSING_MEMBERSHIPS = """
SELECT rolname FROM pg_roles WHERE rolname = ANY (%s) AND NOT pg_has_role(session_user, oid, %s)
"""
_MISSING_PRIVILEGES = """
SELECT rolname FROM pg_roles
WHERE rolname = ANY (%s)
  AND NOT (has_schema_privilege(oid, 'public', 'USAGE')
           AND (rolname <> %s OR has_schema_privilege(oid, 'public', 'CREATE')))
"""
_PASSES_ROW_SECURITY = """
SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user
"""


def administrator_sql(login: str, version: int, roles: Collection[Role] = tuple(Role)) -> str:
    """Say everything that somebody with the rights has to run once, in the gateway's database.

    Args:
        login: The name with which the gateway logs in.
        version: The server's, as libpq gives it: 150018 for 15.18.
        roles: Those that this login puts on.

    Returns:
        SQL that makes the roles, lets the login put them on and lets the owner make tables. It
        may be run again.

    Source: decision 6.
    """
    parts = [_membership(login, version, roles), *_schema_privileges()]
    return ROLE_SQL + "".join(f"{part.as_string(None)};\n" for part in parts)


async def ensure(connection: AsyncConnection[Any], roles: Collection[Role] = tuple(Role)) -> None:
    """Make the three roles, let this login put them on, and let the owner make tables.

    What is there already is left alone, so that a login without rights passes where an
    administrator has prepared everything.

    Args:
        connection: Logged in to the gateway's database, no role put on, no transaction begun.
        roles: Those that this login has to be able to put on; all three are made in any case.

    Raises:
        GatewayError: UNSUPPORTED where something is missing that this login may not make; the
            diagnostics end with the SQL for an administrator.

    Source: decision 6.
    """
    refusal: errors.Error | None = None
    for _ in range(_TRIES):
        try:
            async with connection.transaction():
                await _make(connection, roles)
            return
        except errors.InsufficientPrivilege as error:
            refusal = error
            break
        except _MADE_BY_OTHERS as error:
            refusal = error
    raise _for_an_administrator(connection, roles) from refusal


async def assume(connection: AsyncConnection[Any], role: Role) -> None:
    """Put on a role for the whole life of the connection.

    `DISCARD ALL` and `RESET ROLE` take it off again, so a pool must not send them.

    Args:
        connection: No transaction begun; afterwards there is none either.
        role: One that the login is a member of.

    Raises:
        GatewayError: UNSUPPORTED where the login may not put it on, where it does not exist, or
            where it would pass row-level security and so see every tenant.

    Source: decision 6.
    """
    async with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        try:
            await cursor.execute(SQL("SET ROLE {}").format(Identifier(role)))
        except (errors.InsufficientPrivilege, errors.InvalidParameterValue) as error:
            raise _for_an_administrator(connection, [role]) from error
        await cursor.execute(_PASSES_ROW_SECURITY)
        if await cursor.fetchone() != (False,):
            raise fail(
                Category.UNSUPPORTED,
                f"The database role {role.value} is a superuser or has BYPASSRLS, and would see "
                f"every tenant. An administrator of the database has to run:\n"
                f"ALTER ROLE {role.value} NOSUPERUSER NOBYPASSRLS;",
            )


async def _make(connection: AsyncConnection[Any], roles: Collection[Role]) -> None:
    login, version = connection.info.user, connection.info.server_version
    every = [role.value for role in Role]
    if await _names(connection, _MISSING_ROLES, every):
        await connection.execute(ROLE_SQL)
    kind = "SET" if version >= _MEMBERSHIP_OPTIONS else "MEMBER"
    lacking = await _names(connection, _MISSING_MEMBERSHIPS, [r.value for r in roles], kind)
    if lacking:
        await connection.execute(_membership(login, version, [Role(name) for name in lacking]))
    if await _names(connection, _MISSING_PRIVILEGES, every, Role.OWNER.value):
        for statement in _schema_privileges():
            await connection.execute(statement)
        # Without the right to grant, GRANT may do nothing and only warn.
        if await _names(connection, _MISSING_PRIVILEGES, every, Role.OWNER.value):
            raise errors.InsufficientPrivilege


async def _names(
    connection: AsyncConnection[Any], query: LiteralString, *values: object
) -> list[str]:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(query, values)
        return [name for (name,) in await cursor.fetchall()]


def _membership(login: str, version: int, roles: Collection[Role]) -> Composed:
    options = SQL(
        " WITH INHERIT FALSE, SET TRUE" if version >= _MEMBERSHIP_OPTIONS else ""
    )  # fmt: skip
    names = SQL(", ").join(Identifier(role) for role in roles)
    return SQL("GRANT {} TO {}{}").format(names, Identifier(login), options)


def _schema_privileges() -> tuple[Composed, Composed]:
    owner, app, worker = (Identifier(role) for role in Role)
    return (
        SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(owner),
        SQL("GRANT USAGE ON SCHEMA public TO {}, {}").format(app, worker),
    )


def _for_an_administrator(
    connection: AsyncConnection[Any], roles: Collection[Role]
) -> GatewayError:
    login = connection.info.user
    sql = administrator_sql(login, connection.info.server_version, roles)
    return fail(
        Category.UNSUPPORTED,
        f"The database login {login} may not make or put on the roles that the gateway works "
        f"with. An administrator has to run, in the database {connection.info.dbname}:\n{sql}",
    )
