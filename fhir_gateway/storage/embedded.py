"""How does the gateway come to a PostgreSQL on a machine where nobody has installed one?

It brings the programs in a wheel and runs a server of its own in a directory: made the first time,
with the roles, the login and the database of the gateway, and held by one process at a time. The
server listens on a Unix socket in a private folder and nowhere else. It lives in its own session:
a signal to the gateway does not end it, and after a SIGKILL of the gateway it stays until the next
start, which stops it in order first.

For trying out, development and tests; in production DATABASE_URL names a server of its own.

Source: decision 6. What is particular to accounts and programs: `account`, `cluster`.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from fhir_gateway.core.errors import Category, GatewayError, fail
from fhir_gateway.storage.account import socket_folder
from fhir_gateway.storage.cluster import SUPERUSER, Cluster, open_cluster
from fhir_gateway.storage.roles import Role, administrator_sql

#: The login of the gateway: no superuser, nothing of its own, may put on the three roles.
LOGIN = "fhir_gateway"
DATABASE = "fhir_gateway"

_PORT = "5432"  #: part of the socket's name; nothing listens on TCP

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": _PORT,
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A log must not hold what people wrote: no statements, no parameters, no DETAIL with keys.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


class Embedded:
    """A PostgreSQL server of our own, held by this process until `stop`.

    Attributes:
        data: Where the cluster is. Usually inside the directory; elsewhere only where we are root
            and the server's account could not reach it there.
    """

    def __init__(self, cluster: Cluster, sockets: Path, hold: "_Hold") -> None:
        self.data = cluster.data
        self._cluster = cluster
        self._sockets = sockets
        self._hold = hold

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        programs: Path | None = None,
    ) -> Self:
        """Start the server of a directory; make cluster, roles and database where missing.

        Blocks: about a second the first time, a fifth of a second later, as long as a recovery
        takes after a crash. A server left over from a gateway that was killed is stopped first.

        Args:
            directory: Ours alone; made where missing.
            settings: PostgreSQL settings over ours, as in postgresql.conf (`{"fsync": "off"}`).
            programs: The folder with initdb, pg_ctl and postgres; None takes the wheel's.

        Returns:
            The running server, to be stopped by the caller.

        Raises:
            GatewayError: CONFLICT (details `database-held`) where another process holds the
                directory; UNSUPPORTED where the cluster is of another version or owner, or there
                are no programs; FAULT where PostgreSQL does not start, with the end of its log.

        Source: decision 6.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            directory = directory.resolve()
            hold = _Hold(directory)
        except OSError as error:
            raise _unusable(directory, error) from error
        try:
            return cls._start(directory, settings, programs, hold)
        except (OSError, subprocess.SubprocessError, psycopg.Error) as error:
            hold.release()
            raise _unusable(directory, error) from error
        except BaseException:
            hold.release()
            raise

    @classmethod
    def _start(
        cls, directory: Path, settings: Mapping[str, str], programs: Path | None, hold: "_Hold"
    ) -> Self:
        wanted = {**_SETTINGS, **settings}
        cluster = open_cluster(directory, programs, durable=wanted["fsync"] != "off")
        sockets = socket_folder(cluster.account)
        server = cls(cluster, sockets, hold)
        try:
            cluster.start({**wanted, "unix_socket_directories": str(sockets)})
            _prepare(server)
        except BaseException:
            cluster.stop()
            shutil.rmtree(sockets, ignore_errors=True)
            raise
        return server

    def url(self, database: str = DATABASE, user: str | None = None) -> str:
        """Say where the server is, as a libpq URI over its Unix socket.

        Args:
            database: Name of the database.
            user: Who logs in; None is `LOGIN`. There is no password: only this account (and root)
                can reach the socket.

        Returns:
            `postgresql://user@/database?host=…&port=…`, everything percent-encoded.
        """
        return _url(str(self._sockets), database, user or LOGIN)

    def stop(self) -> None:
        """Stop the server, breaking off what is running, and let go of the directory.

        Blocks until everything is on disk. May be called again.
        """
        if self._hold.released:
            return
        self._cluster.stop()
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._hold.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def url_beside(directory: Path) -> str | None:
    """Where the server of a directory is while another process holds it.

    Args:
        directory: That of `Embedded.start`.

    Returns:
        None where no server of it runs, or this account may not know.
    """
    link = directory / "elsewhere"
    home = link.resolve() if link.is_symlink() else directory.resolve()
    try:
        lines = (home / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    sockets = "".join(lines[4:5])
    return _url(sockets, DATABASE, LOGIN) if sockets else None


def _url(sockets: str, database: str, user: str) -> str:
    who, where = quote(user, safe=""), quote(sockets, safe="")
    return f"postgresql://{who}@/{quote(database, safe='')}?host={where}&port={_PORT}"


def _prepare(server: Embedded) -> None:
    """Make the login, the roles and the database where they are missing."""
    with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
        version = connection.info.server_version
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [LOGIN]).fetchone():
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(sql.Identifier(LOGIN))
            )
        if connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone():
            return
        connection.execute(administrator_sql(LOGIN, version).encode())
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(DATABASE), sql.Identifier(Role.OWNER)
            )
        )


class _Hold:
    """A lock on the directory that ends with this process, however it ends.

    A record lock (not flock), because a child that was forked must not keep it alive. Such a lock
    says nothing within one process and is lost with any descriptor of its file, hence `_ours` and
    a file of its own for who holds it.
    """

    _ours: ClassVar[set[Path]] = set()
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.released = False
        with self._guard:
            if directory in self._ours:
                raise _held(directory)
            self._file = (directory / "lock").open("a")
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._file.close()
                raise _held(directory) from None
            except BaseException:
                self._file.close()
                raise
            self._ours.add(directory)
        (directory / "holder").write_text(f"{os.getpid()} ({Path(sys.argv[0]).name})")

    def release(self) -> None:
        with self._guard:
            self.released = True
            self._ours.discard(self._directory)
            self._file.close()


def _held(directory: Path) -> GatewayError:
    holder = directory / "holder"
    who = holder.read_text() if holder.exists() else "that is just starting"
    return fail(
        Category.CONFLICT,
        f"The database in {directory} is in use by process {who}. Stop that one, or give this "
        f"one another data directory.",
        details="database-held",
    )


def _unusable(directory: Path, error: Exception) -> GatewayError:
    return fail(Category.FAULT, f"The database in {directory} cannot be used: {error}.")
