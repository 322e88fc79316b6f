"""How does a database get the present schema?

Alembic, run as the owner role, one process at a time.
"""

import secrets
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text

#: Any number that nobody else uses.
_LOCK = 7_301_840_217


def migrate(url: str, *, role: str | None = None, revision: str = "head") -> None:
    """Bring a database to the newest schema; does nothing where it is there already. Blocks.

    Args:
        url: `postgresql://…` of a login that may create tables, or that may take the role.
        role: Taken before anything is made, so that it owns the tables.
        revision: An older schema to stop at.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the server cannot be reached or refuses.
    """
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            if role is not None:
                connection.execute(text(f"SET ROLE {role}"))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.execute(
                text(
                    "INSERT INTO instance (name, value) VALUES ('signing-key', :key)"
                    " ON CONFLICT DO NOTHING"
                ),
                {"key": secrets.token_bytes(32)},
            )
            connection.commit()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
    finally:
        engine.dispose()


def name_tenant(url: str, tenant: int, *, name: str, zone: str, role: str | None = None) -> None:
    """Say what people call a tenant and in which zone it lives. Blocks."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            if role is not None:
                connection.execute(text(f"SET ROLE {role}"))
            connection.execute(
                text("UPDATE tenant SET name = :name, zone = :zone WHERE id = :tenant"),
                {"name": name, "zone": zone, "tenant": tenant},
            )
    finally:
        engine.dispose()
